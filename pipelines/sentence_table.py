"""The sentences of a document as arrays: where each lies, how it reads, its vector. Made in one streaming pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.sections import Section
from longdoc.chunkers.sentences import split_sentences
from longdoc.chunkers.span import Span
from longdoc.pipelines.surface import SURFACE, surface_features

KEPT = 40_000  # sentences whose vectors are held at once; of a longer text each chunk keeps its most central ones
_WINDOW = 8192  # sentences embedded at a time


class Encoder(Protocol):
    """What gives a unit vector for each text."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors may."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:  # (texts, width)
        """Unit vectors of the texts, in order."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sentences are looked for inside `span`; `part` numbers the chunk it belongs to, from 0 and never backwards."""

    span: Span
    headings: tuple[str, ...]
    part: int


@dataclass(frozen=True, slots=True)
class SentenceTable:
    """A row a sentence, in reading order. `position` counts all sentences of the source, kept or not."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    sources: NDArray[np.int32]  # index into `names`
    parts: NDArray[np.int32]
    positions: NDArray[np.int64]
    surface: NDArray[np.float32]  # (rows, features)
    vectors: NDArray[np.float16]  # (rows, width)
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.starts)

    def rows_of(self, first: int, last: int) -> slice:
        """The rows of the parts `first` to `last`, inclusive."""
        return slice(*np.searchsorted(self.parts, [first, last + 1]).tolist())

    def span(self, row: int) -> Span:
        """Where the sentence of a row lies."""
        return Span(int(self.starts[row]), int(self.ends[row]), self.names[self.sources[row]])
