"""Glyphs to rows, and rows to fragments: the stretches of a row that no wide gap parts, with their words spaced."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.readers.pdf.layout import letters
from longdoc.chunkers.readers.pdf.layout.glyphs import (
    LINE_END,
    MADE_SPACE,
    SPACE,
    Floats,
    Glyphs,
    Run,
    between,
    letter_spacing,
)

_SAME_BASE = 0.22  # of the smaller size: base lines this near are one
_SCRIPT = 0.86  # of the size of a row: smaller glyphs may be raised or lowered in it
_LONGEST_SCRIPT = 12  # glyphs
_RAISED, _LOWERED = 0.75, 0.35  # of the size of a row
_BESIDE = 0.45  # of the size: how near a raised glyph stands to the row's other glyphs
_BEGINS = 1.4  # of the size: the same for one that begins the row, as in a note
_DOUBLED = 0.4  # of its width: a glyph printed again this near makes it bold
_WIDE = 0.42  # of the size: a space that may part cells
_AMOUNT = 0.08  # of the size: what parts two amounts, each with a sign of currency
_LETTER_SPACED = 2.0  # of the gap between letters that are set apart: a space that is made of no wider one is none
_FAR, _FAR_SPACED = 1.05, 1.7  # of the size: gaps between fragments, the second where a space was set

Wides = NDArray[np.uint32]
_LEFT = attrgetter("left")


class Piece(NamedTuple):
    """Text with the number of the glyph that each character comes from, -1 for none."""

    text: str
    glyphs: Sequence[int]

    def cut(self, at: int) -> tuple[Piece, Piece]:
        """What stands before a place, and what behind it."""
        return Piece(self.text[:at], self.glyphs[:at]), Piece(self.text[at + 1 :], self.glyphs[at + 1 :])


@dataclass(slots=True, eq=False)
class Fragment:
    """A stretch of a row; sizes and places as in `Run`. `plain` is a slice of the page's text, `marked` replaces it."""

    first: int  # in the page's text
    last: int
    row: int
    left: float
    right: float
    base: float
    size: float
    bold: bool
    special: bool
    text: str = ""
    piece: Piece | None = None
    parts: tuple[Fragment, str, Fragment] | None = None
    wide: list[tuple[int, float, float]] = field(default_factory=list)  # spaces: where in the page's text, and edges

    def joined(self, other: Fragment, between: str) -> Fragment:
        """The fragment that this one and another of the row to its right make."""
        text = self.text + between + other.text
        size, bold = max(self.size, other.size), self.bold and other.bold
        place = self.first, other.last, self.row, self.left, other.right, self.base
        return Fragment(*place, size, bold, False, text, None, (self, between, other))

    def split(self, left: float, right: float) -> tuple[Fragment, ...]:
        """The fragment in two, where it has a wide space over the white from `left` to `right`; else as it is."""
        for place, low, high in self.wide:
            if low < right and left < high:
                cut = place - self.first
                if self.piece is not None:
                    before, after = self.piece.cut(cut)
                    rest = [(one - cut - 1, start, end) for one, start, end in self.wide if one > place]
                    one = replace(self, right=low, text=before.text, piece=before, wide=[])
                    return one, replace(self, left=high, text=after.text, piece=after, wide=rest)
                one = replace(self, last=place, right=low, text=self.text[:cut], wide=[])
                spaces = [space for space in self.wide if space[0] > place]
                return one, replace(self, first=place + 1, left=high, text=self.text[cut + 1 :], wide=spaces)
        return (self,)

    @property
    def top(self) -> float:
        """About where its letters begin."""
        return self.base - 0.75 * self.size


def by_rows(fragments: Iterable[Fragment]) -> list[list[Fragment]]:
    """The fragments by row, from the top, each row from the left."""
    rows: dict[int, list[Fragment]] = {}
    for one in fragments:
        rows.setdefault(one.row, []).append(one)
    for row in rows.values():
        if len(row) > 1:
            row.sort(key=_LEFT)
    return [rows[row] for row in sorted(rows)]


