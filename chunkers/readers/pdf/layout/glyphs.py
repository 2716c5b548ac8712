"""The visible glyphs of a page, read in bulk and turned upright: what they say, where, how large, how bold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.readers.pdf.layout import letters
from longdoc.chunkers.readers.pdf.layout.covers import covered
from longdoc.chunkers.readers.pdf.layout.styles import INVISIBLE, page_box, seen, styles
from longdoc.chunkers.readers.pdf.pdfium import calls, handle

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_STEP = 0.2  # of a run's height: a glyph that stands higher or lower begins another run
_BREAK = 0.6  # of a run's height: so does one that is farther from the last
_SLANT = 0.05  # of a quarter turn: farther from upright is slanted
_SLANTED = -1
_CLOSE, _FEW_GAPS = 0.08, 4  # of the size: letters nearer than this are not set apart; gaps that are too few to tell
NOTHING, LINE_END, MADE_SPACE, SPACE = range(4)
"""What stands before a glyph in the page's own order: nothing, or what pdfium made of a gap, or a space glyph."""


@dataclass(slots=True)
class Run:
    """Neighbouring glyphs of one font, size and line; `first` to `last` are indices into the page's glyphs.

    `base` is the base line and `left`, `right` the extent, in points from the upper left of the upright page.
    """

    first: int
    last: int
    size: float
    bold: bool
    lift: float  # of the foot of the type over that of the boxes
    base: float
    left: float
    right: float
    row: int = -1
    raised: int = 0  # 1 superscript, -1 subscript


@dataclass(slots=True)
class Glyphs:
    """The glyphs of a page that read in one direction, as arrays of one length.

    `codes` are code points, `kinds` what `letters` tells of them, `left` and `right` the upright extents, `before`
    what stands before each in the page's own order, `spaces` the middle of the space glyph that does, if one does,
    `boxes` their places in the page's own space (see `Calls.boxes`), `turns` the quarter turns clockwise that make
    them upright; None for what is slanted, or written downwards.
    """

    codes: NDArray[np.uint32]
    kinds: NDArray[np.uint8]
    left: Floats
    right: Floats
    before: NDArray[np.int8]
    spaces: Floats
    boxes: Floats
    runs: list[Run]
    width: float
    height: float
    turns: int | None = 0
    slanted: bool = False


def read_glyphs(page: Any) -> list[Glyphs]:
    """The glyphs of a `pypdfium2.PdfPage`, those of each direction apart, the most first and slanted ones last.

    Left out are glyphs that no reader sees: invisible ones, unless they are the text layer of a scan, white ones on
    the bare page, those off the page and tiny ones.
    """
    text = page.get_textpage()
    try:
        return list(_directions(page, handle(text), text.count_chars()))
    finally:
        text.close()


