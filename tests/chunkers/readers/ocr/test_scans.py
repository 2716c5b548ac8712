"""Scanned pages, made on the spot, and images: their text, its places and how sure it is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from pdf_files import Sheet, pdf
from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter

from longdoc.chunkers.readers.ocr.images import ImagePages
from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.readers.pdf.pdfium import opened
from longdoc.chunkers.readers.pdf.pictures import marks, page_pixels
from longdoc.chunkers.readers.registry import read, read_bytes
from longdoc.chunkers.text.span import Span

pytest.importorskip("rapidocr", reason="the extra ocr is not installed")
pytestmark = pytest.mark.slow

LINES = ("The keeper of the lamp was Ann Carter.", "She kept it for 30 years.", "Nobody has kept it since.")
WORDS = " ".join(LINES).split()
DENSITY = 100


def scan(turned: float = 0, lines: tuple[str, ...] = LINES) -> Image.Image:
    """A page of A5 with these lines on it, turned counter-clockwise by so many degrees."""
    page = Image.new("L", (583, 827), 245)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(22)
    for number, line in enumerate(lines):
        draw.text((60, 80 + 34 * number), line, 20, font)
    return page.rotate(turned, Image.Resampling.BICUBIC, expand=True, fillcolor=245)


def saved(page: Image.Image, format: str, **more: object) -> bytes:
    out = io.BytesIO()
    dense = {"resolution": DENSITY} if format == "PDF" else {"dpi": (DENSITY, DENSITY)}
    page.save(out, format, **{**dense, **more})
    return out.getvalue()


def joined(*files: bytes) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    for data in files:
        writer.append(PdfReader(io.BytesIO(data)))
    writer.write(out)
    return out.getvalue()


def test_a_scan_is_read_and_its_boxes_cover_the_ink(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    text = pdf([Sheet().text(72, 700, "The first page has a text layer.")])
    path.write_bytes(joined(text, saved(scan(), "PDF")))
    document = read(path)
    assert document.page_content.split() == ["The", "first", "page", "has", "a", "text", "layer.", *WORDS]
    (told,) = document.metadata["ocr"]
    assert (told["page"], told["confidence"] > 0.9) == (2, True)
    start = document.page_content.index(LINES[1])
    places = SourcePages([document])
    (box,) = places.boxes(Span(start, start + len(LINES[1]), str(path)))
    with opened(path.read_bytes(), "scan.pdf") as held:
        (mark,) = marks(held, [box])
        pixels = page_pixels(held, 1, 583).min(axis=2)
    assert mark[0] == 2
    left, top, right, bottom = (part * size for part, size in zip(mark[1:], (583, 827) * 2, strict=True))
    rows, columns = np.nonzero(pixels[112:140] < 120)  # the line's ink; others end before and begin after
    assert left - 3 <= columns.min() < left + 12
    assert right - 14 < columns.max() <= right + 3
    assert top - 2 <= 112 + rows.min() < top + 12
    assert bottom - 12 < 112 + rows.max() <= bottom + 2


@pytest.mark.parametrize("turned", [90, 180, 266])
def test_a_page_that_lies_on_its_side_upside_down_or_askew_is_read(turned: float) -> None:
    document = read_bytes(saved(scan(turned), "PDF"), "x.pdf", ".pdf")
    assert document.page_content.split() == WORDS


def test_a_text_layer_that_is_rubbish_counts_as_none() -> None:
    rubbish = ["qzx vbnm wrt plkj hgfd sxcv bnmq wrtz plks dfgh jklz xcvb nmqw rtzp"] * 3
    layer = pdf(
        [Sheet(size=(420, 595)).text(20, 500, rubbish[0], 9, more="3 Tr").text(20, 400, rubbish[1], 9, more="3 Tr")]
    )
    writer, out = PdfWriter(), io.BytesIO()
    writer.append(PdfReader(io.BytesIO(saved(scan(), "PDF"))))
    writer.pages[0].merge_page(PdfReader(io.BytesIO(layer)).pages[0])
    writer.write(out)
    assert "plkj" in read_bytes(out.getvalue(), "x.pdf", ".pdf", "never").page_content
    assert read_bytes(out.getvalue(), "x.pdf", ".pdf").page_content.split() == WORDS


def test_a_scan_with_a_number_stamped_on_it_is_read_whole() -> None:
    stamp = pdf([Sheet(size=(420, 595)).text(300, 20, "ABC-000017", 9)])
    writer, out = PdfWriter(), io.BytesIO()
    writer.append(PdfReader(io.BytesIO(saved(scan(), "PDF"))))
    writer.pages[0].merge_page(PdfReader(io.BytesIO(stamp)).pages[0])
    writer.write(out)
    document = read_bytes(out.getvalue(), "x.pdf", ".pdf")
    assert document.page_content.split()[: len(WORDS)] == WORDS
    assert read_bytes(out.getvalue(), "x.pdf", ".pdf", "never").page_content == "ABC-000017"


def test_images_are_sources_each_frame_a_page(tmp_path: Path) -> None:
    second = scan(lines=("A second frame says this.",))
    path = tmp_path / "fax.TIFF"
    path.write_bytes(saved(scan(), "TIFF", save_all=True, append_images=[second]))
    document = read(path)
    assert document.metadata["format"] == "image"
    assert document.page_content.split() == [*WORDS, "A", "second", "frame", "says", "this."]
    start = document.page_content.index("A second")
    places = SourcePages([document])
    span = Span(start, start + 8, str(path))
    (box,) = places.boxes(span)
    assert (places.page(span), places.label(span), box[0]) == (2, "2", 2)
    assert box[1] == pytest.approx(60 * 0.72, abs=6)
    assert box[4] == pytest.approx((827 - 80) * 0.72, abs=8)


def test_the_frames_of_an_image_are_shown_one_at_a_time_upright() -> None:
    wide, turned = Image.new("RGB", (200, 100), "red"), Image.new("RGB", (200, 100), "blue")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    data = saved(wide, "TIFF", save_all=True, append_images=[wide, wide], dpi=(72, 72))
    pages = ImagePages(data, "x.tiff")
    assert pages.sizes() == [(200, 100)] * 3
    assert [pages.pixels(number, 50).shape for number in range(3)] == [(25, 50, 3)] * 3
    upright = ImagePages(saved(turned, "TIFF", exif=exif, dpi=(72, 72)), "x.tiff")
    assert upright.sizes() == [(100, 200)]
    assert upright.pixels(0, 100).shape == (200, 100, 3)


def test_always_reads_a_page_whatever_its_text_layer() -> None:
    data = pdf([Sheet().lines(72, 700, LINES, size=14, step=24)])
    assert "ocr" not in read_bytes(data, "x.pdf", ".pdf").metadata
    told = read_bytes(data, "x.pdf", ".pdf", "always")
    assert told.page_content.split() == WORDS
    assert [one["page"] for one in told.metadata["ocr"]] == [1]
