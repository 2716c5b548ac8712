"""What a small model writes is shown only where it holds: a law over whatever it may reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage

import longdoc
from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.summarizers.retold import Retelling, shortened
from longdoc.testing import ScriptedChatModel

LONG = (
    "The council, which had met for the first time in the spring, decided to close the old harbour (the one in "
    "the north), as the mayor told the papers."
)
SHORT = "The council decided to close the old harbour (the one in the north)."
ASKED = (
    "The council, which had met for the first time in March, decided after a long discussion to close the old harbour "
    "until the autumn of 1901."
)
MORE = 'not only if 1902 and, (open) ships; In "so" 5% , . -- (x y) may’t'
WORDS = st.sampled_from([*LONG.split(), *MORE.split()])
BINDING = re.compile(r"\b(?:not|only|if|may)\b")


def smooth(text: str) -> float:
    """Likes no comma between who and what they do, and no sentence without both."""
    return 0.0 if text == LONG or ("council decided" in text and text.endswith(("harbour.", ").", "papers."))) else -1.0


class SmallModel(ScriptedChatModel):
    """A scripted model that says of itself that it is small, and finds texts the less likely the worse they begin."""

    small: bool = True
    liked: Callable[[str], float] = smooth

    def likelihoods(self, messages: list[BaseMessage], replies: Sequence[str]) -> list[float]:
        return [self.liked(reply) for reply in replies]


@cache
def checker() -> Checker:
    return Checker.load()


def shorter(text: str, liked: Callable[[str], float] = smooth, label: str = "") -> Sentence:
    sentence = Sentence(text, (Span(7, 7 + len(text), "minutes.txt"),), label=label)
    return Retelling(SmallModel(replies=[], liked=liked), checker()).shorter(sentence)


def test_a_sentence_goes_without_what_the_model_does_not_miss_and_keeps_its_spans() -> None:
    made = shorter(LONG, smooth)
    assert made.text == SHORT
    assert made.spans == (Span(7, 7 + len(LONG), "minutes.txt"),)
    assert made.supported


def test_what_the_model_misses_stays() -> None:
    wanted = LONG.replace(" (the one in the north)", "")
    assert shorter(LONG, lambda text: 0.0 if text in (LONG, wanted) else -1.0).text == wanted
    assert shorter(LONG, lambda text: 0.0 if text == LONG else -1.0).text == LONG


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=40).map(" ".join))
def test_only_words_of_the_sentence_in_their_order_are_left(text: str) -> None:
    for one in shortened(text):
        assert len(one) < len(text)
        words = iter(re.findall(r"\w+", text.casefold()))
        assert all(word in words for word in re.findall(r"\w+", one.casefold()))
        assert sorted(BINDING.findall(one.casefold())) == sorted(BINDING.findall(text.casefold()))


@pytest.mark.parametrize(
    ("sentence", "gone", "kept"),
    [
        (LONG, "which had met", "decided to close the old harbour"),
        ("Turning to the services, all leasing revenue of the firm increased for the year, and the other lines fell.",
         "Turning to the services", "all leasing revenue"),
        ("The tenant pays the rent for the house on the first day of each month, unless the roof is open to the rain.",
         None, "unless the roof"),
        ("Revenue reached two billion dollars for the whole of the last quarter, 18% above the same one of last year.",
         None, "18%"),
        ("The council bought timber for the harbour, salt for the kitchens of the town, and ships for the merchants.",
         None, "salt"),
        ("The plaintiffs in this case, the first company and the second of the two, are defendants in an action there.",
         "the first company", "are defendants"),
        ("When the generator of the context is made by the loop, the attribute is set to an empty context object.",
         None, "When the generator"),
        ("Returning to the submission of the first party to the court, I consider that there is a distinction here.",
         "Returning", "I consider"),
    ],
)  # fmt: skip
def test_figures_conditions_lists_and_main_clauses_stay(sentence: str, gone: str | None, kept: str) -> None:
    made = shortened(sentence)
    assert all(kept.casefold() in one.casefold() for one in made)
    assert gone is None or any(gone not in one for one in made)
    assert gone is not None or not made


def test_a_speakers_name_stays_before_what_is_said() -> None:
    assert shorter(f"Chair: {LONG}", label="Chair").text == f"Chair: {SHORT}"


def test_short_sentences_and_fragments_are_not_asked_about() -> None:
    for text in ("The council, it seems, met.", LONG.rstrip(".") + ","):
        assert shorter(text).text == text


def test_a_summary_is_the_extractive_one_told_shorter_within_its_budget() -> None:
    text = f"# Harbour\n\n{LONG} Ships from the north brought timber and salt to it for many years.\n" * 2
    plain = longdoc.summarize(text, max_tokens=120)
    tree = longdoc.summarize(text, max_tokens=120, model=SmallModel(replies=[]))
    assert [one.spans for one in tree.summary.sentences] == [one.spans for one in plain.summary.sentences]
    assert SHORT in tree.summary.text
    assert tree.summary.tokens <= 120
    assert tree.run is not None
    assert tree.run.writes


def test_refine_needs_a_larger_model() -> None:
    with pytest.raises(InputError, match="larger"):
        longdoc.summarize(ASKED, model=SmallModel(replies=[]), strategy="refine")


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("The harbour is closed until the autumn of 1901.", "The harbour is closed until the autumn of 1901."),
        ("The harbour is closed until the spring of 1904.", ASKED),
        ("", ASKED),
    ],
)
def test_an_answer_is_put_into_a_sentence_where_that_holds(reply: str, shown: str) -> None:
    index = DocumentIndex()
    index.put(longdoc.chunk(f"# Harbour\n\n{ASKED}\n"))
    asked: list[list[BaseMessage]] = []

    def answers(messages: list[BaseMessage]) -> str:
        asked.append(messages)
        return reply

    answer = DocumentChat(index, model=SmallModel(replies=answers)).ask("Until when is the old harbour closed?")
    assert str(answer.text) == shown
    assert answer.supported
    assert answer.citations[0].quote == ASKED
    assert len(asked) == 1
