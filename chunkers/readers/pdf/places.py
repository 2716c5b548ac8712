"""Where the characters of a PDF's reading text stand: page, printed label, and rectangles on the page."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.arguments import checked
from longdoc.chunkers.readers.base import Box
from longdoc.chunkers.readers.ocr.recognised import Recognised
from longdoc.chunkers.readers.pdf.furniture import rows_that_say
from longdoc.chunkers.readers.pdf.layout.marks import piece
from longdoc.chunkers.readers.pdf.layout.page import Page, page_blocks, read_page, recognised_page
from longdoc.chunkers.readers.pdf.layout.paragraphs import Block
from longdoc.chunkers.readers.pdf.pdfium import opened
from longdoc.errors import InputError

_MOST_PAGES = 64
_AHEAD = 400  # characters that may be on the page and not in the text, before it goes on
_STEPS = 65535


@dataclass(frozen=True, slots=True)
class _PagePlaces:
    """Ten bytes a character: its box in steps of the page's extent, and its row; row 0 is no place."""

    boxes: NDArray[np.uint16]
    rows: NDArray[np.uint16]
    low: NDArray[np.float64]
    step: NDArray[np.float64]

    def rectangles(self, start: int, end: int) -> Iterator[tuple[float, float, float, float]]:
        """One rectangle for each row that has characters from `start` to `end`, in the order of the text."""
        numbers = self.rows[start:end]
        placed = np.flatnonzero(numbers)
        for group in np.split(placed, np.flatnonzero(np.diff(numbers[placed])) + 1):
            if len(group):
                left, bottom, right, top = self.boxes[start + group].astype(np.float64).T
                low = self.low + self.step * (left.min(), bottom.min())
                high = self.low + self.step * (right.max(), top.max())
                yield float(low[0]), float(low[1]), float(high[0]), float(high[1])


@checked
class Places:
    """Where the characters of a document that was read from the PDF `data` stand.

    Pages are laid out anew when boxes on them are asked for; those asked for last are kept. An `InputError` tells
    that the document has no pages or was not read from this file.
    """

    def __init__(self, data: bytes, document: Document) -> None:
        told = document.metadata
        if "pages" not in told:
            raise InputError(f"{told.get('source', '')!r} has no pages; give a document that was read from a PDF")
        self._data, self._text = data, document.page_content
        self._source = str(told.get("source", ""))
        self._starts: Sequence[int] = told["pages"]
        self._labels: Sequence[str] = told.get("page_labels") or ()
        self._furniture: dict[int, list[str]] = {}
        for page, text in told.get("furniture", ()):
            self._furniture.setdefault(page - 1, []).append(text)
        self._recognised = {one["page"] - 1: one for one in told.get("ocr", ())}
        self._kept: OrderedDict[int, _PagePlaces] = OrderedDict()

    def page(self, offset: int) -> int:
        """The page, from 1, that the character at `offset` stands on."""
        return bisect_right(self._starts, offset)

    def label(self, offset: int) -> str:
        """The printed label of that page; its number where the file has no labels."""
        page = self.page(offset)
        return (self._labels[page - 1] if page <= len(self._labels) else "") or str(page)

    def boxes(self, start: int, end: int) -> list[Box]:
        """One rectangle for each line and page that `text[start:end]` stands on, in the order of the text."""
        first, last = max(self.page(start), 1), self.page(max(end - 1, start))
        missing = [page for page in range(first, last + 1) if page - 1 not in self._kept]
        if missing:
            self._lay_out(missing)
        found: list[Box] = []
        for page in range(first, last + 1):
            begin = self._starts[page - 1]
            places = self._kept[page - 1]
            found += [(page, *box) for box in places.rectangles(max(start - begin, 0), end - begin)]
        return found

    def _lay_out(self, pages: Sequence[int]) -> None:
        numbers = [page - 1 for page in pages]
        for number in numbers:
            if number in self._recognised:
                self._kept[number] = self._laid(recognised_page(Recognised.of(self._recognised[number]), ""))
        if layers := [number for number in numbers if number not in self._recognised]:
            with opened(self._data, self._source) as document:
                for number in layers:
                    self._kept[number] = self._page(document, number)
        while len(self._kept) > max(_MOST_PAGES, len(pages)):
            self._kept.popitem(last=False)

    def _page(self, document: Any, number: int) -> _PagePlaces:
        if number >= len(document):
            raise InputError(f"{self._source!r} has {len(document)} pages, not {number + 1}; read the file again")
        shown = document[number]
        try:
            page = read_page(shown, number, "")
        finally:
            shown.close()
        return self._laid(page)

    def _laid(self, page: Page) -> _PagePlaces:
        number = page.number
        end = self._starts[number + 1] if number + 1 < len(self._starts) else len(self._text)
        said = self._furniture.get(number, [])
        blocks = page_blocks(page, rows_that_say(page.rows[0], said) if said and page.rows else set())
        return _packed(self._text[self._starts[number] : end], blocks)