@dataclass(slots=True)
class Rows:
    """A page's text in visual order, its fragments sliced from it, and per character what made it."""

    text: str
    glyphs: NDArray[np.int32]  # of each character; -1 for a space that was made
    raised: NDArray[np.int8]  # 1 superscript, -1 subscript
    fragments: list[Fragment]
    width: float
    height: float
    source: Glyphs = field(repr=False)
    _by_row: list[list[Fragment]] | None = None

    @property
    def by_row(self) -> list[list[Fragment]]:
        """The fragments by row, see `by_rows`; once they have their places."""
        if self._by_row is None:
            self._by_row = by_rows(self.fragments)
        return self._by_row

    @property
    def places(self) -> Floats:
        """The left, bottom, right and top of each glyph in the page's own space, in points from its lower left.

        A box is as high as the size of the type: how far a font's own box reaches above it, fonts do not agree on.
        """
        places = self.source.boxes[:, [0, 3, 2, 1]]
        turns = self.source.turns
        if turns is None:
            return places
        lengths = [run.last - run.first for run in self.source.runs]
        sizes, lifts = np.repeat(np.array([(run.size, run.lift) for run in self.source.runs], np.float32), lengths, 0).T
        foot, head = ((1, 3), (2, 0), (3, 1), (0, 2))[turns]
        sign = 1 if head > 1 else -1
        places[:, foot] += sign * lifts
        places[:, head] = places[:, foot] + sign * sizes
        return places


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The glyphs of a page in visual order, as arrays of one length; the first five are those of their runs."""

    row: NDArray[np.int32]
    raised: NDArray[np.int8]
    size: Floats
    base: Floats
    bold: NDArray[np.bool_]
    codes: Wides
    kinds: NDArray[np.uint8]
    left: Floats
    right: Floats
    order: NDArray[np.int32]

    @classmethod
    def of(cls, glyphs: Glyphs) -> _Sorted:
        """The glyphs, each row from the left, but slanted ones as the page has them; second prints are left out."""
        runs = glyphs.runs
        run = np.repeat(np.arange(len(runs)), [one.last - one.first for one in runs])
        rows = np.array([one.row for one in runs], np.int32)
        order = _order(glyphs, rows, run)
        codes, left, right, row = glyphs.codes[order], glyphs.left[order], glyphs.right[order], rows[run[order]]
        again = _second_prints(codes, left, right, row, order)
        if len(again):
            kept = np.delete(np.arange(len(order)), again)
            order, codes, left, right, row = order[kept], codes[kept], left[kept], right[kept], row[kept]
        kinds, run = glyphs.kinds[order], run[order]
        if not glyphs.slanted and (moved := _signs_over(kinds, left, right, row)):
            again, left, right = _signs_apart(moved, order, left, right)
            order, codes, kinds, run, row = order[again], codes[again], kinds[again], run[again], row[again]
        raised = np.array([one.raised for one in runs], np.int8)[run]
        size = np.array([one.size for one in runs], np.float32)[run]
        base = np.array([one.base for one in runs], np.float32)[run]
        bold = np.array([one.bold for one in runs], np.bool_)[run]
        return cls(row, raised, size, base, bold, codes, kinds, left, right, order)


def _order(glyphs: Glyphs, rows: NDArray[np.int32], run: NDArray[np.int64]) -> NDArray[np.int32]:
    """The glyphs in visual order: most often that of their runs, so that each glyph need not be sorted."""
    across = np.arange(len(run)) if glyphs.slanted else glyphs.left + glyphs.right
    starts = np.array([one.first for one in glyphs.runs])
    chosen = np.lexsort((across[starts], rows))
    lengths = np.array([one.last for one in glyphs.runs])[chosen] - starts[chosen]
    order = np.arange(len(run)) + np.repeat(starts[chosen] - (np.cumsum(lengths) - lengths), lengths)
    row, place = rows[run[order]], across[order]
    step, on = place[1:] - place[:-1], row[1:] == row[:-1]
    if (on & ((step < 0) | (step == 0) & (order[1:] < order[:-1]))).any():
        order = np.lexsort((across, rows[run]))
    found: NDArray[np.int32] = order.astype(np.int32)
    return found


def page_rows(glyphs: Glyphs) -> Rows:
    """The rows of a page, from its glyphs."""
    if glyphs.slanted:
        _in_given_order(glyphs.runs, glyphs.before)
    else:
        _assign_rows(glyphs.runs)
    here = _Sorted.of(glyphs)
    gaps = here.left[1:] - here.right[:-1]
    em = np.maximum(np.maximum(here.size[1:], here.size[:-1]), np.float32(1e-3))
    kinds = between(here.order, glyphs)
    cut = here.row[1:] != here.row[:-1]
    if glyphs.slanted:
        gaps = np.where(kinds >= MADE_SPACE, em / 2, 0).astype(np.float32)
    else:
        cut |= gaps > np.where(kinds == SPACE, _FAR_SPACED, _FAR) * em
        cut |= _new_amount(here.kinds) & (gaps > _AMOUNT * em)
    gaps = (gaps / em).astype(np.float32)
    spaced = _spaces(kinds, gaps, here) & ~cut
    text, at, raised, starts = _with_spaces(here.codes, here.order, here.raised, spaced)
    edges = np.concatenate(([0], np.flatnonzero(cut) + 1, [len(here.order)]))
    fragments = _fragments(here, edges, starts)
    for one in fragments:
        one.text = text[one.first : one.last]
    _note_wide(fragments, here, starts, np.flatnonzero(spaced & (gaps > _WIDE)))
    return Rows(text, at, raised, fragments, glyphs.width, glyphs.height, glyphs)


def _new_amount(kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether a sign of currency follows the end of another amount, so that cells are narrow and meet there."""
    met: NDArray[np.bool_] = (kinds[1:] & letters.CURRENCY > 0) & (kinds[:-1] & letters.CLOSES > 0)
    return met


