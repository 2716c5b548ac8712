"""Files to documents: the text that every span in longdoc refers to, and what its format knows about it."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from langchain_core.documents import Document

from longdoc.chunkers.readers.decoding import decode
from longdoc.chunkers.readers.docx import read_docx
from longdoc.chunkers.readers.epub import read_epub
from longdoc.chunkers.readers.formats import SUFFIXES, XML, binary_suffix
from longdoc.chunkers.readers.html import declared_charset, looks_like_html, read_html
from longdoc.chunkers.readers.pdf.reading import read_pdf
from longdoc.errors import InputError

__all__ = ["SUFFIXES", "read", "read_bytes", "read_stdin"]

_FORMATS = {".md": "markdown", ".rst": "rst"}
_READERS = {".pdf": read_pdf, ".html": read_html, ".htm": read_html, ".docx": read_docx, ".epub": read_epub}


def read(path: str | os.PathLike[str]) -> Document:
    """Return the document in the file at `path`, by its suffix: one of `SUFFIXES`, else plain text.

    See `read_bytes` for what is in it. An `InputError` names the path and the remedy where there is no file,
    it cannot be read, it holds no text or it is binary. `MissingExtraError`: its parser is not installed.
    """
    source = os.fspath(path)
    return read_bytes(_load(source), source, Path(source).suffix)


def read_stdin() -> Document:
    """Return the document on standard input, source "-": PDF, Word, EPUB or HTML if it begins so, else text."""
    data = sys.stdin.buffer.read()
    return read_bytes(data, "-", binary_suffix(data) or (".html" if looks_like_html(data) else ""))


def read_bytes(data: bytes, source: str, suffix: str) -> Document:
    """Return the document in `data`, read by `suffix` (".pdf"; in any case; an unknown one is plain text).

    Plain text (so are .csv, .tsv, .json, .ipynb, .xml, .rss), Markdown and reStructuredText are kept
    character for character, line ends and NUL included; only a byte order mark is dropped. HTML, PDF, Word
    and EPUB become text (see `read_html`, `read_pdf`, `read_docx`, `read_epub`). The metadata is fit for
    JSON: `source`, `format` ("text", "markdown", "rst", "html", "pdf", "docx", "epub"), and where the parser
    knows them `outline` (a list of [start, level, title] with `page_content[start:start + len(title)] ==
    title`), `pages` (where each page starts), `furniture` (see `read_pdf`) and `title`.
    """
    if not data:
        raise InputError(f"{source!r} is empty; give a file with text in it")
    kind = suffix.lower()
    if kind in _READERS:
        return _READERS[kind](data, source)
    text = decode(data, source, declared_charset(data) if kind in XML else None)
    if not text.strip():
        raise InputError(f"{source!r} holds nothing but white space; give a file with text in it")
    return Document(page_content=text, metadata={"source": source, "format": _FORMATS.get(kind, "text")})


def _load(source: str) -> bytes:
    try:
        _refuse_irregular(source)
        return Path(source).read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{source!r} does not exist; check the path") from error
    except PermissionError as error:
        raise InputError(f"{source!r} may not be read; give yourself permission to read it") from error
    except OSError as error:
        raise InputError(f"{source!r} cannot be read ({error.strerror}); check the path") from error


def _refuse_irregular(source: str) -> None:
    if "\0" in source:
        raise InputError(f"{source!r} is no path, for it holds a NUL character; check the path")
    mode = Path(source).stat().st_mode
    if stat.S_ISDIR(mode):
        raise InputError(f"{source!r} is a folder; give the path of a file in it")
    if not stat.S_ISREG(mode):
        raise InputError(f"{source!r} is not a regular file; save what it gives to a file and read that")
