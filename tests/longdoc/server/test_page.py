"""The whole page in Debian's chromium, on a server of its own: what a reader sees, what is marked, what never runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from page_material import BROKEN, HOSTILE, LOG, TUG, book, pdf
from page_reader import (
    CHROMIUM,
    SLOW,
    WATCH,
    Site,
    api,
    ask,
    drop,
    expect,
    faults,
    identity,
    last_answer,
    marked,
    overflow,
    picture,
    playwright,
    serving,
    summarize,
    tab_to,
)

pytest.importorskip("fastapi", reason="the server's packages are not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
]
PHONE = {"width": 360, "height": 740}
TOKEN = "0123456789abcdef"
BOOK = "language reference.md"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a book that is summarized, a PDF and a broken file, and a conversation of two questions."""
    for url in serving(tmp_path_factory.mktemp("site")):
        site = Site(url, browser)
        page = site.page()
        page.evaluate(WATCH)
        drop(page, {BOOK: book().encode(), "harbour.pdf": pdf(LOG), "broken.pdf": BROKEN})
        expect(page.locator("#documents .ready")).to_have_count(2, timeout=SLOW)
        expect(page.locator("#documents .failed")).to_have_count(1, timeout=SLOW)
        ask(page, "What was the keeper of the lamp called?")
        ask(page, "What is the with statement used for?")
        summarize(page, BOOK)
        site.state = page.context.storage_state()
        site.seen = page.evaluate("window.seen")
        page.context.close()
        yield site


@pytest.fixture
def look(site: Site) -> Iterator[Callable[..., Any]]:
    """Opens pages of the site, and holds at the end that none did what no page may."""
    pages = []

    def opened(**options: Any) -> Any:
        pages.append(site.page(**options))
        expect(pages[-1].locator("#documents .ready")).not_to_have_count(0)
        return pages[-1]

    yield opened
    for page in pages:
        page.context.close()
    assert site.wrongs == []


def test_progress_is_seen_and_a_broken_file_says_why(site: Site, look: Callable[..., Any]) -> None:
    page = look()
    assert any("Reading" in text for text in site.seen)
    assert any(text.startswith(("Sending", "Waiting")) for text in site.seen)
    assert any(" of " in text and "step" in text for text in site.seen)
    expect(page.locator("#documents .failed .facts")).to_contain_text("broken.pdf")
    expect(page.locator("#documents li", has_text="harbour.pdf")).to_contain_text("3 pages")


def test_a_citation_marks_exactly_what_was_quoted(look: Callable[..., Any]) -> None:
    page = look()
    answer = last_answer(page)
    text = book()
    assert answer["citations"]
    for number, citation in enumerate(answer["citations"], start=1):
        page.locator("article.assistant").last.locator(f'.cite:text-is("{number}")').first.click()
        assert marked(page) == citation["quote"]
        if citation["name"] == BOOK:
            assert citation["quote"] == text[citation["start"] : citation["end"]]
    picture(page, "page-questions")


def test_a_citation_of_a_pdf_opens_its_page(look: Callable[..., Any]) -> None:
    page = look()
    page.locator("article.assistant").first.get_by_role("button", name="Citation", exact=False).first.click()
    page.get_by_role("button", name="Text", exact=True).click()
    assert "Ann Carter" in marked(page)
    expect(page.locator("#where")).to_contain_text("page 2 of 3")
    expect(page.locator("#text .page")).to_have_text(["Page 1", "Page 2", "Page 3"])
    page.keyboard.press("Escape")
    summarize(page, "harbour.pdf")
    sentence = page.locator("#tree .sentence", has_text="Ann Carter").first
    expect(sentence.locator(".number")).to_contain_text("p. 2")
    sentence.click()
    assert "Ann Carter" in marked(page)


