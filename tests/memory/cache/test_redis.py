"""The cache over a shared store: a real redis-server on loopback, started here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.stores import ByteStore
from langchain_tests.integration_tests.base_store import BaseStoreSyncTests

from longdoc.errors import CacheError, MissingExtraError, StageError
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.cache.errors import Damage
from longdoc.memory.cache.redis import RedisStore, redis_store
from longdoc.pipelines.summarize.summarize import summarize
from longdoc.testing import CountingTokenizer, ScriptedChatModel

redis = pytest.importorskip("redis", reason="redis-py is not installed")
SERVER = shutil.which("redis-server")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if SERVER is None:
        pytest.skip("redis-server is not installed (Debian: apt-get install redis-server)")
    socket = tmp_path_factory.mktemp("redis") / "redis.sock"
    told = [SERVER, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(socket.parent)]
    with subprocess.Popen(told, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any("eady to accept connections" in line for line in process.stdout)
        yield socket
        process.terminate()
        process.communicate()


@pytest.fixture
def store(server: Path) -> Iterator[RedisStore]:
    client = redis.Redis(unix_socket_path=str(server))
    client.flushall()
    yield RedisStore(client, prefix="test*:")
    client.close()


class TestRedisStore(BaseStoreSyncTests[bytes]):
    @pytest.fixture
    def kv_store(self, store: RedisStore) -> ByteStore:
        return store

    @pytest.fixture
    def three_values(self) -> tuple[bytes, bytes, bytes]:
        return b"foo", b"", b"buzz"


class TestCacheOverRedis(TestRedisStore):
    @pytest.fixture
    def kv_store(self, store: RedisStore) -> ByteStore:
        return EncodingCache(store=store)


def test_two_caches_share_a_server_and_damage_is_found(store: RedisStore) -> None:
    told: list[Damage] = []
    one, other = EncodingCache(store=store), EncodingCache(store=store, on_damage=told.append)
    assert one.get_or_compute("state/a", lambda: b"made once") == b"made once"
    assert other.get_or_compute("state/a", lambda: b"made twice") == b"made once"
    store.mset([("state/a", b"12345678made by another")])
    assert other.mget(["state/a"]) == [None]
    assert [damage.key for damage in told] == ["state/a"]
    assert one.info().kinds == {}


def test_prefixes_are_plain_text_and_other_keys_are_left(store: RedisStore, server: Path) -> None:
    with redis.Redis(unix_socket_path=str(server)) as client:
        client.set("mine", b"x")
        store.mset([("a*b", b"1"), ("axb", b"2")])
        assert list(store.yield_keys(prefix="a*")) == ["a*b"]
        assert EncodingCache(store=store).clear() == 2
        assert client.keys() == [b"mine"]


def test_a_store_is_opened_by_its_address(server: Path) -> None:
    with redis.Redis(unix_socket_path=str(server)) as client:
        client.flushall()
        store = redis_store(f"unix://{server}")
        store.mset([("a", b"1")])
        assert client.get("longdoc:a") == b"1"
        store.client.close()


def test_without_the_extra_one_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'longdoc\[redis\]'"):
        redis_store("redis://localhost")


class Ending:
    """A client of Redis whose server is gone after so many calls."""

    def __init__(self, calls: int) -> None:
        self.left, self.values = calls, dict[str, bytes]()

    def called(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise redis.ConnectionError("Connection refused")

    def mget(self, keys: list[str]) -> list[bytes | None]:
        self.called()
        return [self.values.get(key) for key in keys]

    def mset(self, values: dict[str, bytes]) -> None:
        self.called()
        self.values |= values

    def delete(self, *keys: str) -> None:
        self.called()

    def scan_iter(self, match: str) -> Iterator[bytes]:
        self.called()
        yield from ()


def test_a_server_that_fails_is_named_in_one_sentence() -> None:
    store = RedisStore(Ending(0))
    asked = [lambda: store.mget(["a"]), lambda: store.mset([("a", b"")]), lambda: store.mdelete(["a"])]
    for ask in [*asked, lambda: list(store.yield_keys())]:
        with pytest.raises(CacheError, match=r"^the Redis server does not serve the cache \(Connection refused\); see"):
            ask()


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_a_summary_whose_cache_fails_in_the_middle_says_so_and_asks_the_model_no_more(calls: int) -> None:
    model = ScriptedChatModel(replies=["The cat sat."] * 9)
    text = "\n\n".join(f"# Part {n}\n\nA cat came in and sat on mat {n}." for n in range(6))
    with pytest.raises((CacheError, StageError)) as told:
        summarize(text, model=model, tokenizer=CountingTokenizer(), chunk_tokens=20, cache=RedisStore(Ending(calls)))
    assert isinstance(told.value, CacheError) or isinstance(told.value.__cause__, CacheError)
    assert "the Redis server does not serve the cache" in str(told.value)
