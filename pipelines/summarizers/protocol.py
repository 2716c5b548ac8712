"""What a summarizer is: passages in, one summary inside a token budget out, and how a tree is made with it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.cache.keys import code_digest
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.passage import Passage as Passage
from longdoc.pipelines.route import ModelAtHand
from longdoc.pipelines.summarizers.salience import Scorer
from longdoc.pipelines.summarizers.sentence_table import Encoder, SentenceTable

SO_FAR = "Summary so far"
UNBOUNDED = 2**62  # tokens

_CODE = (
    "longdoc.chunkers.text",
    "longdoc.models.cross_encoder",
    "longdoc.models.encoder.layers",
    "longdoc.pipelines.checks",
    "longdoc.pipelines.summarizers",
    "longdoc.pipelines.wording",
)


@dataclass(frozen=True, slots=True)
class Traits:
    """The properties of a summarizer that a plan depends on.

    `chunk_tokens` is what it reads at once unless asked otherwise. With `steady_chunks` an edit moves only the edges
    near it, for whom each chunk's summary is paid for and kept. `reads_memory`: it is told of the text before.
    `rewrites`: it can be asked for a summary of a summary and what follows. `paid`: its tokens cost money.
    `local`: it is a model on this machine, which makes one call at a time and takes what it takes. `writes`: its
    summaries are written by calls of a model, not chosen from the text.
    """

    chunk_tokens: int = 2048
    steady_chunks: bool = True
    reads_memory: bool = True
    rewrites: bool = True
    paid: bool = True
    local: bool = False
    writes: bool = True


class Chooser(Protocol):
    """A summarizer that chooses sentences: a parent's from all below it, so that its tree is one pass over a table."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Counts the budget."""

    @property
    def encoder(self) -> Encoder:
        """Embeds the sentences."""

    @property
    def scorer(self) -> Scorer | None:
        """Says how much a sentence matters; the fixed weights do where it is None."""

    def query_vector(self, query: str | None) -> NDArray[np.float32] | None:
        """The unit vector of a query, None for none."""

    def choose(
        self,
        tables: Sequence[SentenceTable],
        sentence: Callable[[int], Sentence],
        budget: int,
        query: NDArray[np.float32] | None,
        demanded: bool = False,
    ) -> Summary:
        """The summary from the rows of tables, numbered one after the other; `sentence` makes one of a row."""


class TreeWork(Protocol):
    """The tree that a job wants, offered to its summarizer, which says in which of two ways it is made."""

    def written(self) -> SummaryTree:
        """Each node's summary asked of the summarizer: a chunk's from its text, a parent's from its children's."""

    def chosen(self, chooser: Chooser, finish: Callable[[Summary], Summary] | None = None) -> SummaryTree:
        """Each node's summary chosen from all sentences that it covers; the top's goes through `finish`."""


class Summarizer(Protocol):
    """Turns passages into a summary whose sentences carry spans, inside a token budget.

    A class of one's own inherits `WritingSummarizer`, and has all but the first four.
    """

    @property
    def name(self) -> str:
        """The model and its settings, in words that change whenever the summaries may."""

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

    @property
    def fingerprint(self) -> str:
        """Changes whenever the summaries may, the bundled encoder aside; part of every key."""

    @property
    def traits(self) -> Traits:
        """The properties that a plan depends on."""

    @property
    def max_output_tokens(self) -> int:
        """The largest budget that it can be given."""

    def max_calls(self, attempts: int) -> int:
        """The most calls of a model that one summary takes, where a call that fails is made up to `attempts` times."""

    def prompt_tokens(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> int:
        """The most tokens that one call for these reads."""

    def at_hand(self, budget: int) -> tuple[ModelAtHand, int]:
        """The model as a router is told of it, and the tokens of a prompt beside text, query, memory and output."""

    def preload(self) -> None:
        """Begins to load what it needs, while the caller does other work."""

    def tree(self, work: TreeWork) -> SummaryTree:
        """The tree that a job wants, made in the way that suits this summarizer."""


class WritingSummarizer(ABC):
    """What a summarizer has that writes each summary in a call of its own; inherit it for one of your own."""

    @property
    @abstractmethod
    def name(self) -> str:
        """See `Summarizer`."""

    @property
    @abstractmethod
    def tokenizer(self) -> Tokenizer:
        """See `Summarizer`."""

    @property
    @abstractmethod
    def max_input_tokens(self) -> int:
        """See `Summarizer`."""

    @abstractmethod
    def summarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """See `Summarizer`."""

    async def asummarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """The same as `summarize`, in a thread."""
        return await asyncio.to_thread(self.summarize, passages, budget, query, memory)

    @property
    def fingerprint(self) -> str:
        """The name, and a digest of the code that checks and mends what a model writes."""
        code = code_digest(*_CODE)[:16]
        return f"{self.name}:{code}"

    @property
    def traits(self) -> Traits:
        """Those of a model that is paid by the token."""
        return Traits()

    @property
    def max_output_tokens(self) -> int:
        """No limit of its own."""
        return UNBOUNDED

    def max_calls(self, attempts: int) -> int:
        """One call, made again where it fails."""
        return attempts

    def prompt_tokens(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> int:
        """The tokens of the passages, the query and the memory."""
        count = self.tokenizer.count
        return sum(count(text) for text in (*(passage.text for passage in passages), query or "", memory) if text)

    def at_hand(self, budget: int) -> tuple[ModelAtHand, int]:
        """A model that reads `max_input_tokens`, and writes beside them."""
        return ModelAtHand("the model", "led", self.max_input_tokens), 0

    def preload(self) -> None:
        """Nothing to load."""
        return

    def tree(self, work: TreeWork) -> SummaryTree:
        """Each node written."""
        return work.written()
