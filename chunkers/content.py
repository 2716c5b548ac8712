"""Chunks whose edges hang on the text around them alone, so that an edit moves only the edges near it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from longdoc.chunkers.base import Chunker
from longdoc.chunkers.cutter import Edges, Reading, word_start

_STOP = re.compile(r"[.!?。！？।؟][\"'”’)\]*_]*\s+(?=\S)|\n[^\S\n]*(?=\S)")
_AROUND = 32  # characters on each side that make a place's rank
_PASSED = 1024  # places decided before those out of reach are let go
_STEP = 1 << 14  # characters looked through at a time
_HEADING = (-1, 0)  # the rank of a section's beginning


class ContentChunker(Chunker):
    """Chunks that begin where a sentence, line or paragraph ranks lowest among those near it, by a hash of its text.

    After an insertion all chunks but the few around it are as they were, which makes them good keys for a cache. A
    stretch without such a place is cut at its lowest rank. Local-minimum chunking (Bjørner, Blass and Gurevich, 2010).
    """

    def edges(self, reading: Reading) -> Edges:
        """The places of the lowest rank within a quarter of `max_tokens` to either side."""
        return ContentEdges(reading, max(1, self.max_tokens // 4))

    def best_cut(self, reading: Reading, start: int, floor: int, low: int, high: int) -> int:
        """The place of the lowest rank, the last of equals, that leaves the chunk at least half full."""
        base, text = reading.tape.base, reading.tape.text
        for place in places_by_rank(text, low - base, high - base):
            return place + base
        return word_start(text, floor - base, high - base) + base


def places_by_rank(text: str, low: int, high: int) -> list[int]:
    """The places from `low` to `high` where a sentence, line or paragraph may begin, the best edge first."""
    places = [place for place in _places(text, low, high) if low <= place <= high]
    return sorted(places, key=lambda place: (_rank(text, place), -place))


def _places(text: str, low: int, high: int) -> Iterator[int]:
    return (match.end() for match in _STOP.finditer(text, max(0, low - 8), high + 1))


def _rank(text: str, place: int) -> tuple[int, int]:
    """Paragraphs before other places, else by the hash of the characters around."""
    around = text[max(0, place - _AROUND) : place + _AROUND]
    return int("\n\n" not in text[max(0, place - 3) : place]), crc32(around.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class _Place:
    position: int
    tokens: int  # before it, from the text's beginning
    rank: tuple[int, int]


class ContentEdges:
    """The lowest places of a text, found in order; with `sections` none is as low as where one begins."""

    def __init__(self, reading: Reading, near: int, sections: bool = False) -> None:
        self._reading, self._near, self._sections = reading, near, sections
        self._decided = self._ranked()
        self._next: tuple[int, bool] | None = (0, False)

    def first_after(self, position: int, limit: int) -> int | None:
        """The first edge after `position` and not after `limit`; reads little further."""
        while self._next is not None and self._next[0] <= limit:
            place, lowest = self._next
            if lowest and place > position:
                return place
            self._next = next(self._decided, None)
        return None

    def _ranked(self) -> Iterator[tuple[int, bool]]:
        """Each place, and whether it ranks below all within reach before it, and not above any within reach after."""
        window: list[_Place] = []
        undecided = 0  # index in the window of the first place that is not decided
        for place in self._all():
            while undecided < len(window) and (place is None or place.tokens - window[undecided].tokens > self._near):
                yield window[undecided].position, self._is_lowest(window, undecided)
                undecided += 1
            if place is not None:
                window.append(place)
            if undecided > _PASSED:
                reached = window[undecided - 1].tokens - self._near
                passed = next(index for index, one in enumerate(window) if one.tokens >= reached)
                del window[:passed]
                undecided -= passed

    def _is_lowest(self, window: list[_Place], index: int) -> bool:
        """Whether no place within reach ranks as low before it, or lower after it; the nearest are asked first."""
        own = window[index]
        for before in map(window.__getitem__, range(index - 1, -1, -1)):
            if own.tokens - before.tokens > self._near:
                break
            if before.rank <= own.rank:
                return False
        for after in map(window.__getitem__, range(index + 1, len(window))):
            if after.tokens - own.tokens > self._near:
                break
            if after.rank < own.rank:
                return False
        return True

    def _all(self) -> Iterator[_Place | None]:
        """All places in order, and None at the end."""
        tape, tokens, at = self._reading.tape, self._reading.tokens, 0
        if self._sections:
            yield _Place(0, 0, _HEADING)
        while tape.fill(at + 1) > at:
            end = tape.fill(at + _STEP + _AROUND)
            until = end if tape.ended and end == tape.end else end - _AROUND
            base, text = tape.base, tape.text
            headings = set(self._reading.sections.after(at, until)) if self._sections else ()
            for local in _places(text, at - base, until - base):
                if at < local + base <= until:
                    rank = _HEADING if local + base in headings else _rank(text, local)
                    yield _Place(local + base, tokens.number(local + base), rank)
            at = until
        yield None
