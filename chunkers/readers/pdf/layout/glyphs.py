"""The visible glyphs of a page, read in bulk and turned upright: what they say, where, how large, how bold."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.readers.pdf.layout.styles import Style, page_box, seen, styles
from longdoc.chunkers.readers.pdf.pdfium import Calls, calls, handle

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_RETURN, _FEED, _TAB, _SPACE = 13, 10, 9, 32
_STEP = 0.2  # of a run's height: a glyph that stands higher or lower begins another run
_BREAK = 0.6  # of a run's height: so does one that is farther from the last
_SLANT = 0.05  # of a quarter turn: farther from upright is slanted
_SLANTED = -1
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

    `codes` are code points, `left` and `right` the upright extents, `before` what stands before each in the page's
    own order, `spaces` the middle of the space glyph that does, if one does, `boxes` their places in the page's own
    space (see `Calls.boxes`), `turns` the quarter turns clockwise that make them upright; None for what is slanted,
    or written downwards.
    """

    codes: NDArray[np.uint32]
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


def _directions(page: Any, text: int, count: int) -> Iterator[Glyphs]:
    call = calls()
    codes, boxes = call.codes(text, count), call.boxes(text, count)
    kept, before = _without_spaces(codes, boxes)
    if not len(kept):
        return
    blanks = boxes[np.maximum(kept - 1, 0)]
    codes, boxes = codes[kept], boxes[kept]
    bounds = _run_bounds(boxes, before)
    found = list(styles(call, text, kept[bounds[:-1]], kept[bounds[1:] - 1]))
    lengths, extents = np.diff(bounds), _extents(boxes, bounds[:-1])
    groups: dict[int, list[int]] = {}
    for number in np.flatnonzero(seen(page, found, lengths, extents)).tolist():
        groups.setdefault(_turn(found[number].angle), []).append(number)
    stacked = _stacked(extents, lengths)
    for turn in sorted(groups, key=lambda turn: (turn == _SLANTED, -int(lengths[groups[turn]].sum()))):
        chosen = groups[turn]
        downwards = turn == 0 and bool(lengths[chosen][stacked[chosen]].sum() * 2 > lengths[chosen].sum())
        turns = page.get_rotation() // 90 if turn == _SLANTED else 3 if downwards else (4 - turn) % 4
        frame = Frame(turns, page_box(page))
        where, starts = _chosen(bounds, chosen, len(found))
        left, right = frame.extents(boxes[where])
        own = before[where].copy()
        own[starts[:-1]] = np.maximum(own[starts[:-1]], np.where(np.diff(chosen, prepend=-2) > 1, LINE_END, NOTHING))
        bases = _bases(call, text, kept[bounds[:-1][chosen]], frame)
        runs = _runs([found[number] for number in chosen], starts, bases, left, right)
        upright = None if downwards or turn == _SLANTED else turns
        spaces = np.where(own == SPACE, np.add(*frame.extents(blanks[where])) / 2, np.float32(-1e9))
        yield Glyphs(
            codes[where],
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


def _runs(found: list[Style], starts: Ints, bases: list[float], left: Floats, right: Floats) -> list[Run]:
    lefts, rights = np.minimum.reduceat(left, starts[:-1]), np.maximum.reduceat(right, starts[:-1])
    edges = zip(starts[:-1].tolist(), starts[1:].tolist(), bases, lefts.tolist(), rights.tolist(), strict=True)
    return [
        Run(first, last, style.size, style.bold, style.lift, base, low, high)
        for style, (first, last, base, low, high) in zip(found, edges, strict=True)
    ]


def _extents(boxes: Floats, firsts: Ints) -> Floats:
    """The left, top, right and bottom of each run."""
    low, high = np.minimum.reduceat(boxes, firsts), np.maximum.reduceat(boxes, firsts)
    extents: Floats = np.stack((low[:, 0], high[:, 1], high[:, 2], low[:, 3]), 1)
    return extents


def _chosen(bounds: Ints, chosen: list[int], runs: int) -> tuple[slice | Ints, Ints]:
    """The glyphs of the runs chosen, and where each of those begins among them."""
    lengths = np.diff(bounds)[chosen]
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    if len(chosen) == runs:
        return slice(None), starts
    offsets = np.repeat(bounds[:-1][chosen] - starts[:-1], lengths)
    return (np.arange(starts[-1]) + offsets).astype(np.int32), starts


def _bases(call: Calls, text: int, firsts: Ints, frame: Frame) -> list[float]:
    point = (ctypes.c_double * 2)()
    address = ctypes.addressof(point)
    bases = []
    for index in firsts.tolist():
        call["FPDFText_GetCharOrigin"](text, index, address, address + 8)
        bases.append(frame.down(point[0], point[1]))
    return bases


def _turn(angle: float) -> int:
    """The quarter turns clockwise that text of this angle has, or `_SLANTED`."""
    quarters = angle / (math.pi / 2)
    return round(quarters) % 4 if abs(quarters - round(quarters)) < _SLANT else _SLANTED


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

    def down(self, x: float, y: float) -> float:
        """How far below the top the point lies."""
        left, bottom, right, top = self.box
        return (top - y, x - left, y - bottom, right - x)[self.turns]

    def extents(self, boxes: Floats) -> tuple[Floats, Floats]:
        """The left and right edge of each box."""
        left, bottom, right, top = self.box
        low, high = ((0, 2), (3, 1), (2, 0), (1, 3))[self.turns]
        edge = (left, bottom, right, top)[self.turns]
        if self.turns < 2:
            return boxes[:, low] - np.float32(edge), boxes[:, high] - np.float32(edge)
        return np.float32(edge) - boxes[:, low], np.float32(edge) - boxes[:, high]


def _without_spaces(codes: NDArray[np.uint32], boxes: Floats) -> tuple[Ints, NDArray[np.int8]]:
    """The indices of the glyphs that are no white space, and what stands before each."""
    ends = (codes == _RETURN) | (codes == _FEED)
    blank = (codes == _SPACE) | (codes == 0xA0) | (codes == _TAB) | (codes == 0x3000)
    blank |= (codes >= 0x2000) & (codes <= 0x200B)
    kinds = np.zeros(len(codes), np.int8)
    kinds[ends] = LINE_END
    wide = np.abs(boxes[:, 2] - boxes[:, 0]) + np.abs(boxes[:, 1] - boxes[:, 3]) > 0
    kinds[blank] = np.where(wide[blank], SPACE, MADE_SPACE)
    kept = np.flatnonzero(kinds == NOTHING).astype(np.int32)
    if not len(kept):
        return kept, kinds[:0]
    before = np.zeros(len(kept), np.int8)
    before[0] = LINE_END
    apart = np.flatnonzero(np.diff(kept) > 1) + 1
    if len(apart):
        before[apart] = np.maximum.reduceat(kinds, np.stack([kept[apart - 1], kept[apart]], 1).ravel())[::2]
    return kept, before


def _run_bounds(boxes: Floats, before: NDArray[np.int8]) -> Ints:
    """Where runs begin, and the end of the last: a new height, another base line or a wide gap begins one."""
    left, top, right, bottom = boxes.T
    high, wide = top - bottom, right - left
    size = np.maximum(high, 1e-3)
    step = np.abs(np.diff(bottom)) > _STEP * size[:-1]
    step |= np.abs(np.diff(high)) > 0.15 * size[:-1]
    gap = np.maximum(left[1:], left[:-1]) - np.minimum(right[1:], right[:-1])
    step |= gap > _BREAK * size[:-1]
    upright = np.abs(np.diff(left)) < 0.05 * wide[:-1]  # a glyph below the other: text that runs up or down
    step &= ~upright
    fall = np.maximum(bottom[1:], bottom[:-1]) - np.minimum(top[1:], top[:-1])
    step |= upright & (fall > _BREAK * np.maximum(wide[:-1], 1e-3))
    step |= before[1:] == LINE_END
    return np.concatenate(([0], np.flatnonzero(step) + 1, [len(boxes)])).astype(np.int32)
