"""Ranks the entries of an index at one moment for a question: by vectors, by words, or by both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longdoc.memory.index.context import Context
from longdoc.memory.index.settings import IndexSettings
from longdoc.memory.index.view import KINDS, Record, View
from longdoc.memory.index.words import bm25

_RECIPROCAL = 60  # Cormack, Clarke and Büttcher (2009)
_UNRELATED = 0.1  # a cosine that tells nothing: dividing by less would make much of noise
_MORE = 4  # times as many, where a filter lets too few through

Live = NDArray[np.bool_] | None
Passes = Callable[[Record], bool]


@dataclass(frozen=True, slots=True)
class Scored:
    """A row and what it is ordered by."""

    row: int
    score: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries a question is put to: of one kind, of some documents, those that a function lets pass."""

    kind: str | None = None
    documents: Collection[str] | None = None
    passes: Passes | None = None

    def masks(self, view: View) -> list[Live]:
        """The places of each segment that may be found, `passes` aside; None where all may."""
        snapshot = view.snapshot
        masks = list(snapshot.live)
        if self.kind is not None:
            of_kind = [segment.kinds == KINDS.index(self.kind) for segment in snapshot.segments]
            masks = [_both(one, other) for one, other in zip(masks, of_kind, strict=True)]
        if self.documents is not None:
            rows = {row for name in self.documents for row in view.rows_of_document(name) or ()}
            chosen = [np.zeros(len(segment.rows), np.bool_) for segment in snapshot.segments]
            for number, here in snapshot.by_segment(rows):
                chosen[number][snapshot.segments[number].places(here)] = True
            masks = [_both(one, other) for one, other in zip(masks, chosen, strict=True)]
        return masks


