"""The page's script, run by a real browser: what it marks is what was cited, character for character."""

from __future__ import annotations

import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from longdoc.chunkers.span import Span
from longdoc.memory.summary import Sentence, Summary
from longdoc.memory.summary_tree import Run, SummaryTree
from longdoc.pipelines.report import render_html

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed"),
]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--virtual-time-budget=5000",
    "--window-size=1400,900", "--dump-dom",
]  # fmt: skip

LINES = "".join(
    f"{n} \U0001f600 The {n}th line, e\u0301 & <b>文</b> </script> ]]>\u2028 \U0001f468\u200d\U0001f469\n"
    for n in range(900)
)
RUN_ON = "\U0001f600" * 9_001 + "x" * 9_001
PAGED = "First page.\r\n\fSecond \U0001f4da page.\r\nمرحبا بالعالم.\r\n"
SOURCES = {"lines.txt": LINES, "run-on.txt": RUN_ON, "paged.txt": PAGED}


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
PLACES = [
    "line 1", "line 451", "line 5", "line 900", "line 1", "line 1", "line 2, page 2", "line 3, page 2"
]  # fmt: skip


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


def browse(page: Path, profile: Path, fragment: str) -> Marks:
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", f"{page.as_uri()}{fragment}"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    assert b"CONSOLE" not in done.stderr, done.stderr.decode(errors="replace")
    return Marks(done.stdout.decode())


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sentences = tuple(Sentence(span.of(SOURCES[span.source])[:80], (span,)) for span in SPANS)
    run = Run("extractive", 300, 1, 0, 0.0, 1, 1, None, SOURCES)
    tree = SummaryTree("A page", (Span(0, 9, "lines.txt"),), Summary(sentences, 99), "k", run=run)
    path = tmp_path_factory.mktemp("report") / "page.html"
    path.write_bytes(render_html(tree).encode())
    return path


@pytest.mark.parametrize("number", range(1, len(SPANS) + 1))
def test_a_citation_is_marked_in_its_source_exactly(page: Path, tmp_path: Path, number: int) -> None:
    span = SPANS[number - 1]
    seen = browse(page, tmp_path, f"#c{number}")
    assert seen.marked == span.of(SOURCES[span.source])
    assert seen.source == SOURCES[span.source]
    assert seen.where == f"Citation {number} of {len(SPANS)}, {PLACES[number - 1]}"
    assert seen.said.startswith(f"{seen.where}, {span.source}: ")
    assert seen.current == [f"#c{number}"]


def test_any_characters_are_opened_by_source_and_offsets(page: Path, tmp_path: Path) -> None:
    seen = browse(page, tmp_path, "#s1-8999-9003")
    assert (seen.marked, seen.where) == ("\U0001f600\U0001f600xx", "line 1")


def test_a_fragment_that_names_nothing_shows_the_first_source_without_a_mark(page: Path, tmp_path: Path) -> None:
    seen = browse(page, tmp_path, "#c99")
    assert (seen.marked, seen.source, seen.current) == ("", LINES, [])
