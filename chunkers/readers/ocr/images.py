"""Images of pages (.png, .jpg, .tiff) to text: each frame is a page, whose characters are recognised."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.chunkers.readers.base import Box, BytesReader, Ocr, made
from longdoc.chunkers.readers.formats import IMAGES, image_suffix, refuse_binary
from longdoc.chunkers.readers.ocr import engine
from longdoc.chunkers.readers.ocr.recognised import Recognised
from longdoc.chunkers.readers.pdf.headings import outline
from longdoc.chunkers.readers.pdf.layout.page import Page, recognised_page
from longdoc.chunkers.readers.pdf.reading import INSTALL, assembled
from longdoc.errors import InputError

logger = logging.getLogger(__name__)

DENSITY = 96.0  # pixels an inch, where the image does not say
_LEAST, _MOST = 36.0, 2400.0  # densities that are believed
_PIXELS = 100_000_000
_ORIENTATION, _UPRIGHT = 0x0112, 4  # of EXIF; those above it turn by a quarter; a TIFF is told upright


def read_image(data: bytes, source: str, ocr: Ocr = "auto") -> Document:
    """Return the text that is recognised on an image, as `read_pdf` does that of a scanned PDF.

    Boxes are in points from the lower left of the frame. An `InputError` names `source` and the remedy where the bytes
    are no such image, nothing is recognised on it, or the extra `ocr` is not installed.
    """
    if not image_suffix(data):
        refuse_binary(data, source)
        raise InputError(f"{source!r} is no image; give it the suffix of what it is, such as .txt or .pdf")
    if ocr == "never":
        raise InputError(f'{source!r} is an image; read it with ocr="auto" (--ocr auto), which recognises its text')
    if not engine.available():
        raise InputError(f"{source!r} is an image; to have its text recognised: {INSTALL}")
    found = []
    for number, (pixels, density) in enumerate(frames(data, source)):
        logger.info("recognising page %d of %r", number + 1, source)
        found.append(_recognised(pixels, density, number + 1))
    assembly, left_out = assembled(lambda: (_page(one) for one in found), len(found))
    text = assembly.text
    if not text.strip():
        raise InputError(f"{source!r} is an image on which no text was recognised; give one with text on it")
    known = {"outline": outline([], assembly, text), "tables": assembly.tables, "furniture": left_out}
    seen = [one.json() for one in found if one.lines]
    return made(text, source, "image", pages=assembly.starts, **known, ocr=seen)


def frames(data: bytes, source: str) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """The frames of an image, upright as the camera says, in colours, each with its pixels an inch.

    Raises `InputError` where they cannot be decoded, or have more pixels than are looked at.
    """
    with _opened(data, source) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            yield _pixels(image, source), _density(image)


@contextmanager
def _opened(data: bytes, source: str) -> Iterator[Any]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF")) as image:
            yield image
    except (OSError, ValueError, SyntaxError, TypeError, Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{source!r} is a broken image; save it anew") from error


def _pixels(frame: Any, source: str) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    if frame.width * frame.height > _PIXELS:
        raise InputError(f"{source!r} has {frame.width:,} by {frame.height:,} pixels; make it smaller")
    frame.load()  # which turns a TIFF upright
    shown = ImageOps.exif_transpose(frame).convert("RGBA")
    paper = Image.new("RGBA", shown.size, "white")
    paper.alpha_composite(shown)
    return np.asarray(paper.convert("RGB"), np.uint8)


def _density(frame: Any) -> float:
    density = float(frame.info.get("dpi", (DENSITY,))[0])
    return float(round(density)) if _LEAST <= density <= _MOST else DENSITY  # PNG has it by the metre


class ImagePages:
    """The frames of an image as pages that are looked at: as `pictures` has those of a PDF. One is held at a time."""

    def __init__(self, data: bytes, source: str) -> None:
        self._data, self._source = data, source
        self._sizes: list[tuple[float, float]] = []
        with _opened(data, source) as image:
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                points = 72 / _density(image)
                sides = image.width * points, image.height * points
                turned = image.format != "TIFF" and image.getexif().get(_ORIENTATION, 1) > _UPRIGHT
                self._sizes.append(sides[::-1] if turned else sides)

    def sizes(self) -> list[tuple[float, float]]:
        """The width and height of each in points."""
        return self._sizes

    def pixels(self, number: int, width: int) -> NDArray[np.uint8]:
        """A frame, from 0, drawn `width` pixels wide, or as wide as it is where that is less."""
        from PIL import Image

        if not 0 <= number < len(self._sizes):
            told = f"{self._source!r} has {len(self._sizes)} pages"
            raise InputError(f"{told}, and page {number + 1} was asked for; give 1 or more")
        with _opened(self._data, self._source) as image:
            image.seek(number)
            pixels = _pixels(image, self._source)
        if width >= pixels.shape[1]:
            return pixels
        height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
        return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS), np.uint8)

    def marks(self, boxes: Iterable[Box]) -> list[tuple[int, float, float, float, float]]:
        """The rectangles as parts of their frame: page, and left, top, right and bottom from 0 to 1."""
        sizes = self.sizes()
        return [
            (page, left / wide, 1 - top / high, right / wide, 1 - bottom / high)
            for page, left, bottom, right, top in boxes
            for wide, high in (sizes[page - 1],)
        ]


def _recognised(pixels: NDArray[np.uint8], density: float, page: int) -> Recognised:
    points = 72 / density
    height = pixels.shape[0]
    placed = np.array([[points, 0, 0], [0, -points, height * points]])
    return engine.recognised(pixels, page, points, placed)


def _page(found: Recognised) -> Page:
    return recognised_page(found, "") if found.lines else Page(found.page - 1, "", [])


def reader(ocr: Ocr) -> BytesReader:
    """The reader of images, which recognises their text unless it is "never" to."""
    return BytesReader(IMAGES, partial(read_image, ocr=ocr))
