"""One contract for both kinds of memory carried from chunk to chunk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from fakes import CharacterTokenizer
from hypothesis import given
from hypothesis import strategies as st

from longdoc.chunkers.text.span import Span
from longdoc.errors import BudgetError, InputError
from longdoc.memory.summaries.running import RunningMemory
from longdoc.memory.summaries.summary import Sentence, Summary, join_lines
from longdoc.memory.summaries.written import WrittenMemory

CHARACTERS = CharacterTokenizer()
Memory = RunningMemory | WrittenMemory


def latest(held: Summary, chunk: Summary, budget: int) -> Summary:
    """Writes down the newest sentences that fit."""
    kept: list[Sentence] = []
    for sentence in reversed((*held.sentences, *chunk.sentences)):
        if CHARACTERS.count(join_lines([sentence, *kept])) <= budget:
            kept.insert(0, sentence)
    return Summary.of(tuple(kept), CHARACTERS)


def written(most: int) -> WrittenMemory:
    return WrittenMemory(most, CHARACTERS, latest)


def extractive(most: int) -> RunningMemory:
    return RunningMemory(most, CHARACTERS)


KINDS: list[tuple[Callable[[int], Memory], Callable[[bytes], Memory]]] = [
    (extractive, partial(RunningMemory.from_bytes, tokenizer=CHARACTERS)),
    (written, partial(WrittenMemory.from_bytes, tokenizer=CHARACTERS, write=latest)),
]
kinds = pytest.mark.parametrize(("empty", "read"), KINDS, ids=["extractive", "written"])
spans = st.builds(lambda start, long: Span(start, start + long, "a"), st.integers(0, 9), st.integers(1, 9))
sentences = st.builds(
    Sentence,
    st.text(st.sampled_from("ab \n.日\ud800"), min_size=1, max_size=12),
    st.tuples(spans),
    st.booleans(),
    st.sampled_from([(), ("number 7",)]),
)
chunks = st.lists(sentences, max_size=4).map(lambda made: Summary.of(tuple(made), CHARACTERS))
histories = st.lists(chunks, max_size=6)


def after(memory: Memory, history: list[Summary]) -> Memory:
    for chunk in history:
        memory = memory.update(chunk)
    return memory


@kinds
@given(history=histories, most=st.integers(1, 60), budget=st.none() | st.integers(0, 80))
def test_the_budget_holds(
    empty: Callable[[int], Memory], read: object, history: list[Summary], most: int, budget: int | None
) -> None:
    memory = after(empty(most), history)
    assert len(memory.text()) <= most
    assert len(memory.text(budget)) <= min(most, most if budget is None else budget)


@kinds
@given(history=histories, most=st.integers(1, 60))
def test_bytes_round_trip_and_go_on_as_the_memory_would(
    empty: Callable[[int], Memory], read: Callable[[bytes], Memory], history: list[Summary], most: int
) -> None:
    memory = after(empty(most), history)
    again = read(memory.to_bytes())
    assert again == memory
    assert (again.to_bytes(), again.digest) == (memory.to_bytes(), memory.digest)
    assert after(again, history) == after(memory, history)


@kinds
@given(one=histories, two=histories, most=st.integers(1, 30))
def test_digests_are_equal_where_memories_are_and_nowhere_else(
    empty: Callable[[int], Memory], read: object, one: list[Summary], two: list[Summary], most: int
) -> None:
    first, second = after(empty(most), one), after(empty(most), two)
    assert (first == second) == (first.digest == second.digest) == (first.to_bytes() == second.to_bytes())


@kinds
@given(history=histories, most=st.integers(1, 60), start=st.integers(0, 6))
def test_going_on_from_any_chunk_is_the_straight_run(
    empty: Callable[[int], Memory], read: object, history: list[Summary], most: int, start: int
) -> None:
    assert after(after(empty(most), history[:start]), history[start:]) == after(empty(most), history)


@kinds
@given(history=histories, most=st.integers(1, 60))
def test_spans_are_those_of_what_was_said(
    empty: Callable[[int], Memory], read: object, history: list[Summary], most: int
) -> None:
    said = {span for chunk in history for span in chunk.spans}
    memory = after(empty(most), history)
    assert set(memory.spans) <= said
    assert not memory.text().strip() or memory.spans


@kinds
@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"[1]", b'["extractive/1"]', b'["written/1", 1, 2]', b"\xff"])
def test_other_bytes_are_refused(empty: object, read: Callable[[bytes], Memory], data: bytes) -> None:
    with pytest.raises(InputError):
        read(data)


@kinds
def test_a_memory_that_holds_nothing_is_refused(empty: Callable[[int], Memory], read: object) -> None:
    with pytest.raises(BudgetError, match="holds nothing; give 1 or more"):
        empty(0)


def test_a_writer_over_its_budget_is_refused() -> None:
    memory = WrittenMemory(3, CHARACTERS, lambda held, chunk, budget: chunk)
    with pytest.raises(BudgetError, match="4 tokens were written into a memory of 3"):
        memory.update(Summary.of((Sentence("abcd", (Span(0, 4, "a"),)),), CHARACTERS))
