"""Hierarchical map-reduce: every chunk at once, then level by level up to the document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.store import SummaryStore
from longdoc.memory.summaries.summary import EMPTY, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.calls.local import FanOutEvent, ItemRetried, Outcome, fan_out
from longdoc.pipelines.calls.rate_limit import RateLimiter
from longdoc.pipelines.summarize.job import Job
from longdoc.pipelines.summarize.outline import Outline
from longdoc.pipelines.summarizers.protocol import Passage


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


Event = NodeDone | NodeRetried
OnEvent = Callable[[Event], object]


class MapReduce:
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
        memories: Sequence[str],
        on_event: OnEvent | None = None,
        store: SummaryStore | None = None,
    ) -> None:
        self.job = job
        self.retries = 0
        self.reused = 0
        self._store = store
        self._nodes = list(job.outline.walk())
        self._memories = dict(zip((id(leaf) for leaf in job.outline.leaves), memories, strict=True))
        self._made: dict[int, SummaryTree] = {}
        self._on_event = on_event or (lambda event: None)
        self._limiter = RateLimiter(job.options.requests_per_minute, job.options.tokens_per_minute)

    def run(self) -> SummaryTree:
        """The tree of summaries. At most `job.options.max_attempts` attempts a node."""
        for height in range(self.job.outline.height + 1):
            self._level([node for node in self._nodes if node.height == height])
        return self._made[id(self.job.outline)]

    def _level(self, nodes: Sequence[Outline]) -> None:
        outcomes = fan_out(
            self._summarize,
            nodes,
            self.job.options,
            tokens=lambda node: self.job.input_tokens(node) + self.job.node_budget(node),
            on_event=lambda event: self._report(nodes, event),
            limiter=self._limiter,  # one for all levels: the rates are the provider's
        )
        for node, outcome in zip(nodes, outcomes, strict=True):
            self._made[id(node)] = self._tree(node, outcome)
            self._on_event(NodeDone(node.title, len(self._made), len(self._nodes), not outcome.ok))

    async def _summarize(self, node: Outline) -> Summary:
        passages = self._passages(node)
        if not passages:
            return EMPTY
        if self._store is None:
            return await self._asked(node, passages)
        key, spans = self._key(node), covered(node)
        kept = await asyncio.to_thread(self._store.get, key, spans)
        if kept is not None:
            self.reused += 1
            return kept
        summary = await self._asked(node, passages)
        await asyncio.to_thread(self._store.put, key, spans, summary)
        return summary

    async def _asked(self, node: Outline, passages: Sequence[Passage]) -> Summary:
        memory = self._memories.get(id(node), "")
        return await self.job.summarizer.asummarize(passages, self.job.node_budget(node), self.job.query, memory)

    def _passages(self, node: Outline) -> list[Passage]:
        if not node.children:
            text = node.span.of(self.job.texts[node.span.source])
            return [Passage(text, (node.span,), node.headings)] if text.strip() else []
        return [
            Passage(sentence.text, sentence.spans, (child.title,))
            for child in node.children
            for sentence in self._made[id(child)].summary.sentences
        ]

    def _tree(self, node: Outline, outcome: Outcome[Summary]) -> SummaryTree:
        summary = outcome.value if outcome.ok and outcome.value is not None else EMPTY
        error = None if outcome.ok else str(outcome.error)
        return SummaryTree(node.title, covered(node), summary, self._key(node), self._children(node), error)

    def _children(self, node: Outline) -> tuple[SummaryTree, ...]:
        return tuple(self._made[id(child)] for child in node.children)

    def _key(self, node: Outline) -> str:
        return node_key(self.job, node, self._children(node), self._memories.get(id(node), ""))

    def _report(self, nodes: Sequence[Outline], event: FanOutEvent) -> None:
        if isinstance(event, ItemRetried):
            self.retries += 1
            self._on_event(NodeRetried(nodes[event.index].title, event.error, event.delay))


def covered(node: Outline) -> tuple[Span, ...]:
    """The stretch that a node covers, or one for each child where they are of several sources."""
    if node.children and len({child.span.source for child in node.children}) > 1:
        return tuple(span for child in node.children for span in covered(child))
    return (node.span,)


def node_key(job: Job, node: Outline, children: Sequence[SummaryTree], memory: str = "") -> str:
    """The digest of all that a node's summary rests on; where in a source its text lies is not among it."""
    text = "" if children else node.span.of(job.texts[node.span.source])
    rests_on: Mapping[str, object] = {
        "kind": "summary",
        "version": 2,
        "summarizer": job.method,
        "tokenizer": job.summarizer.tokenizer.name,
        "budget": job.node_budget(node),
        "query": job.query,
        "headings": node.headings,
        "memory": _digest(memory),
        "text": _digest(text),
        "children": [[child.key, child.title] for child in children],
    }
    return _digest(json.dumps(rests_on, sort_keys=True, ensure_ascii=True))


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
