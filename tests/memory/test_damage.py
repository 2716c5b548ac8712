"""A file that was cut or has a wrong byte: told in one line and made anew, or right; benchmarks/damage.py has all."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest
from fakes import HashEmbeddings
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document

from longdoc.chunkers.section import SectionChunker
from longdoc.errors import DamagedError
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.cache.lmdb_pages import WrongPagesError, check, metas
from longdoc.memory.cache.lmdb_store import LmdbStore
from longdoc.memory.index.document_index import DocumentIndex

DOCUMENTS = [Document(f"# One\n\nThis is {n}.\n\n# Two\n\nAnd {n} again.\n\n", id=f"doc {n}") for n in range(9)]


def index_in(folder: Path) -> DocumentIndex:
    return DocumentIndex(folder, HashEmbeddings(), chunker=SectionChunker(12))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    index = index_in(folder / "index")
    for document in DOCUMENTS:
        index.put([document])
    index.delete(["doc 4"])
    with EncodingCache(folder / "cache") as cache:
        cache.mset([(f"k/{n}", random.Random(n).randbytes(40 * n)) for n in range(120)])
    return folder


def everything(index: DocumentIndex) -> object:
    names = sorted(index.documents())
    return names, [index.entries(name) for name in names], index.matches("what is 3", 4)


def files_of(folder: Path) -> list[Path]:
    return sorted(one.relative_to(folder) for one in folder.rglob("*") if one.is_file() and one.stat().st_size)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_index_is_told_or_right(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged") / "index"
    shutil.copytree(whole / "index", folder)
    file = folder / data.draw(st.sampled_from([one for one in files_of(whole / "index") if one.name != "lock.mdb"]))
    damaged = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(damaged) - 1))
    if data.draw(st.booleans()):
        del damaged[at:]
    else:
        damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(damaged)
    expected, told = everything(index_in(whole / "index")), ""
    try:
        assert everything(index_in(folder)) == expected
    except DamagedError as error:
        told = str(error)
    if told:
        assert re.fullmatch(r"the file .* is damaged: .*", told)
        index = DocumentIndex.mended(folder, HashEmbeddings(), chunker=SectionChunker(12))
        assert (len(index), folder.with_name("index.damaged").is_dir()) == (0, True)
        index.put([one for one in DOCUMENTS if one.id != "doc 4"])
        assert everything(index) == expected


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_cache_is_made_anew(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    shutil.copytree(whole / "cache", folder, dirs_exist_ok=True)
    file = folder / "data.mdb"
    damaged = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(damaged) - 1))
    if data.draw(st.booleans()):
        del damaged[at:]
    else:
        damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(damaged)
    with EncodingCache(folder) as cache:
        values = {f"k/{n}": random.Random(n).randbytes(40 * n) for n in range(120)}
        made = cache.get_or_compute_many(list(values), lambda keys: [values[key] for key in keys])
        assert made == list(values.values())
        cache.mdelete([f"k/{n}" for n in range(0, 120, 2)])
        cache.mset([(f"new/{n}", bytes(3000)) for n in range(50)])
        assert None not in cache.mget([f"k/{n}" for n in range(1, 120, 2)])


@pytest.mark.parametrize("seed", range(6))
def test_what_lmdb_wrote_has_all_its_pages(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    store = LmdbStore(tmp_path / "store", max_bytes=(100_000, 10_000_000)[seed % 2])
    file = store.environment.file
    for _ in range(12):
        sizes = [chance.choice((0, 10, 300, 1500, 5000, 30_000)) for _ in range(chance.choice((1, 5, 40)))]
        store.mset([(f"k/{chance.randrange(300)}", chance.randbytes(size)) for size in sizes])
        store.mdelete([f"k/{chance.randrange(300)}" for _ in range(20)])
        check(file, metas(file)[-1])
    (tmp_path / "cut").write_bytes(file.read_bytes()[: (metas(file)[-1].last + 1) * 2048])
    with pytest.raises(WrongPagesError, match="cut"):
        check(tmp_path / "cut", metas(tmp_path / "cut")[-1])
    store.mdelete(list(store.yield_keys()))
    check(file, metas(file)[-1])


def test_an_emptied_file_is_no_empty_index(tmp_path: Path) -> None:
    index_in(tmp_path).put(DOCUMENTS)
    shutil.copytree(tmp_path, tmp_path / "copy")
    (tmp_path / "copy" / "data.mdb").write_bytes(b"")
    for _ in range(2):
        with pytest.raises(DamagedError, match="nothing is left of it"):
            index_in(tmp_path / "copy")


def test_a_copy_of_an_index_is_the_same_index(tmp_path: Path) -> None:
    index = index_in(tmp_path / "one")
    index.put(DOCUMENTS)
    shutil.copytree(tmp_path / "one", tmp_path / "other", copy_function=shutil.copyfile)
    assert everything(index_in(tmp_path / "other")) == everything(index)
