"""Finished summaries by the key of their node, in any LangChain `ByteStore`: what makes a run resumable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from longdoc.arguments import checked
from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.memory.summaries.tree_json import tree_from_json, tree_to_json

if TYPE_CHECKING:
    from langchain_core.stores import ByteStore

_KIND, _RUN = "summary/2-", "run/3-"
_CHECKED = 16  # bytes of checksum before each value


@checked
class SummaryStore:
    """Keeps summaries with their spans counted from the text that they cover, so that they hold wherever it moves.

    A value that is damaged counts as absent. What the store raises is passed on.
    """

    def __init__(self, store: ByteStore) -> None:
        self._store = store

    def get(self, key: str, covered: Sequence[Span]) -> Summary | None:
        """The summary of the node `key` for text that now lies at `covered`; None where there is none."""
        value = self._value(_KIND + key)
        if value is None:
            return None
        rows, tokens = json.loads(value)
        return Summary(tuple(_sentence(row, covered) for row in rows), tokens)

    def put(self, key: str, covered: Sequence[Span], summary: Summary) -> None:
        """Keeps a finished summary; it is stored when this returns."""
        rows = [_row(sentence, covered) for sentence in summary.sentences]
        self._keep(_KIND + key, json.dumps([rows, summary.tokens], ensure_ascii=True).encode())

    def get_run(self, key: str) -> tuple[SummaryTree, int, int] | None:
        """The tree of a finished run, the calls it was planned to take, and the most it could; None where unknown."""
        value = self._value(_RUN + key)
        if value is None:
            return None
        counts, _, tree = value.partition(b" ")
        calls, most = map(int, counts.split(b"/"))
        return tree_from_json(tree), calls, most

    def put_run(self, key: str, tree: SummaryTree, calls: int, most: int) -> None:
        """Keeps the tree of a run in which nothing failed."""
        self._keep(_RUN + key, f"{calls}/{most} ".encode() + tree_to_json(tree))

    def _value(self, name: str) -> bytes | None:
        [value] = self._store.mget([name])
        if value is None or value[:_CHECKED] != _checksum(name, value[_CHECKED:]):
            return None
        return value[_CHECKED:]

    def _keep(self, name: str, value: bytes) -> None:
        self._store.mset([(name, _checksum(name, value) + value)])


def _row(one: Sentence, covered: Sequence[Span]) -> list[Any]:
    return [one.text, one.supported, one.problems, one.label, one.support, list(_placed(one.spans, covered))]


def _sentence(row: Sequence[Any], covered: Sequence[Span]) -> Sentence:
    text, supported, problems, label, support, placed = row
    spans = (_moved(covered[index], start, end) for index, start, end in placed)
    return Sentence(text, tuple(spans), supported, tuple(problems), label, support)


def _moved(over: Span, start: int, end: int) -> Span:
    return Span(over.start + start, over.start + end, over.source)


def _placed(spans: Sequence[Span], covered: Sequence[Span]) -> Iterator[tuple[int, int, int]]:
    """Which covered stretch each span lies in, and where, counted from its start."""
    for span in spans:
        over = next(i for i, c in enumerate(covered) if c.source == span.source and c.start <= span.start < c.end)
        base = covered[over].start
        yield over, span.start - base, span.end - base


def _checksum(name: str, value: bytes) -> bytes:
    return blake2b(name.encode() + value, digest_size=_CHECKED).digest()
