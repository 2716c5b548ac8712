"""What a reader keeps and takes away, in the browser: copies, exports, conversations, notes, cancelled work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from page_material import LOG, book, pdf
from page_reader import (
    CHROMIUM,
    SLOW,
    Site,
    api,
    ask,
    drop,
    expect,
    faults,
    marked,
    overflow,
    picture,
    playwright,
    serving,
    summarize,
    tab_to,
)

pytest.importorskip("fastapi", reason="the server's packages are not installed")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")]

LEASE = """SUBLEASE AGREEMENT

Landlord: Marrow Harbour Board
Tenant: Odin Towage Limited
Expiration Date: 30 June 2034
Monthly Rent: $4,200

5. Security Deposit. The tenant pays a deposit of two months.

# x marks the berth of the tug.

- y is the berth of the barge.

* * *

The <b>quay</b> is kept *clean* of weed by the tenant, **not** by the board.
"""
KEEPER = "What was the keeper of the lamp called?"
BOOK = "language reference.md"
QUICK = 5000  # milliseconds within which a cancelled work is seen to have ended, on a machine that does much else


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with a lease, a PDF and a book, none of which was asked or summarized."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        for url in serving(tmp_path_factory.mktemp("desk")):
            site = Site(url, browser)
            page = site.page()
            drop(page, {"lease.txt": LEASE.encode(), "harbour.pdf": pdf(LOG), BOOK: book().encode()})
            expect(page.locator("#documents .ready")).to_have_count(3, timeout=SLOW)
            page.context.close()
            yield site
        browser.close()


@pytest.fixture
def look(site: Site) -> Iterator[Callable[..., Any]]:
    """Opens pages of the site, asking `only` the documents named, and holds that none did what no page may."""
    pages = []

    def opened(*only: str, **options: Any) -> Any:
        page = site.page(permissions=["clipboard-read", "clipboard-write"], **options)
        pages.append(page)
        expect(page.locator("#documents .ready")).to_have_count(3)
        for box in page.locator("#documents input").all() if only else []:
            name = str(box.get_attribute("aria-label")).removeprefix("Ask ")
            if name not in only:
                box.evaluate("(box) => box.click()")  # on a phone the shelf is folded away
        return page

    yield opened
    for page in pages:
        page.context.close()
    assert site.wrongs == []


def taken(page: Any, choice: str) -> bytes:
    """What the browser saves when that form is chosen in the open dialog."""
    with page.expect_download() as saved:
        page.locator("#taking").get_by_role("button", name=choice).click()
    return Path(saved.value.path()).read_bytes()


def begin(page: Any) -> None:
    if page.locator("#log article").count():
        page.get_by_role("button", name="New", exact=True).click()  # once the list knows the conversation
        expect(page.locator("#log article")).to_have_count(0)


def look_again(page: Any) -> None:
    """Asks for the list of documents, as the page does by itself while one is being read."""
    page.evaluate("import('/documents.js').then((documents) => documents.refresh())")


def test_an_answer_is_copied_and_a_conversation_exported(look: Callable[..., Any]) -> None:
    page = look("harbour.pdf")
    ask(page, KEEPER)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("#said")).to_have_text("Copied, with its citations, as Markdown.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"called Ann Carter\.\[\^1\]", copied)
    assert re.search(r"^\[\^1\]: harbour\.pdf, page 2 .*“.*Ann Carter", copied, re.MULTILINE)
    page.get_by_role("button", name="Export the conversation").click()
    assert KEEPER in taken(page, "Markdown").decode()
    page.get_by_role("button", name="Export the conversation").click()
    assert b"Ann Carter" in taken(page, "A page")
    page.get_by_role("button", name="Export the conversation").click()
    assert b"/Highlight" in taken(page, "harbour.pdf, with the places marked")


def test_a_suggested_question_is_answered(look: Callable[..., Any]) -> None:
    page = look("lease.txt")
    offered = page.locator(".suggestion")
    expect(offered.nth(3)).to_be_visible(timeout=SLOW)  # two for any documents, and two of its facts at least
    assert offered.all_text_contents()[:2] == ["Summarize", "What is in it?"]
    picture(page, "page-suggested")
    offered.nth(1).focus()
    look_again(page)
    expect(offered.nth(1)).to_be_focused()
    for question in offered.all_text_contents():
        begin(page)
        page.get_by_role("button", name=question, exact=True).click()
        expect(page.locator(".sources")).to_have_count(1, timeout=SLOW)
        label = re.fullmatch(r"What is the (.+)\?", question)
        if label is not None:
            row = re.search(rf"{label[1]}: (.+)", LEASE)
            assert row is not None
            assert row[1] in page.locator("article.assistant").inner_text()


@pytest.mark.parametrize("confidence", [0.9, None])
def test_quotations_that_look_like_markdown_are_shown_as_they_are(
    look: Callable[..., Any], confidence: float | None
) -> None:
    """As an answer without a chat model and as one that quotes has them."""
    page = look("lease.txt")
    lines = ["5. Security Deposit.", "# x marks the berth of the tug.", "- y is the berth of the barge.", "* * *"]
    lines.append("The <b>quay</b> is kept *clean* of weed by the tenant, **not** by the board.")
    place = {"source": next(one["id"] for one in api(page, "/api/documents") if one["name"] == "lease.txt")}
    cited = [{**place, "start": LEASE.index(one), "end": LEASE.index(one) + len(one), "quote": one} for one in lines]
    rows = [{"text": one, "supported": True, "problems": [], "citations": [at]} for at, one in enumerate(lines)]
    told = {"answer": " ".join(lines), "supported": True, "sentences": rows, "citations": cited, "seconds": 0.1}
    body = f"event: answer\ndata: {json.dumps({**told, 'confidence': confidence})}\n\n"
    page.route("**/api/questions", lambda route: route.fulfill(content_type="text/event-stream", body=body))
    answer = ask(page, "What does it say?")
    assert answer.locator(".line").all_inner_texts() == lines
    assert answer.locator(".body :is(ol, ul, b, em, strong, .heading)").count() == 0
    for at, cite in enumerate(answer.locator(".cite").all()):
        cite.click()
        assert marked(page) == lines[at]


def test_conversations_are_begun_renamed_opened_and_deleted(look: Callable[..., Any]) -> None:
    page = look("harbour.pdf")
    ask(page, KEEPER)
    page.get_by_role("button", name="Rename", exact=True).click()
    page.get_by_label("Name", exact=True).first.fill("The lamp")
    page.keyboard.press("Enter")
    chosen = page.locator("#talks option:checked")
    expect(chosen).to_have_text("The lamp (1 document)")
    begin(page)
    expect(page.locator("#log article")).to_have_count(0)
    expect(chosen).to_have_text("New conversation")
    page.get_by_label("Ask lease.txt").check()
    ask(page, "What is the Expiration Date?")
    page.reload()
    expect(page.locator("#log article")).to_have_count(2)
    page.get_by_label("Open conversation").select_option(label="The lamp (1 document)")
    expect(page.locator("#log")).to_contain_text("Ann Carter")
    expect(page.locator("#scope")).to_have_text("Asks harbour.pdf")
    page.get_by_role("button", name="Delete the conversation").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("#log article")).to_have_count(0)
    assert "The lamp" not in [one["name"] for one in api(page, "/api/conversations")]
    assert "What is the Expiration Date?" in [one["name"] for one in api(page, "/api/conversations")]


def test_notes_are_kept_beside_a_document(look: Callable[..., Any]) -> None:
    page = look("harbour.pdf")
    ask(page, KEEPER)
    page.get_by_role("button", name="Keep as a note").click()
    expect(page.get_by_role("button", name="Kept", exact=True)).to_be_visible()
    page.locator(".cite").first.click()
    page.get_by_role("button", name="Keep the passage as a note").click()
    expect(page.locator("#said")).to_contain_text("There are 2 notes.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="2 notes on harbour.pdf").click()
    page.get_by_label(f"Your words on {KEEPER}").fill("Ask <b>her</b> * * *")
    look_again(page)
    expect(page.get_by_label(f"Your words on {KEEPER}")).to_be_focused()
    expect(page.get_by_label(f"Your words on {KEEPER}")).to_have_value("Ask <b>her</b> * * *")
    page.get_by_label(f"Your words on {KEEPER}").blur()
    expect(page.locator("#said")).to_have_text("The note is saved.")
    picture(page, "page-notes")
    page.reload()
    expect(page.get_by_label(f"Your words on {KEEPER}")).to_have_value("Ask <b>her</b> * * *")
    page.locator("#kept .cite").first.click()
    expect(page.locator("#pages .mark")).to_be_in_viewport()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Export the notes").click()
    assert "Ask &lt;b&gt;her&lt;/b&gt; \\* \\* \\*" in taken(page, "Markdown").decode()
    for left in (1, 0):
        page.get_by_role("button", name="Delete note").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        expect(page.locator("article.kept")).to_have_count(left)
    expect(page.locator("#no-notes")).to_be_visible()


def test_one_digest_of_the_chosen_documents_is_exported(look: Callable[..., Any]) -> None:
    page = look("harbour.pdf", "lease.txt")
    page.get_by_role("tab", name="Summary").click()
    page.get_by_label("Document", exact=True).select_option(label="The 2 chosen documents")
    page.get_by_role("button", name="Summarize", exact=True).click()
    expect(page.locator("#tree .document")).to_have_text(["lease.txt", "harbour.pdf"], timeout=SLOW)
    page.locator("#tree .sentence", has_text="Odin Towage").first.click()
    assert "Tenant" in marked(page)
    expect(page.locator("#pane-heading")).to_have_text("lease.txt")
    page.keyboard.press("Escape")
    page.get_by_label("Ask lease.txt").uncheck()
    expect(page.locator("#tree .document")).to_have_count(2)
    expect(page.locator("#which option:checked")).to_have_text("2 documents")
    page.get_by_label("Ask lease.txt").check()
    page.get_by_role("button", name="Export the summary").click()
    text = taken(page, "Markdown").decode()
    assert "## lease.txt" in text
    assert "## harbour.pdf" in text
    page.reload()
    expect(page.locator("#tree .document")).to_have_count(2)


def test_reading_summarizing_and_answering_are_cancelled_soon(look: Callable[..., Any]) -> None:
    page = look()
    long = "".join(f"The keeper of lamp {n} walked along quay {n % 97} and wrote in his log. " for n in range(40_000))
    drop(page, {"long.txt": long.encode()})
    page.get_by_role("button", name="Cancel long.txt").click(timeout=SLOW)
    expect(page.locator("#documents li")).to_have_count(3, timeout=QUICK)
    assert "long.txt" not in {one["name"] for one in api(page, "/api/documents")}
    page.get_by_role("button", name=f"Summary of {BOOK}").click()
    page.get_by_role("button", name="Summarize", exact=True).click()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator("#tree")).to_have_text("Stopped. What is done is used when you ask again.", timeout=QUICK)
    expect(page.get_by_role("button", name="Summarize", exact=True)).to_be_enabled(timeout=QUICK)
    summarize(page, "harbour.pdf")
    page.get_by_role("tab", name="Questions").click()
    page.get_by_role("textbox", name="Question").fill("Summarize")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("article.assistant").last).to_have_text("Stopped.", timeout=QUICK)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled(timeout=QUICK)


def test_a_file_twice_a_folder_and_pasted_text(look: Callable[..., Any], tmp_path: Path) -> None:
    page = look()
    drop(page, {"copy of the lease.txt": LEASE.encode()})
    expect(page.locator("#documents .facts", has_text="Here already")).to_have_count(1)
    expect(page.locator("#said")).to_have_text("The file is here already, as lease.txt.")
    (tmp_path / "ship" / "log").mkdir(parents=True)
    (tmp_path / "ship" / ".hidden.txt").write_text("Nobody reads this.")
    (tmp_path / "ship" / "a.txt").write_text("The tug Odin was built in 1911.")
    (tmp_path / "ship" / "log" / "a.txt").write_text("The barge Thor sank in 1960.")
    page.locator("#folder").set_input_files(tmp_path / "ship")
    page.get_by_role("button", name="Paste text").click()
    assert faults(page) == []
    page.get_by_label("Name", exact=True).last.fill("A letter")
    page.get_by_label("Text", exact=True).fill("The cat of the harbour master was called Munin.")
    page.get_by_role("button", name="Add", exact=True).click()
    names = ["ship/a.txt", "ship/log/a.txt", "A letter.txt"]
    for name in names:
        expect(page.locator("#documents .ready", has_text=name)).to_have_count(1, timeout=SLOW)
    assert page.locator("#documents li").count() == 6
    assert "Munin" in ask(page, "What was the cat of the harbour master called?").inner_text()
    for name in names:
        page.get_by_role("button", name=f"Delete {name}").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_role("button", name=f"Delete {name}")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_all_of_it_is_accessible_and_fits(look: Callable[..., Any], scheme: str, width: int) -> None:
    page = look("harbour.pdf", viewport={"width": width, "height": 800}, color_scheme=scheme)

    def check(name: str) -> None:
        assert (overflow(page), faults(page)) == (0, []), name

    check("begin")
    ask(page, KEEPER)
    page.get_by_role("button", name="Keep as a note").click()
    expect(page.get_by_role("button", name="Kept", exact=True)).to_be_visible()
    check("answer")
    for name in ("Rename", "Export the conversation", "Delete the conversation"):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        check(name.split()[0].lower())
        page.keyboard.press("Escape")
    page.get_by_role("tab", name="Notes").click()
    check("notes")
    page.get_by_role("button", name="Delete note").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("article.kept")).to_have_count(0)
    page.get_by_role("tab", name="Summary").click()
    check("summary")


def test_the_keyboard_alone_keeps_and_takes_away(look: Callable[..., Any]) -> None:
    page = look("harbour.pdf")
    page.evaluate("document.querySelector('.skip').focus()")
    tab_to(page, "Summarize")
    page.keyboard.press("Enter")
    expect(page.locator(".sources")).to_have_count(1, timeout=SLOW)
    page.evaluate("document.querySelector('.skip').focus()")
    tab_to(page, "Keep as a note")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Kept as a note.")
    page.evaluate("document.querySelector('.skip').focus()")
    tab_to(page, "Rename")
    page.keyboard.press("Enter")
    page.keyboard.type("All of it")
    page.keyboard.press("Enter")
    expect(page.locator("#talks option:checked")).to_contain_text("All of it")
    page.evaluate("document.querySelector('.skip').focus()")
    tab_to(page, "Questions")
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Notes")).to_be_focused()
    tab_to(page, "Export the notes")
    page.keyboard.press("Enter")
    tab_to(page, "Markdown")
    with page.expect_download():
        page.keyboard.press("Enter")
    page.evaluate("document.querySelector('.skip').focus()")
    tab_to(page, "Delete note")
    page.keyboard.press("Enter")
    tab_to(page, "Delete")
    page.keyboard.press("Enter")
    expect(page.locator("article.kept")).to_have_count(0)
