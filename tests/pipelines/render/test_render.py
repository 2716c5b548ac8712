from __future__ import annotations

import json
from typing import Any
from unicodedata import category, combining, east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from longdoc.chunkers.text.span import Span
from longdoc.errors import UnknownNameError
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import Run, SummaryTree
from longdoc.pipelines.render.footnotes import Footnotes, plain, quoted
from longdoc.pipelines.render.render import escape_markdown, render, render_json, render_markdown, render_text

HOSTILE = [
    "</script>", "<img src=x onerror=alert(1)>", "[a](javascript:x)", "![a](http://e.org/x)", "<!--", "-->", "]]>",
    "http://e.org", "www.e.org", "# ", "- ", "1. ", "> ", "```", "~~~", "---", "===", "|", "$x$", "*a*", "__b__", "`c`",
    "&lt;", "&#60;", "\\", "[^1]", "[^1]: ", "[a]: /b 'c'", "!", "(", "\r\n", "\n\n", "\t", " ", "\f", "\x1b[31m", "\0",
    "\u2028", "\U0001f600", "e\u0301", "\ud83d", "\ude00", "文書。", "مرحبا", "word",
]  # fmt: skip
characters = st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(HOSTILE))
texts = st.lists(characters, max_size=30).map("".join)


@st.composite
def sentences(draw: st.DrawFn, sources: dict[str, str]) -> Sentence:
    spans = []
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(sorted(sources)))
        ends = sorted(draw(st.lists(st.integers(0, len(sources[name])), min_size=2, max_size=2)))
        spans.append(Span(ends[0], ends[1], name))
    if len(spans) == 1 and draw(st.booleans()):
        return Sentence(spans[0].of(sources[spans[0].source]), tuple(spans))
    supported = draw(st.booleans())
    problems = () if supported else tuple(draw(st.lists(texts, max_size=2)))
    return Sentence(draw(texts), tuple(spans), supported, problems)


@st.composite
def nodes(draw: st.DrawFn, sources: dict[str, str], depth: int) -> SummaryTree:
    summary = Summary(tuple(draw(st.lists(sentences(sources), max_size=3))), draw(st.integers(0, 99)))
    children = tuple(draw(st.lists(nodes(sources, depth - 1), max_size=2))) if depth else ()
    covers = tuple(Span(0, len(text), name) for name, text in sources.items())
    return SummaryTree(draw(texts), covers, summary, "key", children, draw(st.none() | texts))


@st.composite
def trees(draw: st.DrawFn) -> SummaryTree:
    sources = draw(st.dictionaries(texts, texts, min_size=1, max_size=2))
    root = draw(nodes(sources, 3))
    return of_run(root, sources, query=draw(st.none() | texts))


def of_run(root: SummaryTree, sources: dict[str, str], query: str | None = None) -> SummaryTree:
    run = Run(
        "extractive", 300, 4, 1, 2.5, 4, 8, query, sources, {name: (0, 34) for name in sources if name == "pets.txt"}
    )
    return SummaryTree(root.title, root.spans, root.summary, root.key, root.children, root.error, run)


TEXT = "The cat sat.\nThe dog <b>ran</b>.\n\fA *bird* sang\nin the tree."


def example() -> SummaryTree:
    cat = Sentence("The cat sat.", (Span(0, 12, "pets.txt"),))
    bird = Sentence("A *bird* sang\nin the tree.", (Span(34, 60, "pets.txt"),))
    told = Sentence("3 dogs ran.", (Span(13, 32, "pets.txt"), Span(0, 12, "pets.txt")), False, ("3 is not there",))
    one = SummaryTree("Page 1", (Span(0, 34, "pets.txt"),), Summary((cat,), 5), "k1")
    two = SummaryTree("Page 2", (Span(34, 60, "pets.txt"),), Summary((), 0), "k2", error="timed out")
    over = SummaryTree("Both", (Span(0, 60, "pets.txt"),), Summary((bird,), 7), "k3", (one, two))
    root = SummaryTree("Pets", (Span(0, 60, "pets.txt"),), Summary((cat, told, bird), 17), "k4", (over,))
    return of_run(root, {"pets.txt": TEXT}, query="Who is it about?")


