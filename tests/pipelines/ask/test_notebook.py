"""What an answer shows of itself: one line, a notebook's HTML and Markdown, and a page headed as an answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.ask.answer import Answer, Citation
from longdoc.pipelines.render.answer import answer_html
from longdoc.pipelines.verification import Verification, verification_html

TEXT = "The mill was built in 1843. It burnt down."
SAID = Sentence("The mill was built in 1843.", (Span(0, 27, "a.md"),))
LOOSE = Sentence("It was sold.", (), supported=False, problems=("no passage supports it",))


def answer(*sentences: Sentence, text: str = TEXT) -> Answer:
    return Answer.of(sentences, lambda span: Citation(span.source, span.start, span.end, None, span.of(text)), 0.5, 0.9)


def test_the_repr_is_one_line() -> None:
    shown = repr(answer(SAID, LOOSE))
    assert shown == ("<Answer: 2 sentences, 1 places, not supported; 'The mill was built in 1843. It was sold.'>")


def test_a_notebook_shows_sentences_with_their_places_and_doubts() -> None:
    shown = answer(SAID, LOOSE)._repr_html_()
    assert '<sup title="a.md 0–27: “The mill was built in 1843.”">[1]</sup>' in shown
    assert "It was sold. <em>(unsupported: no passage supports it)</em>" in shown
    assert '<li value="1">a.md 0–27: “The mill was built in 1843.”</li>' in shown
    assert answer(SAID)._repr_markdown_() == (
        "The mill was built in 1843. \\[1\\]\n\n\\[1\\] a.md 0–27\\: “The mill was built in 1843.”"
    )


@given(text=st.text(min_size=1, max_size=40), name=st.text(max_size=9))
def test_text_of_a_document_makes_no_markup(text: str, name: str) -> None:
    shown = answer(Sentence(text, (Span(0, len(text), name),)), text=text)._repr_html_()
    for tag in ("div class", "/div", "p", "/p", "ol", "/ol", "li value", "/li", "sup title", "/sup"):
        shown = shown.replace(f"<{tag}", "")
    assert "<" not in shown


def test_the_page_is_headed_as_an_answer_without_a_budget() -> None:
    page = answer_html(answer(SAID), "When was the mill built?", {"a.md": TEXT})
    assert '<h1 lang="" dir="auto">When was the mill built?</h1>' in page
    assert '<h2 id="summary-heading">Answer</h2>' in page
    assert "<dt>Tokens</dt>" not in page
    assert "<dt>Confidence</dt><dd>90%</dd>" in page


def test_the_page_of_a_checked_text_is_headed_as_such() -> None:
    page = verification_html(Verification((), {"a.md": TEXT}, {}, 0.1), "said.txt")
    assert '<h2 id="summary-heading">Checked text</h2>' in page
    assert "<dt>Supported</dt><dd>0 of 0 sentences</dd>" in page
