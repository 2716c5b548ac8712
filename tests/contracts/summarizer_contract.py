"""What every `Summarizer` keeps to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from longdoc.chunkers.text.span import Span
from longdoc.errors import BudgetError
from longdoc.memory.summaries.summary import EMPTY as _EMPTY
from longdoc.memory.summaries.summary import Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.summarizers.protocol import Chooser, Passage, Summarizer

TEXT = "The harbour was built in 1843. Ships came from the north. Nobody knows who paid for the lighthouse."


class Told:
    """Work that only notes which way it is asked to go."""

    def __init__(self) -> None:
        self.ways: list[str] = []
        self.tree = SummaryTree("", (), summary=_EMPTY, key="")

    def written(self) -> SummaryTree:
        self.ways.append("written")
        return self.tree

    def chosen(self, chooser: Chooser, finish: Callable[[Summary], Summary] | None = None) -> SummaryTree:
        self.ways.append("chosen")
        return self.tree


def check_summarizer(summarizer: Summarizer, budget: int = 30) -> None:
    """Budget, spans, empty input, refusals, and what a plan is told."""
    passages = [Passage(TEXT, (Span(7, 7 + len(TEXT), "s"),))]
    made = summarizer.summarize(passages, budget)
    assert made.sentences
    assert made.tokens == summarizer.tokenizer.count(made.text) <= budget
    spans = [span for sentence in made.sentences for span in sentence.spans]
    assert all(span.source == "s" and 7 <= span.start < span.end <= 7 + len(TEXT) for span in spans)
    assert asyncio.run(summarizer.asummarize(passages, budget)).tokens <= budget
    assert summarizer.summarize([], budget).sentences == ()
    with pytest.raises(BudgetError):
        summarizer.summarize(passages, 0)
    assert summarizer.name
    assert summarizer.fingerprint == summarizer.fingerprint
    assert budget <= summarizer.max_output_tokens
    assert 1 <= summarizer.max_calls(1) <= summarizer.max_calls(3)
    assert summarizer.prompt_tokens(passages, budget) <= summarizer.max_input_tokens + budget + 4096
    model, beside = summarizer.at_hand(budget)
    assert model.name
    assert beside >= 0
    work = Told()
    assert summarizer.tree(work) is work.tree
    assert len(work.ways) == 1
