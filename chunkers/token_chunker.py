"""Chunks of a fixed number of tokens, cut wherever that number falls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from longdoc.chunkers.chunker import Chunker
from longdoc.chunkers.sections import Section
from longdoc.chunkers.span import Span


class TokenChunker(Chunker):
    """Chunks of `max_tokens` tokens, cut between tokens with no regard to structure; `headings` is empty."""

    def sections(self, text: str, outline: Sequence[Sequence[int | str]] | None) -> Iterable[Section]:
        """The whole text as one stretch."""
        return [Section(Span(0, len(text)), (), 0)] if text else []

    def best_cut(self, text: str, start: int, floor: int, low: int, high: int) -> int:
        """As late as the limit lets it."""
        return high
