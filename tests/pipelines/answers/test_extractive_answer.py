from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.memory.index.document_index import Match
from longdoc.memory.summaries.summary import Sentence, join_lines
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.answers.cues import Question
from longdoc.pipelines.answers.extractive_answer import best_answer, extractive_answer
from longdoc.pipelines.answers.found import Texts, candidates, without_copies
from longdoc.pipelines.wording.words import content_words
from longdoc.testing import CountingTokenizer
from tests.strategies import texts

HARBOUR = """\
# Harbour

The harbour was built in 1843 by the town council. Ships from the north brought timber and salt to it. When was the \
harbour built?

# Ice

In winter the ice closed the harbour for two months. The council paid for an ice breaker in 1901 because trade stopped.
"""
BALANCE = """\
COSTWOLD STORES INC
CONSOLIDATED BALANCE SHEETS
(amounts in millions)
2021 2020
Cash and cash equivalents $ 11,258 $ 12,277
Merchandise inventories 14,215 12,242
Total current assets 29,505 28,120
TOTAL ASSETS $ 59,268 $ 55,556
"""


class WordVectors:
    """Unit vectors of the words of a text, each in one of 64 places."""

    fingerprint = "words"

    def __init__(self) -> None:
        self.characters = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 64), np.float32)
        for row, text in enumerate(texts):
            self.characters += len(text)
            for word in text.casefold().split() or [""]:
                vectors[row, sum(map(ord, word.strip(".?,"))) % 64] += 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


@cache
def embedder() -> Embedder:
    return Embedder()


def matches(*passages: tuple[str, str, int], headings: Sequence[str] = ()) -> list[Match]:
    told = [
        Document(text, metadata={"source": source, "start_index": start, "headings": list(headings)})
        for source, text, start in passages
    ]
    return [Match(one, 1.0 - at / 10, 0.5) for at, one in enumerate(told)]


def answer(question: str, found: Sequence[Match], max_tokens: int = 200) -> tuple[Sentence, ...]:
    return extractive_answer(question, found, encoder=embedder(), tokenizer=load_tokenizer(), max_tokens=max_tokens)


def lines(sentences: Sequence[Sentence]) -> list[str]:
    return [sentence.line for sentence in sentences]


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=3), st.data(), st.integers(0, 40))
def test_every_sentence_is_its_span_of_the_source_and_all_fit(
    documents: list[str], data: st.DataObject, max_tokens: int
) -> None:
    passages = []
    for number, text in enumerate(documents):
        for _ in range(data.draw(st.integers(0, 3))):
            start = data.draw(st.integers(0, len(text)))
            end = data.draw(st.integers(start, len(text)))
            passages.append((str(number), text[start:end], start))
    words = [word for text in documents for word in text.split()] or ["cat"]
    question = " ".join(data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=5)))
    tokenizer = CountingTokenizer()
    said = extractive_answer(
        question, matches(*passages), encoder=WordVectors(), tokenizer=tokenizer, max_tokens=max_tokens
    )
    for sentence in said:
        held = "".join(span.of(documents[int(span.source)]) for span in sentence.spans)
        letters = Counter(filter(str.isalnum, html.unescape(held)))
        assert Counter(filter(str.isalnum, sentence.text)) <= letters + letters  # a label may stand in its value, too
        assert sentence.supported
    last = [(sentence.spans[-1].source, sentence.spans[-1].start) for sentence in said]
    assert len(set(last)) == len(last)
    assert not said or tokenizer.count(join_lines(said)) <= max_tokens


@given(texts, st.data())
def test_candidates_lie_in_their_passages_each_once(text: str, data: st.DataObject) -> None:
    starts = data.draw(st.lists(st.integers(0, len(text)), max_size=4))
    passages = [("a", text[start : data.draw(st.integers(start, len(text)))], start) for start in starts]
    units = [one.unit for one in candidates(matches(*passages))]
    assert len({unit.spans for unit in units if unit.kind != "row"}) == len(
        [unit for unit in units if unit.kind != "row"]
    )
    for unit in units:
        assert all(0 <= span.start < span.end <= len(text) for span in unit.spans)


