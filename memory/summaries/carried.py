"""The interface of a memory that is carried from chunk to chunk, and the bytes that one is stored as."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Protocol, TypeVar

from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError
from longdoc.memory.summaries.summary import Sentence, Summary


class CarriedMemory(Protocol):
    """An immutable memory of what has been read: extractive (`RunningMemory`) or written (`WrittenMemory`).

    Equal memories have equal bytes and digests, in every process; `from_bytes` of each kind reads them back.
    """

    @property
    def max_tokens(self) -> int:
        """The most tokens that the memory ever holds."""

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where what is remembered stands in the sources, sentence by sentence."""

    @property
    def digest(self) -> str:
        """Hexadecimal; equal for equal memories and for no others."""

    def text(self, budget: int | None = None) -> str:
        """What is remembered, whole sentences of at most `budget` tokens (`max_tokens` if None)."""

    def to_bytes(self) -> bytes:
        """Canonical: equal memories have the same bytes."""


class Updating(CarriedMemory, Protocol):
    """A memory that takes in one chunk at a time."""

    def update(self: M, chunk_summary: Summary) -> M:
        """The memory after one more chunk; this one stays as it is."""


M = TypeVar("M", bound=Updating)


def packed(kind: str, *content: object) -> bytes:
    """Canonical JSON with the kind of memory before it."""
    return json.dumps([f"{kind}/1", *content], ensure_ascii=True, separators=(",", ":")).encode()


def unpacked(kind: str, data: bytes) -> list[Any]:
    """The content that `packed` was given. Raises `InputError` for anything else."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, list) or not content or content[0] != f"{kind}/1":
        raise InputError(f"these {len(data)} bytes are no {kind} memory of this version; give what to_bytes gave")
    return content[1:]


def digest_of(data: bytes) -> str:
    """A digest of 32 hexadecimal digits."""
    return blake2b(data, digest_size=16).hexdigest()


def row_of(sentence: Sentence) -> list[object]:
    """A sentence as a JSON array, which `sentence_of` reads."""
    spans = [[span.source, span.start, span.end] for span in sentence.spans]
    return [sentence.text, spans, sentence.supported, list(sentence.problems)]


def sentence_of(row: Sequence[Any]) -> Sentence:
    """The sentence that `row_of` was given."""
    text, spans, supported, problems = row
    return Sentence(text, tuple(Span(start, end, source) for source, start, end in spans), supported, tuple(problems))
