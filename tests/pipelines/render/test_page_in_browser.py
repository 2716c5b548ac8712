"""The page's script, run by a real browser: what it marks is what was cited, character for character."""

from __future__ import annotations

import json
import re
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import Run, SummaryTree
from longdoc.pipelines.render.footnotes import Citation
from longdoc.pipelines.render.page import render_html

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--virtual-time-budget=5000",
    "--window-size=1400,900", "--dump-dom",
]  # fmt: skip

LINES = "".join(
    f"{n} \U0001f600 The {n}th line, e\u0301 & <b>文</b> </script> ]]>\u2028 \U0001f468\u200d\U0001f469\n"
    for n in range(900)
)
RUN_ON = "\U0001f600" * 9_001 + "x" * 9_001
PAGED = "First page.\r\n\fSecond \U0001f4da page.\r\nمرحبا بالعالم.\r\n"
SOURCES = {"lines.txt": LINES, "run-on.txt": RUN_ON, "paged.txt": PAGED}
PAGES = {"paged.txt": (0, *(match.end() for match in re.finditer("\f", PAGED)))}


def of(source: str, text: str) -> Span:
    start = SOURCES[source].index(text)
    return Span(start, start + len(text), source)


SPANS = [
    Span(0, 1, "lines.txt"),
    of("lines.txt", "\U0001f600 The 450th line, e\u0301 & <b>文</b> </script> ]]>"),
    Span(200, len(LINES) - 200, "lines.txt"),  # over every block
    Span(len(LINES) - 3, len(LINES), "lines.txt"),
    Span(3_333, 7_777, "run-on.txt"),
    Span(9_000, 9_002, "run-on.txt"),
    of("paged.txt", "Second \U0001f4da page."),
    of("paged.txt", "مرحبا بالعالم."),
]


class Marks(HTMLParser):
    """What a dumped page marks, says aloud, and shows as the place."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.marked = self.said = self.where = self.source = ""
        self.current: list[str] = []
        self.inside: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "aria-current" in given:
            self.current.append(str(given["href"]))
        self.inside.append("mark" if tag == "mark" else str(given.get("id") or ""))
        if tag in ("meta", "option"):
            self.inside.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag != "option":
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        self.marked += data if "mark" in self.inside else ""
        self.source += data if "text" in self.inside else ""
        self.said += data if "said" in self.inside else ""
        self.where += data if "where" in self.inside else ""


def browse(page: Path, profile: Path, fragment: str = "") -> str:
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", f"{page.as_uri()}{fragment}"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert b"CONSOLE" not in done.stderr, done.stderr.decode(errors="replace")
    return done.stdout.decode()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sentences = tuple(Sentence(span.of(SOURCES[span.source])[:80], (span,)) for span in SPANS)
    run = Run("extractive", 300, 1, 0, 0.0, 1, 1, None, SOURCES, PAGES)
    tree = SummaryTree("A page", (Span(0, 9, "lines.txt"),), Summary(sentences, 99), "k", run=run)
    path = tmp_path_factory.mktemp("report") / "page.html"
    path.write_bytes(render_html(tree).encode())
    return path


@pytest.mark.parametrize("number", range(1, len(SPANS) + 1))
def test_a_citation_is_marked_in_its_source_exactly(page: Path, tmp_path: Path, number: int) -> None:
    span = SPANS[number - 1]
    seen = Marks(browse(page, tmp_path, f"#c{number}"))
    assert seen.marked == span.of(SOURCES[span.source])
    assert seen.source == SOURCES[span.source]
    place = Citation(number, span, SOURCES[span.source], PAGES.get(span.source, ())).place
    assert seen.where == f"Citation {number} of {len(SPANS)}, {place}"
    assert seen.said.startswith(f"{seen.where}, {span.source}: ")
    assert seen.current == [f"#c{number}"]


def test_any_characters_are_opened_by_source_and_offsets(page: Path, tmp_path: Path) -> None:
    seen = Marks(browse(page, tmp_path, "#s1-8999-9003"))
    assert (seen.marked, seen.where) == ("\U0001f600\U0001f600xx", "line 1")


def test_a_fragment_that_names_nothing_shows_the_first_source_without_a_mark(page: Path, tmp_path: Path) -> None:
    seen = Marks(browse(page, tmp_path, "#c99"))
    assert (seen.marked, seen.source, seen.current) == ("", LINES, [])


READER = """<script>
(async () => {
  const seen = [];
  const act = async (deed) => {
    deed();
    await new Promise((done) => setTimeout(done, 50));
    const at = document.activeElement;
    seen.push([location.hash, at.id || at.getAttribute("href"), document.querySelectorAll("mark").length]);
  };
  const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  await act(() => document.querySelector("a.sentence").click());
  await act(() => press("ArrowLeft"));
  await act(() => press("ArrowRight"));
  await act(() => document.getElementById("next").click());
  await act(() => press("Escape"));
  await act(() => document.activeElement.click());
  await act(() => document.getElementById("close").click());
  document.title = JSON.stringify(seen);
})();
</script>"""


def test_the_keyboard_goes_to_the_source_from_citation_to_citation_and_back(page: Path, tmp_path: Path) -> None:
    """A script plays the reader, on a copy of the page without the policy that would refuse it."""
    html = re.sub(r"<meta http-equiv=[^>]*>", "", page.read_text("utf-8")).replace("</body>", READER + "</body>")
    copy = tmp_path / "copy.html"
    copy.write_bytes(html.encode())
    title = re.search(r"<title>(.*?)</title>", browse(copy, tmp_path / "profile"))
    assert title is not None
    blocks = len(LINES) // 2_000  # at least as many marks as the span over all of them has blocks
    first, start, second, third, back, again, closed = json.loads(unescape(title[1]))
    assert first == start == ["#c1", "text", 1]
    assert second == ["#c2", "text", 1]
    assert third[:2] == again[:2] == ["#c3", "text"]
    assert third[2] == again[2] > blocks / 4
    assert back == closed == ["", "#c3", 0]


def test_the_policy_refuses_any_other_script(page: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.html"
    copy.write_bytes(page.read_bytes().replace(b"</body>", READER.encode() + b"</body>"))
    with pytest.raises(AssertionError, match="Content Security Policy"):
        browse(copy, tmp_path / "profile")
