from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document

from longdoc.chunkers.readers.registry import read
from longdoc.errors import InputError
from longdoc.pipelines.readings import _keep, _thawed, kept_reading

PAGE = "<html><head><title>Harbour</title></head><body><h1>Harbour</h1><p>Built in 1843.</p></body></html>"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@settings(deadline=None, max_examples=30)
@given(text=st.text(st.characters(), max_size=80), metadata=st.dictionaries(st.text(), JSON, max_size=3))
def test_what_is_kept_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str, metadata: dict) -> None:
    kept = tmp_path_factory.mktemp("kept") / "one.json.z"
    _keep(kept, Document(page_content=text, metadata=metadata))
    assert _thawed(kept) == Document(page_content=text, metadata=metadata)


def test_a_page_is_read_once_and_again_when_it_changed(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "read"
    first = kept_reading(page, folder)
    assert first == read(page)
    [kept] = folder.iterdir()
    _keep(kept, Document(page_content="kept", metadata=read(page).metadata))
    assert kept_reading(page, folder).page_content == "kept"
    page.write_text(PAGE.replace("1843", "1901"), encoding="utf-8")
    assert kept_reading(page, folder) == read(page) != first


def test_the_name_is_that_of_now(page: Path, tmp_path: Path) -> None:
    kept_reading(page, tmp_path / "read")
    moved = page.rename(tmp_path / "other.html")
    assert kept_reading(moved, tmp_path / "read").metadata["source"] == str(moved)


def test_what_was_damaged_is_read_anew(page: Path, tmp_path: Path) -> None:
    kept_reading(page, tmp_path / "read")
    [kept] = (tmp_path / "read").iterdir()
    for damaged in (b"", kept.read_bytes()[:-9], b"0" * 16 + kept.read_bytes()[16:]):
        kept.write_bytes(damaged)
        assert kept_reading(page, tmp_path / "read") == read(page)


def test_a_folder_that_cannot_be_made_is_done_without(page: Path, tmp_path: Path) -> None:
    (tmp_path / "read").write_text("a file", encoding="utf-8")
    found = kept_reading(page, tmp_path / "read")
    assert isinstance(found, Document)
    assert found.page_content == read(page).page_content


def test_plain_text_is_left_and_what_is_no_page_is_refused(tmp_path: Path) -> None:
    assert kept_reading(tmp_path / "notes.txt", tmp_path / "read") == tmp_path / "notes.txt"
    assert kept_reading(tmp_path / "missing.pdf", tmp_path / "read") == tmp_path / "missing.pdf"
    (tmp_path / "bad.pdf").write_bytes(b"no PDF")
    with pytest.raises(InputError, match=r"bad\.pdf"):
        kept_reading(tmp_path / "bad.pdf", tmp_path / "read")
