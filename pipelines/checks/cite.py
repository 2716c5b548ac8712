"""Generated sentences aligned to the source they rest on, and checked against it.

Alignment mixes the words shared, weighted by how rare they are in the passages, with the cosine of sentence
vectors. The checks are those of `longdoc.pipelines.checks.facts`, and share their limit: "B paid A" passes where the
source says "A paid B".
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span, merge_spans
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.checks.facts import Evidence, Fact, facts
from longdoc.pipelines.checks.words import content_words
from longdoc.pipelines.summarizers.protocol import Passage

MOST = 3  # passage sentences that one sentence is aligned to, those added for a missing fact aside
_GAIN = 0.15  # of the weight of its words that a further sentence has to add
_WORDS_ENOUGH = 0.4  # shared weight that supports a sentence whatever its vector says
_COSINE_ENOUGH = 0.6
_WORDS_LEAST = 0.2  # with a cosine over _COSINE_LEAST
_COSINE_LEAST = 0.4
_CANDIDATES = 4  # passage sentences whose vectors are compared where words alone find good ones


class Encoder(Protocol):
    """What gives unit vectors of sentences; `longdoc.models.encoder.embedder.Embedder` is one."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:  # (texts, width)
        """Unit vectors of the texts, in order."""


class Citer:
    """Gives generated sentences the spans they rest on, and says which of them those do not bear out."""

    def __init__(self, embedder: Encoder) -> None:
        self._embedder = embedder

    def cite(
        self, sentences: Sequence[str], passages: Sequence[Passage], originals: Mapping[str, str] | None = None
    ) -> list[Sentence]:
        """A `Sentence` for each of `sentences`, with spans out of those of `passages`.

        `originals` gives the whole text of each source by its name: facts are then checked against its characters,
        and else against the passages' text. A sentence with a number, date, name or quotation that none of the
        passages has, or that no passage supports, comes back with `supported` False; where nothing at all is like
        it, without spans. Cost: sentences times passage sentences, and a vector for each candidate.
        """
        source = _Source(passages, originals or {})
        return [_checked(match, source) for match in self._matches(sentences, source)]

    def _matches(self, sentences: Sequence[str], source: _Source) -> Iterator[_Match]:
        if not source.units:
            yield from (_Match(text, (), 0.0, 0.0) for text in sentences)
            return
        shared = [source.shares(content_words(text)) for text in sentences]
        rows = _candidates(shared, len(source.units))
        columns = {int(row): column for column, row in enumerate(rows)}
        vectors = self._embedder.encode([*sentences, *(source.units[row].text for row in rows)])
        for index, text in enumerate(sentences):
            cosines = vectors[len(sentences) :] @ vectors[index]
            yield source.align(text, shared[index], {row: float(cosines[column]) for row, column in columns.items()})


@dataclass(frozen=True)  # no slots: cached_property needs a __dict__
class _Unit:
    """A sentence of the passages: the text to align with, the text to check facts in, and its spans."""

    text: str
    original: str
    spans: tuple[Span, ...]

    @cached_property
    def words(self) -> frozenset[str]:
        return content_words(self.text)

    @cached_property
    def evidence(self) -> Evidence:
        return Evidence(self.original)


@dataclass(frozen=True)
class _Match:
    text: str
    units: tuple[_Unit, ...]
    shared: float  # of the weight of the sentence's content words
    cosine: float

    @property
    def supported(self) -> bool:
        if self.shared >= _WORDS_ENOUGH or self.cosine >= _COSINE_ENOUGH:
            return True
        return self.shared >= _WORDS_LEAST and self.cosine >= _COSINE_LEAST


