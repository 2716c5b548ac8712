"""What several documents have in common: the words that each of them says much."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.reading import Reading
from longdoc.pipelines.units.hygiene import readable
from longdoc.pipelines.wording.ordinary_words import ORDINARY

_WORD = re.compile(r"[^\W\d_]{5,}")
_MOST = 7  # words
_LEAST = 2  # times that each document says a word


def in_common(readings: Sequence[Reading]) -> Sentence | None:
    """The words that every document says often, each cited where each document says it first; None for none."""
    counts = [Counter(match[0].casefold() for match in _WORD.finditer(reading.text)) for reading in readings]
    shares = [
        {word: times / sum(count.values()) for word, times in count.items() if times >= _LEAST} for count in counts
    ]
    shared = [word for word in shares[0] if word not in ORDINARY and all(word in share for share in shares[1:])]
    best = sorted(shared, key=lambda word: (-min(share[word] for share in shares), word))[:_MOST]
    if not best:
        return None
    places = [[_first(reading, word) for reading in readings] for word in best]
    said = ", ".join(readable(spans[0].of(readings[0].text)) for spans in places)
    return Sentence(f"In common: {said}", tuple(span for spans in places for span in spans), label="In common")


def _first(reading: Reading, word: str) -> Span:
    match = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE).search(reading.text)
    start = match.start() if match else 0
    return Span(start, start + len(word), reading.source)
