"""Finished summaries by the key of their node, in any LangChain `ByteStore`: what makes a run resumable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

from langchain_core.stores import ByteStore

from longdoc.chunkers.span import Span
from longdoc.memory.summary import Sentence, Summary

_KIND = "summary-1-"
_CHECKED = 16  # bytes of checksum before each value


class SummaryStore:
    """Keeps summaries with their spans counted from the text that they cover, so that they hold wherever it moves.

    A value that is damaged counts as absent. What the store raises is passed on.
    """

    def __init__(self, store: ByteStore) -> None:
        self._store = store

    def get(self, key: str, covered: Sequence[Span]) -> Summary | None:
        """The summary of the node `key` for text that now lies at `covered`; None where there is none."""
        [value] = self._store.mget([_KIND + key])
        if value is None or value[:_CHECKED] != _checksum(key, value[_CHECKED:]):
            return None
        rows, tokens = json.loads(value[_CHECKED:])
        return Summary(tuple(_sentence(row, covered) for row in rows), tokens)

    def put(self, key: str, covered: Sequence[Span], summary: Summary) -> None:
        """Keeps a finished summary; it is stored when this returns."""
        rows = [[s.text, s.supported, s.problems, list(_placed(s.spans, covered))] for s in summary.sentences]
        value = json.dumps([rows, summary.tokens], ensure_ascii=True).encode()
        self._store.mset([(_KIND + key, _checksum(key, value) + value)])


def _sentence(row: Sequence[Any], covered: Sequence[Span]) -> Sentence:
    text, supported, problems, placed = row
    spans = (_moved(covered[index], start, end) for index, start, end in placed)
    return Sentence(text, tuple(spans), supported, tuple(problems))


def _moved(over: Span, start: int, end: int) -> Span:
    return Span(over.start + start, over.start + end, over.source)


def _placed(spans: Sequence[Span], covered: Sequence[Span]) -> Iterator[tuple[int, int, int]]:
    """Which covered stretch each span lies in, and where, counted from its start."""
    for span in spans:
        over = next(i for i, c in enumerate(covered) if c.source == span.source and c.start <= span.start < c.end)
        base = covered[over].start
        yield over, span.start - base, span.end - base


def _checksum(key: str, value: bytes) -> bytes:
    return blake2b(key.encode() + value, digest_size=_CHECKED).digest()