def test_text_has_marks_behind_the_sentences_and_the_place_of_each_citation() -> None:
    assert render(example(), "text") == (
        "The cat sat. [1] 3 dogs ran. [2][1] [unsupported] A *bird* sang in the tree. [3]\n"
        "\n"
        "Sources:\n"
        '[1] pets.txt:0-12  line 1, page 1  "The cat sat."\n'
        '[2] pets.txt:13-32  line 2, page 1  "The dog <b>ran</b>."\n'
        '[3] pets.txt:34-60  line 3, page 2  "A *bird* sang in the tree."'
    )


def test_markdown_has_footnotes_and_two_levels_of_the_tree() -> None:
    assert render(example(), "markdown") == (
        "# Pets\n\nAbout: Who is it about?\n\n"
        "The cat sat.[^1] 3 dogs ran.[^2][^1] *(unsupported: 3 is not there)* A \\*bird\\* sang in the tree.[^3]\n\n"
        "Tokens: 17 of 300 · Calls: 4 + 1 extra · Time: 2.5 s · Model: extractive · Sources: 1\n\n"
        "## Sections\n\n### Both\n\nA \\*bird\\* sang in the tree.[^3]\n\n"
        "- **Page 1** The cat sat.[^1]\n- **Page 2** *(failed: timed out)*\n\n"
        "[^1]: pets.txt, page 1 \\[0, 12): “The cat sat.”\n\n"
        "[^2]: pets.txt, page 1 \\[13, 32): “The dog &lt;b&gt;ran&lt;/b&gt;.”\n\n"
        "[^3]: pets.txt, page 2 \\[34, 60): “A \\*bird\\* sang in the tree.”\n"
    )


def test_json_has_the_run_and_the_tree() -> None:
    shown = json.loads(render(example(), "json"))
    assert list(shown) == [
        "summary", "tokens", "max_tokens", "model", "sentences", "blocks", "tree", "plan", "calls", "extra_calls",
        "reused", "seconds",
    ]  # fmt: skip
    assert shown["summary"] == "The cat sat. 3 dogs ran. A *bird* sang in the tree."
    assert (shown["tokens"], shown["max_tokens"], shown["model"]) == (17, 300, "extractive")
    assert shown["plan"] == {"calls": 4, "max_calls": 8}
    assert (shown["calls"], shown["extra_calls"], shown["seconds"]) == (4, 1, 2.5)
    assert shown["sentences"][1] == {
        "text": "3 dogs ran.",
        "supported": False,
        "spans": [{"source": "pets.txt", "start": 13, "end": 32}, {"source": "pets.txt", "start": 0, "end": 12}],
        "problems": ["3 is not there"],
    }
    assert "problems" not in shown["sentences"][0]
    assert shown["tree"]["sentences"] == shown["sentences"]
    assert shown["tree"]["children"][0]["children"][1] == {
        "title": "Page 2",
        "spans": [{"source": "pets.txt", "start": 34, "end": 60}],
        "summary": "",
        "tokens": 0,
        "sentences": [],
        "key": "k2",
        "error": "timed out",
        "children": [],
    }


def test_only_the_root_of_a_run_is_rendered_and_only_in_a_known_format() -> None:
    with pytest.raises(ValueError, match="'Both' is not the root of a finished run"):
        render(example().children[0], "text")
    with pytest.raises(UnknownNameError, match="'pdf' is not known; give text, markdown, json or html"):
        render(example(), "pdf")  # type: ignore[arg-type]


def test_a_citation_of_an_unknown_source_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cites 'b'.*\['a'\]"):
        Footnotes({"a": "x"}, {}).cite(Sentence("x", (Span(0, 1, "b"),)))


