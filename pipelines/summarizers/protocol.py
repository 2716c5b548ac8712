"""What a summarizer is: passages in, one summary inside a token budget out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.summaries.summary import Summary

SO_FAR = ("Summary so far",)  # told by being this very tuple: a document may have the same heading


@dataclass(frozen=True, slots=True)
class Passage:
    """Text to be summarized and the spans of the source it stands for.

    A passage of source text has one span, whose characters it is. A passage that is a sentence of another summary
    has the spans that the sentence rests on. Passages of which the first has `SO_FAR` for its headings are a
    summary, to be rewritten with what follows it.
    """

    text: str
    spans: tuple[Span, ...]
    headings: tuple[str, ...] = ()


@runtime_checkable
class Summarizer(Protocol):
    """Turns passages into a summary whose sentences carry spans, inside a token budget."""

    @property
    def name(self) -> str:
        """The model and its settings, in words that change whenever the summaries may; part of every key."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Counts as the model that reads and writes does."""

    @property
    def max_input_tokens(self) -> int:
        """The tokens of passages, memory and query that one call can read."""

    def summarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """A summary of `passages` of at most `budget` tokens; about `query` where one is given.

        `memory` is what came before the passages: for understanding only, never to be summarized or cited.
        No passages give an empty summary. Raises `BudgetError` where not even one sentence fits the budget.
        """

    async def asummarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """The same as `summarize`, without blocking the event loop."""


@runtime_checkable
class Prompting(Protocol):
    """What a summarizer that asks a model with prompts adds, so that its calls can be planned."""

    @property
    def max_calls(self) -> int:
        """The calls that one summary takes at most, retries aside."""

    @property
    def max_output_tokens(self) -> int:
        """The largest budget that it can be given."""

    def prompt_tokens(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> int:
        """The most tokens that a prompt for these can take."""
