"""Chunks that keep to the document's sections, then paragraphs, then sentences."""

from __future__ import annotations

from longdoc.chunkers.cutter import CONTEXT, Cutter, Edges, Reading, word_start
from longdoc.chunkers.text.blocks import item_around, last_block_start, table_around
from longdoc.chunkers.text.sentences import last_sentence_start


class SectionCutter(Cutter):
    """A `SectionChunker` that does not inherit LangChain's `Runnable`."""

    def edges(self, reading: Reading) -> Edges:
        """The beginnings of the sections."""
        return reading.sections

    def best_cut(self, reading: Reading, start: int, floor: int, low: int, high: int) -> int:
        """The last and strongest break that leaves the chunk at least half full, where there is one."""
        fence = reading.sections.fence(high)
        if fence is not None:
            return _around(reading, start, floor, high, fence)
        base = reading.tape.base
        block = last_block_start(reading.tape.text, low - base, high - base)
        return _inside(reading, start, floor, low, high) if block is None else _uncut(reading, floor, block + base)


def _around(reading: Reading, start: int, floor: int, high: int, fence: tuple[int, int | None]) -> int:
    """Before the fenced code at `high` if it fits a chunk, else after one of its lines."""
    opened, closed = fence
    if closed is None:  # see whether it ends soon enough to fit
        reach = reading.tokens.reach(opened, reading.max_tokens)
        reading.tape.fill(reach)
        reading.sections.first_after(opened, reach)
        closed = (reading.sections.fence(high) or (opened, high))[1]
    if opened >= floor and closed is not None and reading.fits(opened, closed):
        return opened
    base, text = reading.tape.base, reading.tape.text
    line = text.rfind("\n", max(floor - 1, opened, start) - base, high - base) + 1
    return line + base if line + base >= floor and line else high


def _uncut(reading: Reading, floor: int, cut: int) -> int:
    """`cut`, or the start of the item that goes on after it, where an item has paragraphs."""
    base, text = reading.tape.base, reading.tape.text
    if not text[cut - base : cut - base + 1].isspace():
        return cut
    item = item_around(text, cut - base, max(0, floor - 1 - base))
    return cut if item is None or item + base < floor else item + base


def _inside(reading: Reading, start: int, floor: int, low: int, high: int) -> int:
    """The best cut in a stretch without paragraphs: around a table or an item, else a sentence, a line or a word."""
    text, base = reading.tape.text, reading.tape.base
    first, at = max(0, floor - 1 - base), high - base
    table = table_around(text, at, first)
    if table is not None:
        fits = table[0] + base >= floor and reading.fits(table[0] + base, table[1] + base)
        line = text.rfind("\n", first, at) + 1
        return table[0] + base if fits else (line or at) + base
    item = item_around(text, at, first)
    if item is not None and item + base >= floor:
        return item + base
    context = max(0, start - base - CONTEXT)
    sentence = last_sentence_start(text, low - base, at, context)
    line = text.rfind("\n", low - base, at) + 1 if sentence is None else 0
    if sentence is None and not line:
        sentence = last_sentence_start(text, first + 1, low - base, context)
    if sentence is not None or line:
        return (line if sentence is None else sentence) + base
    return word_start(text, first + 1, at) + base