def paired(text: str) -> str:
    """`text` as JSON gives it back: two surrogates that make a pair are one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def check_node(shown: dict[str, Any], node: SummaryTree) -> None:
    assert (shown["title"], shown["summary"]) == (paired(node.title), paired(node.summary.text))
    assert (shown["tokens"], shown["key"]) == (node.summary.tokens, node.key)
    assert shown.get("error") == (None if node.error is None else paired(node.error))
    assert [(s["start"], s["end"], s["source"]) for s in shown["spans"]] == [
        (s.start, s.end, paired(s.source)) for s in node.spans
    ]
    for made, sentence in zip(shown["sentences"], node.summary.sentences, strict=True):
        assert (made["text"], made["supported"]) == (paired(sentence.line), sentence.supported)
        assert made.get("problems", []) == [paired(problem) for problem in sentence.problems]
        assert [(s["start"], s["end"], s["source"]) for s in made["spans"]] == [
            (s.start, s.end, paired(s.source)) for s in sentence.spans
        ]
    for below, child in zip(shown["children"], node.children, strict=True):
        check_node(below, child)


@given(trees())
def test_json_gives_every_text_and_span_of_any_tree_back(tree: SummaryTree) -> None:
    made = render_json(tree)
    assert made.isascii()
    check_node(json.loads(made)["tree"], tree)


COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PLAIN = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "bullet_list_open",
    "bullet_list_close", "list_item_open", "list_item_close", "text", "em_open", "em_close", "strong_open",
    "strong_close",
}  # fmt: skip


def parsed(markdown: str) -> list[Token]:
    return [inner for token in COMMONMARK.parse(markdown) for inner in [token, *(token.children or [])]]


@given(texts)
def test_escaped_markdown_reads_as_the_text_it_was_made_from(text: str) -> None:
    tokens = parsed(escape_markdown(text))
    assert {token.type for token in tokens} <= {"paragraph_open", "paragraph_close", "inline", "text"}
    assert "".join(token.content for token in tokens if token.type == "text") == plain(text)


@pytest.mark.parametrize("link", ["http://e.org/a", "HTTPS://e.org", "see ftp://e.org", "www.e.org", "WWW.e.org"])
def test_a_bare_address_is_no_link_for_renderers_that_make_one(link: str) -> None:
    assert all(mark not in escape_markdown(link).lower() for mark in ("p://", "s://", "www."))


@given(trees())
def test_no_document_makes_markup_in_markdown(tree: SummaryTree) -> None:
    tokens = parsed(render_markdown(tree))
    assert {token.type for token in tokens} <= PLAIN
    headings = [tokens[i + 1].children or [] for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert ["".join(part.content for part in heading) for heading in headings] == [
        plain(tree.title) or "Summary",
        *(["Sections"] if tree.children else []),
        *(plain(name) for name, _ in tree.named_children()),
    ]
    items = [node for child in tree.children for node in child.children]
    assert sum(token.type == "list_item_open" for token in tokens) == len(items)


def columns(text: str) -> int:
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


@given(trees())
def test_text_is_the_summary_in_lines_that_fit_and_that_no_terminal_obeys(tree: SummaryTree) -> None:
    summary, _, sources = render_text(tree).partition("\n\nSources:\n")
    assert all(columns(line) <= 80 for line in summary.split("\n"))
    notes = Footnotes(tree.run.texts if tree.run else {}, {})
    expected = "".join(
        plain(sentence.text)
        + "".join(f"[{number}]" for number in notes.cite(sentence))
        + ("" if sentence.supported else "[unsupported]")
        for sentence in tree.summary.sentences
    )
    assert "".join(summary.split()) == "".join(expected.split())
    assert len(sources.split("\n")) == max(len(notes.citations), 1)
    assert {category(c) for c in (summary + sources).replace("\n", "")}.isdisjoint({"Cc", "Cs"})


def test_lines_are_filled_and_marks_stay_with_their_sentences() -> None:
    sentence = Sentence("word " * 15 + "wor", (Span(0, 4, "a"),))
    lines = render_text(of_run(SummaryTree("", (), Summary((sentence,), 0), "k"), {"a": "word"})).split("\n")
    assert lines[:2] == [" ".join(["word"] * 15), "wor [1]"]


def test_scripts_without_blanks_are_broken_between_characters_but_not_before_a_stop() -> None:
    sentence = Sentence("字" * 40 + "。" + "字" * 5, (Span(0, 1, "a"),))
    lines = render_text(of_run(SummaryTree("", (), Summary((sentence,), 0), "k"), {"a": "字"})).split("\n")
    assert lines[:2] == ["字" * 39, "字。" + "字" * 5 + " [1]"]


@given(texts, st.integers(1, 40))
def test_a_quotation_is_the_beginning_of_the_text_and_says_where_it_was_cut(text: str, limit: int) -> None:
    shown = quoted(text, limit)
    assert len(shown) <= limit + 1
    assert shown == plain(text) or plain(text).startswith(shown.removesuffix("…"))
    assert shown.endswith("…") or shown == plain(text)


def test_a_quotation_is_cut_between_words() -> None:
    assert quoted("One two three four", 14) == "One two three…"
    assert quoted("One two three four", 16) == "One two three…"
    assert quoted("One two\nthree four", 18) == "One two three four"
