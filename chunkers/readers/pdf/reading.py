"""PDF to the text that a person reads: columns in order, words whole, without heads and feet of pages."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from langchain_core.documents import Document

from longdoc.chunkers.readers.base import BytesReader, Ocr
from longdoc.chunkers.readers.formats import expect
from longdoc.chunkers.readers.ocr import engine
from longdoc.chunkers.readers.ocr.recognised import Recognised
from longdoc.chunkers.readers.ocr.usable import is_usable
from longdoc.chunkers.readers.pdf.assembly import Assembly
from longdoc.chunkers.readers.pdf.furniture import AHEAD, Furniture, row_texts
from longdoc.chunkers.readers.pdf.headings import bookmarks, outline
from longdoc.chunkers.readers.pdf.layout.page import Page, page_blocks, read_page, recognised_page
from longdoc.chunkers.readers.pdf.pdfium import broken, opened
from longdoc.chunkers.readers.pdf.pictures import has_ink, image_share, page_pixels, page_space
from longdoc.errors import InputError

logger = logging.getLogger(__name__)

INSTALL = "pip install 'longdoc[ocr]'"
_STAMP, _SCAN = 100, 0.6  # characters, and the part of the page that an image covers
_BLANK = "has neither text nor a picture of any on its pages; give a file with text in it"


def read_pdf(data: bytes, source: str, ocr: Ocr = "auto") -> Document:
    """Return the reading text of the PDF in `data`, and what is known of it.

    Paragraphs are parted by a blank line; within one, a line feed stands where a line of the page ends, and a space
    where the text goes on in the next column or page. A table is a line for each row, with a tab between its cells.
    The metadata has `pages` (where the text of each page starts), `page_labels` where the file has them, `outline`,
    `tables` ({"start", "end", "header", "header_end", "note"}), and `furniture`: [page, text] of each running head,
    foot and page number, which the text leaves out. An `InputError` names `source` and the remedy where it is
    encrypted, broken, or has no text layer and none can be recognised. A page that cannot be read is left out, and a
    warning names it. Pages that were recognised, see `read_bytes`, are told in `ocr`.
    """
    if b"%PDF-" not in data[:1024]:
        expect(data, source, ".pdf")
    with opened(data, source) as document:
        labels = page_labels(document)
        pages = _Pages(document, source, labels, ocr)
        assembly, left_out = assembled(lambda: iter(pages), len(document))
        if not len(document):
            raise broken(source)
        marks = list(bookmarks(document))
    text = assembly.text
    if not text.strip():
        raise InputError(f"{source!r} {pages.why()}")
    if pages.unread:
        logger.warning("%s", pages.left_out())
    metadata: dict[str, Any] = {"source": source, "format": "pdf", "pages": assembly.starts}
    known = {"page_labels": labels, "outline": outline(marks, assembly, text)}
    known |= {"tables": assembly.tables, "furniture": left_out, "ocr": pages.told()}
    metadata |= {name: value for name, value in known.items() if value}
    return Document(page_content=text, metadata=metadata)


def page_labels(document: Any) -> list[str]:
    """The printed label of each page, in order; empty where the file has none."""
    labels = [document.get_page_label(number) or "" for number in range(len(document))]
    return labels if any(labels) else []


def assembled(pages: Callable[[], Iterable[Page]], count: int) -> tuple[Assembly, list[list[Any]]]:
    """The text of all pages, and [page, text] of the furniture left out, or kept where nothing else is there."""
    assembly, left_out = _assembled(pages(), count)
    if left_out and not assembly.length:  # pages with no more than a line
        assembly, left_out = _assembled(pages(), count, keep=True)
    return assembly, left_out


def _assembled(pages: Iterable[Page], count: int, *, keep: bool = False) -> tuple[Assembly, list[list[Any]]]:
    assembly = Assembly()
    left_out: list[list[Any]] = []
    furniture = Furniture(count)
    waiting: deque[Page] = deque()

    def settle() -> None:
        page = waiting.popleft()
        rows = set() if keep else furniture.rows(page.number)
        assembly.add(page_blocks(page, rows))
        if rows:
            left_out.extend([page.number + 1, text] for text in row_texts(page.rows[0], rows))

    for page in pages:
        furniture.add(page.number, page.edges)
        waiting.append(page)
        if len(waiting) > AHEAD:
            settle()
    while waiting:
        settle()
    return assembly, left_out


@dataclass(slots=True)
class _Pages:
    """The pages of a PDF, those without a usable text layer as they were recognised, which is done once.

    `unread` are those, from 1, that could not be, for the extra is not installed or may not be used.
    """

    document: Any
    source: str
    labels: list[str]
    ocr: Ocr
    recognised: dict[int, Recognised] = field(default_factory=dict)
    unread: dict[int, None] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Page]:
        for number in range(len(self.document)):
            label = self.labels[number] if self.labels else ""
            try:
                yield self._page(number, label)
            except Exception as error:  # noqa: BLE001  a page that cannot be read costs that page, not the document
                told = number + 1, self.source, error
                logger.warning("page %d of %r cannot be read (%s); it is left out", *told)
                yield Page(number, label, [])

    def told(self) -> list[dict[str, Any]]:
        """What was recognised, as it stands in the metadata."""
        return [one.json() for _, one in sorted(self.recognised.items()) if one.lines]

    def why(self) -> str:
        """Why there is no text, and what to do about it."""
        if not self.unread:
            return "has no text, and none was recognised on its pages" if self.recognised else _BLANK
        if self.ocr == "never":
            return 'has no text layer; read it with ocr="auto" (--ocr auto), which recognises its pages'
        return f"has no text layer; to have its pages recognised: {INSTALL}"

    def left_out(self) -> str:
        """What is said of pages that could not be read while others could."""
        pages = ", ".join(map(str, list(self.unread)[:9])) + (" and more" if len(self.unread) > 9 else "")
        remedy = 'ocr="auto" recognises them' if self.ocr == "never" else f"to have them recognised: {INSTALL}"
        return f"pages of {self.source!r} without a text layer are left out ({pages}); {remedy}"

    def _page(self, number: int, label: str) -> Page:
        page = self.document[number]
        try:
            layer = read_page(page, number, label)
            text = "\n".join(rows.text for rows in layer.rows)
            wanted = self.ocr == "always" or not is_usable(text) or _is_stamp(text, page)
            if not wanted or not has_ink(self.document, number):
                return layer
            if self.ocr == "never" or not engine.available():
                return self._without(layer)
            found = self._found(page, number)
        finally:
            page.close()
        return recognised_page(found, label) if found.lines else layer

    def _without(self, layer: Page) -> Page:
        """What is made of a page that is not recognised: its text layer where that is wanted whatever it is."""
        if self.ocr == "never" and layer.rows:
            return layer
        self.unread[layer.number + 1] = None
        return Page(layer.number, layer.label, [])

    def _found(self, page: Any, number: int) -> Recognised:
        if number not in self.recognised:
            across, down = page.get_size()
            scale = min(engine.DENSITY / 72, engine.LONGEST / max(across, down, 1))
            pixels = page_pixels(self.document, number, across * scale)
            logger.info("recognising page %d of %d of %r", number + 1, len(self.document), self.source)
            height, width = pixels.shape[:2]
            points = across / width
            placed = np.array(page_space(page, width, height))
            self.recognised[number] = engine.recognised(pixels, number + 1, points, placed)
        return self.recognised[number]


def _is_stamp(text: str, page: Any) -> bool:
    """Whether the text layer is no more than what was stamped on a scan: a number, a line of a few words."""
    return len(text) < _STAMP and image_share(page) > _SCAN


def reader(ocr: Ocr) -> BytesReader:
    """The reader of PDFs that recognises those pages."""
    return BytesReader((".pdf",), partial(read_pdf, ocr=ocr))