def test_passages_side_by_side_are_read_as_one_text_and_overlaps_once() -> None:
    text = "One tower stands here. Two towers stand there."
    apart = matches(("a", text[20:], 20), ("a", text[:30], 0))
    said = [one.unit.text for one in candidates(apart)]
    assert said == ["One tower stands here.", "Two towers stand there."]


def test_copies_under_other_names_are_left_out() -> None:
    text = "The harbour was built in 1843 by the town council out of grey stone."
    other = "Bread was baked at six by the miller's daughter with flour and salt."
    found = matches(("a", text, 0), ("b", text, 0), ("c", other, 0))
    assert [one.document.metadata["source"] for one in without_copies(found)] == ["a", "c"]


def test_the_sentence_that_answers_is_quoted() -> None:
    assert lines(answer("When was the harbour built?", matches(("h", HARBOUR, 0)))) == [
        "The harbour was built in 1843 by the town council."
    ]


def test_a_reason_is_found() -> None:
    said = lines(answer("Why did the council pay for an ice breaker?", matches(("h", HARBOUR, 0))))
    assert "The council paid for an ice breaker in 1901 because trade stopped." in said


@pytest.mark.parametrize(
    "question", ["Who won the election in France?", "What did Marta say about the telescope?", "How much is the rent?"]
)
def test_nothing_is_said_where_nothing_answers(question: str) -> None:
    assert answer(question, matches(("h", HARBOUR, 0))) == ()


def test_headings_and_questions_are_no_answers() -> None:
    able = [one.unit.text for one in candidates(matches(("h", HARBOUR, 0), headings=["Ice"])) if one.answers]
    assert len(able) == 4
    assert not any(text.startswith("#") or text.endswith("?") for text in able)


def test_a_row_of_a_table_answers_under_its_years() -> None:
    said = lines(answer("What were the total assets of Costwold in 2021?", matches(("b", BALANCE, 0))))
    assert "TOTAL ASSETS: 2021 $59,268; 2020 $55,556" in said


def test_a_pronoun_brings_the_sentence_before_it() -> None:
    text = "Mara Lund runs the observatory on the hill. She bought the telescope from a bankrupt circus."
    said = lines(answer("From whom was the telescope bought?", matches(("a", text, 0))))
    assert said == text.replace("hill. ", "hill.|").split("|")


def test_the_beginning_of_a_sentence_that_is_too_long_is_quoted() -> None:
    [sentence] = answer("When was the harbour built?", matches(("h", HARBOUR, 0)), max_tokens=7)
    assert sentence.text == "The harbour was built in 1843 by"


def test_a_question_about_the_text_as_such_is_answered() -> None:
    assert answer("What is the plot of the story?", matches(("h", HARBOUR, 0)))


def test_nothing_fits_no_tokens_and_nothing_found_says_nothing() -> None:
    assert answer("When was the harbour built?", matches(("h", HARBOUR, 0)), max_tokens=0) == ()
    assert answer("When was the harbour built?", []) == ()
    assert answer("?", matches(("h", HARBOUR, 0))) == ()


def test_summaries_and_passages_without_a_place_are_passed_over() -> None:
    placed = {"source": "h", "start_index": 0, "kind": "summary"}
    found = [Match(Document(HARBOUR, metadata=told), 1.0, 0.5) for told in (placed, {"source": "h"})]
    assert answer("When was the harbour built?", found) == ()


