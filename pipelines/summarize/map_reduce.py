"""Hierarchical map-reduce: every chunk at once, then level by level up to the document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.store import SummaryStore
from longdoc.memory.summaries.summary import EMPTY, Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.calls.executor import Executor, FanOutEvent, FanOutOptions, ItemRetried, Outcome
from longdoc.pipelines.calls.extra import counted_calls
from longdoc.pipelines.summarize.job import Job
from longdoc.pipelines.summarize.outline import Outline, covered, steps_of
from longdoc.pipelines.summarizers.protocol import Passage, Summarizer


@dataclass(frozen=True, slots=True)
class Calls:
    """How calls are made: by which executor, how many at once, how fast, how often again. No part of what a job is."""

    executor: Executor
    options: FanOutOptions


@dataclass(frozen=True, slots=True)
class NodeDone:
    """A node of the tree has its summary, or has failed for good; `done` of `planned` calls are behind."""

    title: str
    done: int
    planned: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class NodeRetried:
    """A node's call failed and is made again after `delay` seconds."""

    title: str
    error: BaseException
    delay: float


@dataclass(frozen=True, slots=True)
class StageBegan:
    """A stage of a run begins."""

    stage: Literal["reading", "embedding", "choosing", "writing"]


Event = StageBegan | NodeDone | NodeRetried
OnEvent = Callable[[Event], object]


@dataclass(frozen=True, slots=True)
class NodeCall:
    """All that a node's summary is asked with: a plain value, wherever it is asked.

    `key` is a digest of what the summary rests on, and `under` the stretches of source that it may rest on.
    """

    key: str
    under: tuple[Span, ...]
    passages: tuple[Passage, ...]
    budget: int
    query: str | None
    memory: str = ""


@dataclass(frozen=True, slots=True)
class NodeSummary:
    """A node's summary: found finished, or made, with so many calls of the model beyond the first."""

    summary: Summary
    found: bool = False
    extra_calls: int = 0


@dataclass(frozen=True, slots=True)
class AskNode:
    """What an executor maps over nodes: looks for the finished summary, else asks for it and keeps it."""

    summarizer: Summarizer
    store: SummaryStore | None = None

    async def __call__(self, asked: NodeCall) -> NodeSummary:
        """The summary of a node, in the store before this returns."""
        if not asked.passages:
            return NodeSummary(EMPTY)
        if self.store is not None:
            kept = await asyncio.to_thread(self.store.get, asked.key, asked.under)
            if kept is not None:
                return NodeSummary(kept, found=True)
        with counted_calls() as calls:
            made = await self.summarizer.asummarize(asked.passages, asked.budget, asked.query, asked.memory)
        summary = replace(made, sentences=tuple(_parted(sentence, asked.under) for sentence in made.sentences))
        if self.store is not None:
            await asyncio.to_thread(self.store.put, asked.key, asked.under, summary)
        return NodeSummary(summary, extra_calls=calls.extra)


def _parted(sentence: Sentence, under: Sequence[Span]) -> Sentence:
    """The sentence with its spans parted where stretches meet, so that each lies in one wherever that moves."""
    parts = (
        Span(max(span.start, one.start), min(span.end, one.end), span.source)
        for span in sentence.spans
        for one in under
        if span.overlaps(one)
    )
    return replace(sentence, spans=tuple(parts))


class NodeMaker:
    """What map-reduce and refine have in common: calls given to an executor, and counts of what came of them."""

    def __init__(self, job: Job, calls: Calls, on_event: OnEvent | None, store: SummaryStore | None) -> None:
        self.job = job
        self.retries = self.found = self.extra_calls = 0
        self._calls = calls
        self._ask = AskNode(job.summarizer, store)
        self._on_event = on_event or (lambda event: None)

    def ask(self, nodes: Sequence[Outline], asked: Sequence[NodeCall]) -> list[Outcome[NodeSummary]]:
        """What became of the calls of some nodes, slot by slot."""
        reads = [self.job.input_tokens(node) + self.job.node_budget(node) for node in nodes]
        tokens = dict(zip(asked, reads, strict=True)) if self._calls.options.tokens_per_minute else {}
        outcomes: list[Outcome[NodeSummary]] = self._calls.executor.map(
            self._ask,
            asked,
            self._calls.options,
            tokens=lambda one: tokens[one],
            on_event=lambda event: self._report(nodes, event),
        )
        made = [outcome.value for outcome in outcomes if outcome.value is not None]
        self.found += sum(one.found for one in made)
        self.extra_calls += sum(one.extra_calls for one in made)
        return outcomes

    def _report(self, nodes: Sequence[Outline], event: FanOutEvent) -> None:
        if isinstance(event, ItemRetried):
            self.retries += 1
            self._on_event(NodeRetried(nodes[event.index].title, event.error, event.delay))


