"""Rows of fragments to lines and tables: where gaps lie below one another and hold cells, rows become rows of cells."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

from longdoc.chunkers.readers.pdf.layout.columns import Row, Separator, separators
from longdoc.chunkers.readers.pdf.layout.lines import Item, Line, Table
from longdoc.chunkers.readers.pdf.layout.marks import UNKNOWN
from longdoc.chunkers.readers.pdf.layout.rows import Fragment
from longdoc.chunkers.text.table_rows import is_unit_note, names_columns

_FARTHEST = 4.0  # of the size: rows of one table
_LABEL = re.compile(
    r"[•●○◦▪■□▫–—*·‣⁃➢✓oþ\-]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})(?:\.\d{1,3})*[.)]|\[\d{1,3}\]|\(\d{1,3}\)|[A-Z]\.|\d{1,2}(?:\.\d{1,2})+"
)
_PREFIX = re.compile(r"[$€£¥₹]\s?\(?|\(|US\$|[A-Z]{1,2}\$")
_SIGN = re.compile(r"[+−–-]")
_SUFFIX = re.compile(r"[)%]{1,2}|\[\w{1,3}\]")
_NUMBER = re.compile(r"[($€£¥₹+−–-]*\s?\d[\d.,'\s]*(?:[%)x×]|\[\w{1,3}\]|pts|bps)*")
_EMPTY = re.compile(r"[-–—−*.…]+|n/?a|N/?[AM]|nm|NM|\$\s?[-–—]")
_YEAR = re.compile(r"(?:19|20)\d\d(?:\[\w{1,3}\])?")

_JOINS = 14  # of the size: a number is no farther from its sign
_TALLEST_HEADER = 8
_LINES = 1.3  # of the size: the lines of one heading
_CLEAR = 0.15  # of the size: rows are so much farther apart than the lines of a cell
_HALF = 0.85  # of the size: half a line, by which cells of one and of two lines differ, is less

Cells = list[list[Fragment]]


def items(rows: list[Row]) -> Iterator[Item]:
    """The lines and tables that the rows of one column make, in order."""
    rows = [_with_labels(row) for row in rows]
    place = 0
    last: Line | None = None
    for region in _regions(rows):
        for row in rows[place : region.first]:
            last = Line.of(row)
            yield last
        inside = rows[region.first : region.last + 1]
        table = _table(inside, region.gutters)
        if table is None:
            yield from map(Line.of, inside)
        else:
            if table.note is None and last is not None:
                table.note = _note(last.text)
            yield table
        place, last = region.last + 1, None
    yield from map(Line.of, rows[place:])


def _with_labels(row: Row) -> Row:
    """The row with a list's mark put to the text that it stands before, and signs to their numbers."""
    if len(row) < 2:
        return row
    out: Row = []
    for one in row:
        if not out and one.text == UNKNOWN:
            one.text = "•"  # a sign of a symbol font before the text of an item
        before = out[-1] if out else None
        between = None if before is None else _between(before, one, first=len(out) == 1)
        if before is None or between is None:
            out.append(one)
        else:
            out[-1] = before.joined(one, between)
    return out


def _between(one: Fragment, other: Fragment, *, first: bool) -> str | None:
    """What joins two neighbours that belong together although a gap parts them; None where they do not."""
    gap = (other.left - one.right) / max(one.size, 1)
    if gap >= _JOINS:
        return None
    number = _is_value(other.text)
    if _SUFFIX.fullmatch(other.text) and gap < 1.6 and one.text[-1:].isdigit():
        return ""
    if number and (_PREFIX.fullmatch(one.text) if gap >= 0.6 else _SIGN.fullmatch(one.text)) and gap < _JOINS:
        return ""
    if first and gap < 6 and not number and _LABEL.fullmatch(one.text):
        return " "
    return None


@dataclass(frozen=True, slots=True)
class _Region:
    first: int
    last: int
    gutters: list[Separator]


