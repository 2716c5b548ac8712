"""Refine: one chunk after the other, the summary so far rewritten with each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.carried import digest_of
from longdoc.memory.summaries.store import SummaryStore
from longdoc.memory.summaries.summary import EMPTY, Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.memory.summaries.written import Writer, WrittenMemory
from longdoc.pipelines.calls.local import FanOutEvent, ItemRetried, Outcome, fan_out
from longdoc.pipelines.calls.rate_limit import RateLimiter
from longdoc.pipelines.summarize.job import Job
from longdoc.pipelines.summarize.map_reduce import NodeDone, NodeRetried, OnEvent, covered, node_key
from longdoc.pipelines.summarize.outline import Outline
from longdoc.pipelines.summarizers.protocol import SO_FAR, Passage, Summarizer

_NEXT = "The text that follows"


class Refine:
    """Runs a job's chunks in reading order; each call reads the summary so far and one chunk, and gives the next.

    The tree has the last summary at its root and a leaf for each chunk, whose summary is what the summary after it
    said of that chunk. Each summary is in `store`, if one is given, before the next call, by what it rests on: the
    one before it and the chunk. So a run that was killed goes on where it was; and after an edit, once the summary
    is again the one that the old run had after the same chunk, the rest is read back.
    With `options.on_error="return"` a chunk that fails for good leaves the summary as it was.
    """

    def __init__(self, job: Job, on_event: OnEvent | None = None, store: SummaryStore | None = None) -> None:
        self.job = job
        self.retries = 0
        self.reused = 0
        self._store = store
        self._leaves = list(job.outline.leaves)
        self._memory = WrittenMemory(job.max_tokens, job.summarizer.tokenizer, writer_of(job.summarizer, job.query))
        self._on_event = on_event or (lambda event: None)
        self._limiter = RateLimiter(job.options.requests_per_minute, job.options.tokens_per_minute)

    def run(self) -> SummaryTree:
        """The tree of summaries. At most `job.options.max_attempts` attempts a chunk."""
        nodes: list[SummaryTree] = []
        for leaf in self._leaves:
            key = self._key(leaf)
            [outcome] = self._step(leaf, key)
            if outcome.ok and outcome.value is not None:
                self._memory = self._memory.rewritten(outcome.value)
            nodes.append(self._node(leaf, key, outcome))
            self._on_event(NodeDone(leaf.title, len(nodes), len(self._leaves), not outcome.ok))
        outline, held = self.job.outline, self._memory.held
        if not outline.children:
            return SummaryTree(outline.title, covered(outline), held, nodes[0].key, error=nodes[0].error)
        children = tuple(nodes)
        return SummaryTree(outline.title, covered(outline), held, node_key(self.job, outline, children), children)

    def _step(self, leaf: Outline, key: str) -> Sequence[Outcome[Summary]]:
        async def rewrite(_: Outline) -> Summary:
            return await self._rewritten(leaf, key)

        return fan_out(
            rewrite,
            [leaf],
            self.job.options,
            tokens=lambda node: self.job.input_tokens(node) + self.job.node_budget(node),
            on_event=lambda event: self._report(leaf, event),
            limiter=self._limiter,
        )

    async def _rewritten(self, leaf: Outline, key: str) -> Summary:
        held = self._memory.held
        text = leaf.span.of(self.job.texts[leaf.span.source])
        if not text.strip():
            return held
        under = [other.span for other in self._under(leaf)]
        if self._store is not None:
            kept = await asyncio.to_thread(self._store.get, key, under)
            if kept is not None:
                self.reused += 1
                return kept
        passages = [*_told(held), Passage(text, (leaf.span,), leaf.headings or ((_NEXT,) if held.sentences else ()))]
        made = await self.job.summarizer.asummarize(passages, self.job.max_tokens, self.job.query)
        made = Summary(tuple(_parted(sentence, under) for sentence in made.sentences), made.tokens)
        if self._store is not None:
            await asyncio.to_thread(self._store.put, key, under, made)
        return made

    def _under(self, leaf: Outline) -> list[Outline]:
        """The chunks that the summary so far rests on, and this one; spans are counted from where these begin."""
        spans = self._memory.spans
        return [one for one in self._leaves if one is leaf or any(one.span.overlaps(span) for span in spans)]

    def _key(self, leaf: Outline) -> str:
        """A digest of the summary so far and the chunk; where in a source their texts lie is not among it."""
        under = self._under(leaf)
        held = [
            [one.text, one.supported, one.problems, [list(_place(span, under)) for span in one.spans]]
            for one in self._memory.held.sentences
        ]
        rests_on = {
            "kind": "refine",
            "version": 2,
            "chunk": node_key(self.job, leaf, ()),
            "under": [digest_of(self._text(one).encode("utf-8", "surrogatepass")) for one in under],
            "at": next(at for at, one in enumerate(under) if one is leaf),
            "held": held,
        }
        return digest_of(json.dumps(rests_on, sort_keys=True, ensure_ascii=True).encode())

    def _text(self, leaf: Outline) -> str:
        return leaf.span.of(self.job.texts[leaf.span.source])

    def _node(self, leaf: Outline, key: str, outcome: Outcome[Summary]) -> SummaryTree:
        error = None if outcome.ok else str(outcome.error)
        said = tuple(_of_chunk(self._memory.held, leaf.span)) if outcome.ok else ()
        summary = Summary.of(said, self.job.summarizer.tokenizer) if said else EMPTY
        return SummaryTree(leaf.title, covered(leaf), summary, key, error=error)

    def _report(self, leaf: Outline, event: FanOutEvent) -> None:
        if isinstance(event, ItemRetried):
            self.retries += 1
            self._on_event(NodeRetried(leaf.title, event.error, event.delay))


def writer_of(summarizer: Summarizer, query: str | None = None) -> Writer:
    """What rewrites a `WrittenMemory` by asking a summarizer, one call an update."""

    def write(held: Summary, chunk: Summary, budget: int) -> Summary:
        said = [Passage(one.text, one.spans, (_NEXT,) if held.sentences else ()) for one in chunk.sentences]
        return summarizer.summarize([*_told(held), *said], budget, query)

    return write


def _told(held: Summary) -> list[Passage]:
    return [Passage(sentence.text, sentence.spans, SO_FAR) for sentence in held.sentences]


def _parted(sentence: Sentence, chunks: Sequence[Span]) -> Sentence:
    """The sentence with its spans parted where chunks meet, so that each lies in one chunk wherever that moves."""
    parts = (
        Span(max(s.start, c.start), min(s.end, c.end), s.source)
        for s in sentence.spans
        for c in chunks
        if s.overlaps(c)
    )
    return Sentence(sentence.text, tuple(parts), sentence.supported, sentence.problems)


def _of_chunk(held: Summary, chunk: Span) -> Iterator[Sentence]:
    """The sentences that rest on the chunk, with their spans in it alone."""
    for sentence in held.sentences:
        spans = tuple(span for span in sentence.spans if span.overlaps(chunk))
        if spans:
            yield Sentence(sentence.text, spans, sentence.supported, sentence.problems)


def _place(span: Span, chunks: Sequence[Outline]) -> tuple[int, int, int]:
    at = next(at for at, one in enumerate(chunks) if one.span.overlaps(span))
    start = chunks[at].span.start
    return at, span.start - start, span.end - start
