from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import Run, SummaryTree
from longdoc.pipelines.render.footnotes import plain, quoted
from longdoc.pipelines.render.page import render_html

HOSTILE = [
    "</script>", "</SCRIPT ", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--", "--!>", "]]>",
    "</a>", "</style>", "\"'>", "' onclick='x", "javascript:x", "&lt;", "&#x3c;", "&", "\\", "\\u003c",
    "$style", "${data}", "\r\n", "\r", "\n", "\f", "\0", "\x1b", "\x85", "\u2028",
    "\ufeff", "\U0001f600", "e\u0301", "\ud83d", "\ude00",
    "文",
]  # fmt: skip
texts = st.lists(st.characters(exclude_categories=["Cs"]) | st.sampled_from(HOSTILE), max_size=20).map("".join)


@st.composite
def sentences(draw: st.DrawFn, sources: dict[str, str]) -> Sentence:
    spans = []
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(sorted(sources)))
        start = draw(st.integers(0, len(sources[name])))
        spans.append(Span(start, draw(st.integers(start, len(sources[name]))), name))
    supported = draw(st.booleans())
    return Sentence(draw(texts), tuple(spans), supported, () if supported else tuple(draw(st.lists(texts, max_size=2))))


@st.composite
def nodes(draw: st.DrawFn, sources: dict[str, str], depth: int) -> SummaryTree:
    summary = Summary(tuple(draw(st.lists(sentences(sources), max_size=3))), draw(st.integers(0, 99)))
    children = tuple(draw(st.lists(nodes(sources, depth - 1), max_size=2))) if depth else ()
    covers = draw(st.sampled_from([Span(0, 0), *(Span(0, len(text), name) for name, text in sources.items())]))
    return SummaryTree(draw(texts), (covers,), summary, "key", children, draw(st.none() | texts))


@st.composite
def trees(draw: st.DrawFn) -> SummaryTree:
    sources = draw(st.dictionaries(texts, texts, min_size=1, max_size=2))
    return of_run(draw(nodes(sources, 2)), sources, draw(st.none() | texts))


def of_run(root: SummaryTree, sources: dict[str, str], query: str | None = None) -> SummaryTree:
    run = Run("extractive", 300, 1_234, 1, 2.5, 1_234, 2_468, query, sources)
    return SummaryTree(root.title, root.spans, root.summary, root.key, root.children, root.error, run)


class Element:
    def __init__(self, tag: str, attributes: dict[str, str | None]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.inside: list[Element | str] = []

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.inside)

    def all(self) -> Iterator[Element]:
        yield self
        for part in self.inside:
            if isinstance(part, Element):
                yield from part.all()

    def find(self, tag: str, of_class: str | None = None) -> list[Element]:
        named = [element for element in self.all() if element.tag == tag]
        return named if of_class is None else [e for e in named if e.attributes.get("class") == of_class]

    def by_id(self, name: str) -> Element:
        (found,) = [element for element in self.all() if element.attributes.get("id") == name]
        return found


