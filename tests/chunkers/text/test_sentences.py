from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from strategies import texts

from longdoc.chunkers.text.sentences import LONGEST_SENTENCE, last_sentence_start, split_sentences
from longdoc.chunkers.text.span import Span

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

MORE_CASES = {
    "call": ["Call foo.bar() first.", "Then call foo.close()."],
    "string": ["\n\n", 'log.info("Done. Next step")', "It runs."],
    "backticks": ["Set `a.b = c. D` in the file.", "Save it."],
    "json": ["\n\n", '{"note": "She left. He stayed."}', "A record."],
    "fence": ["\n", "Run this:", "```python\nfoo.bar()\n```", "It prints."],
    "row": ["\n", "| Ann | Tall. Kind. |", "| Bob | Short. Why? |"],
    "heading": ["\n", "## What is it? Why", "It is this."],
    "no capitals": ["i went out.", "it was cold.", "so i came home."],
    "asked": ["“Is it so?” John asked.", "“It is.”"],
    "ordinals": ["Am 3. Mai kam er.", "Der 2. Weltkrieg endete 1945.", "Danach kam er."],
    "guillemets": ["« Où vas-tu ? » dit-il.", "« Ici. »", "Elle partit."],
    "inverted": ["¿Cómo estás?", "¡Bien!", "¿Y tú?"],
    "greek": ["Τι κάνεις;", "Είμαι καλά."],
    "verse": ["किमकुर्वत सञ्जय॥१॥", "दृष्ट्वा तु।"],
    "japanese said": ["\0", "「行くの？」と彼は聞いた。", "彼女は黙った。"],
    "thai": ["วันนี้ฝนตกหนักมากที่กรุงเทพ", "พวกเราจึงอยู่บ้านกันทั้งวัน"],
    "thai number": ["เขาซื้อหนังสือ 3 เล่มจากร้านนี้"],
    "ethiopic": ["እሱ መጣ፡፡", "እሷ ሄደች።"],
    "khmer": ["\0", "គាត់មក។", "នាងទៅហើយ៕"],
    "armenian": ["Նա եկավ։", "Չգիտեմ։"],
    "georgian": ["ეს სახლია.", "ის დიდია."],
}


@pytest.mark.parametrize("name", [*CASES, *MORE_CASES])
def test_cases(name: str) -> None:
    sentences = list({**CASES, **MORE_CASES}[name])
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


_PIECES = (
    *(
        "One. ",
        "Two! ",
        "three? ",
        "Dr. ",
        "J. ",
        "U.S. ",
        "No. 5. ",
        "e.g. ",
        "3. ",
        "Am 3. Mai ",
        "... ",
        " . ",
        "etc. ",
    ),
    *(
        "I. ",
        "(a) ",
        "\n",
        "\n\n",
        "\r\n",
        " ",
        " " * 70,
        "\n- ",
        "\n# Head\n",
        "```\n",
        "\nMR. X: ",
        "\nA. ",
        "| a. B |",
        "`",
    ),
    *(
        "他来了。",
        "」",
        "と",
        "है।",
        "॥१॥",
        "؟",
        "คนไทยอยู่บ้านกันทั้งวัน",
        " ",
        "“",
        "”",
        "« ",
        " »",
        "[12]",
        '"a": "',
        "f('",
        "#",
        "word",
    ),
    *("lower words without an end ", "Upper Words ", "asked ", "Γεια; ", "፡፡", "x" * 90, "\u2029", "\f", "¿"),
)
pieced = st.lists(st.sampled_from(_PIECES), max_size=60).map("".join)
any_text = st.one_of(texts, pieced, st.lists(st.one_of(texts, pieced), max_size=4).map("".join))


@given(text=any_text, data=st.data())
def test_the_last_start_is_that_of_the_whole_split(text: str, data: st.DataObject) -> None:
    places = st.integers(0, len(text) + 3)
    start, low, high = data.draw(places), data.draw(places), data.draw(places)
    spans = list(split_sentences(text, start))
    assume(all(span.end - span.start < LONGEST_SENTENCE // 2 for span in spans))  # none is a piece of a longer one
    starts = [span.start for span in spans if low <= span.start <= high]
    assert last_sentence_start(text, low, high, start) == max(starts, default=None)


@given(before=any_text, text=any_text, after=any_text)
def test_paragraphs_around_a_text_do_not_change_its_sentences(before: str, text: str, after: str) -> None:
    start = len(before) + 2
    whole = f"{before}\n\n{text}\n\n{after}"
    alone = [Span(start + span.start, start + span.end) for span in split_sentences(text)]
    inside = [span for span in split_sentences(whole) if start <= span.start < start + len(text)]
    assert inside == alone


def test_a_piece_of_a_long_sentence_is_no_start() -> None:
    text = "Short. Long " + "word " * 500
    assert [span.start for span in split_sentences(text)] == [0, 7, 1007, 2007]
    assert last_sentence_start(text, 0, 2400) == 7
    assert last_sentence_start(text, 8, 2400) is None


@pytest.mark.parametrize("filler", ["word ", "x", "\n", " ", ". ", ".", "Dr. ", "# a\n", "。", "คน"])
def test_the_search_for_the_last_start_stops_there(filler: str) -> None:
    def looked_at(distance: int) -> int:
        gap = filler * (distance // len(filler))
        text = Watched("One sentence. " * 2000 + "Two and " + gap)
        Watched.sliced = 0
        last_sentence_start(text, 0, len(text))
        return Watched.sliced

    assert looked_at(8000) <= 9 * looked_at(1000) + 4000
    assert looked_at(0) < 4000
