"""Where citations stand on their pages, as the server tells it, and the pages as it draws them."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from pdf_files import Sheet, pdf, width
from PIL import Image, ImageDraw, ImageFont

from longdoc.server.settings import Limits

LABELS = "/PageLabels << /Nums [0 << /S /r >> 1 << /S /D >>] >>"
KEEPER = "The keeper of the lamp was called Ann Carter."
PAGES = [
    Sheet().lines(72, 700, ["The harbour log of the north gate", "It was written by the harbour board of Marrow."]),
    Sheet(90).lines(72, 700, [KEEPER, "She kept the lamp of the gate for thirty years."]),
]
LOG = pdf(PAGES, LABELS)
RIGHT = 72 + width(KEEPER, 11)


@pytest.fixture(scope="module")
def log(server: Any) -> str:
    return str(server.added("log.pdf", LOG)["id"])


def about(box: list[float]) -> bool:
    """Whether a box is that of the keeper's line, in points."""
    page, left, bottom, right, top = box
    return page == 2 and (left, right) == pytest.approx((72, RIGHT), abs=0.5) and 690 < bottom < 700 < 708 < top < 714


def test_answers_and_what_is_kept_of_them_say_where_they_stand(server: Any, log: str) -> None:
    told = server.asked("Who was the keeper of the lamp?", documents=[log], conversation="c-places")
    cited = next(one for one in told["citations"] if one["quote"] == KEEPER)
    assert (cited["page"], cited["page_label"], len(cited["boxes"])) == (2, "1", 1)
    assert about(cited["boxes"][0])
    kept = server.get("/api/conversations/c-places").json()[-1]["answer"]["citations"]
    assert kept == told["citations"]


def test_a_summary_says_where_it_stands(server: Any, log: str, parsed: Any) -> None:
    made = server.post(f"/api/documents/{log}/summary", json={"max_tokens": 100})
    summary = parsed(made.text)[-1][1]
    spans = [span for one in summary["sentences"] for span in one["spans"]]
    assert {span["page_label"] for span in spans} <= {"i", "1"}
    text = server.get(f"/api/documents/{log}/text").json()["text"]
    keeper = [span for span in spans if text[span["start"] : span["end"]] == KEEPER]
    assert keeper
    assert all(about(span["boxes"][0]) for span in keeper)


def test_places_are_points_and_parts_of_the_page_as_shown(server: Any, log: str) -> None:
    text = server.get(f"/api/documents/{log}/text").json()["text"]
    start = text.index(KEEPER)
    seen = server.get(f"/api/documents/{log}/places", params={"start": start, "end": start + len(KEEPER)}).json()
    (box,), (mark,) = seen["boxes"], seen["marks"]
    assert about(box)
    _, left, bottom, right, top = box
    assert mark == pytest.approx([2, bottom / 792, left / 612, top / 792, right / 612], abs=1e-4)
    assert server.get(f"/api/documents/{log}/places", params={"start": start, "end": start}).json()["marks"] == []
    wrong = server.get(f"/api/documents/{log}/places", params={"start": 5, "end": 1 << 30})
    assert (wrong.status_code, "start is 5" in wrong.json()["error"]) == (400, True)


def test_pages_are_seen(server: Any, log: str) -> None:
    assert server.get(f"/api/documents/{log}").json()["pictures"] is True
    shapes = server.get(f"/api/documents/{log}/pages").json()
    assert shapes == {"sizes": [[612, 792], [792, 612]], "labels": ["i", "1"]}
    for page, size in ((1, (640, 829)), (2, (640, 495))):
        told = server.get(f"/api/documents/{log}/pages/{page}", params={"width": 640})
        assert (told.status_code, told.headers["content-type"]) == (200, "image/png")
        assert told.headers["cache-control"] == "no-store"
        assert struct.unpack(">2I", told.content[16:24]) == pytest.approx(size, abs=1)
    assert server.get(f"/api/documents/{log}/pages/3").json()["error"].startswith("the document has 2 pages")
    for width_ in (0, 161, 99_840):
        assert server.get(f"/api/documents/{log}/pages/1", params={"width": width_}).status_code == 400


def test_what_has_no_pages_has_none_to_see(server: Any) -> None:
    id = server.added("plain.txt", b"A plain text has no pages. It is short.")["id"]
    assert server.get(f"/api/documents/{id}").json()["pictures"] is False
    for address in ("pages", "pages/1", "places?start=0&end=1"):
        told = server.get(f"/api/documents/{id}/{address}")
        assert (told.status_code, told.json()["error"]) == (
            409,
            "the document has no pages that can be seen; ask for its text",
        )


@pytest.mark.slow
def test_a_page_that_takes_too_long_costs_its_picture_and_boxes_alone(start: Any) -> None:
    server = start(limits=Limits(drawing_seconds=0.001))
    log = server.added("log.pdf", LOG)["id"]
    for _ in range(2):
        told = server.get(f"/api/documents/{log}/pages/1")
        assert (told.status_code, told.json()) == (422, {"error": "the page cannot be drawn; read its text"})
    cited = server.asked("Who was the keeper of the lamp?", documents=[log])["citations"][0]
    assert (cited["page"], cited["page_label"], cited["boxes"]) == (2, "1", [])


def test_pages_need_the_token_too(start: Any) -> None:
    server = start(token="0123456789abcdef")
    for address in ("pages", "pages/1", "places?start=0&end=1"):
        assert server.get(f"/api/documents/{'0' * 32}/{address}").status_code == 401


@pytest.mark.slow
def test_an_image_is_read_and_seen_as_a_page(server: Any) -> None:
    pytest.importorskip("rapidocr", reason="the extra ocr is not installed")
    page, out = Image.new("L", (600, 400), 250), io.BytesIO()
    ImageDraw.Draw(page).text((60, 100), KEEPER, 20, ImageFont.load_default(22))
    page.save(out, "PNG", dpi=(96, 96))
    held = server.added("log.png", out.getvalue())
    assert (held["status"], held["pages"], held["pictures"]) == ("ready", 1, True)
    assert server.get(f"/api/documents/{held['id']}/pages").json() == {"sizes": [[450, 300]], "labels": []}
    cited = server.asked("Who was the keeper of the lamp?", documents=[held["id"]])["citations"][0]
    ((page_, left, _, _, top),) = cited["boxes"]
    assert (cited["quote"], cited["page"], page_) == (KEEPER, 1, 1)
    assert (left, top) == pytest.approx((45, 300 - 0.75 * 100), abs=8)
    place = {"start": cited["start"], "end": cited["end"]}
    seen = server.get(f"/api/documents/{held['id']}/places", params=place).json()
    assert seen["marks"][0][1:3] == pytest.approx([left / 450, 1 - top / 300], abs=1e-3)
    drawn = server.get(f"/api/documents/{held['id']}/pages/1", params={"width": 320}).content
    assert struct.unpack(">2I", drawn[16:24]) == (320, 213)