def _regions(rows: Sequence[Row]) -> Iterator[_Region]:
    """Where rows that follow one another have gaps below one another."""
    gutters = [one for one in separators(rows) if one.support > 1]
    if not gutters:
        return
    split = [
        any(g.first <= n <= g.last and _crossed(row, g) for g in gutters) if len(row) > 1 else False
        for n, row in enumerate(rows)
    ]
    place = 0
    while place < len(rows):
        if not split[place]:
            place += 1
            continue
        last = place
        for n in range(place + 1, len(rows)):
            if not _follows(rows, n, last, gutters):
                break
            if split[n]:
                last = n
        first = _with_headings(rows, place, last, gutters)
        inside = [g for g in gutters if g.first <= last and first <= g.last]
        yield _Region(first, last, inside)
        place = last + 1


def _crossed(row: Row, gutter: Separator) -> bool:
    """Whether the row has text on both sides of the gutter, and none in it."""
    middle = (gutter.left + gutter.right) / 2
    if not row[0].left < middle < row[-1].right:
        return False
    return not any(one.left < middle < one.right for one in row)


def _follows(rows: Sequence[Row], n: int, last: int, gutters: Sequence[Separator]) -> bool:
    """Whether row `n` may stand in a table that has reached row `last`."""
    size = rows[n][0].size
    if n - last > 4 or rows[n][0].base - rows[n - 1][0].base > _FARTHEST * size:
        return False
    return any(g.first <= last and n <= g.last for g in gutters)


def _with_headings(rows: Sequence[Row], first: int, last: int, gutters: Sequence[Separator]) -> int:
    """The first row of the table whose columns begin at `first`: headings that span columns stand above it."""
    edge = min(g.right for g in gutters if g.first <= last and first <= g.last)
    while first > 0:
        above, size = rows[first - 1], rows[first - 1][0].size
        close = rows[first][0].base - above[0].base < 1.9 * size
        if not close or above[0].left < edge - size or above[-1].right > 2 * edge + max(r[-1].right for r in rows):
            break
        first -= 1
    return first


def _table(rows: Sequence[Row], gutters: Sequence[Separator]) -> Table | None:
    """The table that the rows make; None where they are lines with gaps."""
    edges = _edges(rows, gutters)
    if not edges:
        return None
    rows = [_split(row, gutters) for row in rows]
    cells = _centred([_cells(row, edges) for row in rows])
    several = [row for row in cells if sum(map(bool, row)) > 1]
    values = [cell for row in several for cell in row[1:] if cell]
    numbers = sum(_is_value(_said(cell)) for cell in values)
    if len(several) < 2 or (numbers < 0.3 * len(values) and (len(several) < 3 or 2 * len(several) < len(cells))):
        return None
    header = _header_rows(cells)
    joined = _joined_rows(cells, header)
    table = Table([row for row, _ in joined], sum(is_header for _, is_header in joined))
    _name_columns(table, cells[:header], edges)
    return table


def _split(row: Row, gutters: Sequence[Separator]) -> Row:
    """The row with fragments in two that reach across a gutter and have a wide space in it."""
    out = row
    for gutter in gutters:
        middle = (gutter.left + gutter.right) / 2
        if any(one.wide and one.left < middle < one.right for one in out):
            out = [part for one in out for part in (one.split(gutter.left, gutter.right) if one.wide else (one,))]
    return out


def _edges(rows: Sequence[Row], gutters: Sequence[Separator]) -> list[float]:
    """Where columns meet: the middles of the gutters that more rows keep than cross."""
    kept: list[Separator] = []
    for one in sorted(gutters, key=lambda one: -one.support):
        middle = (one.left + one.right) / 2
        across = sum(any(part.left < middle < part.right for part in row) for row in rows)
        beside = sum(_crossed(row, one) for row in rows)
        if beside > across and not any(one.left < other.right and other.left < one.right for other in kept):
            kept.append(one)
    return sorted((one.left + one.right) / 2 for one in kept)


def _cells(row: Row, edges: Sequence[float]) -> Cells:
    cells: Cells = [[] for _ in range(len(edges) + 1)]
    for one in row:
        cells[_column(one, edges)].append(one)
    return cells


def _column(one: Fragment, edges: Sequence[float]) -> int:
    """The column that holds most of the fragment; the first of those that it spans."""
    first = bisect_left(edges, one.left + 0.2 * one.size)
    last = bisect_left(edges, one.right - 0.2 * one.size)
    if last <= first:
        return first
    if _is_value(one.text):  # a sign of currency may stand far to the left of its number
        return last
    if edges[first] - one.left < 0.25 * (one.right - one.left) and last == first + 1:
        return last
    return first


