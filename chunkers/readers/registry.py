"""Files to documents: the text that every span in longdoc refers to, and what its format knows about it."""

from __future__ import annotations

import io
import os
import stat
import sys
from functools import cache, partial
from importlib import import_module
from pathlib import Path, PurePath

from langchain_core.documents import Document

from longdoc.arguments import checked
from longdoc.chunkers.readers.base import BytesReader, Ocr, Reader
from longdoc.chunkers.readers.decoding import begins_as_text, decode
from longdoc.chunkers.readers.formats import IMAGES, PLAIN, SUFFIXES, XML, binary_suffix, image_suffix
from longdoc.chunkers.readers.pages import PagedDocument
from longdoc.errors import InputError
from longdoc.plugins import brought

__all__ = ["SUFFIXES", "read", "read_bytes", "read_stdin", "reader_of"]

_GROUP = "longdoc.readers"
_MODULES = {
    ".html": "html.reading",
    ".htm": "html.reading",
    ".docx": "docx.reading",
    ".epub": "epub",
}
_SEEN = {".pdf": "pdf.reading", **dict.fromkeys(IMAGES, "ocr.images")}
"""The readers of what has pages to look at: each module has `reader(ocr)`."""


def reader_of(suffix: str, ocr: Ocr = "auto") -> Reader:
    """The reader of files with a suffix (".pdf", in any case): longdoc's own, another package's, else plain text's."""
    kind = suffix.lower()
    if kind in _SEEN:
        made: Reader = import_module(f"longdoc.chunkers.readers.{_SEEN[kind]}").reader(ocr)
        return made
    if kind in _MODULES:
        own: Reader = import_module(f"longdoc.chunkers.readers.{_MODULES[kind]}").READER
        return own
    if kind in {"", *PLAIN, *XML}:
        return _PLAIN.get(kind, _TEXT)
    return _brought().get(kind, _TEXT)


def left_out(name: str, begins: bytes, images: bool) -> str:
    """Why a file of a folder is not worth an attempt, from its name and first bytes; "" where it is.

    Most images in a folder are no pages, and are left out unless `images` says so.
    """
    suffix = PurePath(name).suffix.lower()
    if not begins.strip():
        return "empty"
    if suffix in IMAGES and not images:
        return "no text"
    if suffix in reader_of(suffix).suffixes and suffix not in (*PLAIN, *XML):
        return ""
    return "" if not binary_suffix(begins) and begins_as_text(begins, name) else "no text"


@cache
def _brought() -> dict[str, Reader]:
    """The readers that other installed packages bring, by suffix."""
    readers: list[Reader] = [entry.load() for entry in brought(_GROUP)]
    return {suffix: reader for reader in readers for suffix in reader.suffixes}


@checked
def read(path: str | os.PathLike[str], ocr: Ocr = "auto") -> Document:
    """Return the document in the file at `path`, by its suffix: one of `SUFFIXES`, else plain text.

    See `read_bytes` for what is in it, and what `ocr` says. An `InputError` names the path and the remedy where there
    is no file, it cannot be read, it holds no text or it is binary. `MissingExtraError`: its parser is not installed.
    """
    source = os.fspath(path)
    data = _load(source)
    document = read_bytes(data, source, Path(source).suffix, ocr)
    return PagedDocument.of(document, data, Path(source)) if "pages" in document.metadata else document


def read_stdin(ocr: Ocr = "auto") -> Document:
    """Return the document on standard input, source "-": PDF, Word, EPUB, image or HTML if it begins so, else text."""
    data = sys.stdin.buffer.read()
    from longdoc.chunkers.readers.html.reading import looks_like_html

    kind = binary_suffix(data) or image_suffix(data) or (".html" if looks_like_html(data) else "")
    document = read_bytes(data, "-", kind, ocr)
    return PagedDocument.of(document, data) if "pages" in document.metadata else document


@checked
def read_bytes(data: bytes, source: str, suffix: str, ocr: Ocr = "auto") -> Document:
    """Return the document in `data`, read by `suffix` (".pdf"; in any case; an unknown one is plain text).

    Plain text (so are .csv, .tsv, .json, .ipynb, .xml, .rss), Markdown and reStructuredText are kept
    character for character, line ends and NUL included; only a byte order mark is dropped. HTML, PDF, Word
    and EPUB become text (see `read_html`, `read_pdf`, `read_docx`, `read_epub`). The metadata is fit for
    JSON: `source`, `format` ("text", "markdown", "rst", "html", "pdf", "docx", "epub", "image"), and where the parser
    knows them `outline` (a list of [start, level, title] with `page_content[start:start + len(title)] ==
    title`), `pages` (where each page starts), `page_labels`, `tables`, `furniture` (see `read_pdf`), `title` and `ocr`.

    Pages of a PDF without a usable text layer, and images (.png, .jpg, .tiff), are read by recognising their characters
    where the extra `ocr` is installed; `ocr` has that done to all pages ("always") or none ("never"). The metadata's
    `ocr` tells how sure it was of each such page, from 0 to 1, and where its words are (see `Recognised.json`).
    """
    if not data:
        raise InputError(f"{source!r} is empty; give a file with text in it")
    return reader_of(suffix, ocr).read(io.BytesIO(data), source)


def _plain(data: bytes, source: str, format: str = "text", declares: bool = False) -> Document:
    charset = None
    if declares:
        from longdoc.chunkers.readers.html.reading import declared_charset

        charset = declared_charset(data)
    text = decode(data, source, charset)
    if not text.strip():
        raise InputError(f"{source!r} holds nothing but white space; give a file with text in it")
    return Document(page_content=text, metadata={"source": source, "format": format})


_TEXT = BytesReader(PLAIN, _plain)
_PLAIN = {
    ".md": BytesReader((".md",), partial(_plain, format="markdown")),
    ".rst": BytesReader((".rst",), partial(_plain, format="rst")),
    **dict.fromkeys(XML, BytesReader(XML, partial(_plain, declares=True))),
}


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
