"""Chunks that keep to sections, and inside a long section begin at places that an edit elsewhere does not move."""

from __future__ import annotations

from longdoc.chunkers.content import ContentChunker, ContentEdges, places_by_rank
from longdoc.chunkers.cutter import CONTEXT, Reading
from longdoc.chunkers.sentence import sentence_or_word
from longdoc.chunkers.text.sentences import last_sentence_start


class SectionContentChunker(ContentChunker):
    """A `ContentChunker` whose chunks never cross a heading, and begin where a sentence or a line does."""

    def edges(self, reading: Reading) -> SectionContentEdges:
        """The beginnings of the sections, and between them the places of the lowest rank."""
        return SectionContentEdges(reading, max(1, self.max_tokens // 2))

    def best_cut(self, reading: Reading, start: int, floor: int, low: int, high: int) -> int:
        """The place of the lowest rank that leaves the chunk at least half full, else a sentence's or word's start."""
        base, text = reading.tape.base, reading.tape.text
        for place in places_by_rank(text, low - base, high - base):
            if _begins(text, place):
                return place + base
        return sentence_or_word(reading, start, floor, high)


class SectionContentEdges:
    """The sections of a text and its lowest places, as one sequence."""

    def __init__(self, reading: Reading, near: int) -> None:
        self._reading = reading
        self._lowest = ContentEdges(reading, near, sections=True)

    def first_after(self, position: int, limit: int) -> int | None:
        """The first edge after `position` and not after `limit`."""
        section = self._reading.sections.first_after(position, limit)
        limit = limit if section is None else section - 1
        place: int | None = position
        while place is not None:
            place = self._lowest.first_after(place, limit)
            if place is not None and _begins(self._reading.tape.text, place - self._reading.tape.base):
                return place
        return section


def _begins(text: str, place: int) -> bool:
    """Whether a line or a sentence begins at `place`."""
    before = text[max(0, place - CONTEXT) : place]
    if "\n" in before[len(before.rstrip()) :]:
        return True
    return last_sentence_start(text, place, place, max(0, place - CONTEXT)) is not None
