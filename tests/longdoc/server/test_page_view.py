"""The pages of a PDF in the browser: a citation opens its page, and its mark covers its words and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from page_reader import (
    CHROMIUM,
    SLOW,
    Site,
    ask,
    drop,
    expect,
    faults,
    overflow,
    picture,
    playwright,
    serving,
    summarize,
)
from pdf_files import Sheet, pdf

pytest.importorskip("fastapi", reason="the server's packages are not installed")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")]

KEEPER = "The keeper of the lamp was called Ann Carter."
CLOSED = "The gate was closed in 1960 after the great storm."
FILLER = [f"The log of day {n} says that the wind came from the west and the sea was calm." for n in range(1, 40)]
PAGES = [
    Sheet().text(72, 730, "The harbour log of the north gate", 16, bold=True).lines(72, 690, FILLER[:20]),
    Sheet().lines(72, 720, [*FILLER[20:26], KEEPER, *FILLER[26:30]], step=13),
    Sheet(90).lines(72, 700, [CLOSED, "Nobody has kept the lamp since."]),
]
LOG = pdf(PAGES, "/PageLabels << /Nums [0 << /S /r >> 1 << /S /D >>] >>")
BASE = 720 - 6 * 13  # of the keeper's line, in points from below
DARK = """(canvas) => {
  const { width, height } = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const dark = [];
  for (let at = 0; at < width * height; at += 1) if (data[4 * at] < 128) dark.push(at);
  return { width, height, dark };
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        for url in serving(tmp_path_factory.mktemp("site")):
            site = Site(url, browser)
            page = site.page()
            drop(page, {"harbour.pdf": LOG})
            expect(page.locator("#documents .ready")).to_have_count(1, timeout=SLOW)
            ask(page, "Who was the keeper of the lamp?")
            summarize(page, "harbour.pdf")
            site.state = page.context.storage_state()
            page.context.close()
            yield site
            assert site.wrongs == []
        browser.close()


def opened(site: Site, **options: Any) -> Any:
    """A page whose answer's citation was clicked."""
    page = site.page(**options)
    page.get_by_role("tab", name="Questions").click()
    page.get_by_role("button", name="Citation", exact=False).first.click()
    expect(page.locator("#pages .mark")).to_be_in_viewport()
    expect(page.locator('.sheet[data-page="2"] canvas')).to_be_in_viewport()
    return page


def ink(page: Any, number: int) -> tuple[np.ndarray, dict[str, float]]:
    """The (x, y) of the dark pixels of a page as parts of it, and its only mark's edges in the same measure."""
    told = page.locator(f'.sheet[data-page="{number}"] canvas').evaluate(DARK)
    rows, columns = np.divmod(np.array(told["dark"]), told["width"])
    places = np.stack([(columns + 0.5) / told["width"], (rows + 0.5) / told["height"]], axis=1)
    frame = page.locator(f'.sheet[data-page="{number}"]').bounding_box()
    mark = page.locator(".mark").bounding_box()
    wide, high = 0.5 / told["width"], 0.5 / told["height"]  # a pixel that the mark covers in part is covered
    left, top = (mark["x"] - frame["x"]) / frame["width"], (mark["y"] - frame["y"]) / frame["height"]
    right, bottom = left + mark["width"] / frame["width"], top + mark["height"] / frame["height"]
    return places, {"left": left - wide, "top": top - high, "right": right + wide, "bottom": bottom + high}


def covered(places: np.ndarray, mark: dict[str, float]) -> np.ndarray:
    across, down = places.T
    beside = (across < mark["left"]) | (across > mark["right"])
    return np.asarray(~(beside | (down < mark["top"]) | (down > mark["bottom"])))


@pytest.mark.parametrize("scale", [1, 2])
def test_a_mark_covers_the_ink_of_its_words_and_of_no_other_line(site: Site, scale: int) -> None:
    page = opened(site, viewport={"width": 1300, "height": 850}, device_scale_factor=scale)
    expect(page.locator("#where")).to_contain_text("p. 1 · page 2 of 3")
    places, mark = ink(page, 2)
    inside = covered(places, mark)
    points = 792 * (1 - places[:, 1])
    line = (points > BASE - 3) & (points < BASE + 9.5)  # its letters; the lines are 13 points apart
    assert 500 < line.sum() < len(line)
    assert (inside == line).all()
    picture(page, "page-pdf")
    page.context.close()


def test_a_sentence_of_a_summary_opens_its_page(site: Site) -> None:
    page = site.page()
    page.get_by_role("tab", name="Summary").click()
    sentence = page.locator("#tree .sentence", has_text="closed in 1960").first
    expect(sentence.locator(".number")).to_contain_text("p. 2")
    sentence.click()
    expect(page.locator('.sheet[data-page="3"] .mark')).to_be_in_viewport()
    expect(page.locator('.sheet[data-page="3"] canvas')).to_be_in_viewport()
    places, mark = ink(page, 3)
    inside = covered(places, mark)
    points = 792 * places[:, 0]  # the page is turned: lines run down it, their tops to the right
    line = (points > 697) & (points < 709.5)
    assert 300 < line.sum() < len(line)
    assert (inside == line).all()
    page.context.close()


def test_pages_are_zoomed_stepped_through_and_read_as_text_by_keyboard(site: Site) -> None:
    page = opened(site)
    expect(page.locator("#pages")).to_be_focused()
    page.keyboard.press("0")
    expect(page.locator("#zoom")).to_have_text("100 %")
    before = page.locator('.sheet[data-page="2"]').bounding_box()["width"]
    page.keyboard.press("+")
    expect(page.locator("#zoom")).to_have_text("125 %")
    assert page.locator('.sheet[data-page="2"]').bounding_box()["width"] == pytest.approx(1.25 * before, abs=2)
    expect(page.locator("#pages .mark")).to_be_in_viewport()
    page.keyboard.press("0")
    expect(page.locator("#zoom")).to_have_text("100 %")
    page.get_by_role("button", name="Text", exact=True).press("Enter")
    expect(page.locator("#text mark")).to_have_text(KEEPER)
    expect(page.locator("#text")).to_be_focused()
    page.get_by_role("button", name="Page", exact=True).press("Enter")
    expect(page.locator("#pages")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#pane")).to_be_hidden()
    page.context.close()


def test_only_pages_near_the_view_are_drawn(site: Site) -> None:
    page = site.page(viewport={"width": 1300, "height": 500})
    page.get_by_role("button", name="Read harbour.pdf").click()
    expect(page.locator('.sheet[data-page="1"] canvas')).to_be_visible()
    expect(page.locator(".mark")).to_have_count(0)
    assert page.locator('.sheet[data-page="3"] canvas').count() == 0
    page.locator("#pages").evaluate("(view) => { view.scrollTop = view.scrollHeight; }")
    expect(page.locator('.sheet[data-page="3"] canvas')).to_be_visible()
    expect(page.locator('.sheet[data-page="1"] canvas')).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_marked_line_large_enough_to_read(site: Site, scheme: str) -> None:
    page = opened(site, viewport={"width": 400, "height": 800}, color_scheme=scheme, device_scale_factor=2)
    assert overflow(page) <= 0
    mark, view = page.locator(".mark").bounding_box(), page.locator("#pages").bounding_box()
    assert mark["height"] >= 11
    canvas = page.locator('.sheet[data-page="2"] canvas')
    expect(canvas).not_to_have_js_property("width", 800)  # drawn anew where the zoom has changed
    assert canvas.evaluate("(canvas) => canvas.width / canvas.clientWidth") >= 2
    assert view["x"] <= mark["x"]
    assert mark["x"] + mark["width"] <= view["x"] + view["width"]
    assert faults(page) == []
    picture(page, f"page-pdf-phone-{scheme}")
    page.context.close()