def test_what_is_encoded_does_not_grow_with_the_passages() -> None:
    encoder = WordVectors()
    passages = [("a", f"The lamp of tower {number} shines {number + 7} miles. ", 60 * number) for number in range(500)]
    extractive_answer(
        "How far does the lamp of tower 9 shine?",
        matches(*passages),
        encoder=encoder,
        tokenizer=load_tokenizer(),
        max_tokens=50,
    )
    assert encoder.characters < 5_500


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("Who built it?", {"name"}),
        ("When was it built?", {"date"}),
        ("How much did it cost?", {"number"}),
        ("Why was it built?", {"reason"}),
        ("Is it built?", set()),
    ],
)
def test_what_a_question_asks_for(question: str, kinds: set[str]) -> None:
    assert Question.of(question).kinds == kinds


def test_orders_on_how_to_answer_are_not_looked_for() -> None:
    asked = Question.of("What were the FY2021 total assets? Answer in USD millions.")
    assert "2021" in asked.words
    assert "usd" not in asked.words


def test_a_label_without_a_word_is_no_trouble() -> None:
    text = "***: The ferry leaves at noon.\n\n“…”: The ferry leaves at one.\n"
    made = answer("When does the ferry leave?", matches(("a", text, 0)))
    assert all(sentence.spans for sentence in made)


def test_what_someone_asked_is_what_they_say_that_ends_as_a_question() -> None:
    talk = "".join(
        f"Ann: The hall of {town} is open.\nBen: I see the hall of {town}.\n" for town in ("Ulm", "Bonn", "Trier")
    )
    talk += "Ben: Who pays for the roof?\nAnn: I do not ask who pays.\n"
    found = candidates(matches(("a", talk, 0)))
    asked = Question.of("What did Ben ask?")
    put = [one.unit.text for one in found if asked.wants_questions and asked.cue(one.unit.text) > 0]
    assert put == ["Ben: Who pays for the roof?"]


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("A slider is an animal that lives in mud.", 1.0),
        ("In the mud lives an animal called a slider, which eats men.", 1.0),
        ("He saw the slider and ran.", 0.0),
    ],
)
def test_a_term_is_defined_by_what_is_called_so_too(text: str, cue: float) -> None:
    assert Question.of("What is a slider?").cue(text) == cue


def test_amounts_are_told_with_what_their_table_counts_in() -> None:
    document = Document(page_content=BALANCE, metadata={"source": "a"})
    found = candidates(matches(("a", BALANCE, 0)), Texts(lambda _: document))
    [row] = [one.unit for one in found if one.unit.text.startswith("TOTAL ASSETS") and one.unit.kind == "row"]
    assert row.text.endswith(" (in millions)")
    assert row.spans[0].of(BALANCE) == "in millions"


def test_who_asked_is_told_by_the_questions_that_were_put() -> None:
    text = "\n".join(
        (
            "Anna: The lamps of the harbour are lit at six o'clock on every evening of the year.",
            "Ben: Who is going to pay for the lamps of the harbour in the coming winter?",
            "Anna: The lamps are paid for by the ferries that need them at night.",
            "Cleo: Thank you for telling us of the lamps that the harbour has.",
        )
        * 2
    )
    said = lines(answer("Who asked about the lamps of the harbour?", matches(("a", text, 0))))
    assert said
    assert all(line.startswith("Ben: ") for line in said)


def test_what_only_says_where_something_is_told_is_not_quoted_before_what_tells_it() -> None:
    text = (
        "Further information on the restructuring charges of the ferry company is included in Note 9 of this report. "
        "The crews of the ferries are paid by the week. "
        "Restructuring charges of the ferry company were $41 million in the year."
    )
    said = lines(answer("What were the restructuring charges?", matches(("a", text, 0))))
    assert said == ["Restructuring charges of the ferry company were $41 million in the year."]


def test_letters_spelled_out_that_are_an_ordinary_word_are_no_trouble() -> None:
    text = "A shortage of oil had a negative influence on the economy of the United States. In the north it fell."
    said = answer("What has a negative influence over the US economy?", matches(("a", text, 0)))
    assert "A shortage of oil" in lines(said)[0]


