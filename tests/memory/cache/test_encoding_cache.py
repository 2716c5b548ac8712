from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import cache_worker
import lmdb
import numpy as np
import pytest
import torch
from cache_worker import value_of
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.stores import ByteStore, InMemoryByteStore
from langchain_tests.integration_tests.base_store import BaseStoreAsyncTests, BaseStoreSyncTests

from longdoc.errors import CacheError, InputError
from longdoc.memory.cache.byte_cache import remove
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.cache.errors import Damage
from longdoc.memory.cache.lmdb_store import LmdbStore

WORKER = Path(cache_worker.__file__)


@pytest.fixture
def cache(tmp_path: Path) -> EncodingCache:
    return EncodingCache(tmp_path / "cache")


@pytest.fixture(params=["lmdb", "store"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> EncodingCache:
    return EncodingCache(tmp_path) if request.param == "lmdb" else EncodingCache(store=InMemoryByteStore())


class TestLmdbSync(BaseStoreSyncTests[bytes]):
    @pytest.fixture
    def kv_store(self, cache: EncodingCache) -> ByteStore:
        return cache

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"foo", b"", b"buzz" * 3000


@pytest.mark.asyncio
@pytest.mark.filterwarnings("ignore:.*not an async function:pytest.PytestWarning")  # one test of the suite is none
class TestLmdbAsync(BaseStoreAsyncTests[bytes]):
    @pytest.fixture
    def kv_store(self, tmp_path: Path) -> ByteStore:
        return EncodingCache(tmp_path)

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"foo", b"", b"buzz" * 3000


class TestOtherStoreSync(TestLmdbSync):
    @pytest.fixture
    def kv_store(self) -> ByteStore:
        return EncodingCache(store=InMemoryByteStore())


class TestOtherStoreAsync(TestLmdbAsync):
    @pytest.fixture
    def kv_store(self) -> ByteStore:
        return EncodingCache(store=InMemoryByteStore())


def run(mode: str, folder: Path, number: int) -> subprocess.Popen[str]:
    given = [sys.executable, str(WORKER), mode, str(folder), str(number)]
    return subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().strip()


def tell(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.write("\n")
    worker.stdin.flush()


keys = st.text(min_size=1, max_size=3)
changes = st.lists(
    st.tuples(st.just("set"), st.lists(st.tuples(keys, st.binary(max_size=5000)), max_size=4))
    | st.tuples(st.just("delete"), st.lists(keys, max_size=3))
    | st.tuples(st.just("get"), st.lists(keys, max_size=3)),
    max_size=12,
)


@settings(max_examples=25)
@given(changes)
def test_it_holds_what_a_dictionary_would(
    tmp_path_factory: pytest.TempPathFactory, given_changes: list[tuple[str, list]]
) -> None:
    cache, model = EncodingCache(tmp_path_factory.mktemp("cache")), dict[str, bytes]()
    for name, told in given_changes:
        if name == "set":
            cache.mset(told)
            model.update(told)
        elif name == "delete":
            cache.mdelete(told)
            for key in told:
                model.pop(key, None)
        else:
            assert cache.mget(told) == [model.get(key) for key in told]
    assert {key: cache.mget([key])[0] for key in cache.yield_keys()} == model
    assert list(cache.yield_keys()) == sorted(model, key=lambda key: key.encode("utf-8", "surrogatepass"))
    assert cache.info().entries == len(model)
    with cache.view(list(model)) as values:
        assert [bytes(value or b"") for value in values] == list(model.values())
    assert cache.verify().damaged == ()


@settings(max_examples=12)
@given(st.lists(st.tuples(keys, st.binary(max_size=3000)), min_size=1, max_size=40), st.integers(200, 20_000))
def test_the_cap_holds_after_every_write(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, bytes]], cap: int
) -> None:
    cache, model = EncodingCache(tmp_path_factory.mktemp("cache"), max_bytes=cap), dict[str, bytes]()
    for key, value in pairs:
        cache.mset([(key, value)])
        model[key] = value
        info = cache.info()
        assert info.bytes is not None
        assert info.bytes <= cap
        assert all(held in (None, model[k]) for k, held in zip(model, cache.mget(list(model)), strict=True))


@settings(max_examples=25)
@given(st.lists(st.text(max_size=4), max_size=30), st.integers(1, 8))
def test_cached_equals_uncached(tmp_path_factory: pytest.TempPathFactory, asked: list[str], together: int) -> None:
    cache, computed = EncodingCache(tmp_path_factory.mktemp("cache")), Counter[str]()

    def compute(missing: list[str]) -> list[bytes]:
        assert len(missing) <= together
        computed.update(missing)
        return [value_of(key) for key in missing]

    wanted = [f"state/{text}" for text in asked]
    for _ in range(2):
        assert cache.get_or_compute_many(wanted, compute, together) == [value_of(key) for key in wanted]
    assert computed == Counter(set(wanted))


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = EncodingCache(tmp_path, max_bytes=20_000)
    for at in range(10):
        cache.mset([(f"k{at}", bytes(1500))])
        if at == 8:
            assert cache.mget(["k0", "k2"]) != [None, None]  # noted with the next write
        now = time.time_ns() // 1_000_000
        while time.time_ns() // 1_000_000 == now:  # the clock of uses counts milliseconds
            pass
    cache.mset([("k10", bytes(1500)), ("k11", bytes(1500)), ("k12", bytes(1500))])
    held = set(cache.yield_keys())
    assert {"k0", "k2", "k10", "k11", "k12"} <= held
    assert not {"k1", "k3"} & held


def test_a_value_larger_than_the_cap_is_returned_and_not_kept(tmp_path: Path) -> None:
    cache = EncodingCache(tmp_path, max_bytes=1000)
    assert cache.get_or_compute("k", lambda: bytes(5000)) == bytes(5000)
    assert cache.info().entries == 0


def test_the_map_grows_and_follows_another_process(tmp_path: Path) -> None:
    store = LmdbStore(tmp_path, map_bytes=1 << 18)
    worker = run("fill", tmp_path, 300)  # into a larger map
    worker.communicate(timeout=60)
    assert store.mget(["state/299"])[0] is not None
    small = LmdbStore(tmp_path / "small", map_bytes=1 << 18)
    small.mset([(f"k{at}", value_of(f"k{at}")) for at in range(2000)])
    assert small.mget([f"k{at}" for at in range(2000)]) == [value_of(f"k{at}") for at in range(2000)]


def test_a_view_stands_still_while_others_write(either: EncodingCache) -> None:
    either.mset([("a", b"old")])
    with either.view(["a", "b"]) as (value, none):
        writer = threading.Thread(target=either.mset, args=([("a", b"new")],))
        writer.start()
        writer.join()
        assert value == b"old"
        assert none is None
    assert either.mget(["a"]) == [b"new"]


def test_what_a_view_raises_passes_through(cache: EncodingCache) -> None:
    def read() -> None:
        with cache.view(["a"]):
            raise FileNotFoundError("mine")

    with pytest.raises(FileNotFoundError, match="mine"):
        read()


def test_rows_are_one_array_and_what_is_missing(either: EncodingCache) -> None:
    assert either.rows(["a"]) == (None, [0])
    either.mset([("a", b"\1\2"), ("c", b"\3\4")])
    rows, missing = either.rows(["a", "b", "c", "a"])
    assert missing == [1]
    assert rows is not None
    assert rows[[0, 2, 3]].tolist() == [[1, 2], [3, 4], [1, 2]]
    either.mset([("d", b"\5")])
    with pytest.raises(InputError, match="of 2 and 1 bytes"):
        either.rows(["a", "d"])


def test_many_threads_compute_a_key_once(either: EncodingCache) -> None:
    computed, ready = Counter[str](), threading.Barrier(6)

    def compute(missing: list[str]) -> list[bytes]:
        computed.update(missing)
        return [value_of(key) for key in missing]

    def ask(seed: int) -> None:
        wanted = [f"state/{at}" for at in range(60)]
        random.Random(seed).shuffle(wanted)
        ready.wait()
        assert either.get_or_compute_many(wanted, compute, together=7) == [value_of(key) for key in wanted]

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(computed.values()) == {1}
    assert len(computed) == 60


def test_two_processes_compute_once(tmp_path: Path) -> None:
    first = run("once", tmp_path, 1)
    assert [line(first.stdout), line(first.stdout)] == ["asking", "computing"]
    second = run("once", tmp_path, 2)
    assert line(second.stdout) == "asking"
    tell(first)
    assert first.communicate(timeout=60)[0].split("\n")[0] == "made by 1"
    assert second.communicate("\n", timeout=60)[0] == "made by 1\n"


def test_a_killed_computers_key_is_free(tmp_path: Path) -> None:
    first = run("once", tmp_path, 1)
    assert [line(first.stdout), line(first.stdout)] == ["asking", "computing"]
    second = run("once", tmp_path, 2)
    assert line(second.stdout) == "asking"
    first.kill()
    first.communicate()
    assert line(second.stdout) == "computing"
    assert second.communicate("\n", timeout=60)[0] == "made by 2\n"
    assert list((tmp_path / "claims").glob("*.claim")) == []


def test_a_failed_computation_is_raised_and_tried_again(either: EncodingCache) -> None:
    with pytest.raises(ZeroDivisionError):
        either.get_or_compute("k", lambda: bytes(1 // 0))
    assert either.get_or_compute("k", lambda: b"v") == b"v"
    with pytest.raises(CacheError, match="2 values were to be computed and 1 came back"):
        either.get_or_compute_many(["a", "b"], lambda _: [b""])


def test_computing_may_ask_for_other_keys_but_not_for_its_own(either: EncodingCache) -> None:
    assert either.get_or_compute("a", lambda: either.get_or_compute("b", lambda: b"v") + b"w") == b"vw"
    with pytest.raises(CacheError, match="'c' asked the cache for itself"):
        either.get_or_compute("c", lambda: either.get_or_compute("c", lambda: b"v"))


def test_a_forked_child_shares_the_cache(cache: EncodingCache) -> None:
    cache.mset([("a", b"1")])
    child = os.fork()
    if not child:
        try:
            seen = cache.get_or_compute("a", lambda: b"") == b"1" and cache.get_or_compute("b", lambda: b"2") == b"2"
        finally:
            os._exit(0 if seen else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert cache.mget(["a", "b"]) == [b"1", b"2"]


def test_a_cleared_cache_goes_on_empty(cache: EncodingCache) -> None:
    cache.mset([("a", b"1")])
    cache.set_tensors("kv/a", tensors())
    assert cache.folder is not None
    mine = cache.folder / "tensors" / "mine.safetensors"
    mine.touch()
    remove(cache.folder)
    assert list(mine.parent.iterdir()) == [mine]
    assert cache.mget(["a"]) == [None]
    cache.mset([("b", b"2")])
    assert list(EncodingCache(cache.folder).yield_keys()) == ["b"]


def test_a_killed_writer_leaves_it_whole(tmp_path: Path) -> None:
    for kill_at in (1, 7, 30):
        worker = run("fill", tmp_path, 100_000)
        said = [line(worker.stdout) for _ in range(kill_at)]
        worker.kill()
        worker.communicate()
        cache = EncodingCache(tmp_path)
        assert cache.mget(said) == [value_of(key) for key in said]
        assert cache.verify().damaged == ()


def test_a_full_disk_is_a_clear_error_and_damages_nothing(tmp_path: Path) -> None:
    worker = run("overfill", tmp_path, 500_000)
    said = worker.communicate(timeout=60)[0].splitlines()
    assert re.match(rf"error (no room on the disk for|the disk of) the cache in {tmp_path}.*: free some, or", said[-1])
    assert len(said) > 50
    cache = EncodingCache(tmp_path)
    assert cache.mget(said[:-1]) == [value_of(key) for key in said[:-1]]
    assert cache.verify().damaged == ()
    cache.mset([("more", b"room")])
    assert cache.mget(["more"]) == [b"room"]


@settings(max_examples=30)
@given(st.data())
def test_flipped_bytes_are_never_returned(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("cache")
    values = {f"state/{at}": random.Random(at).randbytes(300 if at % 2 else 5000) for at in range(40)}
    EncodingCache(folder).mset(list(values.items()))
    file = folder / "data.mdb"
    damaged = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(damaged)
    told: list[Damage] = []
    try:
        cache = EncodingCache(folder, on_damage=told.append)
        for key, value in values.items():
            assert cache.mget([key]) in ([value], [None])
    except CacheError as error:  # the tree of keys itself: LMDB says so, and nothing is returned
        said = str(error)
    else:
        said = ""
    assert not said or "empty it with `longdoc cache clear`" in said
    if said:
        remove(folder)
        assert EncodingCache(folder).info().entries == 0


def test_a_damaged_value_is_found_reported_dropped_and_made_again(tmp_path: Path) -> None:
    store, told = InMemoryByteStore(), list[Damage]()
    cache = EncodingCache(store=store, on_damage=told.append)
    cache.mset([("a", b"right"), ("b", b"fine")])
    frame = store.store["a"]
    store.mset([("a", frame[:-1] + bytes([frame[-1] ^ 1]))])
    assert cache.mget(["a", "b"]) == [None, b"fine"]
    assert [damage.key for damage in told] == ["a"]
    assert list(store.yield_keys()) == ["b"]
    assert cache.get_or_compute("a", lambda: b"right") == b"right"
    store.mset([("a", store.store["b"])])  # whole, but another key's
    assert cache.verify().damaged == (Damage("a", "its checksum differs"),)
    store.mset([("a", b"")])
    assert cache.verify().damaged == (Damage("a", "its checksum differs"),)
    store.mset([("a", b"")])
    assert cache.mget(["a"]) == [None]


def test_damage_found_in_a_view_is_reported(tmp_path: Path) -> None:
    told: list[Damage] = []
    cache = EncodingCache(tmp_path, on_damage=told.append)
    LmdbStore(tmp_path).mset([("a", b"no frame of ours"), ("b", b"short")])
    with cache.view(["a", "b"]) as values:
        assert values == [None, None]
    assert {damage.key for damage in told} == {"a", "b"}
    assert cache.info().entries == 0


def test_another_format_is_a_clear_error(tmp_path: Path) -> None:
    EncodingCache(tmp_path / "new").mset([("a", b"1")])
    shutil.copytree(tmp_path / "new", tmp_path / "old")
    with lmdb.open(str(tmp_path / "old"), max_dbs=3) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"format", b"99", db=environment.open_db(b"facts", txn=transaction))
    with pytest.raises(CacheError, match="has format 99, this version reads 1: empty it with `longdoc cache clear`"):
        EncodingCache(tmp_path / "old")
    remove(tmp_path / "old")
    assert EncodingCache(tmp_path / "old").info().entries == 0


def test_what_is_no_cache_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data.mdb").write_bytes(bytes(8192))
    assert EncodingCache(tmp_path).info().entries == 0
    assert (tmp_path / "data.mdb.damaged").read_bytes() == bytes(8192)
    assert "does not begin as such a file does; it is now data.mdb.damaged" in caplog.text


def test_a_folder_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="cannot be written"):
        EncodingCache(tmp_path / "file" / "cache")


@pytest.mark.parametrize("key", ["", "k" * 501])
def test_keys_have_a_length(cache: EncodingCache, key: str) -> None:
    with pytest.raises(InputError, match="1 to 500"):
        cache.mget([key])


def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "keys": torch.randn(2, 3, 5, generator=generator).bfloat16(),
        "turned": torch.randn(4, 6, generator=generator).T,
        "none": torch.empty(0, 3),
    }


def test_tensors_come_back_as_they_were(either: EncodingCache) -> None:
    assert either.get_tensors("kv/a") is None
    made = either.get_or_compute_tensors("kv/a", tensors)
    kept = either.get_tensors("kv/a")
    assert kept is not None
    for name, tensor in tensors().items():
        assert torch.equal(made[name], tensor)
        assert torch.equal(kept[name], tensor)
        assert kept[name].dtype == tensor.dtype
    again = either.get_or_compute_tensors("kv/a", dict)
    assert set(again) == set(tensors())
    either.mdelete(["kv/a"])
    assert either.get_tensors("kv/a") is None


def tensor_file(cache: EncodingCache) -> Path:
    assert cache.folder is not None
    (path,) = (cache.folder / "tensors").glob("*.safetensors")
    return path


@pytest.mark.parametrize("harm", [lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\xff"), Path.unlink])
def test_damaged_tensors_are_found_and_made_again(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    told: list[Damage] = []
    cache = EncodingCache(tmp_path, on_damage=told.append)
    cache.set_tensors("kv/a", tensors())
    harm(tensor_file(cache))
    assert cache.get_tensors("kv/a") is None
    assert [damage.key for damage in told] == ["kv/a"]
    assert torch.equal(cache.get_or_compute_tensors("kv/a", tensors)["keys"], tensors()["keys"])
    harm(tensor_file(cache))
    assert [damage.key for damage in cache.verify().damaged] == ["kv/a"]


def test_writing_into_a_read_tensor_does_not_change_the_file(cache: EncodingCache) -> None:
    cache.set_tensors("kv/a", tensors())
    kept = cache.get_tensors("kv/a")
    assert kept is not None
    kept["keys"].zero_()
    again = cache.get_tensors("kv/a")
    assert again is not None
    assert torch.equal(again["keys"], tensors()["keys"])


def test_tensor_files_count_and_leave_with_their_entries(tmp_path: Path) -> None:
    cache = EncodingCache(tmp_path, max_bytes=100_000)
    for at in range(5):
        cache.set_tensors(f"kv/{at}", {"x": torch.full((10_000,), float(at))})
    files = list((tmp_path / "tensors").iterdir())
    assert len(files) == cache.info().entries == 2
    held = [tensors["x"][0].item() for at in range(5) if (tensors := cache.get_tensors(f"kv/{at}"))]
    assert held == [3.0, 4.0]
    stray = tmp_path / "tensors" / "stray.part"
    stray.write_bytes(b"")
    assert cache.verify().left_over == ()
    os.utime(stray, (0, 0))
    assert cache.verify().left_over == (stray,)
    assert cache.clear() == 2
    assert list((tmp_path / "tensors").iterdir()) == []


def test_clear_takes_a_prefix(either: EncodingCache) -> None:
    either.mset([("a/1", b""), ("a/2", b""), ("b/1", b"")])
    assert either.info().kinds == {"a": 2, "b": 1}
    assert either.clear("a/") == 2
    assert list(either.yield_keys()) == ["b/1"]


@pytest.fixture
def workers() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for worker in started:
        worker.kill()
        worker.communicate()


@pytest.mark.slow
def test_eight_processes_while_another_is_killed(tmp_path: Path, workers: list[subprocess.Popen[str]]) -> None:
    count, dice = 2000, random.Random(0)
    workers += [run("race", tmp_path, count) for _ in range(8)]
    killed = []
    for _ in range(20):
        victim = run("race", tmp_path, count)
        workers.append(victim)
        for _ in range(dice.randrange(1, 6)):
            line(victim.stdout)
        victim.kill()
        killed.append(victim.pid)
    for worker in workers[:8]:
        said = worker.communicate(timeout=120)[0].split()
        assert said[-1] == "done"
        assert "torn" not in said
    starts, interrupted = Counter[str](), Counter[str]()
    for log in tmp_path.glob("*.log"):
        batches = log.read_text().split("stored\n")
        starts.update(started for batch in batches for started in batch.splitlines())
        if int(log.stem) in killed:
            interrupted.update(batches[-1].splitlines())
    assert len(starts) == count
    assert all(times <= 1 + interrupted[key] for key, times in starts.items())
    cache = EncodingCache(tmp_path)
    assert cache.verify().damaged == ()
    assert np.all([cache.mget([f"state/{at}"]) == [value_of(f"state/{at}")] for at in range(count)])


def test_a_clock_that_was_set_back_costs_no_value(tmp_path: Path) -> None:
    with EncodingCache(tmp_path, max_bytes=200_000) as cache:
        cache.mset([(f"old{number}", b"x" * 1500) for number in range(100)])
    here = LmdbStore(tmp_path).environment
    year = 365 * 86_400_000

    def set_ahead(transaction: Any) -> None:  # as if they had been written when the clock was a year ahead
        for name, use in list(transaction.cursor(here.uses)):
            transaction.put(name, (int.from_bytes(use[:8]) + year).to_bytes(8) + use[8:], db=here.uses)
        transaction.delete(b"latest", db=here.facts)

    here.write(set_ahead)
    for number in range(60):
        cache.mset([(f"new{number}", b"y" * 1500)])
        assert cache.mget([f"new{number}"]) == [b"y" * 1500]
    assert None not in cache.mget([f"new{number}" for number in range(60)])
