from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import texts

from longdoc.chunkers.sentences import LONGEST_SENTENCE, split_sentences
from longdoc.chunkers.span import Span

# Each row is a text in sentences; the text is the sentences with one blank between them, or as the first item says.
CASES = {
    "plain": ["The cat sat.", "The dog ran.", "Why?", "It rained!"],
    "titles": ["Dr. Smith met Mrs. Jones at St. Mary's.", "They spoke."],
    "initials": ["J. R. R. Tolkien wrote it.", "C.S. Lewis read it."],
    "decimals": ["It cost $3.50 in 1.5 hours.", "Version 2.0.1 is out."],
    "number": ["See No. 5 of vol. 3, p. 12.", "It is short."],
    "no": ["Did he go?", "No.", "He stayed."],
    "verbs": ["The cat sat.", "Dogs lay in the sun.", "Birds sang."],
    "possessive": ["It is Mary's.", "She isn't.", "They 'd' go."],
    "days": ["We met on Sat. 5 May at noon.", "It rained."],
    "inc": ["He works at Acme Inc. in Ohio.", "She left Acme Inc.", "The firm closed."],
    "countries": ["The U.S. Senate met.", "He moved to the U.S.", "The move was hard."],
    "time": ["Come at 5 p.m. on Monday.", "We close at 6 p.m.", "The door is locked."],
    "latin": ["Use a tool, e.g. Python, i.e. code.", "It works."],
    "quotes": ['"Come in," he said.', '"Now!"', "She came."],
    "curly": ["“Is it you?”", "“It is.”", "He smiled."],
    "said": ['"Who is there?" asked the man.', "Nobody spoke."],
    "ellipsis": ["Well... it may be so.", "Yes…", "It may."],
    "spaced ellipsis": ["He said . . . nothing at all.", "We left."],
    "citation": ["It is known.[12]", "Others differ [3].", "See Fig. 4."],
    "parentheses": ["It failed (see sec. 3).", "(We tried.)", "It held."],
    "pronoun": ["It was I.", "The rest is known."],
    "legal": ["See Smith v. Jones, 5 U.S. 137 (1803).", "The court held so."],
    "chinese": ["\0", "今天下雨。", "我们回家！", "好吗？"],
    "japanese": ["\0", "「行こう。」", "彼は言った。", "雨だ。"],
    "arabic": ["هل أنت هنا؟", "نعم، أنا هنا."],
    "urdu": ["یہ ایک جملہ ہے۔", "یہ دوسرا ہے۔"],
    "hindi": ["यह पहला वाक्य है।", "यह दूसरा है।"],
    "german": ["Das gilt z.B. für Nr. 5 nicht.", "Es regnet."],
    "lower": ["iPhone sales rose.", "Apple was glad."],
    "list": ["\n", "We need:", "- bread", "- milk", "1. First", "2. Second", "(a) third"],
    "transcript": ["\n", "MR. SMITH: Who is it?", "The Court: Go on.", "Jane Doe: I will."],
    "paragraphs": ["\n\n", "A heading without a stop", "Text below it"],
    "windows": ["\r\n\r\n", "One", "Two"],
    "wrapped": ["A sentence that\nruns over two\nlines.", "Another."],
    "tokenized": ["The cat sat .", "The dog ran ."],
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    sentences = list(CASES[name])
    gap = {"\0": ""}.get(sentences[0], sentences[0])
    gap, sentences = (gap, sentences[1:]) if not gap.strip() else (" ", sentences)
    text = gap.join(sentences)
    assert [span.of(text) for span in split_sentences(text)] == sentences


@given(text=texts)
@example(text="a. " * 400)
@example(text="x" * 2500)
@example(text=("word, " * 400) + "end")
def test_spans_are_in_order_with_only_white_space_between(text: str) -> None:
    spans = list(split_sentences(text))
    edges = [Span(0, 0), *spans, Span(len(text), len(text))]
    for before, after in pairwise(edges):
        assert before.end <= after.start
        assert not text[before.end : after.start].strip()
    for span in spans:
        sentence = span.of(text)
        assert sentence == sentence.strip() != ""
        assert len(sentence) <= LONGEST_SENTENCE


@given(text=texts, data=st.data())
def test_a_stretch_is_split_without_leaving_it(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    spans = list(split_sentences(text, start, end))
    covered = {at for span in spans for at in range(span.start, span.end)}
    assert all(start <= span.start < span.end <= end for span in spans)
    assert not "".join(text[at] for at in range(start, end) if at not in covered).strip()


@given(text=texts)
def test_paragraphs_never_share_a_sentence(text: str) -> None:
    assert all("\n\n" not in span.of(text) for span in split_sentences(text))


@pytest.mark.parametrize("text", ["", " ", "\n\n\t"])
def test_blank_text_has_no_sentences(text: str) -> None:
    assert list(split_sentences(text)) == []


def test_a_run_on_is_cut_after_a_clause_or_a_word() -> None:
    clauses = list(split_sentences("word " * 150 + "so; " + "word " * 150))
    assert [span.of("word " * 150 + "so; " + "word " * 150)[-3:] for span in clauses] == ["so;", "ord"]
    words = "word " * 300
    assert [len(span.of(words)) for span in split_sentences(words)] == [999, 499]
    assert [len(span.of("x" * 2500)) for span in split_sentences("x" * 2500)] == [1000, 1000, 500]


class Watched(str):
    """A text that counts the characters that are sliced out of it."""

    sliced = 0

    def __getitem__(self, key: object) -> str:
        piece = super().__getitem__(key)  # type: ignore[index]
        Watched.sliced += len(piece)
        return piece


@pytest.mark.parametrize(
    "unit", ["A b. ", ". ", "Dr. ", "a.b ", "x", "\n\n", "...", "1. ", "“A.” ", "a\n- ", "A. B. ", ") ", " "]
)
def test_what_is_looked_at_grows_with_the_text_only(unit: str) -> None:
    def looked_at(repeats: int) -> int:
        Watched.sliced = 0
        for _ in split_sentences(Watched(unit * repeats)):
            pass
        return Watched.sliced

    assert looked_at(8000) <= 9 * looked_at(1000) + 1000
