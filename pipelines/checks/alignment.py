"""Where in the evidence a sentence stands: word for word, or the units that it rests on.

A sentence of four words or more that is there word for word, but for case, white space and kinds of quotes and dashes,
has its very place. Any other is aligned by the words shared, weighted by how rare they are, and by sentence vectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.text.span import Span
from longdoc.pipelines.checks.evidence import Evidence, Unit, folded
from longdoc.pipelines.passage import Passage
from longdoc.pipelines.wording.pairing import plain
from longdoc.pipelines.wording.words import content_words

MOST = 3  # units that one sentence is aligned to, those added for a missing fact aside
_GAIN = 0.15  # of the weight of its words that a further unit has to add
_WORDS_ENOUGH = 0.4  # shared weight that supports a sentence whatever its vector says
_COSINE_ENOUGH = 0.6
_WORDS_LEAST = 0.2  # with a cosine over _COSINE_LEAST
_COSINE_LEAST = 0.4
_CANDIDATES = 4  # units whose vectors are compared where words alone find good ones
_TOLD = 0.5  # of a claim's words: fewer in its passages, and only the vectors can speak for it
_MEANT = 0.65  # cosine
_ASKS = re.compile(
    r"\?|\b(?:ask(?:s|ed|ing)?(?! prices?\b)|wonder(?:s|ed|ing)? (?:if|about|aloud|wh[aeoy]\w*|how)"
    r"|question(?:s|ed|ing)|(?<!in )(?<!into )(?<!without )(?<!beyond )(?<!out of the )question"
    r"|[ie]nquir(?:e|es|ed|ing|y|ies)|quer(?:y|ies|ied|ying)|whether)\b",
    re.IGNORECASE,
)
_CLOSING = " \n\"'”’)]_*"
_VERBATIM = 4  # words from which on a claim's own words are its proof


class Encoder(Protocol):
    """What gives unit vectors of sentences; `longdoc.models.encoder.embedder.Embedder` is one."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:  # (texts, width)
        """Unit vectors of the texts, in order."""


@dataclass(frozen=True, slots=True)
class Match:
    """The units that a sentence rests on, and how near it is to them."""

    text: str
    rows: tuple[int, ...]
    shared: float  # of the weight of the sentence's content words
    cosine: float
    told: float  # of its content words, all alike, that the passages of these units have

    @property
    def likely(self) -> bool:
        """Whether words or meaning are near enough for the source to say it."""
        if self.told < _TOLD and self.cosine < _MEANT:
            return False
        if self.shared >= _WORDS_ENOUGH or self.cosine >= _COSINE_ENOUGH:
            return True
        return self.shared >= _WORDS_LEAST and self.cosine >= _COSINE_LEAST


def matches(sentences: Sequence[str], evidence: Evidence, encoder: Encoder) -> Iterator[Match]:
    """The match of each sentence. Cost: sentences times units, and a vector for each candidate."""
    if not sentences:
        return
    if not evidence.units:
        yield from (Match(text, (), 0.0, 0.0, 0.0) for text in sentences)
        return
    shared = [evidence.shares(content_words(plain(text))) for text in sentences]
    rows = _candidates(shared, len(evidence.units))
    columns = {int(row): column for column, row in enumerate(rows)}
    vectors = encoder.encode([*sentences, *(evidence.units[row].text for row in rows)])
    for index, text in enumerate(sentences):
        cosines = vectors[len(sentences) :] @ vectors[index]
        yield _align(text, evidence, shared[index], {row: float(cosines[column]) for row, column in columns.items()})


def _candidates(shared: Sequence[dict[int, float]], units: int) -> list[int]:
    """The rows that share most with any of the sentences; all of them where one shares little with each."""
    if any(max(shares.values(), default=0.0) < _WORDS_ENOUGH for shares in shared):
        return list(range(units))
    return sorted({row for shares in shared for row in nlargest(_CANDIDATES, shares, key=shares.__getitem__)})


