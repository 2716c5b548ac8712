"""Pages as they look: a mark covers the ink of its words and none of another line, however the page is turned."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_files import Sheet, pdf

from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.readers.pdf.pdfium import opened
from longdoc.chunkers.readers.pdf.pictures import PIXELS, marks, page_pixels, page_sizes, png
from longdoc.chunkers.readers.registry import read
from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError

LINES = ("The quick brown fox jumps.", "A second line stands below it.", "The last line ends the page.")


def ink(pixels: np.ndarray, mark: tuple[int, float, float, float, float]) -> np.ndarray:
    """The dark pixels of the page, with those that the mark covers taken away."""
    height, width = pixels.shape[:2]
    dark = pixels.min(axis=2) < 128
    left, top, right, bottom = (round(part * size) for part, size in zip(mark[1:], (width, height) * 2, strict=True))
    dark[top : bottom + 1, left : right + 1] = False
    return np.asarray(dark)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", ["", "/CropBox [40 300 580 760]"])
def test_a_mark_covers_the_ink_of_its_line_alone(tmp_path: Path, turned: int, crop: str) -> None:
    path = tmp_path / "page.pdf"
    data = pdf([Sheet(turned).lines(72, 700, LINES)])
    path.write_bytes(data.replace(b"/MediaBox [0 0 612 792]", f"/MediaBox [0 0 612 792] {crop}".encode()))
    document = read(path)
    places = SourcePages([document])
    start = document.page_content.index(LINES[1])
    boxes = places.boxes(Span(start, start + len(LINES[1]), str(path)))
    with opened(path.read_bytes(), "page.pdf") as held:
        (mark,) = marks(held, boxes)
        pixels = page_pixels(held, 0, 1200)
        assert page_sizes(held)[0] == pytest.approx(held[0].get_size())
    every = pixels.min(axis=2) < 128
    covered = every & ~ink(pixels, mark)
    alone = pdf([Sheet(turned).text(72, 686, LINES[1])])
    alone = alone.replace(b"/MediaBox [0 0 612 792]", f"/MediaBox [0 0 612 792] {crop}".encode())
    with opened(alone, "alone.pdf") as held:
        assert (covered == (page_pixels(held, 0, 1200).min(axis=2) < 128)).all()


def decoded(data: bytes) -> np.ndarray:
    """The pixels of a PNG whose rows have no filter, by the standard's own words."""
    width, height, depth, kind = struct.unpack(">2I2B", data[16:26])
    assert (data[:8], depth) == (b"\x89PNG\r\n\x1a\n", 8)
    length = struct.unpack(">I", data[33:37])[0]
    rows = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape((height, width) if kind == 0 else (height, width, 3))


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 9), st.booleans(), st.integers(0, 1 << 30))
def test_a_png_is_its_pixels(height: int, width: int, coloured: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, 3)).astype(np.uint8)
    if not coloured:
        pixels[:, :, 1] = pixels[:, :, 2] = pixels[:, :, 0]
    shown = decoded(png(pixels))
    assert (shown == (pixels if shown.ndim == 3 else pixels[:, :, 0])).all()
    assert shown.ndim == 2 or coloured


def test_a_picture_has_its_width_and_no_more_pixels_than_may_be() -> None:
    data = pdf([Sheet(size=(612, 792)), Sheet(size=(20, 14000))])
    with opened(data, "page.pdf") as held:
        assert page_pixels(held, 0, 800).shape == (1036, 800, 3)
        assert page_pixels(held, 1, 3000).size <= 3 * PIXELS * 1.1
        with pytest.raises(InputError, match="2 pages, and page 3"):
            page_pixels(held, 2, 800)