def _packed(text: str, blocks: Sequence[Block]) -> _PagePlaces:
    """The places of the characters of a page's text, found by going along it and what its blocks say together."""
    letters, boxes, rows = _told(blocks)
    chosen = _aligned(text, letters)
    if not len(boxes):
        nothing = np.zeros(2)
        return _PagePlaces(np.zeros((len(text), 4), np.uint16), np.zeros(len(text), np.uint16), nothing, nothing)
    low = np.array([boxes[:, 0].min(), boxes[:, 1].min()], np.float64)
    step = np.maximum(np.array([boxes[:, 2].max(), boxes[:, 3].max()], np.float64) - low, 1e-6) / _STEPS
    placed = chosen >= 0
    _widen(boxes, letters, chosen[placed])
    scaled = np.rint((boxes - np.tile(low, 2)) / np.tile(step, 2)).astype(np.uint16)
    packed, numbers = np.zeros((len(text), 4), np.uint16), np.zeros(len(text), np.uint16)
    packed[placed], numbers[placed] = scaled[chosen[placed]], rows[chosen[placed]]
    return _PagePlaces(packed, numbers, low, step)


def _widen(boxes: NDArray[np.float64], letters: str, chosen: NDArray[np.int64]) -> None:
    """Let a letter have the place of the hyphen after it that the text leaves out, too."""
    used = set(chosen.tolist())
    for place in range(1, len(letters)):
        if letters[place] in "-‐" and place not in used and place - 1 in used:
            boxes[place - 1, :2] = np.minimum(boxes[place - 1, :2], boxes[place, :2])
            boxes[place - 1, 2:] = np.maximum(boxes[place - 1, 2:], boxes[place, 2:])


def _told(blocks: Sequence[Block]) -> tuple[str, NDArray[np.float64], NDArray[np.uint16]]:
    """The letters of the blocks that have a glyph, the box of each as left, bottom, right, top, and its row from 1."""
    letters: list[str] = []
    boxes: list[NDArray[np.float32]] = []
    rows: list[int] = []
    row = 0
    for block in blocks:
        source = block.rows
        if source is None:
            continue
        for line in block.lines:
            last = None
            for fragment in line.fragments:
                row += fragment.row != last
                last = fragment.row
                said = piece(fragment, source)
                kept = [n for n, glyph in enumerate(said.glyphs) if glyph >= 0]
                letters += [said.text[n] for n in kept]
                boxes.append(source.places[[said.glyphs[n] for n in kept]])
                rows += [row] * len(kept)
    if not letters:
        return "", np.zeros((0, 4)), np.zeros(0, np.uint16)
    return "".join(letters), np.concatenate(boxes).astype(np.float64), np.array(rows, np.uint16)


def _aligned(text: str, letters: str) -> NDArray[np.int64]:
    """For each character of the text the letter that it is, -1 for none: both have the same letters in one order.

    Letters that the text leaves out, hyphens at line ends, are passed over.
    """
    chosen = np.full(len(text), -1, np.int64)
    place = 0
    for number, letter in enumerate(text):
        if letter.isspace():
            continue
        if place < len(letters) and letters[place] == letter:
            chosen[number] = place
            place += 1
            continue
        if letter in "[]^":
            continue
        found = letters.find(letter, place, place + _AHEAD)
        if found >= 0:
            chosen[number] = found
            place = found + 1
    return chosen
