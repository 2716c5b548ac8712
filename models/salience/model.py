"""The trained salience of sentences: a text read in chunks, and a score for each sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from longdoc.arguments import checked
from longdoc.bundled import shipped_file
from longdoc.models.salience.features import Columns, Reading, Statistics, features
from longdoc.models.salience.weights import DIGESTS, Kind, file_of, fingerprint_of

_VECTOR = 384

Floats = NDArray[np.float32]
States = tuple[Any, ...]


class Scores(Protocol):
    """A network: `Gated` here, or a `SalienceNetwork` of torch."""

    def read(self, x: Floats, about: Floats, states: States | None) -> tuple[Floats, States]:
        """The scores (T,) of features (T, 32) and what is carried on; None begins a text. `about` is (5,)."""


@dataclass(frozen=True)
class SalienceState:
    """Where a reading stands; as many bytes after any number of sentences."""

    reading: Reading
    contexts: States | None

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.reading.recent.nbytes + sum(int(one.nbytes) for state in self.contexts or () for one in state)


@checked
class SalienceModel:
    """Scores sentences, given the statistics of the whole text and what was read before; about a query, if any.

    Trained by benchmarks/train_salience.py on English scientific and technical documents. Of two passes over a text
    both carry a state of fixed size.
    """

    def __init__(self, network: Scores, fingerprint: str) -> None:
        self.network = network
        self.fingerprint = fingerprint

    @classmethod
    def load(cls, context: Kind = "recurrent", folder: Path | None = None) -> SalienceModel:
        """The trained model of a kind. Raises `UnavailableError` where its file is missing or was changed."""
        name = file_of(context)
        path = (folder or Path(__file__).resolve().parent) / name
        remedy = "reinstall longdoc, or train it with benchmarks/train_salience.py"
        data = shipped_file(path, DIGESTS.get(name, ""), "the file of salience weights", remedy)
        return cls(_network(context, data, path), fingerprint_of(context))

    def statistics(self, chunks: Iterable[Columns]) -> Statistics:
        """The first pass: what all chunks of a text amount to."""
        about = Statistics.empty(_VECTOR)
        for chunk in chunks:
            about = about.added(chunk)
        return about

    def score_chunk(
        self,
        chunk: Columns,
        about: Statistics,
        query: NDArray[np.floating] | None = None,
        state: SalienceState | None = None,
    ) -> tuple[NDArray[np.float64], SalienceState]:
        """The second pass: the scores of the next chunk's sentences and the state after it; None begins a text."""
        reading = Reading.begin(_VECTOR) if state is None else state.reading
        values, reading = features(chunk, about, reading, query)
        carried = None if state is None else state.contexts
        scores, contexts = self.network.read(values.astype(np.float32), overview(about, query), carried)
        return scores.astype(np.float64), SalienceState(reading, contexts)

    def score(
        self, columns: Columns, query: NDArray[np.floating] | None = None, chunk: int = 1024
    ) -> NDArray[np.float64]:
        """The scores of all sentences of a text, read `chunk` at a time, which changes nothing but the memory taken."""
        about, state, parts = self.statistics([columns]), None, [np.zeros(0)]
        for start in range(0, len(columns), chunk):
            scores, state = self.score_chunk(columns.cut(slice(start, start + chunk)), about, query, state)
            parts.append(scores)
        return np.concatenate(parts)


def overview(about: Statistics, query: NDArray[np.floating] | None) -> Floats:  # (5,)
    """What the context is told of the whole text before it begins."""
    count = max(1, about.count)
    told = [np.log1p(about.count) / 8, about.headings / count, about.prose / count, about.unity, query is not None]
    return np.array([float(one) for one in told], np.float32)


def _network(context: Kind, data: memoryview, path: Path) -> Scores:
    if context == "recurrent":
        from longdoc.models.salience.gated import Gated

        return Gated(data)
    from longdoc.models.salience.network import read_network

    return read_network(path)
