"""The whole pipeline with a chat model: planned calls, hard budgets, memory, and models that misbehave."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from langchain_core.messages import BaseMessage

from longdoc import FanOutOptions, SummaryTree, load_tokenizer, plan, summarize
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.errors import BudgetError, StageError
from longdoc.pipelines.summarize.map_reduce import Event, NodeDone, NodeRetried
from longdoc.pipelines.summarizers.chat import FRAMING
from longdoc.testing import ScriptedChatModel

QUICK = FanOutOptions(max_concurrency=4, max_attempts=12, backoff=0.0, max_backoff=0.0)
PARTS = ("harvest", "flood", "railway", "library", "election", "epidemic", "bridge", "orchard", "mine", "theatre")
CHAPTER = (
    "# The {part}\n\nThe {part} of {year} cost the town {cost} pounds. Mayor Eliza Thornton spoke of the {part} for "
    "two hours. Nobody in the valley had seen such a {part} before, and the newspapers wrote of little else. The "
    "council met on the next day. It decided to build a monument to the {part} beside the old mill.\n\n"
)
TEXT = "".join(
    CHAPTER.format(part=part, year=1870 + 3 * number, cost=1000 + 7 * number) for number, part in enumerate(PARTS)
)
SETTINGS = {"max_tokens": 60, "tokenizer": "minilm", "chunk_tokens": 100, "context_tokens": 2000, "options": QUICK}


def passages(messages: list[BaseMessage]) -> str:
    """What stands between the passage markers of a prompt, headings left out."""
    lines = str(messages[-1].content).split("<passages-")[1].split("</passages-")[0].splitlines()[1:]
    return "\n".join(line for line in lines if not line.startswith("# "))


def first_sentence(messages: list[BaseMessage]) -> str:
    body = passages(messages)
    return next(span.of(body) for span in split_sentences(body))


def run(model: ScriptedChatModel, on_event: Callable[[Event], object] | None = None, **changes: object) -> SummaryTree:
    return summarize(TEXT, model=model, on_event=on_event, **{**SETTINGS, **changes})  # type: ignore[arg-type]


def test_an_obedient_model_is_called_as_planned_and_every_sentence_leads_to_its_words() -> None:
    model = ScriptedChatModel(replies=first_sentence)
    tree = run(model)
    planned = plan(TEXT, model=model, **SETTINGS)  # type: ignore[arg-type]
    assert len(model.calls) == tree.run.calls == planned.calls  # type: ignore[union-attr]
    assert tree.run.extra_calls == 0  # type: ignore[union-attr]
    assert tree.depth >= 1
    for node in tree.walk():
        for sentence in node.summary.sentences:
            assert sentence.supported
            assert any(sentence.line in " ".join(span.of(TEXT).split()) for span in sentence.spans)


def test_no_prompt_with_its_reply_is_over_the_context_and_the_plan_bounds_what_is_read() -> None:
    model = ScriptedChatModel(replies=first_sentence)
    run(model)
    counts = [
        sum(load_tokenizer().count(str(message.content)) + FRAMING for message in messages) for messages in model.calls
    ]
    assert max(counts) + SETTINGS["max_tokens"] <= SETTINGS["context_tokens"]  # type: ignore[operator]
    assert sum(counts) <= plan(TEXT, model=model, **SETTINGS).input_tokens  # type: ignore[arg-type]


def test_a_chunk_is_read_with_what_came_before_it_and_never_with_what_comes_after() -> None:
    model = ScriptedChatModel(replies=first_sentence)
    run(model)
    seen = 0
    for messages in model.calls:
        prompt = str(messages[-1].content)
        if "<memory-" not in prompt:
            continue
        memory = prompt.split("<memory-")[1].split("</memory-")[0].split("\n", 1)[1].strip()
        first = TEXT.index(first_sentence(messages))
        places = [TEXT.index(line.of(memory)) for line in split_sentences(memory)]
        assert places
        assert max(places) < first
        assert load_tokenizer().count(memory) <= 200
        seen += 1
    assert seen == len([node for node in run(model).walk() if not node.children]) - 1


def test_a_model_that_fails_three_calls_in_ten_gives_the_tree_of_one_that_never_fails() -> None:
    events: list[Event] = []
    failing = ScriptedChatModel(replies=first_sentence, error_rate=0.3, seed=5)
    tree = run(failing, events.append)
    assert tree == run(ScriptedChatModel(replies=first_sentence))
    assert tree.run is not None
    assert tree.run.extra_calls == sum(isinstance(event, NodeRetried) for event in events) > 0
    assert len(failing.calls) == tree.run.calls + tree.run.extra_calls <= tree.run.max_calls
    done = [event.done for event in events if isinstance(event, NodeDone)]
    assert done == list(range(1, tree.run.planned_calls + 1))


@pytest.mark.parametrize(
    "reply",
    ["", "   \n", "?!?!?! ...", "I cannot help with that.", "word " * 3000, "Sentence number one is here. " * 300],
    ids=["nothing", "blank", "garbage", "refusal", "one endless sentence", "too many sentences"],
)
def test_a_model_that_misbehaves_costs_bounded_calls_and_never_breaks_a_budget(reply: str) -> None:
    model = ScriptedChatModel(replies=lambda messages: reply)
    options = FanOutOptions(max_concurrency=2, max_attempts=2, backoff=0.0, max_backoff=0.0)
    try:
        tree = run(model, options=options)
    except StageError as error:
        assert len(str(error)) < 400  # noqa: PT017 - either outcome is right, each with its own checks
    else:
        for node in tree.walk():
            assert node.summary.tokens <= SETTINGS["max_tokens"]  # type: ignore[operator]
    assert len(model.calls) <= plan(TEXT, model=model, **{**SETTINGS, "options": options}).max_calls  # type: ignore[arg-type]


def test_a_model_that_gives_its_own_input_back_is_held_to_the_budget() -> None:
    model = ScriptedChatModel(replies=passages)
    try:
        tree = run(model)
    except StageError as error:
        assert "item" in str(error) or "summary" in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert all(node.summary.tokens <= 60 for node in tree.walk())
    assert len(model.calls) <= plan(TEXT, model=model, **SETTINGS).max_calls  # type: ignore[arg-type]


def test_the_partial_tree_keeps_what_was_made_and_says_what_was_not() -> None:
    def fails_on_the_flood(messages: list[BaseMessage]) -> str:
        if "The flood of" in passages(messages):
            raise ValueError("no floods here")
        return first_sentence(messages)

    options = FanOutOptions(max_concurrency=3, max_attempts=1, on_error="return")
    tree = run(ScriptedChatModel(replies=fails_on_the_flood), options=options)
    failed = [node for node in tree.walk() if node.error is not None]
    assert [node.summary.sentences for node in failed] == [()]
    assert "no floods here" in str(failed[0].error)
    assert tree.summary.sentences
    with pytest.raises(StageError, match="no floods here"):
        run(ScriptedChatModel(replies=fails_on_the_flood), options=FanOutOptions(max_attempts=1))


def test_invented_facts_are_marked_all_the_way_up() -> None:
    model = ScriptedChatModel(replies=lambda messages: "The flood cost the town 987,654 pounds.")
    tree = run(model)
    for node in tree.walk():
        assert [sentence.supported for sentence in node.summary.sentences] == [False]
        assert any("987,654" in problem for problem in node.summary.sentences[0].problems)


def test_a_summary_that_the_context_cannot_hold_is_refused_before_any_call() -> None:
    model = ScriptedChatModel(replies=first_sentence)
    with pytest.raises(BudgetError, match="max_tokens is 1500"):
        run(model, max_tokens=1500)
    assert model.calls == []