def _note_wide(fragments: list[Fragment], here: _Sorted, starts: NDArray[np.int32], wide: NDArray[np.int64]) -> None:
    """Tell the fragments where they have spaces that may part cells."""
    firsts = [one.first for one in fragments]
    for glyph in wide.tolist():
        one = fragments[bisect_right(firsts, int(starts[glyph])) - 1]
        one.wide.append((int(starts[glyph]) + 1, float(here.right[glyph]), float(here.left[glyph + 1])))


def _assign_rows(runs: Sequence[Run]) -> None:
    """Give each run its row, from the top down."""
    rows: list[list[Run]] = []
    keys: list[tuple[float, int]] = []  # base line and row, sorted
    for run in sorted(runs, key=lambda run: -run.size):
        found = _row_of(run, rows, keys)
        if found is None:
            found = len(rows)
            rows.append([])
            place = (run.base, found)
            keys.insert(bisect_left(keys, place), place)
        rows[found].append(run)
    for number, (_, found) in enumerate(keys):
        for run in rows[found]:
            run.row = number


def _in_given_order(runs: Sequence[Run], before: NDArray[np.int8]) -> None:
    """Give slanted runs a row wherever the page's own order begins a line, and base lines that are far apart."""
    row = -1
    step = 3 * max(run.size for run in runs)
    for run in runs:
        row += row < 0 or bool(before[run.first] == LINE_END)
        run.row, run.base = row, row * step


def _row_of(run: Run, rows: list[list[Run]], keys: list[tuple[float, int]]) -> int | None:
    """The row that the run belongs to: one with glyphs beside it before one that has only its base line."""
    first = bisect_left(keys, (run.base - run.size, -1))
    same: tuple[float, int] | None = None
    script: tuple[float, int, int] | None = None
    for base, row in islice(keys, first, None):
        below = base - run.base
        if below > 2 * run.size:
            break
        large = rows[row][0].size
        if abs(below) <= _SAME_BASE * run.size and (same is None or abs(below) < same[0]):
            same = abs(below), row
        elif -_LOWERED * large < below < _RAISED * large:
            gap = _gap(run, rows[row], large)
            if gap is not None and (script is None or gap < script[0]):
                script = gap, row, 1 if below > 0 else -1
    if same is not None and (script is None or same[0] < 0.05 * run.size):
        return same[1]
    if script is not None:
        run.raised = script[2]
        return script[1]
    return None


def _gap(run: Run, row: Sequence[Run], large: float) -> float | None:
    """How far a run is from the glyphs of the row, which has the size `large`; None if it is no mark beside them."""
    if run.size > _SCRIPT * large or run.last - run.first > _LONGEST_SCRIPT:
        return None
    gap = min(max(one.left, run.left) - min(one.right, run.right) for one in row)
    begins = run.right <= min(one.left for one in row)
    return abs(gap) if -_BESIDE / 2 < gap / large < (_BEGINS if begins else _BESIDE) else None


