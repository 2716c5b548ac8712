"""A long text file in pieces, so that it need not fit memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from longdoc.chunkers.readers.decoding import decode
from longdoc.chunkers.readers.formats import PLAIN, SUFFIXES
from longdoc.errors import InputError

SMALL = 8 << 20  # bytes up to which a file is read whole
_PIECE = 1 << 20  # bytes


def text_pieces(path: str | os.PathLike[str], small: int = SMALL) -> Iterator[str] | None:
    """The text of a plain file of more than `small` bytes, piece by piece, as `longdoc.chunkers.read` would give it.

    None where the file must be read whole: it is short, not there, of a format with a parser, or not UTF-8, which is
    seen by reading it through once. Raises `InputError` for a file without text, or one that changes meanwhile.
    """
    file = Path(path)
    if not file.is_file() or file.stat().st_size <= small:
        return None
    if file.suffix.lower() in SUFFIXES and file.suffix.lower() not in PLAIN:
        return None
    source = os.fspath(path)
    if not _is_utf8(file, source):
        return None
    return _pieces(file, source)


def _is_utf8(file: Path, source: str) -> bool:
    with file.open("rb") as opened:
        sample = opened.read(_PIECE)
    try:
        begins = sample.decode("utf-8-sig", "ignore")
        blank = True
        for piece in _decoded(file):
            blank = blank and not piece.strip()
    except (UnicodeDecodeError, OSError):
        return False
    if blank:
        raise InputError(f"{source!r} holds nothing but white space; give a file with text in it")
    return decode(begins.encode(), source) == begins  # else UTF-16 without a mark, or binary, which is refused


def _pieces(file: Path, source: str) -> Iterator[str]:
    try:
        yield from _decoded(file)
    except (UnicodeDecodeError, OSError) as error:
        raise InputError(f"{source!r} changed while it was read; try again when it is whole") from error


def _decoded(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        while piece := opened.read(_PIECE):
            yield piece
