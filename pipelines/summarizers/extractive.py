"""The summarizer that needs no chat model: it picks the source's own sentences, and each one is its own citation."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Self

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.arguments import checked
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import BUNDLED, Tokenizer, load_tokenizer
from longdoc.errors import BudgetError
from longdoc.memory.cache.keys import code_digest
from longdoc.memory.summaries.summary import EMPTY, Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.route import ModelAtHand
from longdoc.pipelines.summarizers.protocol import UNBOUNDED, Passage, Traits, TreeWork
from longdoc.pipelines.summarizers.salience import Scorer, edge_share, first_choice, scores_of
from longdoc.pipelines.summarizers.sentence_table import Encoder, SentenceTable, TableMaker

if TYPE_CHECKING:
    from langchain_core.stores import ByteStore

_REDUNDANCY = 0.7  # what likeness to a sentence already taken costs, in standard deviations of salience
_SAME = 0.95  # likeness from which a sentence says nothing new and is never taken,
_NEVER = 1e6  # which costs this
_CONSIDERED = 400  # sentences, the most salient ones, among which redundancy is weighed
_CROWDING = 1.0  # what it costs, in a long text, to stand right beside a sentence already taken,
_ELBOW_ROOM = 1 / 12  # falling to nothing at this share of the text
_SAMPLED = 60  # sentences that tell the language
_BREAK = "\n\n"


@dataclass(frozen=True, slots=True)
class Candidates:
    """Sentences to choose from: text and spans by row, scores, vectors, and which of them are chosen before all others.

    `crowding` is what closeness in the text costs: nothing in a short one, or where a query picks the places.
    """

    sentence: Callable[[int], Sentence]
    scores: NDArray[np.float64]
    tokens: NDArray[np.int32]
    vectors: NDArray[np.float16]
    first: NDArray[np.bool_]
    crowding: float


@checked
class ExtractiveSummarizer:
    """Chooses sentences by salience and against redundancy (maximal marginal relevance, Carbonell and Goldstein, 1998).

    `encoder` gives the sentence vectors, the bundled one by default, whose vectors are kept in the `cache` if one is
    given; `tokenizer` counts the budget; `scorer` says how much a sentence matters, a weighted sum of features if None.
    Reads text of any length.
    """

    max_input_tokens = max_output_tokens = UNBOUNDED
    traits = Traits(1024, steady_chunks=False, reads_memory=False, rewrites=False, paid=False, writes=False)

    def __init__(
        self,
        encoder: Encoder | None = None,
        tokenizer: str | Tokenizer = BUNDLED,
        cache: ByteStore | None = None,
        scorer: Scorer | None = None,
    ) -> None:
        self._given = encoder
        self.scorer = scorer
        self._cache = cache
        self._loading: Future[Encoder] | None = None
        self.tokenizer = load_tokenizer(tokenizer)

    @property
    def name(self) -> str:
        """The method; the encoder's fingerprint is part of it where the caller chose one."""
        return "extractive" if self._given is None else f"extractive:{self._given.fingerprint}"

    @property
    def fingerprint(self) -> str:
        """Changes whenever the scores may: the method is its code, its constants among it."""
        code = code_digest("longdoc.chunkers.text", "longdoc.models.salience", "longdoc.pipelines.summarizers")[:16]
        return f"{self.name}:{code}" if self.scorer is None else f"{self.name}:{self.scorer.name}:{code}"

    @cached_property
    def encoder(self) -> Encoder:
        """What embeds the sentences; loaded when first asked."""
        if self._given is not None:
            return self._given
        bundled = _bundled() if self._loading is None else self._loading.result()
        return bundled if self._cache is None else _kept(bundled, self._cache)

    def through(self, wrap: Callable[[Encoder], Encoder]) -> Self:
        """The same summarizer, whose vectors come through `wrap`, which changes none of them."""
        made = copy(self)
        made.__dict__["encoder"] = wrap(self.encoder)
        return made

    def preload(self) -> None:
        """Begins to load the bundled encoder, if it will be used, while the caller does other work."""
        if self._given is None and self._loading is None:
            thread = ThreadPoolExecutor(1)
            self._loading = thread.submit(_loaded)
            thread.shutdown(wait=False)

    def summarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """The passages' most salient sentences, in reading order, at most `budget` tokens together.

        `memory` changes nothing here: what came before is not summarized. Blank passages give an empty summary.
        Raises `BudgetError` where the shortest sentence is over the budget.
        """
        starts = [0, *accumulate(len(passage.text) + len(_BREAK) for passage in passages)]
        document = Document(page_content=_BREAK.join(passage.text for passage in passages))
        table = TableMaker(document, starts[:-1] or [0], self.encoder, tokenizer=self.tokenizer).make()

        def sentence(row: int) -> Sentence:
            start, end = int(table.starts[row]), int(table.ends[row])
            index = bisect_right(starts, start) - 1
            text = document.page_content[start:end]
            return Sentence(text, _spans(passages[index], start - starts[index], end - starts[index]))

        return self.choose([table], sentence, budget, self.query_vector(query), demanded=True)

    async def asummarize(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> Summary:
        """The same as `summarize`, in a thread."""
        return await asyncio.to_thread(self.summarize, passages, budget, query, memory)

    def max_calls(self, attempts: int) -> int:
        """One, on this machine."""
        return 1

    def prompt_tokens(
        self, passages: Sequence[Passage], budget: int, query: str | None = None, memory: str = ""
    ) -> int:
        """The tokens of the passages and the query."""
        return sum(
            self.tokenizer.count(text) for text in (*(passage.text for passage in passages), query or "") if text
        )

    def at_hand(self, budget: int) -> tuple[ModelAtHand, int]:
        """The sentence encoder, which has no context to fill."""
        return ModelAtHand("the sentence encoder", "extractive"), 0

    def tree(self, work: TreeWork) -> SummaryTree:
        """Each node chosen from all sentences that it covers."""
        return work.chosen(self)

    def query_vector(self, query: str | None) -> NDArray[np.float32] | None:
        """The unit vector of a query, None for none."""
        return None if query is None else self.encoder.encode([query])[0].astype(np.float16).astype(np.float32)

    def choose(
        self,
        tables: Sequence[SentenceTable],
        sentence: Callable[[int], Sentence],
        budget: int,
        query: NDArray[np.float32] | None,
        demanded: bool = False,
    ) -> Summary:
        """The summary from the tables' rows, numbered one table after the other; `sentence` makes one of a row.

        Where nothing fits, the summary is empty, or, if it is `demanded`, a `BudgetError` says what would.
        """
        tables = [table for table in tables if len(table)]
        if not tables:
            return EMPTY
        candidates = Candidates(
            sentence,
            scores_of(tables, query, self._scorer_for(sentence, sum(map(len, tables)))),
            np.concatenate([table.tokens for table in tables]),
            np.concatenate([table.vectors for table in tables]),
            np.concatenate([first_choice(table) for table in tables]),
            0.0 if query is not None else _CROWDING * (1 - max(edge_share(table.positions) for table in tables)),
        )
        summary = self._pick(candidates, budget)
        if not summary.sentences and demanded:
            self._refuse(candidates, budget)
        return summary

    def _scorer_for(self, sentence: Callable[[int], Sentence], rows: int) -> Scorer | None:
        """The scorer that was given, if it knows the language of the rows."""
        if self.scorer is None:
            return None
        some = range(0, rows, -(-rows // _SAMPLED))
        return self.scorer if self.scorer.knows([sentence(row).text for row in some]) else None

    def _pick(self, candidates: Candidates, budget: int) -> Summary:
        """The best sentences in reading order, whose assembled text is within the budget."""
        for pool in (np.flatnonzero(candidates.first), np.flatnonzero(~candidates.first)):
            rows = self._greedy(candidates, pool, budget)
            if rows:
                break
        while rows:
            summary = Summary.of(tuple(candidates.sentence(row) for row in sorted(rows)), self.tokenizer)
            if summary.tokens <= budget:
                return summary
            rows.pop()
        return EMPTY

    def _greedy(self, candidates: Candidates, pool: NDArray[np.int64], budget: int) -> list[int]:
        """Rows of the pool, the best first; each must fit beside those before it."""
        pool = pool[np.argsort(-candidates.scores[pool], kind="stable")]
        rows: list[int] = []
        said: set[str] = set()  # a running header or a refrain is said once, however salient
        left = budget
        for start in range(0, len(pool), _CONSIDERED):  # a later block only where the ones before it fill nothing
            block = pool[start : start + _CONSIDERED]
            vectors = candidates.vectors[block].astype(np.float32)
            tokens, value = candidates.tokens[block], candidates.scores[block].copy()
            cost = np.zeros(len(block), np.float32)
            for _ in range(len(block)):
                value[tokens > left] = -np.inf
                best = int(np.argmax(value - cost))
                if cost[best] >= _NEVER or np.isneginf(value[best]):
                    break
                value[best] = -np.inf
                line = candidates.sentence(int(block[best])).line
                if line in said:
                    continue
                said.add(line)
                rows.append(int(block[best]))
                left -= int(tokens[best])
                cost = np.maximum(cost, self._cost(candidates, block, best, vectors @ vectors[best]))
                if left < 4:  # no sentence worth its place is shorter
                    return rows
            if rows:
                return rows
        return rows

    def _cost(
        self, candidates: Candidates, block: NDArray[np.int64], taken: int, likeness: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        apart = np.abs(block - block[taken]) / len(candidates.scores)
        crowded = np.maximum(0.0, 1 - apart / _ELBOW_ROOM)
        cost: NDArray[np.float32] = (_REDUNDANCY * likeness + candidates.crowding * crowded).astype(np.float32)
        cost[likeness > _SAME] = _NEVER
        return cost

    def _refuse(self, candidates: Candidates, budget: int) -> None:
        shortest = int(candidates.tokens.min())
        raise BudgetError(
            f"max_tokens is {budget}, and the shortest sentence has {shortest} tokens; give {shortest} or more"
        )


def _spans(passage: Passage, start: int, end: int) -> tuple[Span, ...]:
    """Where a stretch of a passage lies: exactly, if the passage is source text, else wherever the passage does."""
    if len(passage.spans) == 1 and passage.spans[0].end - passage.spans[0].start == len(passage.text):
        origin = passage.spans[0]
        return (Span(origin.start + start, origin.start + end, origin.source),)
    return passage.spans


def _bundled() -> Encoder:
    from longdoc.models.encoder.encoder import SentenceEncoder

    return SentenceEncoder()


def _loaded() -> Encoder:
    from longdoc.models.encoder.encoder import SentenceEncoder

    return SentenceEncoder().loaded()


def _kept(encoder: Encoder, cache: ByteStore) -> Encoder:
    """The encoder, whose vectors are looked for in the cache first."""
    from longdoc.memory.cache.byte_cache import ByteCache
    from longdoc.memory.cache.cached_embeddings import CachedEmbeddings

    kept = cache if isinstance(cache, ByteCache) else ByteCache(store=cache)
    return CachedEmbeddings(encoder, kept, dtype="float16")
