"""Text below what a page draws later: a true cover hides it, whatever only looks like one does not."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_files import Sheet, pdf, stream, written

from longdoc.chunkers.readers.pdf.layout.glyphs import read_glyphs
from longdoc.chunkers.readers.pdf.pdfium import opened
from longdoc.chunkers.readers.pdf.reading import read_pdf

SECRET = b"BT /F1 11 Tf 72 700 Td (The old secret) Tj ET "
OPEN = b" BT 0 g /F1 11 Tf 72 600 Td (All mills were sold.) Tj ET"
FORM = b"/Type /XObject /Subtype /Form"


def page(content: bytes, form: bytes = b"", entries: bytes = b"/BBox [0 0 612 792]") -> bytes:
    """A page with the states, patterns, layers and the form that the tests draw with."""
    tile = b"/PatternType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9 /Resources << >>"
    shading = b"<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [60 0 360 0] /Function << %s >> >>"
    function = b"/FunctionType 2 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1] /N 1"
    resources = (
        b"/Font << /F1 5 0 R >> /XObject << /X 6 0 R >> /ExtGState << /Solid << /ca 1 /BM /Normal /SMask /None >> "
        b"/Marker << /BM /Multiply >> /Glass << /ca 0.99 >> /Soft << /SMask << /S /Luminosity /G 10 0 R >> >> >> "
        b"/Pattern << /Tiles 7 0 R /Stencil 8 0 R /Blend 9 0 R >> /ColorSpace << /Stencils [/Pattern /DeviceRGB] >> "
        b"/Properties << /Layer 11 0 R >>"
    )
    return written(
        [
            b"<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [11 0 R] /D << /OFF [11 0 R] >> >> >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << %s >> /Contents 4 0 R >>" % resources,
            stream(content),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            stream(form, FORM + b" /Resources << /Font << /F1 5 0 R >> >> " + entries),
            stream(b"1 0 0 rg 0 0 3 3 re f", b"/PaintType 1 " + tile),
            stream(b"0 0 3 3 re f", b"/PaintType 2 " + tile),
            b"<< /PatternType 2 /Shading %s >>" % (shading % function),
            stream(
                b"0.5 g 0 0 612 792 re f", FORM + b" /BBox [0 0 612 792] /Group << /S /Transparency /CS /DeviceGray >>"
            ),
            b"<< /Type /OCG /Name (Bars) >>",
        ]
    )


def hidden(data: bytes) -> bool:
    text = read_pdf(data, "x.pdf", "never").page_content
    assert "All mills were sold." in text
    return "secret" not in text


@pytest.mark.parametrize(
    "cover",
    [
        "0 g 60 690 300 30 re f",
        "1 g 60 690 m 360 690 l 360 720 l 60 720 l f",
        "/Solid gs 0 0 1 rg 60 720 m 60 690 l 360 690 l 360 720 l h f*",
        "q 0 1 -1 0 0 0 cm 690 -360 30 300 re f Q",  # turned by a quarter
        "q 2 0 0 -2 0 792 cm 30 36 150 15 re f Q",
        "1 g 0 0 612 792 re f",  # a background
        "q 0 0 612 792 re W n 1 g 60 690 300 30 re f Q",
        "/Span << >> BDC 1 g 60 690 300 30 re f EMC",
        "0.75 g 0 0 1 RG 60 690 300 30 re B",
    ],
)
def test_an_opaque_rectangle_hides_what_is_below(cover: str) -> None:
    assert hidden(page(SECRET + cover.encode() + OPEN))
    assert not hidden(page(cover.encode() + b" 1 0 1 rg " + SECRET + OPEN))


@pytest.mark.parametrize(
    "cover",
    [
        "400 730 m 400 60 l 40 60 l h f",  # triangles
        "60 690 m 360 690 l 360 780 l h f",
        "210 750 m 420 705 l 210 660 l 0 705 l h f",  # a diamond
        "60 690 m 360 695 l 360 725 l 60 720 l h f",  # a slanted banner
        "60 690 m 360 690 l 330 705 l 360 720 l f",  # an arrow
        "60 690 m 360 720 l 360 690 l 60 720 l f",  # two triangles
        "60 690 m 360 690 l 60 690 l 360 720 l f",  # a line and back
        "60 690 m 60 740 360 740 360 690 c 360 690 l 60 690 l f",
        "q 0.98 0.17 -0.17 0.98 120 -60 cm 60 690 300 30 re f Q",
        "q 60 690 40 30 re W n 60 690 300 30 re f Q",  # most of it is cut off
        "q 60 690 m 360 690 l 60 720 l h W n 60 690 300 30 re f Q",
        "q BT 7 Tr /F1 40 Tf 72 690 Td (W) Tj ET 60 690 300 30 re f Q",  # letters cut out of it
        "/Pattern cs /Tiles scn 60 690 300 30 re f",
        "/Stencils cs 1 0 0 /Stencil scn 60 690 300 30 re f",
        "/Pattern cs /Blend scn 60 690 300 30 re f",
        "/Glass gs 1 g 60 690 300 30 re f",
        "/Marker gs 1 1 0 rg 60 690 300 30 re f",
        "/Soft gs 1 g 60 690 300 30 re f",
        "/OC /Layer BDC 0 g 60 690 300 30 re f EMC",
        "/OC /Layer BDC 1 g 60 690 300 30 re f EMC",
    ],
)
def test_what_a_reader_sees_through_or_beside_hides_nothing(cover: str) -> None:
    assert not hidden(page(SECRET + cover.encode() + OPEN))


@pytest.mark.parametrize(
    ("form", "entries", "hides"),
    [
        ("1 g 0 0 612 792 re f", "/BBox [0 0 612 792]", True),  # the background of a template
        ("1 g 0 0 306 396 re f", "/BBox [0 0 612 792] /Matrix [2 0 0 2 0 0]", True),
        ("1 g 0 0 612 792 re f", "/BBox [0 0 90 792]", False),
        ("1 g 0 0 612 792 re f", "/BBox [0 0 612 792] /Matrix [1 0 0 1 90 0]", False),
        ("1 g 300 0 612 792 re f", "/BBox [0 0 612 792]", False),
        ("1 g 580 760 m 580 60 l 40 60 l h f", "/BBox [0 0 612 792]", False),
        ("1 g 0 0 612 792 re f", "/BBox [0 0 612 792] /Group << /S /Transparency /I true >>", False),
        ("1 g 0 0 612 792 re f " + SECRET.decode().replace("BT", "BT 0 g"), "/BBox [0 0 612 792]", False),
    ],
)
def test_a_form_hides_what_was_drawn_before_it(form: str, entries: str, hides: bool) -> None:
    assert hidden(page(SECRET + b"/X Do " + OPEN, form.encode(), entries.encode())) is hides
    assert not hidden(page(b"/X Do " + SECRET + OPEN, form.encode(), entries.encode()))
    assert not hidden(page(SECRET + b"/Glass gs /X Do " + OPEN, form.encode(), entries.encode()))


def test_text_of_a_form_is_hidden_by_what_is_drawn_after_it() -> None:
    bar = b"60 690 300 30 re f"
    assert hidden(page(b"/X Do " + bar + OPEN, SECRET))
    assert not hidden(page(bar + b" 1 0 0 rg /X Do " + OPEN, SECRET))
    assert hidden(page(b"/X Do " + OPEN, SECRET + bar))
    assert not hidden(page(b"q 1 0 0 1 0 -200 cm /X Do Q " + bar + OPEN, SECRET))


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_turned_page_cut_at_its_sides_hides_as_an_upright_one(turned: int) -> None:
    cut = b"/Rotate %d /CropBox [50 100 600 730] /MediaBox" % turned
    assert hidden(page(SECRET + b"0 0 0.5 rg 60 690 300 30 re f" + OPEN).replace(b"/MediaBox", cut))
    assert not hidden(page(SECRET + b"0 0 0.5 rg 60 60 300 500 re f" + OPEN).replace(b"/MediaBox", cut))
    assert not hidden(page(SECRET + b"/Pattern cs /Tiles scn 60 690 300 30 re f" + OPEN).replace(b"/MediaBox", cut))


def test_what_is_printed_once_more_over_the_cover_is_seen() -> None:
    bar = b"0 1 1 rg 60 690 300 30 re f 0 g "
    assert not hidden(page(SECRET + bar + SECRET + OPEN))
    assert hidden(page(SECRET + bar + SECRET + bar + OPEN))


def test_a_heading_beside_a_large_triangle_is_read() -> None:
    sheet = Sheet().text(60, 700, "Visible heading").text(60, 200, "Body text")
    sheet.shown.append(b"580 760 m 580 60 l 40 60 l h f")
    assert "Visible heading" in read_pdf(pdf([sheet]), "x.pdf", "never").page_content


_POINT = st.tuples(st.sampled_from((60, 200, 360)), st.sampled_from((690, 720, 740)))


@given(
    st.lists(_POINT, min_size=4, max_size=5, unique=True)
    | st.permutations([(60, 690), (60, 720), (360, 690), (360, 720)])
)
def test_four_points_hide_only_as_a_rectangle_around_the_text(points: list[tuple[int, int]]) -> None:
    path = " ".join(f"{x} {y} {'l' if number else 'm'}" for number, (x, y) in enumerate(points))
    sides = zip(points, points[1:] + points[:1], strict=True)
    rectangle = len(points) == 4 and all((a[0] == b[0]) != (a[1] == b[1]) for a, b in sides)
    around = rectangle and min(points) == (60, 690) and len({x for x, _ in points}) == len({y for _, y in points}) == 2
    assert hidden(page(SECRET + f"{path} f".encode() + OPEN)) == around


def test_a_map_of_many_small_paths_takes_little_room() -> None:
    sheet = Sheet()
    for number in range(1500):
        sheet.text(20 + number % 30 * 18, 780 - number // 30 * 15, f"{number}", 4)
    for x, y in np.random.default_rng(0).uniform(0, 600, (8000, 2)).round(2).tolist():
        sheet.shown.append(f"{x} {y} 4 4 re f".encode())
    with opened(pdf([sheet]), "x.pdf") as document:
        tracemalloc.start()
        found = read_glyphs(document[0])
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert sum(len(one.runs) for one in found) > 1000
    assert most < 12_000_000  # a byte for each path and run
