"""Chunks of whole sentences, as many as fit."""

from __future__ import annotations

from longdoc.chunkers.base import Chunker
from longdoc.chunkers.cutter import CONTEXT, Reading, word_start
from longdoc.chunkers.text.sentences import last_sentence_start


class SentenceChunker(Chunker):
    """Chunks that end where a sentence does; only one that alone is too long is cut, at white space if it can."""

    def edges(self, reading: Reading) -> None:
        """A chunk may reach across headings."""

    def best_cut(self, reading: Reading, start: int, floor: int, low: int, high: int) -> int:
        """The last sentence's start, else the last word's, that leaves the chunk within its limit."""
        return sentence_or_word(reading, start, floor, high)


def sentence_or_word(reading: Reading, start: int, low: int, high: int) -> int:
    """The last place from `low` to `high` where a sentence begins, else one where a word does, else `high`."""
    text, base = reading.tape.text, reading.tape.base
    sentence = last_sentence_start(text, low - base, high - base, max(0, start - base - CONTEXT))
    return sentence + base if sentence is not None else word_start(text, low - base, high - base) + base
