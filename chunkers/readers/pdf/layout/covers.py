"""Which text lies below an opaque rectangle that the page draws after it: if in doubt, none."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.readers.pdf.layout.styles import page_box
from longdoc.chunkers.readers.pdf.pdfium import Calls, Thing, handle

_TEXT, _PATH, _FORM = 1, 2, 5  # FPDF_PAGEOBJ_*
_LINE, _MOVE = 0, 2  # FPDF_SEGMENT_*
_OPAQUE = 255
_BROAD, _NEAR = 3.0, 1.0  # points: no rule, and how far text may reach beyond the sides of what covers it
_SQUARE = 0.1  # points that a corner may be off
_HIDDEN = 1.5  # times as high as what covers it may text be, most of whose box is white
_DEEPEST_FORM = 8
_AT_ONCE = 1 << 20  # pairs of a path and a run that are compared in one go
_FINEST = 1000  # pixels along the longer side of the page that is painted to see whether a cover shows
_ALIKE, _MOST = 8, 0.5  # how far a colour may be off, of 255, and of what part of the cover it must be the colour
_CORNERS = {(0, 1, 3, 2), (0, 2, 3, 1)}
_LAYER = "OC\0".encode("utf-16-le")  # the mark of what a reader can put out

_Floats = NDArray[np.float64]


@dataclass(slots=True)
class _Drawn:
    """What a page draws, in its order, what stands in a form in the form's place.

    `spaces` tells of each thing the number of its matrix, `solid` of each matrix whether nothing is seen through what
    is drawn with it.
    """

    call: Calls
    things: list[int] = field(default_factory=list)
    kinds: list[NDArray[np.int8]] = field(default_factory=list)
    spaces: list[NDArray[np.int32]] = field(default_factory=list)
    matrices: list[_Floats] = field(default_factory=lambda: [np.eye(3)])
    solid: list[bool] = field(default_factory=lambda: [True])

    def add(self, whole: Any, kind: str = "Page", space: int = 0, depth: int = 0) -> None:
        """Add the things of a page, or of a "FormObj"."""
        count = self.call[f"FPDF{kind}_CountObjects"](whole)
        some = list(map(self.call[f"FPDF{kind}_GetObject"], repeat(whole), range(count)))
        kinds = np.fromiter(map(self.call["FPDFPageObj_GetType"], some), np.int8, count)
        start = 0
        for at in [*np.flatnonzero(kinds == _FORM).tolist(), count]:
            self.things += some[start:at]
            self.kinds.append(kinds[start:at])
            self.spaces.append(np.full(at - start, space, np.int32))
            start = at + 1
            if at < count and depth < _DEEPEST_FORM:
                form = Thing(some[at])
                self.matrices.append(_matrix(form) @ self.matrices[space])
                self.solid.append(self.solid[space] and _is_solid(form))
                self.add(form, "FormObj", len(self.matrices) - 1, depth + 1)

    def some(self, numbers: NDArray[np.int64]) -> Iterator[Thing]:
        """The things asked for."""
        return map(Thing, map(self.things.__getitem__, numbers.tolist()))

    def bounds(self, numbers: NDArray[np.int64], spaces: NDArray[np.int32]) -> NDArray[np.float32]:
        """The left, bottom, right and top of each of the things asked for, in the page's own space."""
        asked = self.some(numbers)
        edges = self.call.written("FPDFPageObj_GetBounds", len(numbers), asked, parts=range(4)).view(np.float32)
        if spaces[numbers].any():
            left, bottom, right, top = edges.T
            ones = np.ones_like(left)
            corners = [(x, y, ones) for x in (left, right) for y in (bottom, top)]
            moved = np.array(corners).transpose(2, 0, 1)
            moved = (moved @ np.stack(self.matrices)[spaces[numbers]])[..., :2]
            edges = np.concatenate((moved.min(1), moved.max(1)), 1).astype(np.float32)
        return edges