def _align(text: str, evidence: Evidence, shares: dict[int, float], cosines: Mapping[int, float]) -> Match:
    """The best unit, and up to two more that each add words of weight."""
    words = content_words(plain(text))
    units = evidence.units
    first = max(cosines, key=lambda row: (0.6 * shares.get(row, 0.0) + 0.4 * cosines[row], -row))
    chosen, covered = [first], words & units[first].words
    whole = sum(map(evidence.weight, words)) or 1.0

    def gain(row: int) -> float:
        return sum(map(evidence.weight, sorted((words - covered) & units[row].words))) / whole

    while len(chosen) < MOST:
        gains = {row: gain(row) for row in cosines}
        best = max(gains, key=lambda row: (gains[row] + 0.1 * cosines[row] if gains[row] else 0.0, -row))
        if gains[best] < _GAIN:
            break
        chosen.append(best)
        covered |= words & units[best].words
    shared = sum(map(evidence.weight, covered)) / whole
    told = len(words & frozenset().union(*(evidence.words_of(units[row].passage) for row in chosen))) / max(
        1, len(words)
    )
    return Match(text, tuple(chosen), shared, max(cosines[row] for row in chosen), told)


def resting(text: str, rows: Sequence[int], evidence: Evidence) -> list[int]:
    """The rows that a claim rests on, and behind a question what follows it.

    Left out are those of a table whose label the claim does not say, where it says another's.
    """
    units = evidence.units
    table = [row for row in rows if units[row].row]
    named = [row for row in table if units[row].label.strip() and labelled(text, units[row])]
    kept = [row for row in rows if row not in table or row in named or not named]
    asked = [] if asks(text) else [row for row in kept if only_asks(units[row])]
    after = [row + 1 for row in asked if row + 1 < len(units) and units[row].passage == units[row + 1].passage]
    return [*kept, *(row for row in after if row not in kept)]


def labelled(text: str, unit: Unit) -> bool:
    """Whether the claim has a word of the row's label."""
    label = content_words(unit.label)
    return not label or bool(label & content_words(text))


def asks(text: str) -> bool:
    """Whether a text asks, or tells of asking."""
    return _ASKS.search(text) is not None


def only_asks(unit: Unit) -> bool:
    """Whether a unit is a question."""
    return unit.read.rstrip(_CLOSING).endswith("?")


def verbatim(text: str, evidence: Evidence) -> Span | None:
    """Where a text of four words or more stands in source text: as it is, else but for case, blanks and punctuation
    of many kinds; None where it does not.
    """
    wanted = text.strip()
    if len(re.findall(r"\w+", wanted)) < _VERBATIM:
        unit = evidence.whole(wanted)  # too short to be proof, unless it is all that a sentence says
        return unit.spans[0] if unit is not None else None
    sources = [(at, passage) for at, passage in enumerate(evidence.passages) if is_source(passage)]
    for _, passage in sources:
        if (at := _whole(passage.text, wanted)) >= 0:
            return _placed(passage, at, at + len(wanted))
    said, _ = folded(wanted)
    for number, passage in sources:
        held, places = evidence.folded(number)
        if (at := _whole(held, said)) >= 0:
            return _placed(passage, places[at], places[at + len(said) - 1] + 1)
    return None


def is_source(passage: Passage) -> bool:
    """Whether a passage's text is the characters of its one span."""
    return len(passage.spans) == 1 and passage.spans[0].end - passage.spans[0].start == len(passage.text)


def _whole(text: str, wanted: str) -> int:
    """Where `wanted` stands in `text` without a word going on at either end; -1 where it does not."""
    edges = (r"(?<!\w)" if wanted[:1].isalnum() else "", r"(?!\w)" if wanted[-1:].isalnum() else "")
    if not wanted or wanted not in text:
        return -1
    found = re.search(f"{edges[0]}{re.escape(wanted)}{edges[1]}", text)
    return found.start() if found else -1


def _placed(passage: Passage, start: int, end: int) -> Span:
    origin = passage.spans[0]
    return Span(origin.start + start, origin.start + end, origin.source)
