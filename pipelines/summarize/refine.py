"""Refine: one chunk after the other, the summary so far rewritten with each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.carried import digest_of
from longdoc.memory.summaries.store import SummaryStore
from longdoc.memory.summaries.summary import EMPTY, Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.memory.summaries.written import Writer, WrittenMemory
from longdoc.pipelines.summarize.job import Job
from longdoc.pipelines.summarize.map_reduce import Calls, NodeCall, NodeDone, NodeMaker, OnEvent, node_key
from longdoc.pipelines.summarize.outline import Outline, covered
from longdoc.pipelines.summarizers.protocol import SO_FAR, Passage, Summarizer

_NEXT = "The text that follows"


class Refine(NodeMaker):
    """Runs a job's chunks in reading order; each call reads the summary so far and one chunk, and gives the next.

    The tree has the last summary at its root and a leaf for each chunk, whose summary is what the summary after it
    said of that chunk. Each summary is in `store`, if one is given, before the next call, by what it rests on: the
    one before it and the chunk. So a run that was killed goes on where it was; and after an edit, once the summary
    is again the one that the old run had after the same chunk, the rest is read back.
    With `options.on_error="return"` a chunk that fails for good leaves the summary as it was.
    """

    def __init__(
        self, job: Job, calls: Calls, on_event: OnEvent | None = None, store: SummaryStore | None = None
    ) -> None:
        super().__init__(job, calls, on_event, store)
        self._leaves = list(job.outline.leaves)
        self._memory = WrittenMemory(job.max_tokens, job.summarizer.tokenizer, writer_of(job.summarizer, job.query))

    def run(self) -> SummaryTree:
        """The tree of summaries. At most `options.max_attempts` attempts a chunk."""
        nodes: list[SummaryTree] = []
        for leaf in self._leaves:
            key = self._key(leaf)
            failed = self._step(leaf, key)
            nodes.append(self._node(leaf, key, failed))
            self._on_event(NodeDone(leaf.title, len(nodes), len(self._leaves), failed is not None))
        outline, held = self.job.outline, self._memory.held
        if not outline.children:
            return SummaryTree(outline.title, covered(outline), held, nodes[0].key, error=nodes[0].error)
        children = tuple(nodes)
        return SummaryTree(outline.title, covered(outline), held, node_key(self.job, outline, children), children)

    def _step(self, leaf: Outline, key: str) -> str | None:
        """Rewrites the memory with a chunk; why that failed, if it did."""
        held, text = self._memory.held, self._text(leaf)
        if not text.strip():
            return None
        under = tuple(other.span for other in self._under(leaf))
        passage = Passage(text, (leaf.span,), leaf.headings or ((_NEXT,) if held.sentences else ()))
        [outcome] = self.ask(
            [leaf], [NodeCall(key, under, (*_told(held), passage), self.job.max_tokens, self.job.query)]
        )
        if outcome.value is not None:
            self._memory = self._memory.rewritten(outcome.value.summary)
        return None if outcome.ok else str(outcome.error)

    def _under(self, leaf: Outline) -> list[Outline]:
        """The chunks that the summary so far rests on, and this one; spans are counted from where these begin."""
        spans = self._memory.spans
        return [one for one in self._leaves if one.span == leaf.span or any(one.span.overlaps(span) for span in spans)]

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
            "at": next(at for at, one in enumerate(under) if one.span == leaf.span),
            "held": held,
        }
        return digest_of(json.dumps(rests_on, sort_keys=True, ensure_ascii=True).encode())

    def _text(self, leaf: Outline) -> str:
        return leaf.span.of(self.job.texts[leaf.span.source])

    def _node(self, leaf: Outline, key: str, error: str | None) -> SummaryTree:
        said = tuple(_of_chunk(self._memory.held, leaf.span)) if error is None else ()
        summary = Summary.of(said, self.job.summarizer.tokenizer) if said else EMPTY
        return SummaryTree(leaf.title, covered(leaf), summary, key, error=error)


def writer_of(summarizer: Summarizer, query: str | None = None) -> Writer:
    """What rewrites a `WrittenMemory` by asking a summarizer, one call an update."""

    def write(held: Summary, chunk: Summary, budget: int) -> Summary:
        said = [Passage(one.text, one.spans, (_NEXT,) if held.sentences else ()) for one in chunk.sentences]
        return summarizer.summarize([*_told(held), *said], budget, query)

    return write


def _told(held: Summary) -> list[Passage]:
    return [Passage(sentence.text, sentence.spans, (SO_FAR,), so_far=True) for sentence in held.sentences]


def _of_chunk(held: Summary, chunk: Span) -> Iterator[Sentence]:
    """The sentences that rest on the chunk, with their spans in it alone."""
    for sentence in held.sentences:
        spans = tuple(span for span in sentence.spans if span.overlaps(chunk))
        if spans:
            yield replace(sentence, spans=spans)


def _place(span: Span, chunks: Sequence[Outline]) -> tuple[int, int, int]:
    at = next(at for at, one in enumerate(chunks) if one.span.overlaps(span))
    start = chunks[at].span.start
    return at, span.start - start, span.end - start
