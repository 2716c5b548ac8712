"""PDF to text: the text layer of each page, where each page starts, and the bookmarks as an outline."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document

from longdoc.chunkers.readers.base import BytesReader
from longdoc.chunkers.readers.formats import expect
from longdoc.chunkers.readers.pdf.furniture import furniture
from longdoc.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

PAGE_BREAK = "\n\f"
"""What stands between the text of two pages."""

# pypdf warns of a broken file with whatever its parsing runs into, as its documentation says.
_BROKEN = (
    *(
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ),
    *(struct.error, zlib.error),
)
_DEEPEST_LEVEL = 6
_NUMBER = (
    r"(?:(?:(?i:appendix|article|chapter|item|part|section)[ \t]+)?"
    r"(?:\d[\d.]*|[A-Z](?:\.\d+)*|[IVXLC]+)[.):]?[ \t]+)?"
)
_MOVES = {b"Td", b"TD", b"Tm", b"T*"}
_IDLE = {b"Td", b"T*"}  # these only move, and a move ends with its text object
_SHOWS = {b"Tj", b"TJ", b"'", b'"'}


def read_pdf(data: bytes, source: str) -> Document:
    """Return the text of the PDF in `data`, its pages joined by `PAGE_BREAK`.

    The metadata has `pages`, the start of each page, `outline` for the bookmarks whose titles are found at the
    start of a line of their page, and `furniture`, the [start, end] of each line that is a running header or
    footer (see `furniture`). The text is as the page has it, hyphens and line ends included; only
    NUL is dropped, a no-break space becomes a space and half a surrogate pair U+FFFD. An `InputError` names
    `source` and the remedy where it is encrypted, broken, or has no text layer.
    """
    if b"%PDF-" not in data[:1024]:
        expect(data, source, ".pdf")
    with _quiet_pypdf():
        texts, bookmarks = _extract(data, source)
    if not any(text.strip() for text in texts):
        raise InputError(f"{source!r} has no text layer; run OCR on it first")
    starts = _starts(texts)
    metadata: dict[str, Any] = {"source": source, "format": "pdf", "pages": starts}
    outline = _outline(bookmarks, texts, starts)
    if outline:
        metadata["outline"] = outline
    repeated = furniture(texts, starts, (start for start, _, _ in outline))
    if repeated:
        metadata["furniture"] = repeated
    return Document(page_content=PAGE_BREAK.join(texts), metadata=metadata)


def _extract(data: bytes, source: str) -> tuple[list[str], list[tuple[str, int, int]]]:
    """Return the text of each page, and the bookmarks as title, level and page."""
    try:
        from pypdf import PdfReader
        from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError
    except ImportError as error:
        raise MissingExtraError("reading PDF", "pdf") from error
    try:
        reader = PdfReader(io.BytesIO(data))
        texts = [_clean(_page_text(page, reader)) for page in reader.pages]
    except FileNotDecryptedError as error:
        raise InputError(f"{source!r} is encrypted; remove the password and try again") from error
    except DependencyError as error:
        raise MissingExtraError("reading encrypted PDF", "pdf") from error
    except (PyPdfError, *_BROKEN) as error:
        raise InputError(f"{source!r} is a broken PDF; repair it or print it to a new PDF") from error
    bookmarks: list[tuple[str, int, int]] = []
    with contextlib.suppress(PyPdfError, *_BROKEN):  # the text is good without them
        bookmarks = list(_bookmarks(reader))
    return texts, bookmarks


def _page_text(page: PageObject, reader: PdfReader) -> str:
    """Return the text of `page` as pypdf extracts it, with the line ends where they are.

    pypdf looks for a new line where an operator moves the text position. Many filings move the whole
    coordinate system instead, and their line ends would come a few letters late, inside words. A move by
    nothing before such text makes pypdf look in time. A move that no text follows, such as ends each cell of many
    tables, would begin a new line for every cell, and is left out.
    """
    from pypdf.generic import ArrayObject, ContentStream, NameObject, StreamObject

    contents = page.get("/Contents")
    stream = contents.get_object() if contents is not None else None
    if not isinstance(stream, (ArrayObject, StreamObject)):
        return page.extract_text()
    parsed = ContentStream(stream, reader, "bytes")
    parsed.operations = list(_placed(parsed.operations))
    key = NameObject("/Contents")
    page[key] = parsed
    try:
        # With a visitor, pypdf does not write the operations out again to search them for text.
        return page.extract_text(visitor_text=_ignore)
    finally:
        page[key] = contents  # else every page's operations would stay in memory


def _placed(operations: Iterable[tuple[Any, bytes]]) -> Iterator[tuple[Any, bytes]]:
    from pypdf.generic import NumberObject

    placed = True
    held: list[tuple[Any, bytes]] = []
    for operands, operator in operations:
        if operator in _IDLE:
            held.append((operands, operator))
            continue
        if operator != b"ET":
            yield from held
            placed = placed or bool(held)
        held.clear()
        if operator == b"BT":
            placed = False
        elif operator in _MOVES:
            placed = True
        elif operator in _SHOWS and not placed:
            yield [NumberObject(0), NumberObject(0)], b"Td"
            placed = True
        yield operands, operator


def _ignore(*_: Any) -> None:
    return None


def _clean(text: str) -> str:
    """Return `text` such that it can be encoded, without NUL and with plain spaces.

    Some filings map every space to U+00A0; where lines are set already, that says nothing.
    """
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "").replace("\xa0", " ")


def _starts(texts: list[str]) -> list[int]:
    starts, position = [], 0
    for text in texts:
        starts.append(position)
        position += len(text) + len(PAGE_BREAK)
    return starts


def _bookmarks(reader: PdfReader) -> Iterator[tuple[str, int, int]]:
    waiting: list[tuple[Any, int]] = [(entry, 1) for entry in reversed(reader.outline)]
    while waiting:
        entry, level = waiting.pop()
        if isinstance(entry, list):
            waiting += [(child, level + 1) for child in reversed(entry)]
            continue
        page = reader.get_destination_page_number(entry)
        if page is not None and entry.title:
            yield _clean(str(entry.title)), min(level, _DEEPEST_LEVEL), page


def _outline(bookmarks: list[tuple[str, int, int]], texts: list[str], starts: list[int]) -> list[list[Any]]:
    """Return [start, level, title] of the bookmarks found, in the order of the text."""
    found: dict[int, list[Any]] = {}
    begin: dict[int, int] = {}  # where to look on each page: after the heading found last
    for title, level, page in bookmarks:
        if page >= len(texts):
            continue
        match = _heading(title, texts[page], begin.get(page, 0))
        if match is not None:
            begin[page] = match.end()
            start = starts[page] + match.start()
            found[start] = [start, level, match[0]]
    return [found[start] for start in sorted(found)]


def _heading(title: str, text: str, begin: int) -> re.Match[str] | None:
    """Return where `title` begins a line of `text`, whatever its case, number and spacing, wrapped or not."""
    words = title.split()
    if not words:
        return None
    spaced = r"\s+".join(map(re.escape, words))
    return re.compile(rf"^{_NUMBER}(?i:{spaced})(?!\w)", re.MULTILINE).search(text, begin)


class _Silence:
    """How many readings are under way; while there are any, the records of pypdf go nowhere."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.readings = 0
        self.propagated = True


_SILENCE = _Silence()


@contextlib.contextmanager
def _quiet_pypdf() -> Iterator[None]:
    """Keep the log records of pypdf from other handlers; what is wrong with a file our own error says."""
    logger = logging.getLogger("pypdf")
    nowhere = logging.NullHandler()
    with _SILENCE.lock:
        if not _SILENCE.readings:
            _SILENCE.propagated, logger.propagate = logger.propagate, False
        _SILENCE.readings += 1
        logger.addHandler(nowhere)
    try:
        yield
    finally:
        with _SILENCE.lock:
            logger.removeHandler(nowhere)
            _SILENCE.readings -= 1
            if not _SILENCE.readings:
                logger.propagate = _SILENCE.propagated


READER = BytesReader((".pdf",), read_pdf)
