"""Chunks whose edges hang on the text around them alone, so that an edit moves only the edges near it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from zlib import crc32

from longdoc.chunkers.base import Chunker
from longdoc.chunkers.cutter import Edges, Reading, word_start

_STOP = re.compile(r"[.!?。！？।؟][\"'”’)\]*_]*\s+(?=\S)|\n[^\S\n]*(?=\S)")
_AROUND = 32  # characters on each side that make a place's rank
_STEP = 1 << 14  # characters looked through at a time
_NO_PARAGRAPH = 1 << 32  # more than any hash
_HEADING = -1  # the rank of a section's beginning


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


def _rank(text: str, place: int) -> int:
    """The rank of a place, lowest first: paragraphs before others, then by a hash of the characters around it."""
    around = text[place - _AROUND if place > _AROUND else 0 : place + _AROUND]
    own = crc32(around.encode("utf-8", "surrogatepass"))
    return own if "\n\n" in text[place - 3 if place > 3 else 0 : place] else own + _NO_PARAGRAPH


class ContentEdges:
    """The lowest places of a text, found in order; with `sections` none is as low as where one begins."""

    def __init__(self, reading: Reading, near: int, sections: bool = False) -> None:
        self._reading, self._near, self._sections = reading, near, sections
        self._decided = self._lowest()
        self._next: tuple[int, bool] | None = (0, False)

    def first_after(self, position: int, limit: int) -> int | None:
        """The first edge after `position` and not after `limit`; reads little further."""
        while self._next is not None and self._next[0] <= limit:
            place, lowest = self._next
            if lowest and place > position:
                return place
            self._next = next(self._decided, None)
        return None

    def _lowest(self) -> Iterator[tuple[int, bool]]:
        """Each place that ranks below all within reach before it and not above any within reach after, with True.

        Between them, with False, places up to which all are told. Linear: `held` has by rising rank what may yet be
        lowest, as for the minimum of a window that moves.
        """
        near = self._near
        held: deque[tuple[int, int, int, bool]] = deque()  # position, tokens before it, rank, whether lowest so far
        for until, places in self._all():
            for position, tokens, rank in places:
                while held and tokens - held[0][1] > near:
                    first = held.popleft()
                    if first[3]:
                        yield first[0], True
                while held and held[-1][2] > rank:
                    held.pop()
                held.append((position, tokens, rank, not held or tokens - held[-1][1] > near))
            yield (held[0][0] - 1 if held else until), False
        for first in held:
            if first[3]:
                yield first[0], True

    def _all(self) -> Iterator[tuple[int, Iterable[tuple[int, int, int]]]]:
        """Stretch by stretch where each ends, and its places with the tokens before each and its rank."""
        tape, tokens, at = self._reading.tape, self._reading.tokens, 0
        if self._sections:
            yield 0, [(0, 0, _HEADING)]
        while tape.fill(at + 1) > at:
            end = tape.fill(at + _STEP + _AROUND)
            until = end if tape.ended and end == tape.end else end - _AROUND
            base, text = tape.base, tape.text
            headings = set(self._reading.sections.after(at, until)) if self._sections else ()
            locals_ = [place for place in _places(text, at - base, until - base) if at - base < place <= until - base]
            ranks = [_HEADING if place + base in headings else _rank(text, place) for place in locals_]
            found = [place + base for place in locals_]
            yield until, zip(found, tokens.numbers(found), ranks, strict=True)
            at = until
