"""A longdoc server, the browser that looks at it, and what a reader does there, for the page's tests."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = playwright.expect

CHROMIUM = Path("/usr/bin/chromium")
SLOW = 240_000  # milliseconds that reading or summarizing may take on a busy machine
IMAGES = Path(__file__).parents[1] / "docs" / "images"
DROP = """async (files) => {
  const carried = new DataTransfer();
  for (const [name, data] of files) {
    carried.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
  }
  const options = { dataTransfer: carried, bubbles: true, cancelable: true };
  for (const kind of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, options));
}"""
WATCH = """() => {
  window.seen = [];
  const note = () => {
    for (const part of document.querySelectorAll(".facts, #stage, .assistant")) window.seen.push(part.textContent);
  };
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


class Site:
    """A running server, the browser that looks at it, and what any page of it did that none may do."""

    def __init__(self, url: str, browser: Any) -> None:
        self.url = url
        self.browser = browser
        self.state: Any = None  # what the browser keeps, for a page that goes on where another ended
        self.seen: list[str] = []  # what the page said while the site was filled
        self.wrongs: list[str] = []

    def page(self, **options: Any) -> Any:
        """A new page in a profile of its own, on the site; console errors, dialogs and outside requests are wrongs."""
        given = {"viewport": {"width": 1280, "height": 800}, "storage_state": self.state} | options
        context = self.browser.new_context(**given)
        context.on("request", self._asked)
        context.on("weberror", lambda error: self.wrongs.append(f"error: {error.error}"))
        context.on("dialog", self._dialog)
        page = context.new_page()
        page.on("console", lambda said: self.wrongs.append(f"console: {said.text}") if said.type == "error" else None)
        page.goto(self.url)
        return page

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:,")):
            self.wrongs.append(f"request: {request.url}")

    def _dialog(self, dialog: Any) -> None:
        self.wrongs.append(f"dialog: {dialog.message}")
        dialog.dismiss()


def serving(folder: Path, *arguments: str) -> Iterator[str]:
    """The address of a server that keeps everything in `folder`; it is stopped when the iterator goes on."""
    command = [sys.executable, "-m", "longdoc.cli", "serve", "--port", "0", "--folder", str(folder), *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("longdoc: http"):
                break
        try:
            assert "longdoc: http" in "".join(said[-1:]), "".join(said)
            yield said[-1].removeprefix("longdoc: ").strip() + "/"
        finally:
            process.terminate()


def drop(page: Any, files: dict[str, bytes]) -> None:
    page.evaluate(DROP, [[name, base64.b64encode(data).decode()] for name, data in files.items()])


def ask(page: Any, question: str) -> Any:
    """The answer, once it is whole."""
    expect(page.locator("#log:not([aria-busy])")).to_be_attached(timeout=SLOW)
    before = page.locator("article.assistant").count()
    page.get_by_role("textbox", name="Question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("article.assistant")).to_have_count(before + 1)
    expect(page.locator("#stop")).to_be_hidden(timeout=SLOW)
    return page.locator("article.assistant").last


def summarize(page: Any, name: str) -> None:
    page.get_by_role("button", name=f"Summary of {name}").click()
    page.get_by_role("button", name="Summarize", exact=True).click()
    expect(page.locator("#tree .sentences").first).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Summarize", exact=True)).to_be_enabled()


def api(page: Any, path: str) -> Any:
    return page.evaluate("async (path) => (await fetch(path)).json()", path)


def identity(page: Any, name: str) -> str:
    return next(str(one["id"]) for one in api(page, "/api/documents") if one["name"] == name)


def last_answer(page: Any) -> Any:
    conversation = page.evaluate("localStorage.getItem('longdoc.conversation')")
    return api(page, f"/api/conversations/{conversation}")[-1]["answer"]


def marked(page: Any) -> str:
    """What is marked in the source, which is in view and has the focus."""
    expect(page.locator("#text mark").first).to_be_in_viewport()
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator("#where")).not_to_contain_text("Loading")
    return "".join(page.locator("#text mark").evaluate_all("(marks) => marks.map((mark) => mark.textContent)"))


def overflow(page: Any) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def faults(page: Any) -> list[str]:
    """What axe-core finds, of whatever impact."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    found = axe.run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


def picture(page: Any, name: str) -> None:
    """A screenshot for the docs, where they are asked for."""
    if os.environ.get("LONGDOC_SCREENSHOTS"):
        IMAGES.mkdir(exist_ok=True)
        page.screenshot(path=IMAGES / f"{name}.png")


def tab_to(page: Any, name: str) -> None:
    for _ in range(200):
        page.keyboard.press("Tab")
        at = page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent")
        if at.startswith(name):
            return
    pytest.fail(f"the keyboard does not reach {name!r}")
