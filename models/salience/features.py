"""What a salience model sees of a sentence: 32 numbers, made from columns and from statistics of fixed size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEATURES = (
    "centrality",
    "topicality",
    "query",
    "queried",
    "length",
    "log_words",
    "cue",
    "loose",
    "ended",
    "letters",
    "prose",
    "from_start",
    "near_start",
    "near_end",
    "first_three",
    "total",
    "under_heading",
    "opens_section",
    "near_heading",
    "heading",
    "to_opening",
    "to_ending",
    "likeness_before",
    "nearest_before",
    "centrality_before",
    "query_before",
    "length_squared",
    "far_start",
    "far_end",
    "density",
    "unity",
    "headings",
)
BEFORE = 8  # sentences just before one that it is compared with
_OPENING, _ENDING = 5, 8  # sentences that make the beginning and the end of a text
_NEAR = 50
_FAR_START, _FAR_END = 300, 100
LONG = 600  # sentences; in a longer text its edges tell less
_SHORTEST, _LONGEST, _FEWEST_LETTERS = 8, 120, 0.6
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Columns:
    """Sentences in reading order, an entry of each array a sentence."""

    leads: NDArray[np.int64]  # sentences before it under its heading
    words: NDArray[np.float32]
    letters: NDArray[np.float32]  # share of the characters
    cues: NDArray[np.float32]
    loose: NDArray[np.float32]
    ended: NDArray[np.float32]
    topicality: NDArray[np.float32]
    vectors: NDArray[np.floating]  # (sentences, width), of unit length

    def __len__(self) -> int:
        return len(self.words)

    def cut(self, rows: slice) -> Columns:
        """Some of the sentences."""
        return Columns(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    @property
    def prose(self) -> NDArray[np.bool_]:
        """Which read as prose, each judged by itself."""
        return (self.words >= _SHORTEST) & (self.words <= _LONGEST) & (self.letters > _FEWEST_LETTERS)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a first pass learns of a whole text, in a number of bytes that does not grow with it.

    The second moment of the vectors gives the spread of the cosines to any direction that is known only at the end.
    """

    count: int
    headings: int
    prose: float
    scalars: Floats  # (2, 2): sums and squares of topicality and of log words, over prose
    mean: Floats  # (width,): sum of the vectors of prose
    moment: Floats  # (width, width)
    opening: Floats  # (5, width), zeros where the text is shorter
    ending: Floats  # (8, width), the last one last

    @classmethod
    def empty(cls, width: int) -> Statistics:
        """The statistics of no sentences."""
        return cls(
            0,
            0,
            0.0,
            np.zeros((2, 2)),
            np.zeros(width),
            np.zeros((width, width)),
            np.zeros((_OPENING, width)),
            np.zeros((_ENDING, width)),
        )

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        arrays = (self.scalars, self.mean, self.moment, self.opening, self.ending)
        return sum(one.nbytes for one in arrays)

    def added(self, columns: Columns) -> Statistics:
        """The statistics with the sentences that come next."""
        vectors = columns.vectors.astype(np.float64)
        prose = columns.prose
        chosen = vectors[prose]
        scalars = np.stack([columns.topicality, np.log1p(columns.words)]).astype(np.float64)[:, prose]
        opening = self.opening.copy()
        room = max(0, _OPENING - self.count)
        opening[self.count : self.count + len(vectors[:room])] = vectors[:room]
        return Statistics(
            self.count + len(columns),
            self.headings + int((columns.leads == 0).sum()),
            self.prose + float(prose.sum()),
            self.scalars + np.stack([scalars.sum(axis=1), np.square(scalars).sum(axis=1)], axis=1),
            self.mean + chosen.sum(axis=0),
            self.moment + chosen.T @ chosen,
            opening,
            np.concatenate([self.ending, vectors])[-_ENDING:],
        )

    @property
    def unity(self) -> float:
        """The length of the mean vector: 1 where all prose says the same."""
        return float(np.linalg.norm(self.mean)) / max(1.0, self.prose)

    def density(self, vectors: Floats) -> Floats:
        """The mean squared cosine to the prose of the text, over its own mean there, less 1."""
        moment = self.moment / max(1.0, self.prose)
        squares = np.einsum("nd,nd->n", vectors @ moment, vectors)
        return _clip(squares / (float(np.square(moment).sum()) + 1e-9) - 1)

    def scalar(self, index: int, values: NDArray[np.floating]) -> Floats:
        """Standardized topicality (0) or log words (1)."""
        mean, square = self.scalars[index] / max(1.0, self.prose)
        return _clip((values - mean) / (max(0.0, square - mean**2) ** 0.5 + 1e-3))

    def cosines(self, vectors: Floats, direction: Floats) -> Floats:
        """Cosines to a direction, standardized over the whole text; zeros where it has no direction."""
        norm = float(np.linalg.norm(direction))
        if norm < 1e-9 or not self.prose:
            return np.zeros(len(vectors))
        unit = direction / norm
        mean = float(self.mean @ unit) / self.prose
        spread = max(0.0, float(unit @ self.moment @ unit) / self.prose - mean**2) ** 0.5
        return _clip((vectors @ unit - mean) / (spread + 1e-3))


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a second pass stands: how many sentences and headings it has read, and the last eight vectors."""

    seen: int
    headings: int
    recent: Floats  # (at most 8, width)

    @classmethod
    def begin(cls, width: int) -> Reading:
        """The reading before the first sentence."""
        return cls(0, 0, np.zeros((0, width)))


def features(
    columns: Columns, about: Statistics, reading: Reading, query: NDArray[np.floating] | None = None
) -> tuple[Floats, Reading]:  # (sentences, 32)
    """The features of the next sentences and where the reading then stands; `query` is a unit vector.

    The same whatever the chunks that a text is read in. Linear in the sentences.
    """
    vectors = columns.vectors.astype(np.float64)
    known = np.concatenate([reading.recent, vectors])
    held = len(reading.recent)
    every = about.cosines(known, about.mean)
    asked = np.zeros(len(known)) if query is None else about.cosines(known, query.astype(np.float64))
    likeness, nearest = _before(known, held)
    from_start = reading.seen + np.arange(len(vectors))
    to_end = about.count - 1 - from_start
    headings = reading.headings + np.cumsum(columns.leads == 0)
    edges = min(1.0, LONG / max(1, about.count))
    same = np.ones(len(vectors))
    columns_of = (
        every[held:],
        about.scalar(0, columns.topicality),
        asked[held:],
        same * float(query is not None),
        about.scalar(1, np.log1p(columns.words)),
        np.log1p(columns.words) / 4,
        columns.cues,
        columns.loose,
        columns.ended,
        columns.letters,
        columns.prose,
        from_start / max(1, about.count),
        np.log1p(np.minimum(from_start, _NEAR)) / 4,
        np.log1p(np.minimum(to_end, _NEAR)) / 4,
        np.exp(-from_start / 3),
        same * np.log1p(about.count) / 8,
        np.log1p(columns.leads) / 4,
        columns.leads == 0,
        np.exp(-columns.leads / 3),
        headings / max(1, about.headings),
        about.cosines(vectors, about.opening.sum(axis=0)),
        about.cosines(vectors, about.ending.sum(axis=0)),
        likeness,
        nearest,
        _shifted(every, held),
        _shifted(asked, held),
        np.square(np.log1p(columns.words)) / 10,
        edges * np.log1p(np.minimum(from_start, _FAR_START)) / 4,
        edges * np.log1p(np.minimum(to_end, _FAR_END)) / 4,
        about.density(vectors),
        same * about.unity,
        same * np.log1p(about.headings) / 4,
    )
    after = Reading(reading.seen + len(vectors), reading.headings + int((columns.leads == 0).sum()), known[-BEFORE:])
    return np.stack(columns_of, axis=1).astype(np.float64), after


def _before(known: Floats, held: int) -> tuple[Floats, Floats]:
    """Mean and greatest cosine of each new sentence to the eight before it; 0 for the first of a text."""
    total, greatest, pairs = np.zeros(len(known)), np.full(len(known), -1.0), np.zeros(len(known))
    for back in range(1, BEFORE + 1):
        cosine = np.einsum("ij,ij->i", known[back:], known[: len(known) - back]) if back < len(known) else np.zeros(0)
        total[back:] += cosine
        greatest[back:] = np.maximum(greatest[back:], cosine)
        pairs[back:] += 1
    greatest[pairs == 0] = 0.0
    return (total / np.maximum(1.0, pairs))[held:], greatest[held:]


def _shifted(values: Floats, held: int) -> Floats:
    """The value before each, 0 for the first of a text."""
    return np.concatenate([np.zeros(1), values])[held : len(values)]


def _clip(values: NDArray[np.floating]) -> Floats:
    clipped: Floats = np.clip(values, -4.0, 4.0).astype(np.float64)
    return clipped
