from __future__ import annotations

import asyncio
import re

import numpy as np
import pytest
from contracts.summarizer_contract import check_summarizer
from fakes import CharacterTokenizer, HashEncoder, NastyTokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from strategies import sectioned, texts

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.errors import BudgetError
from longdoc.memory.summaries.summary import EMPTY, Summary
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.protocol import Passage
from longdoc.pipelines.summarizers.salience import salience
from longdoc.pipelines.summarizers.sentence_table import TableMaker

TOKENIZERS: list[Tokenizer] = [CharacterTokenizer(), NastyTokenizer(), load_tokenizer()]
ENCODER = HashEncoder(64)
TOPICS = {
    "wolves": "Wolves hunt deer in packs through the northern forest every winter.",
    "bread": "Bread dough must rest two hours before the baker shapes the loaves.",
    "rivers": "Rivers carry sand from the mountains down to the sea each spring.",
    "music": "The orchestra rehearsed the slow movement of the symphony all afternoon.",
}


LIKE = [line.replace("the", word) for line in TOPICS.values() for word in ("the", "a")]


def whole(text: str, source: str = "a", start: int = 0) -> Passage:
    return Passage(text, (Span(start, start + len(text), source),))


def summarize(
    text: str, budget: int, tokenizer: Tokenizer = TOKENIZERS[0], query: str | None = None
) -> Summary | BudgetError:
    try:
        return ExtractiveSummarizer(ENCODER, tokenizer).summarize([whole(text)], budget, query)
    except BudgetError as error:
        return error


queries = st.sampled_from([None, "cat", "running U.S."])


@settings(max_examples=80)
@given(text=st.one_of(sectioned, texts), budget=st.integers(1, 300), which=st.sampled_from(TOKENIZERS), query=queries)
def test_the_budget_holds_or_the_refusal_names_one_that_would(
    text: str, budget: int, which: Tokenizer, query: str | None
) -> None:
    made = summarize(text, budget, which, query)
    if isinstance(made, BudgetError):
        needed = int(re.findall(r"give (\d+) or more", str(made))[0])
        assert needed > budget
        made, budget = summarize(text, needed, which, query), needed
    assert isinstance(made, Summary)
    assert which.count(made.text) == made.tokens <= budget
    assert bool(made.sentences) == bool(text.strip())


@settings(max_examples=80)
@given(text=st.one_of(sectioned, texts), budget=st.integers(1, 300), query=queries)
def test_every_sentence_is_the_source_at_its_span(text: str, budget: int, query: str | None) -> None:
    made = summarize(text, budget, query=query)
    if isinstance(made, Summary):
        assert all(sentence.text == sentence.spans[0].of(text) for sentence in made.sentences)
        assert all(len(sentence.spans) == 1 and sentence.supported for sentence in made.sentences)
        assert list(made.spans) == sorted(set(made.spans))


@settings(max_examples=40)
@given(parts=st.lists(st.tuples(sectioned, st.sampled_from("ab"), st.integers(0, 50)), min_size=1, max_size=4))
def test_passages_of_several_places_keep_their_places(parts: list[tuple[str, str, int]]) -> None:
    passages, texts_of = [], {"a": "", "b": ""}
    for text, source, gap in parts:
        texts_of[source] += "~" * gap
        passages.append(whole(text, source, len(texts_of[source])))
        texts_of[source] += text
    made = ExtractiveSummarizer(ENCODER, TOKENIZERS[0]).summarize(passages, 10_000)
    assert made.sentences
    assert all(
        sentence.text == span.of(texts_of[span.source]) for sentence in made.sentences for span in sentence.spans
    )


def test_a_sentence_of_a_summary_keeps_all_its_spans() -> None:
    spans = (Span(3, 9, "a"), Span(0, 70, "b"))
    made = ExtractiveSummarizer(ENCODER, TOKENIZERS[0]).summarize([Passage(TOPICS["bread"], spans)], 1000)
    assert [sentence.spans for sentence in made.sentences] == [spans]


@settings(max_examples=40)
@given(text=sectioned)
def test_with_room_for_all_all_prose_is_taken(text: str) -> None:
    made = summarize(text, 100_000)
    assert isinstance(made, Summary)
    sentences = {span.of(text) for span in split_sentences(text)}
    assert {sentence.text for sentence in made.sentences} <= sentences | {s.split("\n")[-1] for s in sentences}


