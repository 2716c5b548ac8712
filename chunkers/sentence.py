"""Chunks of whole sentences, as many as fit."""

from __future__ import annotations

import re

from longdoc.chunkers.base import Chunker, Reading
from longdoc.chunkers.text.sentences import last_sentence_start

CONTEXT = 256  # characters before a chunk that tell whether a sentence begins in it
_SPACE = re.compile(r"\s")


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


def word_start(text: str, low: int, high: int) -> int:
    """The last place from `low` to `high` right after white space; `high` if there is none."""
    for reach in (64, 4096):
        words = [match.end() for match in _SPACE.finditer(text, max(low - 1, high - reach), high)]
        if words and words[-1] >= low:
            return words[-1]
    return high
