"""The refine chain: one call a chunk, a budget that holds, and no step paid for twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from fakes import CharacterTokenizer, LeadSummarizer
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage
from langchain_core.stores import InMemoryByteStore

from longdoc import FanOutOptions, SummaryTree, plan, summarize
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.errors import InputError, StageError, UnknownNameError
from longdoc.memory.summaries.summary import Summary
from longdoc.pipelines.route import Route
from longdoc.pipelines.summarize.map_reduce import Event, NodeDone
from longdoc.pipelines.summarize.stage import Summarization
from longdoc.pipelines.summarize.summarize import Settings
from longdoc.pipelines.summarizers.protocol import Passage
from longdoc.testing import ScriptedChatModel

WORDS = ("river", "mill", "council", "harvest", "letter", "ship", "lantern", "treaty")
AT_ONCE = FanOutOptions(max_concurrency=1, max_attempts=1)
numbers = st.lists(st.integers(0, 99), min_size=20, max_size=50)


def text_of(drawn: list[int]) -> str:
    return " ".join(f"The {WORDS[n % 8]} number {n} met the {WORDS[n // 8 % 8]}." for n in drawn)


class Latest(LeadSummarizer):
    """Keeps the sentences that read last, so that what was said long ago is forgotten."""

    def __init__(self, failing_at: int = 0) -> None:
        super().__init__(CharacterTokenizer())
        self._failing_at = failing_at

    def summarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        if len(self.calls) + 1 == self._failing_at:
            self.calls.append((0, budget, memory))
            raise ConnectionError("gone")
        return super().summarize(passages[::-1], budget, query, memory)


def refined(
    text: str,
    model: LeadSummarizer,
    cache: InMemoryByteStore | None = None,
    on_event: Callable[[Event], object] | None = None,
) -> SummaryTree:
    return summarize(
        text,
        model=model,
        max_tokens=90,
        chunk_tokens=160,
        strategy="refine",
        cache=cache,
        options=AT_ONCE,
        on_event=on_event,
    )


@settings(max_examples=25, deadline=None)
@given(drawn=numbers)
def test_calls_are_as_planned_the_budget_holds_and_each_sentence_is_where_it_says(drawn: list[int]) -> None:
    text, model, events = text_of(drawn), Latest(), list[Event]()
    tree = refined(text, model, on_event=events.append)
    planned = plan(text, model=model, max_tokens=90, chunk_tokens=160, strategy="refine", options=AT_ONCE)
    assert len(model.calls) == planned.calls == planned.max_calls == planned.chunks == len(tree.children)
    assert [event.done for event in events if isinstance(event, NodeDone)] == list(range(1, planned.calls + 1))
    for node in tree.walk():
        assert len(node.summary.text) == node.summary.tokens <= 90
        for sentence in node.summary.sentences:
            [span] = sentence.spans
            assert span.of(text).strip() == sentence.line
            assert any(over.start <= span.start < span.end <= over.end for over in node.spans)


@settings(max_examples=15, deadline=None)
@given(drawn=numbers, data=st.data())
def test_a_run_that_failed_goes_on_where_it_was(drawn: list[int], data: st.DataObject) -> None:
    text, cold = text_of(drawn), Latest()
    tree = refined(text, cold)
    fails = data.draw(st.integers(1, len(cold.calls)))
    cache, failing, again = InMemoryByteStore(), Latest(fails), Latest()
    with pytest.raises(StageError):
        refined(text, failing, cache)
    assert refined(text, again, cache) == tree
    assert len(failing.calls) + len(again.calls) <= len(cold.calls) + 1
    warm = Latest()
    assert refined(text, warm, cache) == tree
    assert not warm.calls


@settings(max_examples=25, deadline=None)
@given(drawn=numbers, at=st.integers(0, 49), to=st.integers(100, 140))
def test_after_an_edit_the_tree_is_that_of_a_cold_run(drawn: list[int], at: int, to: int) -> None:
    cache, model, cold = InMemoryByteStore(), Latest(), Latest()
    refined(text_of(drawn), Latest(), cache)
    edited = text_of([*drawn[:at], to, *drawn[at:]])
    assert refined(edited, model, cache) == refined(edited, cold)
    assert len(model.calls) <= len(cold.calls)


def test_where_the_summary_is_the_old_one_again_the_rest_is_read_back() -> None:
    drawn = list(range(90))
    cache, model, cold = InMemoryByteStore(), Latest(), Latest()
    refined(text_of(drawn), Latest(), cache)
    edited = text_of([*drawn[:10], 101, *drawn[10:]])
    tree = refined(edited, model, cache)
    assert tree == refined(edited, cold)
    assert len(model.calls) < len(cold.calls) // 2
    assert tree.run is not None
    assert tree.run.reused == len(cold.calls) - len(model.calls)


def so_far_and_next(messages: list[BaseMessage]) -> str:
    lines = str(messages[-1].content).split("<passages-")[1].split("</passages-")[0].splitlines()[1:]
    told = [line for line in lines if not line.startswith("# ")]
    return " ".join(line.split(". ")[0].rstrip(".") + "." for line in told[-3:])


def test_a_chat_model_reads_the_summary_so_far_and_is_held_to_the_budget() -> None:
    text = text_of(list(range(100)))
    model = ScriptedChatModel(replies=so_far_and_next)
    given_settings = {"max_tokens": 60, "tokenizer": "minilm", "chunk_tokens": 150, "strategy": "refine"}
    tree = summarize(text, model=model, **given_settings)  # type: ignore[arg-type]
    planned = plan(text, model=model, **given_settings)  # type: ignore[arg-type]
    assert tree.run is not None
    assert planned.calls == len(tree.children) > 3
    assert planned.calls <= len(model.calls) <= planned.max_calls
    assert len(model.calls) == tree.run.calls + tree.run.extra_calls
    assert tree.summary.tokens <= 60
    assert all(sentence.supported and sentence.spans for sentence in tree.summary.sentences)
    assert "# Summary so far" in str(model.calls[1][-1].content)


def test_the_extractive_summarizer_and_unknown_strategies_are_refused() -> None:
    with pytest.raises(InputError, match="give a larger chat model"):
        summarize("A text. And more.", strategy="refine")
    with pytest.raises(UnknownNameError, match="give map-reduce or refine"):
        summarize("A text. And more.", strategy="tree")


def test_a_chat_model_is_asked_to_rewrite_and_the_route_and_the_plan_say_what_it_reads() -> None:
    text, routes = text_of(list(range(40))), list[Route]()
    model = ScriptedChatModel(replies=lambda messages: "The river number 0 met the mill.")
    settings = Settings(model=model, tokenizer="minilm", max_tokens=60, chunk_tokens=100, strategy="refine")
    Summarization(settings, on_route=routes.append).run(text)
    first, *others = [str(messages[-1].content) for messages in model.calls]
    assert "# Summary so far" not in first
    assert others
    for asked in others:
        assert "# Summary so far\nThe river number 0 met the mill.\n# The text that follows\n" in asked
        assert "Rewrite the summary in at most" in asked
    [route] = routes
    assert (route.strategy, route.pieces <= len(model.calls)) == ("refine", True)
    assert "rewrites it, as asked" in route.why
    tokenizer = load_tokenizer("minilm")
    read = sum(tokenizer.count("".join(str(one.content) for one in messages)) for messages in model.calls)
    assert read <= plan(text, **vars(settings)).input_tokens


def test_a_section_that_is_called_summary_so_far_is_summarized_like_any_other() -> None:
    model = ScriptedChatModel(replies=lambda messages: "The river number 0 met the mill.")
    settings = Settings(model=model, tokenizer="minilm", max_tokens=60, chunk_tokens=100)
    Summarization(settings).run(f"# Summary so far\n\n{text_of([0, 1])}\n\n# Then\n\n{text_of(list(range(40)))}")
    assert model.calls
    assert not any("Rewrite the summary" in str(messages[-1].content) for messages in model.calls)
