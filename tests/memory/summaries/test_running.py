from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import FrozenInstanceError
from functools import reduce

import pytest
from fakes import CharacterTokenizer, NastyTokenizer
from hypothesis import given
from hypothesis import strategies as st

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import BudgetError
from longdoc.memory.summaries.running import RunningMemory
from longdoc.memory.summaries.summary import Sentence, Summary

CHARACTERS, NASTY = CharacterTokenizer(), NastyTokenizer()
tokenizers = st.sampled_from([CHARACTERS, NASTY])
lines = st.text(st.sampled_from("abab  \n.日\U0001f600"), min_size=1, max_size=12)
histories = st.lists(st.lists(lines, max_size=4), max_size=6)


def summary_of(texts: list[str], start: int = 0) -> Summary:
    return Summary.of(
        tuple(
            Sentence(text, (Span(start + 100 * n, start + 100 * n + len(text), "a"),)) for n, text in enumerate(texts)
        ),
        CHARACTERS,
    )


def after(history: list[list[str]], most: int, tokenizer: Tokenizer = CHARACTERS) -> RunningMemory:
    summaries = [summary_of(texts, 1000 * n) for n, texts in enumerate(history)]
    return reduce(RunningMemory.update, summaries, RunningMemory(most, tokenizer))


@given(history=histories, most=st.integers(1, 60), budget=st.none() | st.integers(0, 80), which=tokenizers)
def test_the_budget_holds(history: list[list[str]], most: int, budget: int | None, which: Tokenizer) -> None:
    memory = after(history, most, which)
    assert which.count(memory.text()) <= most
    assert which.count(memory.text(budget)) <= min(most, most if budget is None else budget)


@given(history=histories, most=st.integers(1, 60))
def test_what_is_held_was_said_in_this_order(history: list[list[str]], most: int) -> None:
    said = [sentence for n, texts in enumerate(history) for sentence in summary_of(texts, 1000 * n).sentences]
    memory = after(history, most)
    assert memory.seen == len(said)
    assert [said[item.order] for item in memory.held] == [item.sentence for item in memory.held]
    assert [item.order for item in memory.held] == sorted({item.order for item in memory.held})
    assert memory.text() == " ".join(item.sentence.line for item in memory.held)


@given(history=histories)
def test_with_room_for_all_nothing_is_forgotten(history: list[list[str]]) -> None:
    assert len(after(history, 10_000).held) == sum(map(len, history))


@given(history=histories, most=st.integers(1, 60), more=st.lists(lines, max_size=4))
def test_an_update_leaves_the_old_memory_alone(history: list[list[str]], most: int, more: list[str]) -> None:
    memory = after(history, most)
    held, digest, text = memory.held, memory.digest, memory.text()
    memory.update(summary_of(more))
    assert (memory.held, memory.digest, memory.text()) == (held, digest, text)
    with pytest.raises(FrozenInstanceError):
        memory.seen = 3  # type: ignore[misc]


@given(one=histories, two=histories, most=st.integers(1, 60))
def test_equal_histories_have_equal_memories_and_others_do_not(
    one: list[list[str]], two: list[list[str]], most: int
) -> None:
    first, again, second = after(one, most), after(one, most), after(two, most)
    assert first == again
    assert hash(first) == hash(again)
    assert first.digest == again.digest
    assert (first == second) == (first.digest == second.digest)


def test_the_digest_tells_tokenizer_and_limit() -> None:
    digests = {RunningMemory(most, which).digest for most in (5, 6) for which in (CHARACTERS, NASTY)}
    assert len(digests) == 4


def test_the_leading_and_the_recent_stay() -> None:
    memory = after([["first", "second", "third"], ["fourth", "fifth"]], 18)
    assert [(item.sentence.text, item.weight) for item in memory.held] == [
        ("first", pytest.approx(0.8)),
        ("fourth", pytest.approx(1.0)),
        ("fifth", pytest.approx(0.5)),
    ]
    assert memory.text() == "first fourth fifth"
    assert memory.text(12) == "first fourth"
    assert memory.text(6) == "fourth"
    assert memory.text(0) == ""


def test_weights_fade_with_each_chunk() -> None:
    memory = after([["a"], [], ["b"], []], 50)
    assert [item.weight for item in memory.held] == [pytest.approx(0.8**3), pytest.approx(0.8)]


@pytest.mark.parametrize(
    ("of_the_mill", "of_the_ship", "later"),
    [
        (
            "The miller owes the council money.",
            "A vessel sank near the northern coast.",
            "The council sued the miller.",
        ),
        ("磨坊主欠市政厅的钱。", "一艘船在北岸附近沉没。", "市政厅起诉了磨坊主。"),
    ],
)
def test_what_is_spoken_of_again_outlasts_what_is_not(of_the_mill: str, of_the_ship: str, later: str) -> None:
    for first, second in ((of_the_mill, of_the_ship), (of_the_ship, of_the_mill)):
        memory = after([[first], [second], [later]], 5000)
        weights = {item.sentence.text: item.weight for item in memory.held}
        older = 0.8 if first == of_the_mill else 1.0
        assert weights[of_the_mill] > weights[of_the_ship] * older
    history = [[of_the_mill], [of_the_ship], *[[later]] * 4]
    assert after(history, len(" ".join([of_the_mill, *[later] * 4]))).text() == " ".join([of_the_mill, *[later] * 4])


def test_white_space_is_one_blank() -> None:
    assert after([["a \n\t b"]], 3).text() == "a b"


def test_a_sentence_keeps_its_spans() -> None:
    sentence = Sentence("ab", (Span(3, 9, "b"), Span(0, 1, "a")))
    memory = RunningMemory(10, CHARACTERS).update(Summary.of((sentence,), CHARACTERS))
    assert memory.held[0].sentence is sentence


def test_an_empty_memory_says_nothing() -> None:
    assert RunningMemory(1, CHARACTERS).text() == ""


@pytest.mark.parametrize("most", [0, -1])
def test_a_memory_that_holds_nothing_is_refused(most: int) -> None:
    with pytest.raises(BudgetError, match=f"a memory of {most} tokens holds nothing; give 1 or more"):
        RunningMemory(most, CHARACTERS)


SCRIPT = """
from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.running import RunningMemory
from longdoc.memory.summaries.summary import Sentence, Summary
class Characters:
    name = "characters"
    count = staticmethod(len)
memory = RunningMemory(30, Characters())
for n in range(5):
    texts = (f"chunk {n} \\u65e5", f"more {n} \\ud800")
    sentences = tuple(Sentence(text, (Span(n, n + 5, "s"),)) for text in texts)
    memory = memory.update(Summary.of(sentences, Characters()))
print(memory.digest)
"""


def test_the_digest_is_the_same_in_every_process() -> None:
    digests = set()
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        made = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(made.stdout.strip())
    assert len(digests) == 1
    assert len(digests.pop()) == 32