def test_the_tree_opens_down_to_the_source(look: Callable[..., Any]) -> None:
    page = look()
    page.get_by_role("tab", name="Summary").click()
    page.get_by_label("Document", exact=True).select_option(BOOK)
    node = api(page, f"/api/documents/{identity(page, BOOK)}/summary")["tree"]
    place = page.locator("#tree")
    while node["children"]:
        at = next(n for n, child in enumerate(node["children"]) if child["sentences"])
        node, place = node["children"][at], place.locator("> .outline > li > details").nth(at)
        place.locator("> summary").click()
    span = node["sentences"][0]["spans"][0]
    place.locator(".sentence").first.click()
    assert marked(page) == book()[span["start"] : span["end"]]
    assert " ".join(marked(page).split()) in place.locator(".sentence").first.inner_text()
    picture(page, "page-summary")


def test_everything_is_there_after_a_reload(look: Callable[..., Any]) -> None:
    page = look()
    expect(page.locator("article.assistant").last).to_be_visible()
    shown = page.locator("#log").inner_text()
    page.get_by_role("tab", name="Summary").click()
    page.get_by_label(f"Ask {BOOK}").uncheck()
    page.reload()
    expect(page.locator("#documents .ready")).to_have_count(2)
    expect(page.get_by_role("tab", name="Summary")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#tree .sentence").first).to_be_visible()
    expect(page.get_by_label(f"Ask {BOOK}")).not_to_be_checked()
    page.get_by_role("tab", name="Questions").click()
    expect(page.locator("article.assistant").last).to_be_visible()
    assert page.locator("#log").inner_text() == shown
    expect(page.locator("#scope")).to_have_text("Asks harbour.pdf")


def test_a_question_goes_to_the_chosen_documents_only(look: Callable[..., Any]) -> None:
    page = look(storage_state=None)
    page.get_by_label(f"Ask {BOOK}").uncheck()
    ask(page, "What is the with statement used for?")
    assert all(citation["name"] == "harbour.pdf" for citation in last_answer(page)["citations"])
    answer = ask(page, "Quantum chromodynamics of Jupiter?")
    expect(answer).to_have_text("The documents do not say.")
    page.get_by_label("Ask harbour.pdf").uncheck()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_disabled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_without_sideways_scrolling(look: Callable[..., Any], scheme: str) -> None:
    page = look(viewport=PHONE, color_scheme=scheme)
    assert (overflow(page), faults(page)) == (0, [])
    page.locator(".cite").last.click()
    assert marked(page)
    assert (overflow(page), faults(page)) == (0, [])
    picture(page, f"page-phone-{scheme}")
    page.keyboard.press("Escape")
    page.locator("#shelf > summary").click()
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    page.get_by_role("tab", name="Summary").click()
    page.locator("#tree summary").first.click()
    assert (overflow(page), faults(page)) == (0, [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(look: Callable[..., Any], scheme: str) -> None:
    page = look(color_scheme=scheme)
    assert faults(page) == []
    page.locator(".source").last.click()
    assert marked(page)
    assert faults(page) == []
    page.get_by_role("tab", name="Summary").click()
    page.locator("#tree summary").first.click()
    assert faults(page) == []
    page.get_by_role("button", name="Delete harbour.pdf").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert faults(page) == []


def test_the_keyboard_alone_is_enough(look: Callable[..., Any]) -> None:
    page = look(storage_state=None)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("What was the keeper of the lamp called?")
    page.keyboard.press("Enter")
    expect(page.locator(".sources")).to_have_count(1, timeout=SLOW)
    page.evaluate("document.querySelector('.skip').focus()")
    tab_to(page, "Citation 1")
    page.keyboard.press("Enter")
    expect(page.locator("#pages .mark")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#pane")).to_be_hidden()
    expect(page.locator(".cite").first).to_be_focused()
    page.evaluate("document.querySelector('.skip').focus()")
    tab_to(page, "Delete harbour.pdf")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete harbour.pdf")).to_be_focused()
    tab_to(page, "Questions")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Summary")).to_be_focused()
    expect(page.locator("#summary")).to_be_visible()


def test_a_document_is_deleted_only_when_that_is_confirmed(site: Site, look: Callable[..., Any]) -> None:
    page = look(storage_state=None)
    drop(page, {"note.txt": TUG.encode()})
    expect(page.locator("#documents .ready")).to_have_count(3, timeout=SLOW)
    assert "Mia Lund" in ask(page, "What was the pilot of the tug called?").inner_text()
    page.locator(".cite").first.click()
    assert marked(page) == last_answer(page)["citations"][0]["quote"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete note.txt").click()
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#documents .ready")).to_have_count(3)
    page.get_by_role("button", name="Delete note.txt").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#documents .ready")).to_have_count(2)
    assert "note.txt" not in {one["name"] for one in api(page, "/api/documents")}
    page.locator(".cite").first.click()
    expect(page.locator("#where")).to_have_text("This document is not on the server any more.")
    assert "Mia Lund" in page.locator("#text mark").inner_text()
    site.wrongs[:] = [wrong for wrong in site.wrongs if "404" not in wrong]  # the look for the deleted document


def test_nothing_in_a_document_runs_or_leaves(look: Callable[..., Any]) -> None:
    page = look(storage_state=None)
    drop(page, {"ferry.md": HOSTILE.encode(), "<img src=x onerror=window.ran=1>.html": HOSTILE.encode()})
    expect(page.locator("#documents .ready")).to_have_count(4, timeout=SLOW)
    for question in ("What is the ferry master called?", "Where is the ferry ticket sold?", "What of the ferry horn?"):
        ask(page, question)
    for cite in page.locator(".cite").all():
        cite.click()
        assert marked(page)
    page.get_by_role("button", name="Read ferry.md").click()
    expect(page.locator("#text")).to_contain_text('<img src="https://leak.example/a.png" onerror="window.ran = 1">')
    summarize(page, "ferry.md")
    assert page.evaluate("window.ran") is None
    assert page.locator("img, iframe, svg, body script, [onerror], [onload], a[href^=javascript]").count() == 0
    for link in page.locator("#main a").all():
        assert (link.get_attribute("href") or "").startswith(("http://", "https://"))
        assert "noopener" in (link.get_attribute("rel") or "")
    for name in ("ferry.md", "<img src=x onerror=window.ran=1>.html"):
        page.get_by_role("button", name=f"Delete {name}").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_role("button", name=f"Delete {name}")).to_have_count(0)


MARKDOWN = r"""
[a](javascript:alert(1)) [b](https://good.example/x) ![c](https://leak.example/p.png)
<b>bold</b> **strong** *soft* `co<de`
# Heading
- one
- two **2**
1. first
> quoted
```html
<script>window.ran = 1</script>
```
[d](JaVaScRiPt:alert) [e](//protocol.example) [f](data:text/html,x) [g](  https://spaced.example)
**open *and ` never closed
"""


def test_markdown_becomes_nodes_of_a_few_kinds(look: Callable[..., Any]) -> None:
    page = look()
    html = page.evaluate(
        """async (text) => {
          const { markdown } = await import("/markdown.js");
          const made = document.createElement("div");
          for (let end = 0; end <= text.length; end += 1) made.replaceChildren(...markdown(text.slice(0, end)));
          return made.outerHTML;
        }""",
        MARKDOWN,
    )
    kinds = set(re.findall(r"<([a-z0-9]+)", html))
    assert kinds == {"div", "p", "a", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote"}
    assert html.count("<a ") == 1
    assert '<a href="https://good.example/x" rel="noopener noreferrer nofollow" target="_blank">b</a>' in html
    assert "&lt;b&gt;bold&lt;/b&gt; <strong>strong</strong> <em>soft</em> <code>co&lt;de</code>" in html
    assert "<pre><code>&lt;script&gt;window.ran = 1&lt;/script&gt;</code></pre>" in html
    assert '<ul><li>one</li><li>two <strong>2</strong></li></ul><ol start="1"><li>first</li></ol>' in html


def told(*events: tuple[str, object]) -> Callable[[Any], None]:
    """A server that answers with these events, for what the extractive model never says."""
    body = "".join(f": alive\n\nevent: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return lambda route: route.fulfill(content_type="text/event-stream", body=body)


def test_a_sentence_that_nothing_supports_says_so(look: Callable[..., Any]) -> None:
    page = look(storage_state=None)
    place = {"source": identity(page, "harbour.pdf"), "name": "harbour.pdf", "start": 0, "end": 3, "page": 1}
    good = {"text": "- **The** harbour.", "supported": True, "problems": [], "citations": [0]}
    doubtful = {"text": "- It took 42 days.", "supported": False, "problems": ["42 is nowhere"], "citations": [0]}
    answer = {
        "answer": "- **The** harbour. - It took 42 days.",
        "supported": False,
        "sentences": [good, doubtful],
        "citations": [{**place, "quote": "The"}],
        "seconds": 0.1,
    }
    page.route("**/api/questions", told(("text", {"text": "- **Th"}), ("answer", answer)))
    shown = ask(page, "How long?")
    expect(shown.locator("li > span")).to_have_count(2)
    expect(shown.locator("strong")).to_have_text("The")
    expect(shown.locator(".unsupported")).to_contain_text("It took 42 days.")
    expect(shown.locator(".unsupported .note")).to_have_text("Not supported: 42 is nowhere")
    expect(page.locator("#said")).to_contain_text("1 sentence not supported.")
    assert faults(page) == []
    shown.locator(".unsupported .cite").click()
    page.get_by_role("button", name="Text", exact=True).click()
    assert marked(page) == "The"


def test_a_stream_that_fails_or_breaks_off_says_so(look: Callable[..., Any]) -> None:
    page = look(storage_state=None)
    page.route("**/api/questions", told(("text", {"text": "The"}), ("error", {"error": "the model is away"})))
    expect(ask(page, "How long?").locator(".problem")).to_have_text("The model is away.")
    page.unroute("**/api/questions")
    page.route("**/api/questions", told(("text", {"text": "The harbour"})))
    shown = ask(page, "How long?")
    expect(shown).to_contain_text("The harbour")
    expect(shown.locator(".problem")).to_have_text("The connection ended before the server was done.")


SHOWN = "(blocks) => blocks.map((block) => block.textContent).join('')"


def test_a_long_text_is_fetched_in_windows(look: Callable[..., Any]) -> None:
    page = look()
    sizes: list[int] = []
    page.on("response", lambda got: sizes.append(len(got.json()["text"])) if "/text?" in got.url else None)
    page.get_by_role("button", name=f"Read {BOOK}").click()
    blocks, text = page.locator("#text .block"), book()
    expect(blocks).to_have_count(1)
    for count in range(1, 6):
        page.locator("#text").evaluate("(view) => { view.scrollTop = view.scrollHeight; }")
        expect(blocks).to_have_count(count + 1)
    assert text.startswith(blocks.evaluate_all(SHOWN))
    page.locator("#text").evaluate("(view) => { view.scrollTop = view.scrollHeight; }")
    expect(blocks.first).not_to_contain_text(text[:50])
    shown = blocks.evaluate_all(SHOWN)
    assert shown in text
    assert len(shown) <= 120_000
    assert max(sizes) <= 20_000


def test_a_text_is_read_upwards_from_a_citation(look: Callable[..., Any]) -> None:
    page = look()
    page.locator(".cite").last.click()
    quote, blocks, text = marked(page), page.locator("#text .block"), book()
    expect(blocks).to_have_count(1)
    for count in range(2, 6):
        page.locator("#text").evaluate("(view) => { view.scrollTop = 0; }")
        expect(blocks).to_have_count(count)
        expect(page.locator("#text mark")).to_have_text(quote, use_inner_text=True)
        shown = blocks.evaluate_all(SHOWN)
        assert shown in text
    assert text.startswith(shown)


def test_a_server_with_a_token_asks_for_it_once(browser: Any, tmp_path: Path) -> None:
    for url in serving(tmp_path, "--token", TOKEN):
        site = Site(url, browser)
        page = site.page()
        page.get_by_label("Token", exact=True).fill("wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#gate-note")).to_have_text("The server does not take this token.")
        page.get_by_label("Token", exact=True).fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.reload()
        drop(page, {"note.txt": b"The pilot of the tug Odin was called Mia Lund."})
        expect(page.locator("#documents .ready")).to_have_count(1, timeout=SLOW)
        assert "Mia Lund" in ask(page, "What was the pilot of the tug called?").inner_text()
        assert all("401" in wrong for wrong in site.wrongs)
        page.context.close()
