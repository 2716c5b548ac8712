"""A run that finds finished nodes: resumed equals uninterrupted, incremental equals cold, and neither pays twice."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage
from langchain_core.stores import InMemoryByteStore

from longdoc import FanOutOptions, SummaryTree, summarize
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.errors import StageError
from longdoc.testing import ScriptedChatModel

WORDS = ("river", "mill", "council", "harvest", "letter", "ship", "lantern", "treaty", "garden", "engine", "bridge")


def book(seed: int, chapters: int = 4, sentences: int = 15) -> str:
    rng = random.Random(seed)

    def sentence() -> str:
        return f"The {rng.choice(WORDS)} of {rng.choice(WORDS)} {rng.randint(2, 99)} met the {rng.choice(WORDS)}."

    def paragraph() -> str:
        return " ".join(sentence() for _ in range(rng.randint(1, 5)))

    return "\n\n".join(
        f"# Chapter {number + 1}\n\n" + "\n\n".join(paragraph() for _ in range(sentences // 3))
        for number in range(chapters)
    )


def first_sentence(messages: list[BaseMessage]) -> str:
    lines = str(messages[-1].content).split("<passages-")[1].split("</passages-")[0].splitlines()[1:]
    body = "\n".join(line for line in lines if not line.startswith("# "))
    return next((span.of(body) for span in split_sentences(body)), "There is a heading alone.")


def run(text: str, cache: InMemoryByteStore | None, **changes: object) -> tuple[SummaryTree, int]:
    """The tree, and the calls made."""
    model = changes.pop("model", None) or ScriptedChatModel(replies=first_sentence)
    given_settings = {
        "max_tokens": 60,
        "tokenizer": "minilm",
        "chunk_tokens": 100,
        "context_tokens": 2000,
        "memory_tokens": 0,
        "options": FanOutOptions(max_concurrency=4, max_attempts=2, backoff=0.0, max_backoff=0.0),
        "cache": cache,
        **changes,
    }
    tree = summarize(text, model=model, **given_settings)  # type: ignore[arg-type]
    return tree, len(model.calls)  # type: ignore[attr-defined]


def test_a_second_run_makes_no_call_and_gives_the_same() -> None:
    cache = InMemoryByteStore()
    cold, made = run(book(1), cache, memory_tokens=60)
    warm, again = run(book(1), cache, memory_tokens=60)
    assert warm == cold
    assert (made, again) == (cold.run.calls, 0)  # type: ignore[union-attr]
    assert (warm.run.calls, warm.run.reused) == (0, made)  # type: ignore[union-attr]


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6), edits=st.integers(1, 3), memory=st.sampled_from([0, 60]))
def test_after_edits_the_tree_is_that_of_a_cold_run_and_only_what_they_touch_is_asked_for(
    seed: int, edits: int, memory: int
) -> None:
    rng = random.Random(seed)
    cache, text = InMemoryByteStore(), book(seed)
    run(text, cache, memory_tokens=memory)
    paragraphs = text.split("\n\n")
    for _ in range(edits):
        at = rng.choice([n for n, paragraph in enumerate(paragraphs) if not paragraph.startswith("#")])
        paragraphs[at] += f" A stranger paid {rng.randint(100, 999)} crowns for it."
    edited = "\n\n".join(paragraphs)
    tree, made = run(edited, cache, memory_tokens=memory)
    cold, calls = run(edited, None, memory_tokens=memory)
    assert tree == cold
    assert made == calls - tree.run.reused  # type: ignore[union-attr]
    if not memory:
        assert made <= edits * (3 + 2 * tree.depth)


def test_what_stands_before_the_text_moves_the_citations_and_costs_one_path() -> None:
    cache, text = InMemoryByteStore(), book(3)
    run(text, cache)
    moved, made = run("# Preface\n\nA word before.\n\n" + text, cache)
    assert made <= 3 + 2 * moved.depth
    for node in moved.walk():
        for sentence in node.summary.sentences:
            [span] = sentence.spans
            assert sentence.line == " ".join(span.of(moved.run.texts[span.source]).split())  # type: ignore[union-attr]


@pytest.mark.parametrize("obeyed", [1, 7])
def test_a_run_that_failed_goes_on_where_it_was(obeyed: int) -> None:
    cache, text = InMemoryByteStore(), book(4)
    calls = 0

    def reply(messages: list[BaseMessage]) -> str:
        nonlocal calls
        calls += 1
        if calls > obeyed:
            raise ConnectionError("gone")
        return first_sentence(messages)

    at_once = FanOutOptions(max_concurrency=1, max_attempts=1)
    with pytest.raises(StageError):
        run(text, cache, model=ScriptedChatModel(replies=reply), options=at_once)
    resumed, made = run(text, cache)
    cold, planned = run(text, None)
    assert resumed == cold
    assert made == planned - obeyed


def test_another_model_budget_query_or_prompt_is_another_summary() -> None:
    cache, text = InMemoryByteStore(), book(5)
    _, made = run(text, cache)
    for change in (
        {"query": "What of the mill?"},
        {"context_tokens": 3000},
        {"model": ScriptedChatModel(replies=first_sentence, model_name="other")},
    ):
        assert run(text, cache, **change)[1] > made // 2


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10**6), query=st.sampled_from([None, "What of the mill?"]))
def test_the_extractive_summary_is_the_same_with_a_cache_and_without(seed: int, query: str | None) -> None:
    cache, text = InMemoryByteStore(), book(seed)
    cold = summarize(text, query=query, max_tokens=80, chunk_tokens=100)
    first = summarize(text, query=query, max_tokens=80, chunk_tokens=100, cache=cache)
    warm = summarize(text, query=query, max_tokens=80, chunk_tokens=100, cache=cache)
    assert first == warm == cold
    assert warm.run.reused == warm.run.planned_calls  # type: ignore[union-attr]
    edited = text.replace("harvest", "long harvest", 1)
    assert summarize(edited, query=query, max_tokens=80, chunk_tokens=100, cache=cache) == summarize(
        edited, query=query, max_tokens=80, chunk_tokens=100
    )
