"""How a run of glyphs is set, and whether a reader sees it."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.readers.pdf.pdfium import Calls

_INVISIBLE_MODES = (3, 7)  # of text rendering: neither filled nor stroked
_WHITE = 250  # of 255, in each colour, is not seen on the bare page
_LEAST_SIZE = 1.0  # points
_SCANNED = 0.3  # of the page's area: a picture this large may be what an invisible text layer belongs to
_PATH, _IMAGE, _SHADING, _FORM = 2, 3, 4, 5  # FPDF_PAGEOBJ_*
_DEEPEST_FORM = 8
_BOLD = 600  # of a font's weight
_DESCENTS = {b"helvetica": -0.207, b"times": -0.217, b"courier": -0.157}  # of the standard fonts, by Adobe's metrics
SEEN, INVISIBLE, WHITE, TINY = range(4)

_Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Style:
    """The size in points, the angle in radians clockwise, and how visible the ink is: `SEEN` and the like.

    `lift` is how far, in points, the foot of the type lies above that of the font which stands in for it.
    """

    size: float
    bold: bool
    lift: float
    angle: float
    ink: int


def styles(call: Calls, text: int, firsts: NDArray[np.int32], lasts: NDArray[np.int32]) -> Iterator[Style]:
    """The style of each run of the text page, told from its first character; it is bold if its last one is, too."""
    matrix = (ctypes.c_float * 6)()
    address = ctypes.addressof(matrix)
    fonts: dict[int, tuple[bool, float]] = {}
    known: dict[int, Style] = {}
    for index, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        thing = call["FPDFText_GetTextObject"](text, index) or 0
        style = known.get(thing)
        if style is None:
            call["FPDFText_GetMatrix"](text, index, address)
            size = call["FPDFText_GetFontSize"](text, index) * math.hypot(matrix[2], matrix[3])
            font = (call["FPDFTextObj_GetFont"](thing) or 0) if thing else 0
            if font not in fonts:
                fonts[font] = _font(call, font)
            bold, lift = fonts[font]
            angle = call["FPDFText_GetCharAngle"](text, index)
            style = Style(size, bold, lift * size, angle, TINY if size < _LEAST_SIZE else _ink(call, thing))
            if thing:
                known[thing] = style
        if style.bold:
            end = call["FPDFText_GetTextObject"](text, last) or 0
            font = (call["FPDFTextObj_GetFont"](end) or 0) if end else 0
            if font not in fonts:
                fonts[font] = _font(call, font)
            if not fonts[font][0]:
                style = replace(style, bold=False)
        yield style


def seen(
    page: Any, found: Sequence[Style], lengths: NDArray[np.int32], boxes: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Whether a reader sees each run; `boxes` are theirs, as (left, top, right, bottom) in the page's own space."""
    inks = np.array([style.ink for style in found], np.int8)
    across, up = boxes[:, [0, 2]].mean(1), boxes[:, [1, 3]].mean(1)
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


def _ink(call: Calls, thing: int) -> int:
    if not thing:
        return SEEN
    if call["FPDFTextObj_GetTextRenderMode"](thing) in _INVISIBLE_MODES:
        return INVISIBLE
    colour = (ctypes.c_uint * 4)()
    place = ctypes.addressof(colour)
    if not call["FPDFPageObj_GetFillColor"](thing, place, place + 4, place + 8, place + 12):
        return SEEN
    red, green, blue, alpha = colour
    if not alpha:
        return INVISIBLE
    return WHITE if min(red, green, blue) >= _WHITE else SEEN


def _font(call: Calls, font: int) -> tuple[bool, float]:
    """Whether a font is bold, and how much less it descends than the one that stands in for it, in its size."""
    if not font:
        return False, 0.0
    buffer = ctypes.create_string_buffer(128)
    call["FPDFFont_GetBaseFontName"](font, ctypes.addressof(buffer), 128)
    name = buffer.value.lower()
    bold = any(word in name for word in (b"bold", b"black", b"heavy", b"demi"))
    bold = bold or call["FPDFFont_GetWeight"](font) >= _BOLD
    known = next((descent for start, descent in _DESCENTS.items() if name.partition(b"-")[0] == start), None)
    if known is None or call["FPDFFont_GetIsEmbedded"](font) == 1:
        return bold, 0.0
    descent = ctypes.c_float()
    call["FPDFFont_GetDescent"](font, 1.0, ctypes.addressof(descent))
    return bold, known - descent.value
