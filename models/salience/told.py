"""Salience of what a story tells or a talk says: linear in a sentence's vector and form, with weights that ship.

What people retell of a story or a meeting is not what stands near its middle: ridge regression on what people wrote
about stories and meetings learned what it is (`benchmarks/fit_told.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from longdoc.bundled import shipped_file
from longdoc.models.salience.weights import DIGESTS

Told = Literal["story", "talk"]
FILE = "told.safetensors"
SPREAD = 10.0  # brings a unit vector's numbers to about 1


@dataclass(frozen=True, slots=True)
class ToldSalience:
    """Weights of a kind: one for each number of a form, and behind them a bias; one for each number of a vector."""

    forms: NDArray[np.float32]
    vector: NDArray[np.float32]

    @classmethod
    def load(cls, kind: Told) -> Self:
        """The weights that ship. Raises `UnavailableError` where they are missing or were changed."""
        shipped = _shipped()
        return cls(shipped[f"{kind}.forms"], shipped[f"{kind}.vector"])

    def score(self, forms: NDArray[np.float64], vectors: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """How much each sentence tells, in about standard deviations, from forms (T, F) and unit vectors (T, 384).

        The vectors are the bundled encoder's; without them, as where another made them, by form alone.
        """
        told: NDArray[np.float64] = forms @ self.forms[:-1].astype(np.float64) + float(self.forms[-1])
        if vectors is not None:
            told = told + SPREAD * (vectors - vectors.mean(0)) @ self.vector.astype(np.float64)
        return told


@cache
def _shipped() -> dict[str, NDArray[np.float32]]:
    path = Path(__file__).with_name(FILE)
    data = shipped_file(path, DIGESTS[FILE], "the file of salience weights", "reinstall longdoc")
    weights: dict[str, NDArray[np.float32]] = load(bytes(data))
    return weights
