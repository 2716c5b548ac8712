"""Pages of a PDF as they look: their size as shown, their picture, and where on it a rectangle of the page is."""

from __future__ import annotations

import ctypes
import struct
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.readers.base import Box
from longdoc.errors import InputError

PIXELS = 16_000_000
"""The most that a picture has; a page that would have more is drawn smaller."""

_STEPS = 1 << 20
_INK_WIDTH, _INK, _SPECK = 160, 200, 12  # pixels across, the lightest that is ink, and how many are none
_DEEP = 3  # of forms inside forms
_LEVEL = 3  # of zlib: a page is mostly white, and more takes twice as long for a tenth


class PdfPages:
    """The pages of an open `pypdfium2.PdfDocument`, to be looked at."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def sizes(self) -> list[tuple[float, float]]:
        """See `page_sizes`."""
        return page_sizes(self._document)

    def pixels(self, number: int, width: int) -> NDArray[np.uint8]:
        """See `page_pixels`."""
        return page_pixels(self._document, number, width)

    def marks(self, boxes: Iterable[Box]) -> list[tuple[int, float, float, float, float]]:
        """See `marks`."""
        return marks(self._document, boxes)


def page_sizes(document: Any) -> list[tuple[float, float]]:
    """The width and height of each page of a `pypdfium2.PdfDocument` as it is shown, in points."""
    return [document.get_page_size(number) for number in range(len(document))]


def page_pixels(document: Any, number: int, width: float) -> NDArray[np.uint8]:
    """The page, from 0, with its annotations, drawn `width` pixels wide: (height, width, 3), red, green, blue."""
    page = _page(document, number)
    try:
        across, down = page.get_size()
        scale = min(width / max(across, 1), (PIXELS / max(across * down, 1)) ** 0.5)
        bitmap = page.render(scale=scale, rev_byteorder=True, force_bitmap_format=_rgb())
        try:
            return np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])
        finally:
            bitmap.close()
    finally:
        page.close()


def has_ink(document: Any, number: int) -> bool:
    """Whether anything is drawn on the page, from 0: more than a speck."""
    pixels = page_pixels(document, number, _INK_WIDTH)
    return int((pixels.min(axis=2) < _INK).sum()) > _SPECK


def image_share(page: Any) -> float:
    """The part of a `pypdfium2.PdfPage` that its largest image covers, from 0 to 1."""
    import pypdfium2.raw as raw

    left, bottom, right, top = page.get_bbox()
    area = max((right - left) * (top - bottom), 1e-6)
    found = 0.0
    for one in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=_DEEP):
        low, foot, high, head = one.get_bounds()
        inside = max(0.0, min(high, right) - max(low, left)) * max(0.0, min(head, top) - max(foot, bottom))
        found = max(found, inside / area)
    return min(found, 1.0)


def page_space(page: Any, width: int, height: int) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """What takes the pixels of a picture of the page, so wide and high, to the page's own space, as a 2 by 3 matrix."""
    import pypdfium2.raw as raw

    x, y = ctypes.c_double(), ctypes.c_double()
    corners = []
    for across, down in ((0, 0), (_STEPS, 0), (0, _STEPS)):
        raw.FPDF_DeviceToPage(page.raw, 0, 0, _STEPS, _STEPS, 0, across, down, x, y)
        corners.append((x.value, y.value))
    (x0, y0), (x1, y1), (x2, y2) = corners
    return ((x1 - x0) / width, (x2 - x0) / height, x0), ((y1 - y0) / width, (y2 - y0) / height, y0)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of (height, width, 3) or (height, width) pixels; one byte a pixel where it has no colours."""
    if pixels.ndim == 3 and (pixels[:, :, 0] == pixels[:, :, 1]).all() and (pixels[:, :, 1] == pixels[:, :, 2]).all():
        pixels = pixels[:, :, 0]
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + pixels[0].size), np.uint8)  # each row begins with its filter, 0 for none
    rows[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">2I5B", width, height, 8, 0 if pixels.ndim == 2 else 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, body) for kind, body in parts)


def marks(document: Any, boxes: Iterable[Box]) -> list[tuple[int, float, float, float, float]]:
    """The rectangles as parts of the page as it is shown: page, and left, top, right and bottom from 0 to 1.

    The upper left corner is (0, 0), whichever way the page is turned and whatever of it is cropped.
    """
    found = []
    for page, left, bottom, right, top in boxes:
        shown = _page(document, page - 1)
        try:
            across, down = zip(_at(shown, left, bottom), _at(shown, right, top), strict=True)
        finally:
            shown.close()
        found.append((page, min(across), min(down), max(across), max(down)))
    return found


def _page(document: Any, number: int) -> Any:
    if not 0 <= number < len(document):
        raise InputError(f"the document has {len(document)} pages, and page {number + 1} was asked for; give 1 or more")
    return document[number]


def _at(page: Any, x: float, y: float) -> tuple[float, float]:
    import pypdfium2.raw as raw

    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page.raw, 0, 0, _STEPS, _STEPS, 0, x, y, across, down)
    return min(max(across.value / _STEPS, 0.0), 1.0), min(max(down.value / _STEPS, 0.0), 1.0)


def _rgb() -> int:
    import pypdfium2.raw as raw

    return int(raw.FPDFBitmap_BGR)


def _part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
