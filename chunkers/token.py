"""Chunks of a fixed number of tokens, cut wherever that number falls."""

from __future__ import annotations

from longdoc.chunkers.base import Chunker
from longdoc.chunkers.cutter import Reading


class TokenChunker(Chunker):
    """Chunks of `max_tokens` tokens, cut between tokens with no regard to structure."""

    def edges(self, reading: Reading) -> None:
        """A chunk may reach across anything."""

    def best_cut(self, reading: Reading, start: int, floor: int, low: int, high: int) -> int:
        """As late as the limit lets it."""
        return high
