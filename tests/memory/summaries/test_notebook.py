"""What a tree shows of itself: one line, a notebook's HTML and Markdown, and rows for pandas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import Run, SummaryTree

TEXT = "The mill was built in 1843. It burnt down."
SAID = (
    Sentence("The mill was built in 1843.", (Span(0, 27, "a.md"),)),
    Sentence("It was sold.", (), supported=False, problems=("no passage supports it",)),
)


def tree(title: str = "Mills", sentences: tuple[Sentence, ...] = SAID, *children: SummaryTree) -> SummaryTree:
    run = Run("extractive", 300, 0, 0, 0.1, 0, 0, None, {"a.md": TEXT})
    return SummaryTree(title, (Span(0, len(TEXT), "a.md"),), Summary(sentences, 12), "key", children, run=run)


def test_the_repr_is_one_line_that_says_how_much_there_is() -> None:
    said = repr(tree("Mills", SAID, tree("Part 1"), tree("Part 2")))
    assert said == (
        "<SummaryTree 'Mills': 2 sentences, 12 tokens, 3 nodes; 'The mill was built in 1843. It was sold.'>"
    )


def test_a_notebook_shows_sentences_with_their_places_and_doubts() -> None:
    shown = tree()._repr_html_()
    assert '<sup title="a.md 0-27: The mill was built in 1843.">[1]</sup>' in shown
    assert "It was sold. <em>(unsupported: no passage supports it)</em>" in shown
    assert "\\[1\\] a.md 0–27" in tree()._repr_markdown_()


@given(text=st.text(min_size=1, max_size=60))
def test_text_of_a_document_makes_no_markup(text: str) -> None:
    shown = tree(text, (Sentence(text, (Span(0, 3, text),)),))._repr_html_()
    for mark in ("<div", "</div", "<h4", "</h4", "<p>", "</p>", "<sup", "</sup"):
        shown = shown.replace(mark, "")
    assert "<" not in shown


def test_a_row_for_each_sentence_of_each_node() -> None:
    pytest.importorskip("pandas")
    frame = tree("Mills", SAID, tree("Part 1", SAID[:1])).to_dataframe()
    assert frame[["level", "title", "text", "start", "supported"]].values.tolist()[0] == [
        0, "Mills", "The mill was built in 1843.", 0, True,
    ]  # fmt: skip
    assert frame["level"].tolist() == [0, 0, 1]
    assert frame["problems"].tolist() == ["", "no passage supports it", ""]