def _said(cell: Sequence[Fragment]) -> str:
    return " ".join(one.text for one in cell)


@lru_cache(maxsize=4096)
def _is_value(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text) or _EMPTY.fullmatch(text))


def _header_rows(cells: Sequence[Cells]) -> int:
    """How many rows at the top name the columns: those before the first row of values."""
    for number, row in enumerate(cells[:_TALLEST_HEADER]):
        said = [_said(cell) for cell in row[1:] if cell]
        if row[0] and not said and any(cell for above in cells[:number] for cell in above[1:]):
            return number
        if row[0] and any(_is_value(text) and not _YEAR.fullmatch(text) for text in said):
            return number
        if row[0] and said and all(_YEAR.fullmatch(text) for text in said) and number:
            return number + (not any(_YEAR.fullmatch(_said(c)) for r in cells[:number] for c in r[1:] if c))
    values = any(_is_value(_said(cell)) for row in cells for cell in row[1:] if cell)
    first = [one for cell in cells[0] for one in cell]
    bold = all(one.bold for one in first) and not all(one.bold for row in cells for c in row for one in c)
    texts = [[_said(cell) for cell in row] for row in cells]
    return 1 if bold or (not values and names_columns(texts[0], texts[1:])) else 0


def _centred(rows: Sequence[Cells]) -> list[Cells]:
    """The rows, those nearer than two lines of one cell can be made one: cells of one and of two lines are centred."""
    out: list[Cells] = []
    for row in rows:
        if out and _beside(_ends(row, 0), _ends(out[-1], -1)) and not _collide(out[-1], row):
            out[-1] = [_side_by_side(one, other) for one, other in zip(out[-1], row, strict=True)]
        elif len(out) > 1 and _leads(out[-2], out[-1], row):
            out[-1] = _merged(out[-1], row)
        else:
            out.append(row)
    return out


def _leads(before: Cells, above: Cells, row: Cells) -> bool:
    """Whether the row above has the first lines of cells of this one, whose label stands at their middle."""
    if above[0] or not row[0] or not before[0] or any(cell and not row[n] for n, cell in enumerate(above)):
        return False
    if any(_is_value(_said(cell)) for n, one in enumerate(above) if one for cell in (one, row[n])):
        return False
    gap, size = _ends(row, 0)[0].base - _ends(above, -1)[0].base, row[0][0].size
    return gap < _LINES * size and gap + _CLEAR * size < _ends(above, 0)[0].base - _ends(before, -1)[-1].base


def _side_by_side(one: list[Fragment], other: list[Fragment]) -> list[Fragment]:
    """The fragments of a cell: those that stand beside one another from the left, lines from the top."""
    if not one or not other or not _beside(other[:1], one[-1:]):
        return [*one, *other]
    return _with_labels(sorted([*one, *other], key=lambda part: part.left))


def _ends(row: Cells, place: int) -> list[Fragment]:
    """The first (0) or the last (-1) fragment of each cell that has any."""
    return [cell[place] for cell in row if cell]


def _collide(before: Cells, row: Cells) -> bool:
    """Whether lines would be too near in one cell, or a heading stands over the cells of other columns."""
    return any(
        _over(one, other) and (place != column or _beside([one], [other]))
        for column, below in enumerate(row)
        for place, above in enumerate(before)
        for one in below
        for other in above
    )


def _over(one: Fragment, other: Fragment) -> bool:
    return one.left < other.right and other.left < one.right


def _merged(before: Cells, row: Cells) -> Cells:
    return [[*one, *other] for one, other in zip(before, row, strict=True)]


def _joined_rows(cells: Sequence[Cells], header: int) -> list[tuple[Cells, bool]]:
    """The rows, those that go on in the next joined with it; and whether each is of the header."""
    out: list[tuple[Cells, bool]] = []
    for number, row in enumerate(cells):
        top = number < header
        if out and out[-1][1] == top and (_same_heads if top else _goes_on)(out[-1][0], row):
            out[-1] = (_merged(out[-1][0], row), top)
        else:
            out.append((row, top))
    return out