def covered(call: Calls, page: Any, objects: Sequence[Thing], boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each run lies below an opaque rectangle that the page draws after it; `boxes` as in `seen`."""
    drawn = _Drawn(call)
    drawn.add(handle(page))
    kinds, spaces = np.concatenate(drawn.kinds), np.concatenate(drawn.spaces)
    texts, paths = np.flatnonzero(kinds == _TEXT), np.flatnonzero(kinds == _PATH)
    paths = paths[paths > texts[0]] if len(texts) else paths[:0]
    under = np.zeros(len(boxes), np.bool_)
    if not len(paths):
        return under
    edges = drawn.bounds(paths, spaces)
    broad = (edges[:, 2:] - edges[:, :2] > _BROAD).all(1)
    middles = np.sort((boxes[:, 1] + boxes[:, 3]) / 2)
    broad &= np.searchsorted(middles, edges[:, 1]) < np.searchsorted(middles, edges[:, 3])
    paths, edges = paths[broad], edges[broad]
    corners = np.fromiter(map(call["FPDFPath_CountSegments"], drawn.some(paths)), np.int64, len(paths))
    square = (corners == 4) | (corners == 5)
    paths, edges = paths[square], edges[square]
    if not len(paths):
        return under
    order = dict(zip(map(drawn.things.__getitem__, texts.tolist()), texts.tolist(), strict=True))
    when = np.array([order.get(one.value or 0, len(kinds)) for one in objects])  # what is not known comes last
    last = np.full(len(boxes), -1)
    paint = _Painted(page)
    for number, below in _over(boxes, when, paths, edges, last):
        thing = Thing(drawn.things[number])
        box = _rectangle(thing, drawn.matrices[spaces[number]]) if drawn.solid[spaces[number]] else None
        if box is not None:
            below = below[_inside(boxes[below], box[None])[0]]
            if len(below) and paint.shows(box, _colour(thing)):
                last[below] = number
    below = np.flatnonzero(last >= 0)
    if len(below):
        under[below] = ~_drawn_again(drawn.bounds(when[below], spaces), last[below], drawn.bounds(texts, spaces), texts)
    return under


def _over(
    boxes: NDArray[np.float32],
    when: NDArray[np.int64],
    paths: NDArray[np.int64],
    edges: NDArray[np.float32],
    last: NDArray[np.int64],
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """The paths whose bounds lie around runs that were drawn before and have no `last` cover yet, from the end."""
    step = max(1, _AT_ONCE // len(boxes))
    for end in range(len(paths), 0, -step):
        block = slice(max(0, end - step), end)
        bare = np.flatnonzero(last < 0)
        inside = _inside(boxes[bare], edges[block]) & (when[bare] < paths[block, None])
        for row in np.flatnonzero(inside.any(1))[::-1].tolist():
            below = bare[inside[row]]
            below = below[last[below] < 0]
            if len(below):
                yield int(paths[end - len(inside) + row]), below


def _inside(boxes: NDArray[np.float32], edges: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each run (a column) lies within each cover (a row)."""
    left, bottom, right, top = edges.T[:, :, None]
    middle, high = (boxes[:, 1] + boxes[:, 3]) / 2, boxes[:, 1] - boxes[:, 3]
    inside: NDArray[np.bool_] = (boxes[:, 0] >= left - _NEAR) & (boxes[:, 2] <= right + _NEAR)
    inside &= (middle > bottom) & (middle < top) & (high < _HIDDEN * (top - bottom))
    inside &= (right - left > _BROAD) & (top - bottom > _BROAD)
    return inside


def _drawn_again(
    own: NDArray[np.float32], last: NDArray[np.int64], places: NDArray[np.float32], texts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which hidden runs are drawn after `last`, in one place: pdfium gives the first of two prints only."""
    again = np.zeros(len(own), np.bool_)
    step = max(1, _AT_ONCE // (4 * len(texts)))
    for first in range(0, len(own), step):
        some = slice(first, first + step)
        near = np.abs(own[some, None] - places).max(2) < _NEAR
        again[some] = (near & (texts > last[some, None])).any(1)
    return again


def _rectangle(path: ctypes.c_void_p, matrix: _Floats) -> _Floats | None:
    """The left, bottom, right and top of a path that hides what is below it.

    It is one upright rectangle, filled without transparency, of which nothing is cut off, on no layer.
    """
    import pypdfium2.raw as raw

    thing = ctypes.cast(path, raw.FPDF_PAGEOBJECT)
    mode, stroke, x, y = ctypes.c_int(), ctypes.c_int(), ctypes.c_float(), ctypes.c_float()
    count = raw.FPDFPath_CountSegments(thing)
    raw.FPDFPath_GetDrawMode(thing, mode, stroke)
    if not mode.value or not _is_solid(path):
        return None
    points = []
    for number in range(count):
        segment = raw.FPDFPath_GetPathSegment(thing, number)
        if raw.FPDFPathSegment_GetType(segment) != (_LINE if number else _MOVE):
            return None
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        points.append((x.value, y.value, 1.0))
    corners = (np.array(points) @ _matrix(path) @ matrix)[:, :2]
    low, high = corners.min(0), corners.max(0)
    upper = corners > (low + high) / 2
    codes = (upper @ (1, 2)).tolist()
    square = (np.abs(corners - np.where(upper, high, low)) < _SQUARE).all()
    turn = [code ^ codes[0] for code in codes]
    right = square and tuple(turn[:4]) in _CORNERS and turn[4:] in ([], [0])
    return np.concatenate((low, high)) if right else None


def _is_solid(path: ctypes.c_void_p) -> bool:
    """Whether a path or form has no transparency, nothing cuts it off, and no reader can put it out with its layer."""
    import pypdfium2.raw as raw

    thing = ctypes.cast(path, raw.FPDF_PAGEOBJECT)
    if raw.FPDFPageObj_HasTransparency(thing) or raw.FPDFClipPath_CountPaths(raw.FPDFPageObj_GetClipPath(thing)) > 0:
        return False
    name, length = ctypes.create_string_buffer(8), ctypes.c_ulong()
    for number in range(raw.FPDFPageObj_CountMarks(thing)):
        mark = raw.FPDFPageObj_GetMark(thing, number)
        raw.FPDFPageObjMark_GetName(mark, ctypes.cast(name, ctypes.POINTER(raw.FPDF_WCHAR)), 8, length)
        if name.raw[: length.value] == _LAYER:
            return False
    return True


def _colour(path: ctypes.c_void_p) -> list[int]:
    """The red, green, blue and alpha that a path is filled with; 0 of alpha where it has no colour."""
    import pypdfium2.raw as raw

    parts = [ctypes.c_uint() for _ in range(4)]
    raw.FPDFPageObj_GetFillColor(ctypes.cast(path, raw.FPDF_PAGEOBJECT), *parts)
    return [one.value for one in parts]


def _matrix(thing: ctypes.c_void_p) -> _Floats:
    import pypdfium2.raw as raw

    m = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(ctypes.cast(thing, raw.FPDF_PAGEOBJECT), m)
    return np.array([[m.a, m.b, 0], [m.c, m.d, 0], [m.e, m.f, 1]])


class _Painted:
    """A page as it looks, painted when it is first asked: pdfium gives a colour for patterns and shadings, too."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._pixels: NDArray[np.uint8] | None = None

    def shows(self, box: _Floats, colour: list[int]) -> bool:
        """Whether most of the box, as far as it is on the page, is of the colour."""
        left, bottom, right, top = page_box(self._page)
        if colour[3] != _OPAQUE:
            return False
        if self._pixels is None:
            scale = min(1.0, _FINEST / max(self._page.get_size()))
            upright = -self._page.get_rotation() % 360
            bitmap = self._page.render(scale=scale, rotation=upright, draw_annots=False, rev_byteorder=True)
            self._pixels = bitmap.to_numpy()[..., :3].copy()
            bitmap.close()
        high, wide = self._pixels.shape[:2]
        across = np.clip((box[[0, 2]] - left) / (right - left) * wide, 0, wide).round().astype(int)
        down = np.clip((top - box[[3, 1]]) / (top - bottom) * high, 0, high).round().astype(int)
        part = self._pixels[slice(*down), slice(*across)].astype(np.int16)
        alike = (np.abs(part - colour[:3]) <= _ALIKE).all(-1)
        return bool(alike.size and alike.mean() >= _MOST)
