"""A page as its reader takes it in: blocks in reading order, without furniture."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from longdoc.chunkers.readers.ocr.recognised import Recognised
from longdoc.chunkers.readers.pdf.furniture import Edges, edges
from longdoc.chunkers.readers.pdf.layout.columns import at_margins, in_columns
from longdoc.chunkers.readers.pdf.layout.glyphs import read_glyphs
from longdoc.chunkers.readers.pdf.layout.line_numbers import without_line_numbers
from longdoc.chunkers.readers.pdf.layout.marks import settle
from longdoc.chunkers.readers.pdf.layout.paragraphs import Block, blocks
from longdoc.chunkers.readers.pdf.layout.rows import Rows, page_rows
from longdoc.chunkers.readers.pdf.layout.rtl import mostly_rtl
from longdoc.chunkers.readers.pdf.layout.tables import items

_FLOAT = 0.93  # of the size of the text: smaller text after it is a footnote


@dataclass(slots=True)
class Page:
    """The rows of a page, a `Rows` for each direction of writing, those of the most first."""

    number: int
    label: str
    rows: list[Rows]

    @property
    def edges(self) -> Edges:
        """The rows at its edges."""
        return edges(self.rows[0], self.number, self.label) if self.rows else Edges(((), ()))


def read_page(page: Any, number: int, label: str) -> Page:
    """The rows of a `pypdfium2.PdfPage`."""
    rows = [page_rows(glyphs) for glyphs in read_glyphs(page)]
    for one in rows:
        settle(one)
        if mostly_rtl(one.text):
            _mirror(one)
    return Page(number, label, rows)


def recognised_page(found: Recognised, label: str) -> Page:
    """The rows of a page whose characters were recognised."""
    rows = page_rows(found.glyphs())
    settle(rows)
    if mostly_rtl(rows.text):
        _mirror(rows)
    return Page(found.page - 1, label, [rows])


def _mirror(rows: Rows) -> None:
    """Turn the places of the fragments over, so that what is read first is on the left."""
    for one in rows.fragments:
        one.left, one.right = rows.width - one.right, rows.width - one.left
        one.wide.clear()


def page_blocks(page: Page, furniture: Collection[int]) -> list[Block]:
    """The blocks of a page in reading order; `furniture` are the rows of its first direction to leave out."""
    found: list[Block] = []
    for number, rows in enumerate(page.rows):
        kept = [row for row in rows.by_row if number or row[0].row not in furniture]
        for part in in_columns(at_margins(without_line_numbers(kept))):
            for block in blocks(items(part)):
                block.rows = rows
                found.append(block)
    return _notes_first(_tables_later(found))


def _tables_later(found: list[Block]) -> list[Block]:
    """The blocks with tables at the head of the page moved behind the paragraph that goes on from the page before."""
    count = 0
    while count < len(found) and found[count].table is not None:
        count += 1
    if not 0 < count < len(found):
        return found
    letter = next((one for one in found[count].lines[0].text if one.isalpha()), "")
    if not letter.islower():
        return found
    return [found[count], *found[:count], *found[count + 1 :]]


def _notes_first(found: list[Block]) -> list[Block]:
    """The blocks with the paragraph that the next page goes on with moved behind the notes below it."""
    sizes: dict[float, int] = {}
    for block in found:
        if block.table is None:
            key = round(block.size * 2) / 2
            sizes[key] = sizes.get(key, 0) + sum(len(line.text) for line in block.lines)
    body = max(sizes, key=lambda size: sizes[size], default=0.0)
    last = len(found)
    while last and found[last - 1].table is None and found[last - 1].size < _FLOAT * body:
        last -= 1
    if not 0 < last < len(found) or not (found[last - 1].open and found[last - 1].full):
        return found
    return [*found[: last - 1], *found[last:], found[last - 1]]
