"""Chunks that keep to the document's sections, then paragraphs, then sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from longdoc.chunkers.chunker import Chunker
from longdoc.chunkers.sections import Section, split_sections
from longdoc.chunkers.sentences import split_sentences

_PARAGRAPH = re.compile(r"\n[^\S\n]*+\n\s*+")
_WORD = re.compile(r"\s++")
_SEEN_AHEAD = 64  # characters after the limit that tell whether a sentence ends there


class SectionChunker(Chunker):
    """Chunks that never cross a heading; a section that is too long is cut between its paragraphs, else between
    sentences, lines, words, and inside a word only where nothing else is left.
    """

    def sections(self, text: str, outline: Sequence[Sequence[int | str]] | None) -> Iterable[Section]:
        """The sections under the text's headings."""
        return split_sections(text, outline)

    def best_cut(self, text: str, start: int, floor: int, low: int, high: int) -> int:
        """The last and strongest break that leaves the chunk at least half full, where there is one."""
        paragraphs = [match.end() for match in _PARAGRAPH.finditer(text, low, high)]
        if paragraphs:
            return paragraphs[-1]
        sentences = [s.start for s in split_sentences(text, start, min(len(text), high + _SEEN_AHEAD))]
        inside = [position for position in sentences if floor <= position <= high]
        if inside and inside[-1] >= low:
            return inside[-1]
        line = text.rfind("\n", low, high) + 1
        if line or inside:
            return line or inside[-1]
        words = [match.end() for match in _WORD.finditer(text, low, high)]
        return words[-1] if words else high
