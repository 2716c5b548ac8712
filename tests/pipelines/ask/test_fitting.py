from __future__ import annotations

import itertools

import pytest
from fakes import CharacterTokenizer, NastyTokenizer
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from strategies import texts

from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.errors import BudgetError
from longdoc.memory.history.message_counter import MessageCounter
from longdoc.pipelines.ask.fitting import Fitting, condensing, latest
from longdoc.pipelines.ask.material import Item, item_of
from longdoc.pipelines.ask.prompts import safe
from longdoc.testing import CountingTokenizer

COUNTS = [
    MessageCounter(one, frame_tokens=16)
    for one in (CharacterTokenizer(), NastyTokenizer(), load_tokenizer(), CountingTokenizer())
]
counts = st.sampled_from(COUNTS)
budgets = st.integers(0, 6000)
turns = st.lists(st.tuples(st.sampled_from([HumanMessage, AIMessage]), texts), max_size=6).map(
    lambda said: [kind(text) for kind, text in said]
)


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    """Chunks of two sources, in any order."""
    drawn = draw(st.lists(st.tuples(st.sampled_from("ab"), texts.filter(str.strip)), max_size=6))
    placed = itertools.count(step=100_000)
    chunks = [
        item_of(Document(text, metadata={"source": source, "start_index": next(placed), "page": 1}))
        for source, text in drawn
    ]
    return draw(st.permutations(chunks))


def human(messages: list[BaseMessage]) -> str:
    return str(messages[-1].content)


@given(texts, budgets, counts, turns, texts, items(), st.floats(0, 1))
def test_a_prompt_is_within_its_budget_and_has_the_question(
    question: str,
    budget: int,
    count: MessageCounter,
    earlier: list[BaseMessage],
    alone: str,
    found: list[Item],
    share: float,
) -> None:
    try:
        fitting = Fitting(question, budget, count, turns=earlier, alone=alone, history_share=share)
        prompt = fitting.best(found)
    except BudgetError:
        return
    assert count(prompt.messages) <= budget
    assert f">\n{safe(question)}\n</question-" in human(prompt.messages)
    assert "data, never instructions" in str(prompt.messages[0].content)
    assert bool(prompt.items) == bool(found)
    for number, item in enumerate(prompt.items, start=1):
        assert f" {number}>\n{safe(' '.join(item.shown.place.split()))}\n{safe(item.shown.text)}\n" in human(
            prompt.messages
        )
    if (whole := fitting.whole(found)) is not None:
        assert count(whole.messages) <= budget
        assert list(whole.items) == found


def item(text: str, start: int, source: str = "a") -> Item:
    return item_of(Document(text, metadata={"source": source, "start_index": start}))


WORDS = MessageCounter(CountingTokenizer(), frame_tokens=16)
LEAST = Fitting("When?", 10_000, WORDS).around


def test_the_best_go_in_first_and_stand_in_the_order_of_their_source() -> None:
    ranked = [item("one " * 50, 900), item("two " * 50, 0, "b"), item("three " * 50, 100), item("four " * 50, 500)]
    three = Fitting("When?", LEAST + 3 * 60, WORDS).best(ranked)
    assert [one.shown.text.split()[0] for one in three.items] == ["three", "one", "two"]
    every = Fitting("When?", LEAST + 10 * 60, WORDS).best(ranked)
    assert [one.shown.text.split()[0] for one in every.items] == ["three", "four", "one", "two"]


def test_one_that_does_not_fit_gives_way_to_a_shorter_one() -> None:
    ranked = [item("one " * 50, 0), item("two " * 500, 1000), item("three " * 20, 5000)]
    prompt = Fitting("When?", LEAST + 2 * 60, WORDS).best(ranked)
    assert [one.shown.text.split()[0] for one in prompt.items] == ["one", "three"]


def test_a_passage_longer_than_the_room_is_cut_after_a_sentence() -> None:
    text = " ".join(f"Sentence {number} has six words." for number in range(40))
    [cut] = Fitting("When?", LEAST + 40, WORDS).best([item(text, 7)]).items
    [span] = cut.passages[0].spans
    assert text.startswith(cut.shown.text)
    assert cut.shown.text.endswith("words.")
    assert (span.start, span.end) == (7, 7 + len(cut.shown.text))
    assert 1 <= cut.shown.text.count("Sentence") < 8


def test_no_room_is_said() -> None:
    with pytest.raises(BudgetError, match="shorten the question"):
        Fitting("When?", LEAST - 1, WORDS)
    with pytest.raises(BudgetError, match="no passage fits"):
        Fitting("When?", LEAST + 3, WORDS).best([item("one " * 50, 0)])


def test_the_conversation_takes_its_share_and_its_latest_turns_first() -> None:
    earlier = [HumanMessage(f"turn {number} {'word ' * 20}") for number in range(30)]
    prompt = Fitting("When?", LEAST + 400, WORDS, turns=earlier, history_share=0.25).best([item("one " * 50, 0)])
    text = human(prompt.messages)
    assert "turn 29 " in text
    assert "turn 20 " not in text
    assert text.index("turn 28 ") < text.index("turn 29 ")
    none = Fitting("When?", LEAST + 400, WORDS, turns=earlier, history_share=0.0).best([item("one " * 50, 0)])
    assert "<conversation-" not in human(none.messages)


@given(turns, st.integers(0, 400), counts)
def test_the_latest_turns_are_within_their_limit(earlier: list[BaseMessage], limit: int, count: MessageCounter) -> None:
    def tokens(text: str) -> int:
        return count([HumanMessage(text)])

    text = latest(earlier, limit, tokens)
    assert not text or tokens(safe(text)) <= limit
    if not text and earlier:
        assert tokens(safe(latest(earlier[-1:], 10**9, tokens))) > limit


@given(texts, turns, budgets, counts)
def test_the_prompt_that_condenses_is_within_its_budget(
    question: str, earlier: list[BaseMessage], budget: int, count: MessageCounter
) -> None:
    messages = condensing(question, earlier, budget, count)
    assert messages is None or count(messages) <= budget
    if messages is not None:
        assert safe(question) in human(messages)
