"""PDF to the text that a person reads: columns in order, words whole, without heads and feet of pages."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from typing import Any

from langchain_core.documents import Document

from longdoc.chunkers.readers.base import BytesReader
from longdoc.chunkers.readers.formats import expect
from longdoc.chunkers.readers.pdf.assembly import Assembly
from longdoc.chunkers.readers.pdf.furniture import AHEAD, Furniture, row_texts
from longdoc.chunkers.readers.pdf.headings import bookmarks, outline
from longdoc.chunkers.readers.pdf.layout.page import Page, page_blocks, read_page
from longdoc.chunkers.readers.pdf.pdfium import broken, opened
from longdoc.errors import InputError

logger = logging.getLogger(__name__)


def read_pdf(data: bytes, source: str) -> Document:
    """Return the reading text of the PDF in `data`, and what is known of it.

    Paragraphs are parted by a blank line; within one, a line feed stands where a line of the page ends, and a space
    where the text goes on in the next column or page. A table is a line for each row, with a tab between its cells.
    The metadata has `pages` (where the text of each page starts), `page_labels` where the file has them, `outline`,
    `tables` ({"start", "end", "header", "header_end", "note"}), and `furniture`: [page, text] of each running head,
    foot and page number, which the text leaves out. An `InputError` names `source` and the remedy where it is
    encrypted, broken, or has no text layer. A page that cannot be read is left out, and a warning names it.
    """
    if b"%PDF-" not in data[:1024]:
        expect(data, source, ".pdf")
    with opened(data, source) as document:
        labels = page_labels(document)
        assembly, left_out = _assembled(document, source, labels)
        if left_out and not assembly.length:  # pages with no more than a line
            assembly, left_out = _assembled(document, source, labels, keep=True)
        marks = list(bookmarks(document))
    text = assembly.text
    if not text.strip():
        raise InputError(f"{source!r} has no text layer; run OCR on it first")
    metadata: dict[str, Any] = {"source": source, "format": "pdf", "pages": assembly.starts}
    known = {"page_labels": labels, "outline": outline(marks, assembly, text)}
    known |= {"tables": assembly.tables, "furniture": left_out}
    metadata |= {name: value for name, value in known.items() if value}
    return Document(page_content=text, metadata=metadata)


def page_labels(document: Any) -> list[str]:
    """The printed label of each page, in order; empty where the file has none."""
    labels = [document.get_page_label(number) or "" for number in range(len(document))]
    return labels if any(labels) else []


def _assembled(
    document: Any, source: str, labels: list[str], *, keep: bool = False
) -> tuple[Assembly, list[list[Any]]]:
    """The text of all pages, and [page, text] of the furniture left out, or kept where nothing else is there."""
    assembly = Assembly()
    left_out: list[list[Any]] = []
    count = len(document)
    if not count:
        raise broken(source)
    furniture = Furniture(count)
    waiting: deque[Page] = deque()

    def settle() -> None:
        page = waiting.popleft()
        rows = set() if keep else furniture.rows(page.number)
        assembly.add(page_blocks(page, rows))
        if rows:
            left_out.extend([page.number + 1, text] for text in row_texts(page.rows[0], rows))

    for page in _pages(document, source, labels):
        furniture.add(page.number, page.edges)
        waiting.append(page)
        if len(waiting) > AHEAD:
            settle()
    while waiting:
        settle()
    return assembly, left_out


def _pages(document: Any, source: str, labels: list[str]) -> Iterator[Page]:
    for number in range(len(document)):
        label = labels[number] if labels else ""
        try:
            page = document[number]
            try:
                found = read_page(page, number, label)
            finally:
                page.close()
        except Exception as error:  # noqa: BLE001  a page that cannot be read costs that page, not the document
            logger.warning("page %d of %r cannot be read (%s); it is left out", number + 1, source, error)
            found = Page(number, label, [])
        yield found


READER = BytesReader((".pdf",), read_pdf)
