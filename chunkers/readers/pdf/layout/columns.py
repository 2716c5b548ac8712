"""The order in which a page is read: columns to their end, from left to right, and what spans them in between.

A recursive cut in the manner of the XY cut (Nagy and Seth, 1984), but only along the white gutters that hold over
several lines and have running text on either side; a gutter with cells beside it belongs to a table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from longdoc.chunkers.readers.pdf.layout.rows import Fragment

_NARROWEST = 0.65  # of the size: the gutter between columns
_DEEPEST = 8
_MARGIN = 5  # rows
_COLUMN = 8  # times its size: a line of a column is wider
_WIDE, _DIGIT, _LETTER = re.compile("[\u2e80-\ua4cf]"), re.compile(r"\d"), re.compile(r"[^\W\d_]")
_CELLS, _SHORT, _NUMBERS = 3, 3.0, 0.4  # fragments a row, words a cell, and the share of cells with a digit
_JOINED = 1.6  # of the size: lines with base lines this near are in one paragraph

Row = list[Fragment]


@dataclass(slots=True)
class Separator:
    """White from `left` to `right` over the rows from `first` to `last`, `support` of which have text on both sides."""

    left: float
    right: float
    first: int
    last: int
    support: int


def at_margins(rows: list[Row]) -> list[Row]:
    """The rows with fragments parted at a wide space that ends where the fragments of other rows begin again and again,
    or where such spaces in the middle of other rows end.

    So a line that nearly reaches the next column is no part of the line beside it.
    """
    begin = Counter(round(2 * one.left) for row in rows for one in row[1:])
    begin.update(round(2 * high) for row in rows for one in row for _, low, high in one.wide if _within(one, low, high))
    margins = {place for place, count in begin.items() if sum(begin[place + n] for n in (-1, 0, 1)) >= _MARGIN}
    if not margins:
        return rows
    return [[part for one in row for part in _parted(one, margins)] for row in rows]


def _within(one: Fragment, low: float, high: float) -> bool:
    """Whether a space has as much text on both sides as a line of a column: more than the number of an item."""
    least = _COLUMN * one.size
    return low - one.left > least and one.right - high > least


def _parted(one: Fragment, margins: set[int]) -> Iterator[Fragment]:
    for _, low, high in one.wide:
        if round(2 * high) in margins:
            parts = one.split(low, high)
            yield parts[0]
            for rest in parts[1:]:
                yield from _parted(rest, margins)
            return
    yield one


def in_columns(rows: list[Row], depth: int = 0) -> Iterator[list[Row]]:
    """The rows in parts that are read one after the other; within a part no gutter parts columns of text."""
    found = _gutter(rows) if depth < _DEEPEST and len(rows) > 1 else None
    if found is None:
        if rows:
            yield rows
        return
    inside = rows[found.first : found.last + 1]
    middle = (found.left + found.right) / 2
    sides: tuple[list[Row], list[Row]] = ([], [])
    for row in inside:
        for side, chosen in zip(sides, _halves(row, middle), strict=True):
            if chosen:
                side.append(chosen)
    yield from in_columns(rows[: found.first], depth + 1)
    for side in sides:
        yield from in_columns(side, depth + 1)
    yield from in_columns(rows[found.last + 1 :], depth + 1)


def separators(rows: Sequence[Row]) -> list[Separator]:
    """The white stretches between fragments that hold over rows that follow one another, the ones found first first."""
    found: list[Separator] = []
    several: list[Separator] = []  # those of them that hold over more than one row
    for number, row in enumerate(rows):
        if len(row) < 2:
            continue
        known = [one for one in several if one.last >= number]
        for one, other in pairwise(row):
            if other.left <= one.right or any(held.left < other.left and one.right < held.right for held in known):
                continue
            found.append(_extended(rows, number, one, other))
            if found[-1].support > 1:
                several.append(found[-1])
                known.append(found[-1])
    return found


def _extended(rows: Sequence[Row], number: int, one: Fragment, other: Fragment) -> Separator:
    low, high, least = one.right, other.left, _NARROWEST * min(one.size, other.size)
    ends, support = [], 1
    for step in (1, -1):
        place = number
        while 0 <= place + step < len(rows):
            narrowed = _narrowed(rows[place + step], low, high)
            if narrowed[1] - narrowed[0] < least:
                break
            place += step
            low, high = narrowed
            row = rows[place]
            support += row[0].right <= high and row[-1].left >= low and row[0].left < low and row[-1].right > high
        ends.append(place)
    return Separator(low, high, ends[1], ends[0], support)


def _narrowed(row: Row, low: float, high: float) -> tuple[float, float]:
    """The widest part of the stretch that the row leaves white."""
    start, best = low, (low, low)
    for one in row:
        if one.right <= low or one.left >= high:
            continue
        if one.left - start > best[1] - best[0]:
            best = (start, one.left)
        start = max(start, one.right)
    if high - start > best[1] - best[0]:
        best = (start, high)
    return best


def _halves(row: Row, middle: float) -> tuple[Row, Row]:
    return [one for one in row if one.left < middle], [one for one in row if one.left >= middle]


def _gutter(rows: list[Row]) -> Separator | None:
    """The tallest separator that has columns of running text on either side, cut to the rows that are theirs."""
    for one in sorted(separators(rows), key=lambda one: -one.support):
        if one.support < 2:
            return None
        trimmed = _trimmed(rows, one)
        if _parts_columns(rows[trimmed.first : trimmed.last + 1], (one.left + one.right) / 2):
            return trimmed
    return None


def _trimmed(rows: list[Row], found: Separator) -> Separator:
    """The separator without the rows at its ends that stand on one side and belong to what comes after or before."""
    middle = (found.left + found.right) / 2
    first, last = found.first, found.last
    begin = next(n for n in range(first, last + 1) if all(_halves(rows[n], middle)))
    end = next(n for n in range(last, first - 1, -1) if all(_halves(rows[n], middle)))
    while last > end and last + 1 < len(rows):
        row = rows[last]
        ahead = rows[last + 1][0].base - row[0].base
        behind = row[0].base - rows[last - 1][0].base
        if ahead > behind * 1.05 and behind < _JOINED * row[0].size:
            break
        last -= 1
    while first < begin:
        row, following = rows[first], rows[first + 1]
        if row[0].left < middle or following[0].base - row[0].base < _JOINED * row[0].size:
            break
        first += 1
    first += _cells(rows[first : last + 1])
    last -= _cells(rows[first : last + 1][::-1])
    return Separator(found.left, found.right, first, last, found.support)


def _cells(rows: Sequence[Row]) -> int:
    """How many rows a table at the beginning has that spans the columns after it: rows of cells, and white below."""
    count = 0
    while count < len(rows) and len(rows[count]) >= _CELLS and _are_cells(rows[count]):
        count += 1
    if not 2 <= count < len(rows) - 1:
        return 0
    texts = [one.text for row in rows[:count] for one in row]
    digits = sum(_signs(text).digits > 0 for text in texts)
    white = abs(rows[count][0].base - rows[count - 1][0].base) > _JOINED * rows[count][0].size
    return count if white and digits >= _NUMBERS * len(texts) else 0


def _are_cells(row: Row) -> bool:
    return sum(_signs(one.text).words for one in row) <= _SHORT * len(row)


@dataclass(frozen=True, slots=True)
class _Side:
    lines: int
    words: float  # a line, on average
    digits: float  # share of letters and digits
    small: float  # share of lines that begin with a small letter
    full: float  # share of lines that reach the right edge
    letters: float  # a line, on average; a Chinese one counts as two
    bases: list[float]
    starts: list[float]  # base lines where a block begins

    @property
    def running(self) -> bool:
        """Whether it reads as running text."""
        if self.lines < 2 or self.digits > 0.35 or self.letters < 9:
            return False
        if self.small >= 0.25 and self.words >= 2.2:
            return True
        return self.words >= 5.5 and self.full >= 0.3 and self.digits < 0.2


def _parts_columns(rows: list[Row], middle: float) -> bool:
    halves = [_halves(row, middle) for row in rows]
    sides = [[half[n] for half in halves if half[n]] for n in (0, 1)]
    if not all(sides):
        return False
    first = max(side[0][0].base for side in sides)
    last = min(side[-1][0].base for side in sides)
    size = max(row[0].size for row in rows)
    beside = [[row for row in side if first - size <= row[0].base <= last + size] for side in sides]
    if min(map(len, beside)) < 2:
        return False
    left, right = map(_side, beside)
    if not (left.running or right.running):
        return False
    aligned = sum(bool(half[0]) and bool(half[1]) for half in halves) / max(1, min(left.lines, right.lines))
    if not (left.running and right.running):
        return aligned < 0.4 and min(left.lines, right.lines) >= 3
    if min(left.lines, right.lines) * 3 < max(left.lines, right.lines) and min(left.words, right.words) < 3:
        return False
    return not (_in_step(left, right, size) or _rows_of(left, right, size) or _rows_of(right, left, size))


def _beside(some: list[float], others: list[float], size: float) -> float:
    """The share of base lines that have one beside them."""
    return sum(any(abs(one - other) < 0.3 * size for other in others) for one in some) / len(some)


def _in_step(left: _Side, right: _Side, size: float) -> bool:
    """Whether blocks on both sides begin together, as the rows of a table do."""
    one, other = left.starts, right.starts
    return min(len(one), len(other)) >= 3 and min(_beside(one, other, size), _beside(other, one, size)) >= 0.75


def _rows_of(few: _Side, many: _Side, size: float) -> bool:
    """Whether one side has a line for each of the rows into which the lines of the other fall."""
    if few.small >= 0.25 or few.lines < 3 or few.lines > 0.75 * many.lines:
        return False
    return _beside(few.bases, many.bases, size) >= 0.9


def _side(rows: list[Row]) -> _Side:
    told = [_signs(one.text) for row in rows for one in row]
    digits, others, wide = (
        sum(one.digits for one in told),
        sum(one.others for one in told),
        sum(one.wide for one in told),
    )
    words = sum(one.words for one in told)
    small = sum(map(_begins_small, rows)) / len(rows)
    right = max(row[-1].right for row in rows)
    full = sum(row[-1].right > right - 3 * row[-1].size for row in rows) / len(rows)
    starts = [rows[0][0].base]
    steps = sorted(b[0].base - a[0].base for a, b in pairwise(rows))
    pitch = steps[len(steps) // 4] if steps else 0.0  # not the least: two rows may be closer by chance
    starts += [b[0].base for a, b in pairwise(rows) if b[0].base - a[0].base > 1.25 * pitch]
    share = digits / max(1, digits + others)
    bases = [row[0].base for row in rows]
    return _Side(len(rows), words / len(rows), share, small, full, (others + wide) / len(rows), bases, starts)


class _Signs(NamedTuple):
    """Of a text how many digits, other signs, words, and Chinese or Japanese signs it has, and its first letter."""

    digits: int
    others: int
    words: float
    wide: int
    letter: str


@lru_cache(maxsize=4096)
def _signs(text: str) -> _Signs:
    digits = len(_DIGIT.findall(text))
    wide = 0 if text.isascii() else len(_WIDE.findall(text))
    letter = _LETTER.search(text)
    others = len(text) - text.count(" ") - digits
    return _Signs(digits, others, len(text.split()) + wide / 2, wide, letter[0] if letter else "")


def _begins_small(row: Row) -> bool:
    return next((letter for one in row if (letter := _signs(one.text).letter)), "").islower()
