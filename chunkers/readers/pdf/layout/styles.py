"""How a run of glyphs is set, and whether a reader sees it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.readers.pdf.pdfium import Calls, Thing

_INVISIBLE_MODES = (3, 7)  # of text rendering: neither filled nor stroked
_WHITE = 250  # of 255, in each colour, is not seen on the bare page
_LEAST_SIZE = 1.0  # points
_SCANNED = 0.3  # of the page's area: a picture this large may be what an invisible text layer belongs to
_PATH, _IMAGE, _SHADING = 2, 3, 4  # FPDF_PAGEOBJ_*
_DEEPEST_FORM = 8
_BOLD = 600  # of a font's weight
_DESCENTS = {b"helvetica": -0.207, b"times": -0.217, b"courier": -0.194}  # of the standard fonts, by Adobe's metrics
SEEN, INVISIBLE, WHITE, TINY = range(4)

_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Styles:
    """Of each run the size in points, the angle in radians clockwise, and how visible the ink is: `SEEN` and the like.

    `lift` is how far, in points, the foot of the type lies above that of the font which stands in for it.
    """

    size: NDArray[np.float64]
    bold: NDArray[np.bool_]
    lift: NDArray[np.float64]
    angle: NDArray[np.float64]
    ink: NDArray[np.int8]
    objects: list[Thing]


def styles(call: Calls, page: Any, firsts: NDArray[np.int32], lasts: NDArray[np.int32]) -> Styles:
    """The style of each run of the text page, told from its first character; it is bold if its last one is, too."""
    count, asked = len(firsts), firsts.tolist()
    matrix = call.written("FPDFText_GetMatrix", count, repeat(page), asked, wide=2).view(np.float32)
    sizes = np.fromiter(map(call["FPDFText_GetFontSize"], repeat(page), asked), np.float64, count)
    sizes *= np.hypot(matrix[:, 2], matrix[:, 3], dtype=np.float64)
    objects = _objects(call, page, firsts)
    fonts: dict[int | None, tuple[bool, float]] = {}
    bold, lifts = _fonts(call, objects, fonts)
    ends = np.flatnonzero(bold & (lasts > firsts))
    if len(ends):
        bold[ends] = _fonts(call, _objects(call, page, lasts[ends]), fonts)[0]
    inks = np.where(sizes < _LEAST_SIZE, np.int8(TINY), _inks(call, objects))
    return Styles(sizes, bold, lifts * sizes, np.arctan2(matrix[:, 2], matrix[:, 0]), inks, objects)


def _objects(call: Calls, page: Any, indices: NDArray[np.int32]) -> list[Thing]:
    """The text object of each character, null where it has none."""
    return list(map(call["FPDFText_GetTextObject"], repeat(page), indices.tolist()))


def _fonts(
    call: Calls, objects: Sequence[Thing], known: dict[int | None, tuple[bool, float]]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Of each text object whether its font is bold, and how much less it descends than what stands in for it."""
    fonts = list(map(call["FPDFTextObj_GetFont"], objects))
    for font in {*fonts} - known.keys():
        known[font] = _font(call, Thing(font)) if font else (False, 0.0)
    told = list(map(known.__getitem__, fonts))
    return np.array([bold for bold, _ in told], np.bool_), np.array([lift for _, lift in told])


def _inks(call: Calls, objects: Sequence[Thing]) -> NDArray[np.int8]:
    """How visible each text object is."""
    count = len(objects)
    colours = call.written("FPDFPageObj_GetFillColor", count, objects, parts=range(4), unset=1).view(np.uint32)
    modes = np.fromiter(map(call["FPDFTextObj_GetTextRenderMode"], objects), np.int32, count)
    red, green, blue, alpha = colours.T
    inks = np.where((red >= _WHITE) & (green >= _WHITE) & (blue >= _WHITE), np.int8(WHITE), np.int8(SEEN))
    inks[(alpha == 0) | (modes == _INVISIBLE_MODES[0]) | (modes == _INVISIBLE_MODES[1])] = INVISIBLE
    return inks


def seen(
    page: Any, inks: NDArray[np.int8], lengths: NDArray[np.int32], boxes: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Whether a reader sees each run; `boxes` are theirs, as (left, top, right, bottom) in the page's own space."""
    across, up = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    left, bottom, right, top = page_box(page)
    shown: NDArray[np.bool_] = (across > left) & (across < right) & (up > bottom) & (up < top) & (inks != TINY)
    invisible = inks == INVISIBLE
    if invisible.any():
        most = lengths[invisible].sum() * 2 > lengths.sum()
        area = (right - left) * (top - bottom)
        scan = most and any(_area(box) > _SCANNED * area for kind, box in _painted(page) if kind == _IMAGE)
        shown &= ~invisible | scan
    if (inks[shown] == WHITE).any():
        grounds = [box for _, box in _painted(page)]
        for run in np.flatnonzero(shown & (inks == WHITE)).tolist():
            x, y = float(across[run]), float(up[run])
            shown[run] = any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in grounds)
    return shown


def page_box(page: Any) -> _Box:
    """What is shown of a page: left, bottom, right and top in its own space, in points."""
    import pypdfium2.raw as raw

    box = raw.FS_RECTF()
    if not raw.FPDF_GetPageBoundingBox(page.raw, box):
        width, height = page.get_size()
        return 0.0, 0.0, width, height
    return box.left, box.bottom, box.right, box.top


def _area(box: _Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _painted(page: Any) -> Iterator[tuple[int, _Box]]:
    """The pictures, shadings and filled areas of a page that are not white, as (kind, box)."""
    import pypdfium2.raw as raw

    colour = [ctypes.c_uint() for _ in range(4)]
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    edges = [ctypes.c_float() for _ in range(4)]
    for thing in page.get_objects(max_depth=_DEEPEST_FORM):
        if thing.type not in (_PATH, _IMAGE, _SHADING):
            continue
        if thing.type == _PATH:
            raw.FPDFPath_GetDrawMode(thing.raw, mode, stroke)
            filled = mode.value and raw.FPDFPageObj_GetFillColor(thing.raw, *colour)
            if not mode.value or (filled and all(one.value >= _WHITE for one in colour[:3])):
                continue
        if raw.FPDFPageObj_GetBounds(thing.raw, *edges):
            left, bottom, right, top = (one.value for one in edges)
            yield thing.type, (left, bottom, right, top)


def _font(call: Calls, font: Thing) -> tuple[bool, float]:
    """Whether a font is bold, and how much less it descends than the one that stands in for it, in its size."""
    buffer = ctypes.create_string_buffer(128)
    call["FPDFFont_GetBaseFontName"](font, buffer, ctypes.c_size_t(128))
    bold, known = _named(buffer.value)
    bold = bold or call["FPDFFont_GetWeight"](font) >= _BOLD
    if known is None or call["FPDFFont_GetIsEmbedded"](font) == 1:
        return bold, 0.0
    descent = ctypes.c_float()
    call["FPDFFont_GetDescent"](font, ctypes.c_float(1.0), ctypes.byref(descent))
    return bold, known - descent.value


@lru_cache(maxsize=1024)
def _named(name: bytes) -> tuple[bool, float | None]:
    """Whether a font's name calls it bold, and the descent of the standard font that it names."""
    name = name.lower()
    bold = any(word in name for word in (b"bold", b"black", b"heavy", b"demi"))
    return bold, _DESCENTS.get(name.partition(b"-")[0])
