"""What a small model writes is shown only where it holds: a law over whatever it may reply."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage

import longdoc
from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.summarizers.retold import Retelling, keeps
from longdoc.testing import ScriptedChatModel

LONG = (
    "The council, which had met for the first time in March, decided after a long discussion to close the old harbour "
    "until the autumn of 1901."
)
SHORT = "The council decided to close the old harbour until the autumn of 1901."
WORDS = [*LONG.split(), *["not", "only", "never", "1902", "ships", "closed,", "open.", "The"]]


class SmallModel(ScriptedChatModel):
    """A scripted model that says of itself that it is small."""

    small: bool = True


@cache
def checker() -> Checker:
    return Checker.load()


def retelling(*replies: str) -> Retelling:
    return Retelling(SmallModel(replies=list(replies)), checker())


def sentence(text: str = LONG, label: str = "") -> Sentence:
    return Sentence(text, (Span(7, 7 + len(text), "minutes.txt"),), label=label)


def told(reply: str, text: str = LONG) -> str:
    return retelling(reply).shorter(sentence(text)).text


def test_a_sentence_is_told_shorter_and_keeps_its_spans() -> None:
    made = retelling(SHORT).shorter(sentence())
    assert made.text == SHORT
    assert made.spans == sentence().spans
    assert made.supported


@pytest.mark.parametrize(
    "reply",
    [
        "",
        LONG,
        "I am sorry, but I cannot do that.",
        "The results suggest that the new method is faster.",
        "The council decided to close the old harbour until the autumn of 1902.",
        "The council decided to close the old harbour.",  # until when is lost
        "The harbour decided to close the old council until the autumn of 1901.",
        "The council met to close the old harbour until the autumn of 1901 and",  # cut
        "The council decided not to close the old harbour until the autumn of 1901.",
    ],
)
def test_a_reply_that_does_not_hold_gives_way_to_the_source(reply: str) -> None:
    assert told(reply) == LONG


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=24).map(" ".join))
@example(SHORT)
def test_whatever_is_said_what_is_shown_holds_or_is_the_sources_own(reply: str) -> None:
    shown = told(reply)
    assert shown == LONG or (keeps(shown, LONG) and len(shown) < len(LONG))


@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_only_the_sources_words_in_their_order_are_kept(words: list[str]) -> None:
    if keeps(" ".join(words), LONG):
        content = [word.strip(",.").casefold() for word in words]
        places = iter(word.strip(",.").casefold() for word in LONG.split())
        assert all(word in places for word in content if word not in ("the", "a", "in", "to", "of", "had", "which"))


@pytest.mark.parametrize(
    ("draft", "source", "holds"),
    [
        ("It fell by 3 % in June.", "As we said before, sales in the north fell by 3 % in June.", False),
        ("Sales in the north fell by 3 % in June.", "As we said before, sales in the north fell by 3 % in June.", True),
        ("The officer, a trim girl, stepped through the valve.",
         "The officer, a trim girl, saluted smartly as Strike stepped through the valve.", False),
        ("The tenant pays the rent.", "The tenant pays the rent only if the roof is whole.", False),
        ("Growth of 18 % was organic.", "JLL Capital Markets fee revenue growth of 18 % was primarily organic.", False),
        ("The word-states are ergodic.", "The number of word-states, this inner model, is ergodic.", False),
    ],
)  # fmt: skip
def test_whole_phrases_are_left_out_and_no_conditions(draft: str, source: str, holds: bool) -> None:
    assert keeps(draft, source) is holds


def test_a_speakers_name_stays_before_what_is_said() -> None:
    made = retelling(SHORT).shorter(sentence(f"Chair: {LONG}", label="Chair"))
    assert made.text == f"Chair: {SHORT}"


def test_short_sentences_and_fragments_are_not_asked_about() -> None:
    for text in ("The council met.", LONG.rstrip(".") + ","):
        assert told("never asked", text) == text


def test_a_summary_is_the_extractive_one_told_shorter_within_its_budget() -> None:
    text = f"# Harbour\n\n{LONG} Ships from the north brought timber and salt to it for many years.\n" * 2
    plain = longdoc.summarize(text, max_tokens=120)
    model = SmallModel(replies=lambda messages: SHORT if LONG in str(messages[-1].text) else "Nothing of that.")
    tree = longdoc.summarize(text, max_tokens=120, model=model)
    assert [one.spans for one in tree.summary.sentences] == [one.spans for one in plain.summary.sentences]
    assert SHORT in tree.summary.text
    assert tree.summary.tokens <= 120
    assert tree.run is not None
    assert tree.run.writes


def test_refine_needs_a_larger_model() -> None:
    with pytest.raises(InputError, match="larger"):
        longdoc.summarize(LONG, model=SmallModel(replies=[]), strategy="refine")


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("The harbour is closed until the autumn of 1901.", "The harbour is closed until the autumn of 1901."),
        ("The harbour is closed until the spring of 1904.", LONG),
        ("", LONG),
    ],
)
def test_an_answer_is_put_into_a_sentence_where_that_holds(reply: str, shown: str) -> None:
    index = DocumentIndex()
    index.put(longdoc.chunk(f"# Harbour\n\n{LONG}\n"))
    asked: list[list[BaseMessage]] = []

    def answers(messages: list[BaseMessage]) -> str:
        asked.append(messages)
        return reply

    answer = DocumentChat(index, model=SmallModel(replies=answers)).ask("Until when is the old harbour closed?")
    assert str(answer.text) == shown
    assert answer.supported
    assert answer.citations[0].quote == LONG
    assert len(asked) == 1