class Page(HTMLParser):
    """The elements of a page; fails for a tag that is not closed in order, and for comments."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(html)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.open[-1].inside.append(element := Element(tag, dict(attrs)))
        if tag != "meta":
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data!r}")


TAGS = {
    "", "html", "head", "meta", "title", "style", "body", "div", "header", "h1", "p", "dl", "dt", "dd", "main",
    "section", "h2", "ol", "ul", "li", "a", "span", "details", "summary", "blockquote", "cite", "aside", "select",
    "button", "script",
}  # fmt: skip
ATTRIBUTES = {
    "aria-label", "aria-labelledby", "aria-live", "charset", "class", "content", "dir", "href", "http-equiv", "id",
    "lang", "name", "role", "tabindex", "title", "type", "value",
}  # fmt: skip


@settings(deadline=None)
@given(trees())
def test_no_document_makes_an_element_an_attribute_or_an_address(tree: SummaryTree) -> None:
    page = Page(render_html(tree)).root
    assert {element.tag for element in page.all()} == {*TAGS} & {element.tag for element in page.all()}
    assert {name for element in page.all() for name in element.attributes} <= ATTRIBUTES
    assert all(re.fullmatch(r"#c[0-9]+|#s[0-9]+-[0-9]+-[0-9]+", str(e.attributes["href"])) for e in page.find("a"))
    assert [e.attributes.get("type") for e in page.find("script")] == ["application/json", None]
    assert page.find("script")[1].text == part("report.js")
    assert page.find("style")[0].text == part("report.css")


def part(name: str) -> str:
    return files("longdoc.pipelines.render").joinpath(name).read_text(encoding="utf-8")


def opened(fragment: str, data: dict[str, Any]) -> list[int]:
    """The index of the source, start and end that the script opens for a fragment."""
    if fragment.startswith("#c"):
        return list(data["citations"][int(fragment[2:]) - 1])
    return [int(number) for number in fragment[2:].split("-")]


def whole(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


@settings(deadline=None)
@given(trees())
def test_every_sentence_opens_its_spans_in_the_embedded_sources(tree: SummaryTree) -> None:
    html = render_html(tree)
    html.encode("utf-8")
    page = Page(html).root
    sources = tree.run.texts if tree.run else {}
    data = json.loads(page.by_id("data").text)
    assert data["sources"] == [
        {"name": plain(name), "text": whole(text), "pages": [], "labels": []} for name, text in sources.items()
    ]
    names = list(sources)
    items = [item for listed in page.find("ol", "sentences") for item in listed.inside if isinstance(item, Element)]
    expected = [sentence for node in tree.walk() for sentence in node.summary.sentences]
    # A node's own sentences stand before its children's, which is the order of `walk`.
    for item, sentence in zip(items, expected, strict=True):
        (line,) = item.find("span", "line")
        assert line.text == plain(sentence.text)
        spans = [[names.index(span.source), span.start, span.end] for span in dict.fromkeys(sentence.spans)]
        assert [opened(str(link.attributes["href"]), data) for link in item.find("a")] == spans
        assert (item.attributes.get("class") == "unsupported") is not sentence.supported
        why = plain("; ".join(sentence.problems))
        assert item.attributes.get("title", "") == why
        note = f"Not supported by the source{': ' + why if sentence.problems else ''}"
        assert [p.text for p in item.find("p", "note")] == ([] if sentence.supported else [note])


@settings(deadline=None)
@given(trees())
def test_without_scripts_each_citation_of_the_summary_leads_to_its_quoted_text(tree: SummaryTree) -> None:
    page = Page(render_html(tree)).root
    sources = tree.run.texts if tree.run else {}
    spans = list(dict.fromkeys(span for sentence in tree.summary.sentences for span in sentence.spans))
    for number, span in enumerate(spans, 1):
        passage = page.by_id(f"c{number}")
        assert passage.find("blockquote")[0].text == quoted(span.of(sources[span.source]), 1000)
        assert passage.find("cite")[0].text.startswith(f"{plain(span.source)} [{span.start}, {span.end}), line ")
    assert len(page.by_id("passages").find("li")) == len(spans)
    linked = [link.attributes["href"] for link in page.by_id("summary").find("a")]
    assert linked == [
        f"#c{spans.index(span) + 1}" for sentence in tree.summary.sentences for span in dict.fromkeys(sentence.spans)
    ]


def example() -> SummaryTree:
    text = "The cat sat.\nThe dog ran."
    cat, dog = (Sentence(text[a:b], (Span(a, b, "pets.txt"),)) for a, b in ((0, 12), (13, 25)))
    told = Sentence("Both.", (), False, ("no span bears it out",))
    low = SummaryTree("Cats & dogs", (Span(0, 25, "pets.txt"),), Summary((cat, dog), 8), "k", (), "timed out")
    root = SummaryTree("Pets", (Span(0, 25, "pets.txt"),), Summary((cat, told), 1_005), "k", (low, low))
    return of_run(root, {"pets.txt": text}, "Which <animals>?")


def test_the_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else() -> None:
    page = Page(render_html(example())).root
    (policy,) = [e.attributes["content"] for e in page.find("meta") if "http-equiv" in e.attributes]
    script, style = (
        b64encode(sha256(text.encode()).digest()).decode()
        for text in (page.find("script")[1].text, page.find("style")[0].text)
    )
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; "
        "base-uri 'none'; form-action 'none'"
    )


def test_the_head_shows_the_query_and_what_the_run_took() -> None:
    page = Page(render_html(example())).root
    header = page.find("header")[0]
    assert [header.find("h1")[0].text, header.find("p", "query")[0].text] == ["Pets", "Which <animals>?"]
    labels = [term.text for term in header.find("dt")]
    assert dict(zip(labels, (value.text for value in header.find("dd")), strict=True)) == {
        "Tokens": "1,005 of 300",
        "Calls": "1,234 + 1 extra",
        "Time": "2.5 s",
        "Model": "extractive",
        "Sources": "1",
    }
    assert page.find("title")[0].text == "Pets"


def test_the_tree_has_titles_counts_errors_and_the_numbers_of_the_summary() -> None:
    page = Page(render_html(example())).root
    node = page.find("details")[0]
    assert node.find("summary")[0].text == "Cats & dogs 8 tokens"
    assert [p.text for p in node.find("p", "note")] == ["Failed: timed out"]
    assert [(a.text, a.attributes["href"]) for a in node.find("a")] == [
        ("Go to this part of the source", "#s0-0-0"),
        ("1The cat sat.", "#c1"),
        ("The dog ran.", "#s0-13-25"),
    ]


def test_a_summary_of_one_chunk_has_no_outline_and_an_empty_one_says_so() -> None:
    page = render_html(of_run(SummaryTree("", (), Summary((), 0), "k"), {"a": ""}))
    assert "Section by section" not in page
    assert "The summary is empty." in page
    assert Page(page).root.find("h1")[0].text == "Summary"


def test_only_the_root_of_a_run_is_rendered() -> None:
    with pytest.raises(ValueError, match="'Cats & dogs' is not the root of a finished run"):
        render_html(example().children[0])


@pytest.mark.parametrize("name", ["report.html", "report.css", "report.js"])
def test_the_parts_ask_for_nothing_and_write_no_markup(name: str) -> None:
    forbidden = (
        r"https?:|url\(|@import|@font-face|innerHTML|outerHTML|insertAdjacent|document\.write|eval|fetch|<!--| style="
    )
    assert re.findall(forbidden, part(name)) == []
    assert "</" not in part(name) or name == "report.html"
