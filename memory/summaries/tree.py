"""The tree of summaries over a document: document, sections, chunks; each node with a digest of all it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence, Summary

if TYPE_CHECKING:
    from longdoc.memory.summaries.diff import SummaryDiff


@dataclass(frozen=True, slots=True)
class SummaryTree:
    """A node: its summary, the stretches of source it covers, and the nodes below it.

    `key` is a digest of the children's keys, the covered text, the summarizer, the budget and the memory given.
    `error` says why a node has no summary of its own, where a partial result was asked for. The root of a finished
    run has `run`; other nodes have None.
    """

    title: str
    spans: tuple[Span, ...]
    summary: Summary
    key: str
    children: tuple[SummaryTree, ...] = ()
    error: str | None = None
    run: Run | None = field(default=None, compare=False)

    @property
    def depth(self) -> int:
        """The levels below this node: 0 for a leaf. Iterative, since documents nest without limit."""
        level, depth = list(self.children), 0
        while level:
            level, depth = [child for node in level for child in node.children], depth + 1
        return depth

    def diff(self, new: SummaryTree) -> SummaryDiff:
        """What changed in the summary from this tree to a new one, and which chunks are the reason."""
        from longdoc.memory.summaries.diff import diff

        return diff(self, new)

    def walk(self) -> Iterator[SummaryTree]:
        """This node and all below it, parents first, in reading order."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class Run:
    """What a finished run was asked for and what it took."""

    model: str
    max_tokens: int
    calls: int
    extra_calls: int
    seconds: float
    planned_calls: int
    max_calls: int
    query: str | None
    texts: dict[str, str] = field(repr=False)  # the source texts by name, for renderers that show the spans
    pages: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)  # where the pages of a source begin
    reused: int = 0  # nodes that were found finished in the cache


def sentence_json(sentence: Sentence) -> dict[str, Any]:
    """A sentence as the JSON object that the command line prints."""
    shown: dict[str, Any] = {
        "text": sentence.line,
        "supported": sentence.supported,
        "spans": [{"source": s.source, "start": s.start, "end": s.end} for s in sentence.spans],
    }
    if sentence.problems:
        shown["problems"] = list(sentence.problems)
    return shown