def _directions(page: Any, text: Any, count: int) -> Iterator[Glyphs]:
    call = calls()
    codes, places = call.codes(text, count), call.boxes(text, count)
    sorts = letters.kinds(codes)
    kept, before = _without_spaces(sorts, places)
    if not len(kept):
        return
    codes, boxes, sorts = codes.take(kept), places.take(kept, 0), sorts.take(kept)
    sides = np.ascontiguousarray(boxes.T)
    bounds = _run_bounds(sides, before)
    found = styles(call, text, kept[bounds[:-1]], kept[bounds[1:] - 1])
    lengths, extents = bounds[1:] - bounds[:-1], _extents(sides, bounds[:-1])
    found.ink[covered(call, page, found.objects, extents)] = INVISIBLE
    shown = seen(page, found.ink, lengths, extents)
    ways = np.where(shown, _turns(found.angle), -2)
    stacked = _stacked(extents, lengths)
    groups = {turn: np.flatnonzero(ways == turn) for turn in {*ways[shown].tolist()}}
    for turn in sorted(groups, key=lambda turn: (turn == _SLANTED, -int(lengths[groups[turn]].sum()))):
        chosen = groups[turn]
        downwards = turn == 0 and bool(lengths[chosen][stacked[chosen]].sum() * 2 > lengths[chosen].sum())
        turns = page.get_rotation() // 90 if turn == _SLANTED else 3 if downwards else (4 - turn) % 4
        frame = Frame(turns, page_box(page))
        where, starts = _chosen(bounds, chosen)
        left, right = frame.extents(sides[:, where])
        own = before[where].copy()  # what stands before a run is left out where the one before it is
        own[starts[1:-1][chosen[1:] - chosen[:-1] > 1]] = own[0] = LINE_END
        blank = np.flatnonzero(own == SPACE)
        spaces = np.full(len(own), -1e9, np.float32)
        spaces[blank] = np.add(*frame.extents(places.take(kept[where].take(blank) - 1, 0).T)) / 2
        origins = call.written(
            "FPDFText_GetCharOrigin", len(chosen), repeat(text), kept[bounds[chosen]].tolist(), parts=(0, 2)
        )
        columns = (
            *(starts[:-1], starts[1:]),
            *(found.size[chosen], found.bold[chosen], found.lift[chosen], frame.down(origins)),
            *(np.minimum.reduceat(left, starts[:-1]), np.maximum.reduceat(right, starts[:-1])),
        )
        runs = list(map(Run, *(one.tolist() for one in columns)))
        upright = None if downwards or turn == _SLANTED else turns
        yield Glyphs(
            codes[where],
            sorts[where],
            left,
            right,
            own,
            spaces,
            boxes[where],
            runs,
            frame.width,
            frame.height,
            upright,
            turn == _SLANTED,
        )


def _extents(sides: Floats, firsts: Ints) -> Floats:
    """The left, top, right and bottom of each run."""
    ways = (np.minimum, np.maximum, np.maximum, np.minimum)
    extents: Floats = np.array([way.reduceat(side, firsts) for way, side in zip(ways, sides, strict=True)]).T
    return extents


def _chosen(bounds: Ints, chosen: NDArray[np.int64]) -> tuple[slice | Ints, Ints]:
    """The glyphs of the runs chosen, and where each of those begins among them."""
    first, last = int(chosen[0]), int(chosen[-1]) + 1
    if last - first == len(chosen):
        return slice(int(bounds[first]), int(bounds[last])), bounds[first : last + 1] - bounds[first]
    lengths = (bounds[1:] - bounds[:-1])[chosen]
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    offsets = np.repeat(bounds[:-1][chosen] - starts[:-1], lengths)
    return (np.arange(starts[-1]) + offsets).astype(np.int32), starts


def _turns(angles: NDArray[np.float64]) -> NDArray[np.int8]:
    """The quarter turns clockwise that text of each angle has, or `_SLANTED`."""
    quarters = angles / (math.pi / 2)
    near = np.rint(quarters)
    return np.where(np.abs(quarters - near) < _SLANT, near % 4, _SLANTED).astype(np.int8)


def _stacked(extents: Floats, lengths: Ints) -> NDArray[np.bool_]:
    """Whether each run's glyphs stand below one another, although each is upright."""
    wide, high = extents[:, 2] - extents[:, 0], extents[:, 1] - extents[:, 3]
    tall: NDArray[np.bool_] = (lengths > 1) & (high > 1.5 * wide)
    return tall


