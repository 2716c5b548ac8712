"""The running heads and feet of pages: rows at their edges that come again, or count with the pages."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from longdoc.chunkers.readers.pdf.layout.rows import Fragment, Rows, by_rows

LEAST_PAGES = 3
"""Pages that a row must be on, near one another, to be furniture."""

FARTHEST = 4
"""Pages from one to the next of them: left and right pages take turns, and one that opens a chapter has none."""

DEEPEST = 4
"""Rows from the edge of a page that are looked at."""

AHEAD = FARTHEST * (LEAST_PAGES - 1)
"""Pages after one that tell what of it is furniture."""

_SWEPT = 100  # pages
_MARGIN = 0.075  # of the page's height: nothing but furniture comes again here
_EDGE, _WHITE, _FEWEST = 0.065, 2.4, 3  # of the height; of the size; rows: what stands alone at the very edge
_ZONE = 0.2  # of the page's height: farther in, no row is furniture but one that counts with the pages
_APART = 1.45  # of the distance of lines: what stands so far from the text is none of it
_DENSE = 8  # rows that tell what the distance of lines is
_BAND = 0.6  # of the larger size: rows this near stand beside one another
_NUMBER = re.compile(r"[0-9]+")
_ROMAN = re.compile(r"(?=.)c{0,3}(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_LONG = 5  # digits, which no page number has
_ALONE = re.compile(r"(?i)[\W_]*(?:p(?:age|\.)?\s*)?(\d{1,4}|[ivxlc]{1,7})(?:\s*(?:of|/|\|)\s*\d{1,4})?[\W_]*")


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A row near the edge of a page: its number, what it says and is known by, and where it stands.

    `margin`: in the margin; `edge`: at its outside, and no larger than the text; `apart`: far from the next row;
    `numbered`: it has the page's own number or label; `offset`: it is but a number, so much more than the page's.
    """

    row: int
    text: str
    keys: frozenset[Hashable]
    counts: frozenset[tuple[Hashable, int]]
    margin: bool
    edge: bool
    apart: bool
    numbered: bool
    offset: int | None


@dataclass(frozen=True, slots=True)
class Edges:
    """The outermost rows at the top and at the bottom of a page, inwards."""

    sides: tuple[tuple[EdgeRow, ...], tuple[EdgeRow, ...]]


def edges(rows: Rows, page: int, label: str) -> Edges:
    """The rows at the edges of a page."""
    by_row = rows.by_row
    bases = [row[0].base for row in by_row]
    steps = [b - a for a, b in pairwise(bases)]
    pitch = median(steps) if len(steps) >= _DENSE else None
    body = median(row[0].size for row in by_row) if by_row else 0.0
    sides = []
    for bottom in (False, True):
        numbers = list(range(len(by_row)))[:: -1 if bottom else 1][:DEEPEST]
        side: list[EdgeRow] = []
        for place in numbers:
            depth = bases[place] / max(rows.height, 1)
            depth = 1 - depth if bottom else depth - by_row[place][0].size * 0.7 / max(rows.height, 1)
            deep = depth > _ZONE
            if deep and (side or not bottom):
                break
            parts = [one.text for one in by_row[place]]
            text = " ".join(parts)
            alone = _ALONE.fullmatch(text)
            step = steps[place - 1] if bottom and place else steps[place] if place < len(steps) and not bottom else 0
            apart = pitch is not None and step > _APART * pitch
            size = by_row[place][0].size
            edge = depth < _EDGE and step > _WHITE * size and size < 1.05 * body and len(by_row) > _FEWEST
            edge = edge and not text.endswith((".", "!", "?"))  # a sentence that stands alone is text
            keys, counts = _keys(text, page)
            numbered = _numbered(parts, page, label)
            if deep:  # where a page ends early, its foot may follow the text: that it counts tells it
                keys = frozenset()
            row = by_row[place][0].row
            offset = int(alone[1]) - page if alone and alone[1].isdecimal() else None
            side.append(EdgeRow(row, text, keys, counts, depth < _MARGIN, edge, apart, numbered, offset))
        sides.append(tuple(side))
    return Edges((sides[0], sides[1]))


def _numbered(parts: Sequence[str], page: int, label: str) -> bool:
    """Whether the row is, or has at one end, the number of the page."""
    for part in (parts[0], parts[-1]):
        found = _ALONE.fullmatch(part)
        if found and found[1].lower() in (str(page + 1), label.lower()):
            return True
    return False