@pytest.mark.parametrize("topic", TOPICS)
def test_a_query_picks_the_sentence_about_it(topic: str) -> None:
    filler = " ".join(f"The clerk wrote line {n} of a report on nothing in particular." for n in range(30))
    text = f"{filler} {' '.join(TOPICS.values())} {filler}"
    query = " ".join(TOPICS[topic].split()[:6])
    made = summarize(text, len(max(TOPICS.values(), key=len)), query=query)
    assert isinstance(made, Summary)
    assert made.text == TOPICS[topic]


@pytest.mark.parametrize(
    ("query", "topic"), [("Where does the sand come from?", "rivers"), ("How do predators eat?", "wolves")]
)
def test_the_bundled_encoder_understands_a_query(query: str, topic: str) -> None:
    made = ExtractiveSummarizer().summarize([whole(" ".join(TOPICS.values()))], 14, query)
    assert made.text == TOPICS[topic]


@settings(max_examples=40)
@given(text=sectioned, budget=st.integers(50, 2000))
def test_the_same_is_not_said_twice(text: str, budget: int) -> None:
    made = summarize(f"{text}\n\n{text}", budget)
    if isinstance(made, Summary):
        lines = [sentence.line for sentence in made.sentences]
        assert len(set(lines)) == len(lines)


@settings(max_examples=40)
@given(
    lines=st.permutations([*TOPICS.values(), *(line.replace("every", "each") for line in TOPICS.values())]),
    data=st.data(),
)
def test_each_choice_weighs_salience_against_likeness(lines: list[str], data: st.DataObject) -> None:
    text = " ".join(dict.fromkeys(lines))
    budget = data.draw(st.integers(80, len(text)))
    table = TableMaker(Document(page_content=text), [0], ENCODER).make()
    lines = [text[start:end] for start, end in zip(table.starts, table.ends, strict=True)]
    vectors, scores = table.vectors.astype(np.float32), salience(table)
    taken: list[int] = []
    left, open_rows = budget, set(range(len(lines)))
    while open_rows and left >= 4:
        cost = {row: max([0.0, *(0.7 * float(vectors[row] @ vectors[t]) for t in taken)]) for row in open_rows}
        best = max(sorted(open_rows), key=lambda row: scores[row] - cost[row])
        open_rows.remove(best)
        if len(lines[best]) <= left:
            taken.append(best)
            left -= len(lines[best])
    while len(" ".join(lines[row] for row in sorted(taken))) > budget:
        taken.pop()
    made = summarize(text, budget)
    assert isinstance(made, Summary)
    assert [sentence.text for sentence in made.sentences] == [lines[row] for row in sorted(taken)]


def test_memory_changes_nothing() -> None:
    summarizer = ExtractiveSummarizer(ENCODER, TOKENIZERS[0])
    passages = [whole(" ".join(TOPICS.values()))]
    assert summarizer.summarize(passages, 150, memory="Bread.") == summarizer.summarize(passages, 150)


def test_async_equals_sync() -> None:
    summarizer = ExtractiveSummarizer(ENCODER, TOKENIZERS[0])
    passages = [whole(" ".join(TOPICS.values()))]
    assert asyncio.run(summarizer.asummarize(passages, 150, "bread")) == summarizer.summarize(passages, 150, "bread")


@pytest.mark.parametrize(
    "passages", [[], [Passage("", ())], [Passage(" \n", (Span(0, 2),)), Passage("\n", (Span(2, 3),))]]
)
def test_blank_passages_give_an_empty_summary(passages: list[Passage]) -> None:
    assert ExtractiveSummarizer(ENCODER, TOKENIZERS[0]).summarize(passages, 10) == EMPTY


def test_the_refusal_names_the_remedy() -> None:
    with pytest.raises(BudgetError, match=r"max_tokens is 5, and the shortest sentence has 8 tokens; give 8 or more"):
        ExtractiveSummarizer(ENCODER, TOKENIZERS[0]).summarize([whole("A longer one here. Be short.\n\nI am it.")], 5)


def test_it_is_a_summarizer_whose_name_tells_a_chosen_encoder() -> None:
    check_summarizer(ExtractiveSummarizer(ENCODER))
    assert ExtractiveSummarizer(ENCODER).name == "extractive:hash"
    assert ExtractiveSummarizer().name == "extractive"