WAR = """\
The town fell; its walls had been weakened by rain. The king fled: he feared his brother. The bridge was closed on \
account of flooding. The mayor resigned, as he was ill. The school was painted thanks to a gift. The mill was shut for \
repairs. The barn has been locked since 1990.
"""


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Why did the town fall?", "The town fell; its walls had been weakened by rain."),
        ("Why did the king flee?", "The king fled: he feared his brother."),
        ("Why was the bridge closed?", "The bridge was closed on account of flooding."),
        ("Why did the mayor resign?", "The mayor resigned, as he was ill."),
        ("Why was the school painted?", "The school was painted thanks to a gift."),
        ("Why was the mill shut?", "The mill was shut for repairs."),
        ("Why was the barn locked?", None),
    ],
)
def test_a_reason_is_told_in_any_words_but_not_by_a_year(question: str, said: str | None) -> None:
    found = answer(question, matches(("a", WAR, 0)))
    assert said in lines(found) if said else found == ()


CALLED = (
    "The default user is called admin. The sorting algorithm is called quicksort. It was described by Tony Hoare in "
    "Boston. The default port is gate. The wife of the baker sang."
)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is the name of the default user?", ["The default user is called admin."]),
        ("What is the name of the sorting algorithm?", ["The sorting algorithm is called quicksort."]),
        ("What is the default port called?", ["The default port is gate."]),
        ("What is the name of the baker's wife?", []),
    ],
)
def test_what_something_is_called_needs_no_capital(question: str, said: list[str]) -> None:
    assert lines(answer(question, matches(("a", CALLED, 0)))) == said


def test_a_role_is_looked_for_with_what_it_is_a_role_in() -> None:
    asked = Question.of("Who is the winner of the race?")
    assert content_words("winner race") <= asked.words
    assert asked.cue("The race was won by Tom Hill.") > 0


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("According to the 10-K, what was the rent?", "what was the rent?"),
        ("Based on the information provided, who paid?", "who paid?"),
        ("Using the statement of cash flows in the report, what was paid?", "what was paid?"),
        ("From the report of the ministry, what was paid?", None),
        ("From 2019 to 2020, how much did rents grow?", None),
        ("Using the diesel engine, how fast is the car?", None),
        ("According to Professor Vane's report, what was the cause?", None),
        ("From the second quarter report, how much was sold?", None),
    ],
)
def test_where_to_look_is_left_out_only_where_it_tells_nothing(question: str, plain: str | None) -> None:
    assert Question.of(question).text == (plain or question)


def test_who_is_named_only_in_the_question_is_refused_though_the_rest_is_told() -> None:
    text = "According to the ministry, the cause of the fire was a broken wire. The fire burned for two days."
    asked = Question.of("According to Professor Zebulon, what was the cause of the fire?")
    assert asked.names_none_of([text])
    assert not Question.of("According to the ministry, what was the cause of the fire?").names_none_of([text])


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("She hid the key in Ulm.", 1),
        ("She hid the key behind a stone.", 1),
        ("She hid the key under the mat.", 0),
        ("She hid the key in 1999.", -1),
        ("She came home on Monday.", -1),
        ("She hid the key in March.", -1),
    ],
)
def test_a_place_is_neither_a_year_nor_a_day(text: str, cue: int) -> None:
    assert Question.of("Where did she hide the key?").cue(text) == cue


@pytest.mark.parametrize(
    ("source", "strange"), [("/home/smith/mill.txt", True), ("/home/ann/Smith_1990.txt", False), ("blacksmith", True)]
)
def test_a_file_and_not_its_folder_tells_whom_it_is_about(source: str, strange: bool) -> None:
    document = Document("The rent of the old mill was paid in May 1990 by the tenant.", metadata={"source": source})
    found = best_answer(
        "When was the rent of the old Smith mill paid?",
        matches((source, document.page_content, 0)),
        encoder=embedder(),
        tokenizer=load_tokenizer(),
        max_tokens=90,
        texts=Texts(lambda _: document),
    )
    assert (found.sentences == ()) is strange