def _keys(text: str, page: int) -> tuple[frozenset[Hashable], frozenset[tuple[Hashable, int]]]:
    """What a row is known by: what it says whatever its digits; and, apart, its first and last number less the page."""
    folded = " ".join(text.casefold().split())
    numbers = list(_NUMBER.finditer(folded))
    keys: set[Hashable] = set()
    if any(map(str.isalpha, folded)):
        keys.add(_NUMBER.sub("0", folded))
    elif len(numbers) > 1:  # a date, say
        keys.add(folded)
    counts: set[tuple[Hashable, int]] = set()
    roman = _roman(folded.strip(" -–—|[]()"))
    if roman:
        counts.add(("roman", roman - page))
    for number in numbers[:1] + numbers[1:][-1:]:
        if "(" not in folded and len(number[0]) < _LONG:  # "(1)" begins many a note
            rest = _NUMBER.sub("0", folded[: number.start()]), _NUMBER.sub("0", folded[number.end() :])
            counts.add((rest, int(number[0]) - page))
    return frozenset(keys), frozenset(counts)


def _roman(text: str) -> int:
    """The value of a small Roman numeral, 0 for anything else."""
    if not _ROMAN.fullmatch(text):
        return 0
    values = [_DIGITS[letter] for letter in text]
    return sum(-one if one < other else one for one, other in zip(values, [*values[1:], 0], strict=True))


class Furniture:
    """Tells the furniture of pages given in order, each once `AHEAD` pages after it were given or there are no more."""

    def __init__(self, pages: int) -> None:
        self._pages = pages
        self._least = min(LEAST_PAGES, max(2, pages - 1))
        self._where: dict[tuple[int, Hashable], list[int]] = {}
        self._edges: dict[int, Edges] = {}
        self._offsets: Counter[int] = Counter()

    def add(self, page: int, found: Edges) -> None:
        """Take note of the rows at the edges of a page."""
        self._edges[page] = found
        if page % _SWEPT == 0:  # what was said long before is asked for no more
            self._where = {key: where for key, where in self._where.items() if where[-1] >= page - 2 * AHEAD}
        for side, rows in enumerate(found.sides):
            self._offsets.update({offset for row in rows if row.margin for _, offset in row.counts})
            for key in {key for row in rows for key in row.keys | row.counts}:
                self._where.setdefault((side, key), []).append(page)

    def rows(self, page: int) -> set[int]:
        """The rows of the page that are furniture; asked for once."""
        found = self._edges.pop(page, None)
        if found is None:
            return set()
        chosen: set[int] = set()
        for side, rows in enumerate(found.sides):
            chosen |= {row.row for row in self._outermost(page, side, rows)}
        return chosen

    def _outermost(self, page: int, side: int, rows: Sequence[EdgeRow]) -> Iterator[EdgeRow]:
        """The rows from the edge to the last that recurs, if that one stands apart from the text or in the margin."""
        held: list[EdgeRow] = []
        for row in rows:
            counted = any(self._recurs(page, side, key, self._least) for key in row.counts)
            again = counted or any(self._recurs(page, side, key, self._least) for key in row.keys)
            alike = row.offset is not None and self._offsets[row.offset] >= LEAST_PAGES and (row.margin or row.apart)
            if not (again or alike or (row.numbered and row.margin) or (row.edge and self._pages == 1)):
                return
            held.append(row)
            if row.margin or row.apart or counted:
                yield from held
                held = []

    def _recurs(self, page: int, side: int, key: Hashable, least: int) -> bool:
        where = self._where[side, key]
        place = bisect_left(where, page)
        count, last = 1, page
        for other in where[place + 1 :]:
            if other - last > FARTHEST or count >= least:
                break
            count, last = count + 1, other
        last = page
        for other in reversed(where[:place]):
            if last - other > FARTHEST or count >= least:
                break
            count, last = count + 1, other
        return count >= least


def row_texts(rows: Rows, chosen: Collection[int]) -> Iterator[str]:
    """What the rows chosen say, from the top; those that stand in one band, as in a running head, from the left."""
    band: list[list[Fragment]] = []
    for row in by_rows([one for one in rows.fragments if one.row in chosen]):
        if band and row[0].base - band[-1][0].base > _BAND * max(row[0].size, band[-1][0].size):
            yield from _said(band)
            band = []
        band.append(row)
    yield from _said(band)


def _said(band: list[list[Fragment]]) -> Iterator[str]:
    return (" ".join(one.text for one in row) for row in sorted(band, key=lambda row: row[0].left))


def rows_that_say(rows: Rows, texts: Collection[str]) -> set[int]:
    """The rows at the edges of a page that say one of the texts."""
    found = rows.by_row
    outer = found[:DEEPEST] + found[-DEEPEST:]
    return {row[0].row for row in outer if " ".join(one.text for one in row) in texts}