@dataclass(frozen=True, slots=True)
class Frame:
    """The page turned clockwise by quarter turns, measured from its upper left."""

    turns: int
    box: tuple[float, float, float, float]

    @property
    def width(self) -> float:
        """The width once turned, in points."""
        left, bottom, right, top = self.box
        return top - bottom if self.turns % 2 else right - left

    @property
    def height(self) -> float:
        """The height once turned, in points."""
        left, bottom, right, top = self.box
        return right - left if self.turns % 2 else top - bottom

    def down(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far below the top each point lies."""
        left, bottom, right, top = self.box
        x, y = points.T
        down: NDArray[np.float64] = (top - y, x - left, y - bottom, right - x)[self.turns]
        return down

    def extents(self, sides: Floats) -> tuple[Floats, Floats]:
        """The left and right edge of each box, of which `sides` are the (left, top, right, bottom)."""
        left, bottom, right, top = self.box
        low, high = ((0, 2), (3, 1), (2, 0), (1, 3))[self.turns]
        edge = (left, bottom, right, top)[self.turns]
        if self.turns < 2:
            return sides[low] - np.float32(edge), sides[high] - np.float32(edge)
        return np.float32(edge) - sides[low], np.float32(edge) - sides[high]


def _without_spaces(sorts: NDArray[np.uint8], boxes: Floats) -> tuple[Ints, NDArray[np.int8]]:
    """The indices of the glyphs that are no white space, and what stands before each."""
    odd = np.flatnonzero(sorts & (letters.END | letters.BLANK))
    kinds = np.zeros(len(sorts), np.int8)
    space = boxes.take(odd, 0)
    wide = (space[:, 2] != space[:, 0]) | (space[:, 1] != space[:, 3])
    kinds[odd] = np.where(sorts.take(odd) & letters.END, LINE_END, np.where(wide, SPACE, MADE_SPACE))
    kept = np.flatnonzero(kinds == NOTHING).astype(np.int32)
    if not len(kept):
        return kept, kinds[:0]
    before = np.zeros(len(kept), np.int8)
    before[0] = LINE_END
    apart = np.flatnonzero(kept[1:] - kept[:-1] > 1) + 1
    if len(apart):
        edges = np.empty(2 * len(apart), np.int32)
        edges[::2], edges[1::2] = kept.take(apart - 1), kept.take(apart)
        before[apart] = np.maximum.reduceat(kinds, edges)[::2]
    return kept, before


def _run_bounds(sides: Floats, before: NDArray[np.int8]) -> Ints:
    """Where runs begin, and the end of the last: a new height, another base line or a wide gap begins one."""
    left, top, right, bottom = sides
    high, wide = top - bottom, right - left
    size = np.maximum(high, 1e-3)[:-1]
    step = np.abs(bottom[1:] - bottom[:-1]) > _STEP * size
    step |= np.abs(high[1:] - high[:-1]) > 0.15 * size
    gap = np.maximum(left[1:], left[:-1]) - np.minimum(right[1:], right[:-1])
    step |= gap > _BREAK * size
    upright = np.abs(left[1:] - left[:-1]) < 0.05 * wide[:-1]  # a glyph below the other: text that runs up or down
    if upright.any():
        step &= ~upright
        fall = np.maximum(bottom[1:], bottom[:-1]) - np.minimum(top[1:], top[:-1])
        step |= upright & (fall > _BREAK * np.maximum(wide[:-1], 1e-3))
    step |= before[1:] == LINE_END
    return np.concatenate(([0], np.flatnonzero(step) + 1, [len(before)])).astype(np.int32)


def between(order: NDArray[np.int32], glyphs: Glyphs) -> NDArray[np.int8]:
    """What the page's own order has between neighbours; `LINE_END` where they are no neighbours in it.

    Where text runs both ways, a space may stand between two that are none: it is found by its place.
    """
    one, other, before = order[:-1], order[1:], glyphs.before
    kinds = np.full(len(one), LINE_END, np.int8)
    forth, back = other == one + 1, other == one - 1
    kinds[forth] = before[other[forth]]
    kinds[back] = before[one[back]]
    apart = np.flatnonzero(~(forth | back))
    middles = (glyphs.left + glyphs.right) / 2
    first, second = one[apart], other[apart]
    for side in (first, first + 1, second, second + 1):
        blank = glyphs.spaces[np.minimum(side, len(middles) - 1)]
        kinds[apart[(blank > middles[first]) & (blank < middles[second])]] = SPACE
    return kinds


def letter_spacing(kinds: NDArray[np.int8], gaps: Floats, row: NDArray[np.int32]) -> Floats:
    """The mean gap between letters of the row that each gap is in, in ems; 0 where letters stand as close as usual."""
    inside = (kinds == NOTHING) & (row[1:] == row[:-1])
    count = np.bincount(row[1:][inside], minlength=int(row.max()) + 1)
    mean = np.bincount(row[1:][inside], gaps[inside], len(count)) / np.maximum(count, 1)
    mean[(count < _FEW_GAPS) | (mean < _CLOSE)] = 0
    found: Floats = mean[row[1:]].astype(np.float32)
    return found