def _second_prints(
    codes: Wides, left: Floats, right: Floats, row: NDArray[np.int32], order: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Which glyphs, in visual order, are a second print of the one before them."""
    twice = np.flatnonzero((codes[1:] == codes[:-1]) & (row[1:] == row[:-1]))
    wide, step = (right - left)[twice + 1], left[twice + 1] - left[twice]
    again = np.abs(step) < _DOUBLED * wide
    letters = (step == 0) & (wide == (right - left)[twice]) & (np.abs(order[twice + 1] - order[twice]) == 1)
    found: NDArray[np.int64] = twice[again & ~letters] + 1  # not those of one ligature
    return found


def _signs_over(
    kinds: NDArray[np.uint8], left: Floats, right: Floats, row: NDArray[np.int32]
) -> list[tuple[int, int, int]]:
    """Signs of currency that are printed over an amount, with where that begins and ends around each."""
    inside, found = kinds & letters.FIGURE, []
    for place in np.flatnonzero(kinds & letters.CURRENCY).tolist():
        half = (right[place] - left[place]) / 2
        first, last = place, place
        while first and inside[first - 1] and row[first - 1] == row[place] and right[first - 1] > left[first] - half:
            first -= 1
        while (
            last + 1 < len(inside)
            and inside[last + 1]
            and row[last + 1] == row[place]
            and left[last + 1] < right[last] + half
        ):
            last += 1
        beside = {max(place - 1, first), min(place + 1, last)} - {place}
        if sum(max(0.0, min(right[n], right[place]) - max(left[n], left[place])) for n in beside) > half:
            found.append((place, first, last))
    return found


def _signs_apart(
    moved: Sequence[tuple[int, int, int]], order: NDArray[np.int32], left: Floats, right: Floats
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """The order of the glyphs with each such sign beside its amount, on the side where the page's own order has it."""
    keys = np.arange(len(order), dtype=np.float64)
    for place, first, last in moved:
        apart = 0.3 * (right[place] - left[place])
        if order[place] > order[first if first < place else last]:
            keys[place] = last + 0.5
            left[place] = right[place] = max(right[first : last + 1]) + apart
        else:
            keys[place] = first - 0.5
            left[place] = right[place] = min(left[first : last + 1]) - apart
    again = np.argsort(keys, kind="stable")
    return again, left[again], right[again]


def _spaces(kinds: NDArray[np.int8], gaps: Floats, here: _Sorted) -> NDArray[np.bool_]:
    """Whether a space stands between neighbours; `gaps` are in ems."""
    least = np.array([0.3, 0.15, 0.06, -0.35], np.float32)[kinds]
    wide = here.kinds & letters.WIDE > 0
    if wide.any():
        least[wide[1:] & wide[:-1] & (kinds != SPACE)] = 0.6
    before, after = here.codes[:-1], here.codes[1:]
    closes = (after == 0x2C) | (after == 0x2E) | (after == 0x29) & (before >= 0x30) & (before <= 0x39)
    closes &= (before != 0x2E) & ~((before >= 0x590) & (before < 0x900))
    least[closes] = 0.7  # no space before a comma, a full stop, or the bracket after a number
    made = kinds == MADE_SPACE
    if made.any():
        least[made] = np.maximum(least[made], _LETTER_SPACED * letter_spacing(kinds, gaps, here.row)[made])
    spaced: NDArray[np.bool_] = gaps > least
    return spaced


def _with_spaces(
    codes: Wides, order: NDArray[np.int32], raised: NDArray[np.int8], spaced: NDArray[np.bool_]
) -> tuple[str, NDArray[np.int32], NDArray[np.int8], NDArray[np.int32]]:
    """The text with its spaces, per character the glyph and whether it is raised, and where each glyph stands."""
    starts = np.concatenate(([0], np.cumsum(spaced + 1))).astype(np.int32)
    size = int(starts[-1]) + 1
    text = np.full(size, 32, np.uint32)
    text[starts] = np.where((codes >> 11 == 0x1B) | (codes > 0x10FFFF), 0xFFFD, codes)
    glyphs, heights = np.full(size, -1, np.int32), np.zeros(size, np.int8)
    glyphs[starts], heights[starts] = order, raised
    return text.astype("<u4").tobytes().decode("utf-32-le"), glyphs, heights, starts


def _fragments(here: _Sorted, edges: NDArray[np.int64], starts: NDArray[np.int32]) -> list[Fragment]:
    """The fragments that begin and end at `edges`; their base line is that of glyphs that are not raised."""
    first, last = edges[:-1], edges[1:]
    special = np.logical_or.reduceat((here.kinds & letters.SPECIAL > 0) | (here.raised != 0), first)
    bold = np.add.reduceat(here.bold.astype(np.int32), first) * 10 >= 9 * (last - first)
    plain = np.maximum.reduceat(np.where(here.raised == 0, here.base, np.float32(-1e6)), first)
    base = np.where(plain > -1e6, plain, here.base[first])
    sizes, rights = np.maximum.reduceat(here.size, first), np.maximum.reduceat(here.right, first)
    columns = (starts[first], starts[last - 1] + 1, here.row[first], here.left[first], rights)
    more = (base, sizes, bold, special)
    return [
        Fragment(start, end, row, left, right, foot, size, thick, odd)
        for start, end, row, left, right, foot, size, thick, odd in zip(
            *(one.tolist() for one in columns + more), strict=True
        )
    ]