class _Source:
    """The passages' sentences, and how rare each of their words is."""

    def __init__(self, passages: Sequence[Passage], originals: Mapping[str, str]) -> None:
        self.units = [unit for passage in passages for unit in _units(passage, originals)]
        headings = dict.fromkeys(heading for passage in passages for heading in passage.headings)
        self.evidence = Evidence("\n".join([*headings, *(unit.original for unit in self.units)]))
        self._holders: dict[str, list[int]] = {}
        for row, unit in enumerate(self.units):
            for word in unit.words:
                self._holders.setdefault(word, []).append(row)

    def weight(self, word: str) -> float:
        """High for a rare word, highest for one that the passages do not have."""
        return math.log(1 + (len(self.units) + 1) / (1 + len(self._holders.get(word, ()))))

    def shares(self, words: frozenset[str]) -> dict[int, float]:
        """The part of the weight of `words` that each passage sentence has, those with none left out."""
        whole = sum(map(self.weight, words)) or 1.0
        shares: dict[int, float] = defaultdict(float)
        for word in sorted(words):
            for row in self._holders.get(word, ()):
                shares[row] += self.weight(word) / whole
        return shares

    def align(self, text: str, shares: dict[int, float], cosines: Mapping[int, float]) -> _Match:
        """The best passage sentence, and up to two more that each add words of weight."""
        words = content_words(text)
        first = max(cosines, key=lambda row: (0.6 * shares.get(row, 0.0) + 0.4 * cosines[row], -row))
        chosen, covered = [first], words & self.units[first].words
        whole = sum(map(self.weight, words)) or 1.0
        while len(chosen) < MOST:
            gains = {row: self._gain(words - covered, row) / whole for row in cosines}
            best = max(gains, key=lambda row: (gains[row] + 0.1 * cosines[row] if gains[row] else 0.0, -row))
            if gains[best] < _GAIN:
                break
            chosen.append(best)
            covered |= words & self.units[best].words
        shared = sum(map(self.weight, covered)) / whole
        return _Match(text, tuple(self.units[row] for row in chosen), shared, max(cosines[row] for row in chosen))

    def _gain(self, missing: frozenset[str], row: int) -> float:
        return sum(map(self.weight, sorted(missing & self.units[row].words)))


def _units(passage: Passage, originals: Mapping[str, str]) -> Iterator[_Unit]:
    """The passage's sentences with exact offsets where it is source text; else the passage with its spans."""
    span = passage.spans[0] if len(passage.spans) == 1 else None
    if span is not None and span.end - span.start == len(passage.text):
        for part in split_sentences(passage.text):
            text = part.of(passage.text)
            yield _Unit(text, text, (Span(span.start + part.start, span.start + part.end, span.source),))
    elif passage.text.strip() and passage.spans:
        known = all(span.source in originals for span in passage.spans)
        parts = [span.of(originals[span.source]) for span in passage.spans] if known else [passage.text]
        yield _Unit(passage.text, "\n".join(parts), passage.spans)


def _candidates(shared: Sequence[dict[int, float]], units: int) -> list[int]:
    """The rows that share most with any of the sentences; all of them where one shares little with each."""
    if any(max(shares.values(), default=0.0) < _WORDS_ENOUGH for shares in shared):
        return list(range(units))
    return sorted({row for shares in shared for row in nlargest(_CANDIDATES, shares, key=shares.__getitem__)})


def _checked(match: _Match, source: _Source) -> Sentence:
    """The sentence with the spans that its facts call for, and what nothing bears out."""
    if not match.supported:
        return Sentence(match.text, (), False, ("no passage supports it",))
    units = list(match.units)
    problems = []
    known = Evidence("\n".join(unit.original for unit in units))
    for fact in facts(match.text):
        if known.bears_out(fact):
            continue
        if not source.evidence.bears_out(fact):
            problems.append(f"{fact} is not in the source")
        elif (unit := _holder(fact, source.units)) is not None and unit not in units:
            units.append(unit)
    spans = merge_spans(tuple(span for unit in units for span in unit.spans))
    return Sentence(match.text, spans, not problems, tuple(problems))


def _holder(fact: Fact, units: Sequence[_Unit]) -> _Unit | None:
    """The first passage sentence that has all of the fact; a heading or several together may bear it out too."""
    return next((unit for unit in units if unit.evidence.bears_out(fact)), None)