class MapReduce(NodeMaker):
    """Runs a job's outline from the leaves up, all nodes of one height at once.

    `memories` gives each leaf, in reading order, the text of what came before it. With `options.on_error="raise"` a
    node that fails for good ends the run with a `StageError`; with `"return"` it is left with its error and an empty
    summary, and the nodes above it do without. Each summary is in `store`, if one is given, before it counts, and a
    node that is there already is not made again: so a run that was killed goes on, and after an edit only the nodes
    on the way from it to the root are made.
    """

    def __init__(
        self,
        job: Job,
        calls: Calls,
        memories: Sequence[str],
        on_event: OnEvent | None = None,
        store: SummaryStore | None = None,
    ) -> None:
        super().__init__(job, calls, on_event, store)
        self._steps = steps_of(job.outline)
        told = iter(memories)
        self._memories = ["" if step.children else next(told) for step in self._steps]
        self._made: dict[int, SummaryTree] = {}

    def run(self) -> SummaryTree:
        """The tree of summaries. At most `options.max_attempts` attempts a node."""
        for height in range(self.job.outline.height + 1):
            self._level([at for at, step in enumerate(self._steps) if step.node.height == height])
        return self._made[len(self._steps) - 1]

    def _level(self, level: Sequence[int]) -> None:
        nodes = [self._steps[at].node for at in level]
        asked = [self._call(at) for at in level]
        for at, call, outcome in zip(level, asked, self.ask(nodes, asked), strict=True):
            self._made[at] = self._tree(at, call, outcome)
            self._on_event(NodeDone(self._steps[at].node.title, len(self._made), len(self._steps), not outcome.ok))

    def _call(self, at: int) -> NodeCall:
        node, memory = self._steps[at].node, self._memories[at]
        key = node_key(self.job, node, self._children(at), memory)
        passages = tuple(self._passages(at))
        return NodeCall(key, covered(node), passages, self.job.node_budget(node), self.job.query, memory)

    def _passages(self, at: int) -> Iterator[Passage]:
        node = self._steps[at].node
        if not node.children:
            text = node.span.of(self.job.texts[node.span.source])
            if text.strip():
                yield Passage(text, (node.span,), node.headings)
            return
        for child in self._children(at):
            for sentence in child.summary.sentences:
                yield Passage(sentence.text, sentence.spans, (child.title,))

    def _children(self, at: int) -> tuple[SummaryTree, ...]:
        return tuple(self._made[child] for child in self._steps[at].children)

    def _tree(self, at: int, asked: NodeCall, outcome: Outcome[NodeSummary]) -> SummaryTree:
        summary = EMPTY if outcome.value is None else outcome.value.summary
        error = None if outcome.ok else str(outcome.error)
        return SummaryTree(self._steps[at].node.title, asked.under, summary, asked.key, self._children(at), error)


def node_key(job: Job, node: Outline, children: Sequence[SummaryTree], memory: str = "") -> str:
    """The digest of all that a node's summary rests on; where in a source its text lies is not among it."""
    text = "" if children else node.span.of(job.texts[node.span.source])
    rests_on: Mapping[str, object] = {
        "kind": "summary",
        "version": 2,
        "summarizer": job.summarizer.fingerprint,
        "tokenizer": job.summarizer.tokenizer.name,
        "budget": job.node_budget(node),
        "query": job.query,
        "style": job.style if node is job.outline else "",
        "headings": node.headings,
        "memory": _digest(memory),
        "text": _digest(text),
        "children": [[child.key, child.title] for child in children],
    }
    return _digest(json.dumps(rests_on, sort_keys=True, ensure_ascii=True))


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