@dataclass(frozen=True, slots=True)
class _List:
    """Candidates in order."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]


class Ranking:
    """One question, put to a view of an index."""

    def __init__(self, view: View, settings: IndexSettings, wanted: Wanted) -> None:
        self._view, self._settings, self._passes = view, settings, wanted.passes
        self._snapshot = view.snapshot
        self._masks = wanted.masks(view)

    def by_vector(self, query: NDArray[np.float32], count: int) -> list[Scored]:
        """The nearest, best first. All of the order is exact where every segment is scanned flat."""
        found = self._passing(lambda most: self._nearest(query, most), count)
        return [
            Scored(row, score, score) for row, score in zip(found.rows.tolist(), found.scores.tolist(), strict=True)
        ]

    def distinct(self, text: str, query: NDArray[np.float32], count: int) -> list[Scored]:
        """The best by the settings' fusion, best first; of documents whose chunks say the same the best one."""
        if self._settings.copies:
            return self.fused(text, query, count)
        asked = count
        while True:
            found = self.fused(text, query, asked)
            first: dict[object, str] = {}
            kept = [one for one in found if self._is_first(one.row, first)]
            if len(kept) >= count or len(found) < asked:
                return kept[:count]
            asked *= _MORE

    def _is_first(self, row: int, first: dict[object, str]) -> bool:
        """Whether no other document has the same text; `first` maps each text to the document that had it first."""
        record = self._view.record(row)
        if record.kind != "chunk":
            return True
        said = str(record.metadata.get("headings")), " ".join(record.text.split())
        return first.setdefault(said, record.document) == record.document

    def fused(self, text: str, query: NDArray[np.float32], count: int) -> list[Scored]:
        """The best by the settings' fusion, best first."""
        settings = self._settings
        if settings.fusion == "vectors":
            return self.by_vector(query, count)
        depth = max(settings.depth, count)
        scores = self._words(text)
        by_words = self._passing(lambda most: self._best(scores, most), count if settings.fusion == "words" else depth)
        if settings.fusion == "words":
            return self._scored(by_words.rows, by_words.scores, self._cosines(query, by_words.rows))[:count]
        near = self._passing(lambda most: self._nearest(query, most), depth)
        rows = np.union1d(near.rows, by_words.rows)
        fused = self._fuse(rows, query, scores, near, by_words)
        if settings.context:
            context = Context(self._view, self._allowed)
            first = np.lexsort((self._ties(rows), -fused))[:depth]
            rows = np.array(context.widened(rows[first].tolist()), np.int64)
            fused = context.raised(rows.tolist(), self._fuse(rows, query, scores, near, by_words), settings.context)
        return self._scored(rows, fused, self._cosines(query, rows))[:count]

    def _fuse(
        self,
        rows: NDArray[np.int64],
        query: NDArray[np.float32],
        scores: Sequence[NDArray[np.float64]],
        near: _List,
        by_words: _List,
    ) -> NDArray[np.float64]:
        if self._settings.fusion == "reciprocal":
            return _reciprocal(rows, near.rows) + _reciprocal(rows, by_words.rows)
        nearest = max(near.scores.max(initial=0), _UNRELATED)
        best = by_words.scores.max(initial=0) or 1.0
        share = self._settings.vector_share
        cosines, worded = self._cosines(query, rows), self._at(scores, rows)
        fused: NDArray[np.float64] = share * cosines / nearest + (1 - share) * worded / best
        return fused

    def _allowed(self, row: int) -> bool:
        """Whether a live row may be found."""
        number = int(np.searchsorted(self._snapshot.firsts, row, side="right")) - 1
        mask = self._masks[number]
        if mask is not None and not mask[self._snapshot.segments[number].places(np.array([row]))[0]]:
            return False
        return self._passes is None or self._passes(self._view.record(row))

    def _scored(
        self, rows: NDArray[np.int64], scores: NDArray[np.float64], cosines: NDArray[np.float64]
    ) -> list[Scored]:
        order = np.lexsort((self._ties(rows), -scores))
        told = zip(rows[order].tolist(), scores[order].tolist(), cosines[order].tolist(), strict=True)
        return [Scored(*one) for one in told]

    def _passing(self, find: Callable[[int], _List], count: int) -> _List:
        """The first `count` of a list that the filter lets pass; reads every record before them."""
        asked = count
        while True:
            found = find(asked)
            if self._passes is None:
                return found
            keep = [i for i, row in enumerate(found.rows.tolist()) if self._passes(self._view.record(row))]
            if len(keep) >= count or len(found.rows) < asked:
                return _List(found.rows[keep[:count]], found.scores[keep[:count]])
            asked *= _MORE

    def _nearest(self, query: NDArray[np.float32], count: int) -> _List:
        rows, ties, scores = [], [], []
        for segment, mask in zip(self._snapshot.segments, self._masks, strict=True):
            places, cosines = segment.vectors.nearest(query, count, mask, self._settings)
            rows.append(segment.rows[places])
            ties.append(segment.ties[places])
            scores.append(cosines)
        return _first(rows, ties, scores, count)

    def _words(self, text: str) -> list[NDArray[np.float64]]:
        """The BM25 score of every place of each segment."""
        snapshot = self._snapshot
        manifest = snapshot.manifest
        segments = [
            (segment.postings, live, len(segment.rows))
            for segment, live in zip(snapshot.segments, snapshot.live, strict=True)
        ]
        return bm25(segments, text, manifest.entries, manifest.words / max(manifest.entries, 1))

    def _best(self, scores: Sequence[NDArray[np.float64]], count: int) -> _List:
        rows, ties, kept = [], [], []
        for segment, mask, score in zip(self._snapshot.segments, self._masks, scores, strict=True):
            places = np.flatnonzero(score if mask is None else score * mask)
            if len(places) > count:
                last = np.partition(score[places], -count)[-count]
                places = places[score[places] >= last]
            rows.append(segment.rows[places])
            ties.append(segment.ties[places])
            kept.append(score[places])
        return _first(rows, ties, kept, count)

    def _cosines(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        found: dict[int, float] = {}
        for number, here in self._snapshot.by_segment(rows.tolist()):
            segment = self._snapshot.segments[number]
            found.update(zip(here.tolist(), segment.vectors.cosines(query, segment.places(here)).tolist(), strict=True))
        return np.array([found[row] for row in rows.tolist()])

    def _at(self, scores: Sequence[NDArray[np.float64]], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        found: dict[int, float] = {}
        for number, here in self._snapshot.by_segment(rows.tolist()):
            places = self._snapshot.segments[number].places(here)
            found.update(zip(here.tolist(), scores[number][places].tolist(), strict=True))
        return np.array([found[row] for row in rows.tolist()])

    def _ties(self, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        found: dict[int, int] = {}
        for number, here in self._snapshot.by_segment(rows.tolist()):
            segment = self._snapshot.segments[number]
            found.update(zip(here.tolist(), segment.ties[segment.places(here)].tolist(), strict=True))
        return np.array([found[row] for row in rows.tolist()], np.uint64)


def diverse(query: NDArray[np.float32], vectors: NDArray[np.float32], count: int, relevance_share: float) -> list[int]:
    """Which vectors to take, in order: maximal marginal relevance (Carbonell and Goldstein, 1998).

    `relevance_share` of the cosine to the query, less the rest of the greatest cosine to one already taken.
    """
    relevance = vectors @ query
    closest = np.full(len(vectors), -np.inf)
    taken: list[int] = []
    while len(taken) < min(count, len(vectors)):
        gain = relevance if not taken else relevance_share * relevance - (1 - relevance_share) * closest
        gain = gain.copy()
        gain[taken] = -np.inf
        taken.append(int(np.argmax(gain)))
        closest = np.maximum(closest, vectors @ vectors[taken[-1]])
    return taken


def passes(condition: Mapping[str, object]) -> Passes:
    """Whether a record's metadata has each of these values."""
    wanted = dict(condition)
    missing = object()
    return lambda record: all(record.metadata.get(name, missing) == value for name, value in wanted.items())


def _first(
    rows: Sequence[NDArray[np.uint32]],
    ties: Sequence[NDArray[np.uint64]],
    scores: Sequence[NDArray[np.float64]],
    count: int,
) -> _List:
    if not rows:
        return _List(np.empty(0, np.int64), np.empty(0))
    every = np.concatenate(scores)
    order = np.lexsort((np.concatenate(ties), -every))[:count]
    return _List(np.concatenate(rows)[order].astype(np.int64), every[order])


def _reciprocal(rows: NDArray[np.int64], ranked: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 / (60 + rank) for the rows that are ranked, else 0."""
    rank = {row: at for at, row in enumerate(ranked.tolist(), 1)}
    return np.array([1 / (_RECIPROCAL + rank[row]) if row in rank else 0.0 for row in rows.tolist()])


def _both(one: Live, other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return other if one is None else one & other
