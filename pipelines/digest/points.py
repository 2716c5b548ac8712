"""The sentences that matter: the best that stand alone, unlike one another, from all parts of the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from longdoc.pipelines.digest.reading import Candidate, Reading
from longdoc.pipelines.wording.words import content_words

_REDUNDANCY = 0.7  # what likeness to a sentence already taken costs, in standard deviations of salience
_SAME = 0.9  # likeness from which a sentence says nothing new
_CROWDING = 1.2  # what it costs to stand right beside a sentence already taken,
_ELBOW_ROOM = 1 / 10  # falling to nothing at this share of the text


def ranked(
    reading: Reading,
    candidates: Sequence[Candidate],
    worth: Callable[[Candidate], float] = lambda one: one.score,
    most: int = 24,
    taken: Sequence[Candidate] = (),
    crowding: float = _CROWDING,
) -> list[Candidate]:
    """At most so many of the candidates, the best first, each unlike those before it and apart from them."""
    if not candidates:
        return []
    value = np.array([worth(one) for one in candidates])
    order = np.argsort(-value, kind="stable")[:400]
    pool = [candidates[at] for at in order.tolist()]
    value = value[order]
    vectors = _vectors(reading, pool)
    places = np.array([one.unit.start for one in pool]) / max(1, len(reading.text))
    cost = np.zeros(len(pool))
    for one in taken:
        cost = np.maximum(
            cost,
            _cost(vectors @ _vectors(reading, [one])[0], places, one.unit.start / max(1, len(reading.text)), crowding),
        )
    chosen: list[Candidate] = []
    for _ in range(min(most, len(pool))):
        best = int(np.argmax(value - cost))
        if cost[best] > 50 or np.isneginf(value[best]):
            break
        chosen.append(pool[best])
        value[best] = -np.inf
        cost = np.maximum(cost, _cost(vectors @ vectors[best], places, float(places[best]), crowding))
    return chosen


def _cost(
    likeness: NDArray[np.float64], places: NDArray[np.float64], place: float, crowding: float
) -> NDArray[np.float64]:
    crowded = np.maximum(0.0, 1 - np.abs(places - place) / _ELBOW_ROOM)
    cost: NDArray[np.float64] = _REDUNDANCY * likeness + crowding * crowded
    cost[likeness > _SAME] = 100.0
    return cost


def _vectors(reading: Reading, pool: Sequence[Candidate]) -> NDArray[np.float64]:
    """The sentences' vectors; of a language that the encoder does not know, their words as such."""
    if reading.known and len(reading.table):
        rows = np.array([max(0, one.row) for one in pool])
        known: NDArray[np.float64] = reading.table.vectors[rows].astype(np.float64)
        return known
    bags = [content_words(one.unit.text) for one in pool]
    places: dict[str, int] = {}
    for bag in bags:
        for word in sorted(bag):
            places.setdefault(word, len(places) % 512)
    vectors = np.zeros((len(pool), 512))
    for row, bag in zip(vectors, bags, strict=True):
        for word in bag:
            row[places[word]] = 1.0
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float64] = vectors / np.where(norms > 0, norms, 1.0)
    return unit
