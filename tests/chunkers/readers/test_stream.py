from __future__ import annotations

from pathlib import Path

import pytest

from longdoc.chunkers.readers.registry import read
from longdoc.chunkers.readers.stream import text_pieces
from longdoc.chunkers.section import SectionChunker
from longdoc.errors import InputError

LINE = "# Ein Titel\r\n\r\nEs ist so, größer als 日本. Und es geht weiter.\r\n"


def test_a_long_file_comes_in_pieces_as_it_would_be_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"\xef\xbb\xbf" + LINE.encode() * 40_000)
    pieces = text_pieces(path, small=1000)
    assert pieces is not None
    parts = list(pieces)
    assert len(parts) > 2
    assert "".join(parts) == read(path).page_content


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("short.txt", b"short"),
        ("latin.txt", ("größer " * 500).encode("latin-1")),
        ("wide.txt", ("wide " * 500).encode("utf-16-le")),
        ("page.html", b"<p>text</p>" * 500),
    ],
)
def test_what_must_be_read_whole(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    assert text_pieces(tmp_path / name, small=1000) is None


def test_a_file_that_is_not_there_is_left_to_the_reader(tmp_path: Path) -> None:
    assert text_pieces(tmp_path / "none.txt", small=1000) is None


def test_a_blank_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b" \n" * 2000)
    with pytest.raises(InputError, match="nothing but white space"):
        text_pieces(tmp_path / "a.txt", small=1000)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\x7fELF" + b"\x00\x01\x02" * 2000)
    with pytest.raises(InputError, match="program"):
        text_pieces(tmp_path / "a.txt", small=1000)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"It is so. " * 300_000)
    pieces = text_pieces(path, small=1000)
    assert pieces is not None
    assert next(pieces).startswith("It is so.")
    with path.open("r+b") as opened:
        opened.seek(2_500_000)
        opened.write(b"\xff\xfe")
    with pytest.raises(InputError, match="changed while it was read"):
        list(pieces)


@pytest.mark.slow
def test_a_long_file_has_the_chunks_of_its_text(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(LINE.encode() * 130_000)  # past 8 MB
    chunks = list(SectionChunker(2000).split_file(path))
    assert sum(len(chunk.page_content) for chunk in chunks) == len(LINE) * 130_000
    assert {chunk.metadata["source"] for chunk in chunks} == {str(path)}
    assert all(chunk.page_content == LINE for chunk in chunks)