def _same_heads(before: Cells, row: Cells) -> bool:
    """Whether a row of the header is but the next line of the headings before it, none of which spans several."""
    above, below = _ends(before, -1), _ends(row, 0)
    if min(one.base for one in below) - max(one.base for one in above) > _LINES * below[0].size:
        return False
    if len(above) == len(below) == 1:  # lines of a title
        return False
    over = [[_over(one, other) for other in above] for one in below]
    return sum(map(any, over)) > 0 and all(sum(row) < 2 for row in (*over, *zip(*over, strict=True)))


def _goes_on(before: Cells, row: Cells) -> bool:
    """Whether a row only continues the cells of the one before it."""
    last, first = _ends(before, -1), _ends(row, 0)
    if min(one.base for one in first) - max(one.base for one in last) > 1.7 * first[0].size:
        return False
    label, above = _said(row[0]), _said(before[0])
    if row[0] and before[0]:
        small = label[:1].islower()
        only_label, only_above = not any(row[1:]), not any(before[1:])
        return small and (only_label or only_above) and above[-1:] not in ".:;"
    if row[0]:
        return False
    said = [_said(cell) for cell in row if cell]
    return not any(_is_value(text) for text in said) and all(
        before[n] and not _is_value(_said(before[n])) for n, cell in enumerate(row) if cell
    )


def _beside(some: Sequence[Fragment], others: Sequence[Fragment]) -> bool:
    """Whether two rows are as near as the parts of one whose base lines differ a little."""
    size = max(some[0].size, others[-1].size)
    return min(one.base for one in some) - max(one.base for one in others) < _HALF * size


def _name_columns(table: Table, header: Sequence[Cells], edges: Sequence[float]) -> None:
    """Give the table the names of its columns and the note on its units, from its header."""
    names: list[list[str]] = [[] for _ in range(len(edges) + 1)]
    middles = _middles(table.rows[table.header :], len(edges) + 1)
    for row in header:
        heads: list[Fragment] = []
        for one in (one for cell in row for one in cell):
            note = _note(one.text) if one.text.startswith("(") or one in row[0] else None
            if note is not None:
                table.note = table.note or note
            else:
                heads.append(one)
        for column, said in _stood_over(heads, middles, edges):
            names[column].append(said)
    table.names = [" ".join(said) for said in names]


def _middles(rows: Sequence[Cells], columns: int) -> list[float | None]:
    """Where the middle of each column's cells is."""
    middles: list[float | None] = []
    for column in range(columns):
        cells = [row[column] for row in rows if row[column]]
        found = [(cell[0].left + cell[-1].right) / 2 for cell in cells]
        middles.append(median(found) if found else None)
    return middles


def _stood_over(
    heads: Sequence[Fragment], middles: Sequence[float | None], edges: Sequence[float]
) -> Iterator[tuple[int, str]]:
    """The (column, text) of the headings of a row; one between the middles of two columns stands over both."""
    values = [one for one in heads if _column(one, edges)]
    yield from ((0, one.text) for one in heads if not _column(one, edges))
    places = [(column, middle) for column, middle in enumerate(middles) if column and middle is not None]
    if len(values) >= len(places) or not any(_between_columns(one, places) for one in values):
        yield from ((_column(one, edges), one.text) for one in values)
        return
    for column, middle in places:
        near = min(values, key=lambda one: abs((one.left + one.right) / 2 - middle))
        yield column, near.text


def _between_columns(one: Fragment, places: Sequence[tuple[int, float]]) -> bool:
    """Whether the middle of a heading is nearly as far from one column as from the next, or it is as wide as three."""
    middle = (one.left + one.right) / 2
    left = max((place for _, place in places if place <= middle), default=None)
    right = min((place for _, place in places if place > middle), default=None)
    if sum(one.left < place < one.right for _, place in places) > 1:
        return True
    return left is not None and right is not None and min(middle - left, right - middle) > 0.3 * (right - left)


def _note(text: str) -> str | None:
    """The text if it tells the unit of a table's numbers."""
    said = text.strip()
    return said if is_unit_note(said) else None
