"""What a model that reads claim and source says, beside the words: one more voice in the check.

The rules know units, numbers and small words exactly, and see no further than the words do. The model reads meaning
and counts badly. A sentence holds where the rules find nothing against it and both together are sure enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from longdoc.pipelines.checks.evidence import Unit

_READ = 700  # characters of source that are read with one claim
# Of the odds, the shared words, what the rules account for, and the bias. Set by hand, near what a small run of
# benchmarks/fit_support.py gave with the first weights of the bundled reader; fit them anew with the last.
WEIGHTS = (0.5, 0.5, 3.0, -2.4)


class Judged(Protocol):
    """What a text says of a claim."""

    @property
    def supports(self) -> float:
        """How surely it supports it, from 0 to 1."""

    @property
    def contradicts(self) -> float:
        """How surely it contradicts it, from 0 to 1."""


class EntailmentReader(Protocol):
    """What reads claims beside texts; `longdoc.models.cross_encoder.reader.Reader` is one."""

    def judged(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Judged]:
        """For each claim and text, what the one says of the other."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What the model says of a sentence."""

    supports: float
    contradicts: float


def voices(reader: EntailmentReader, claims: Sequence[str], sources: Sequence[Sequence[Unit]]) -> list[Voice]:
    """What the model says of each claim beside the units it rests on; all in one call."""
    pairs = [(claim, window(units)) for claim, units in zip(claims, sources, strict=True)]
    return [Voice(said.supports, said.contradicts) for said in reader.judged(pairs)] if pairs else []


def window(units: Sequence[Unit]) -> str:
    """The units in order as one text to read, each with what it stands under said once."""
    parts: list[str] = []
    for unit in sorted(units, key=lambda unit: (unit.passage, unit.spans[0].start if unit.spans else 0)):
        parts += [part for part in (unit.context, unit.read) if part and part not in parts]
    return " ".join(" ".join(parts).split())[: 2 * _READ]


def told(voice: Voice, shared: float, accounted: float) -> tuple[float, ...]:
    """What is weighed: the model's odds, the weight of the shared words, and what the rules account for."""
    odds = math.log(max(1e-4, voice.supports) / max(1e-4, 1 - voice.supports))
    return odds, min(1.0, shared), accounted


def together(told: Sequence[float]) -> float:
    """How sure model, shared words and rules are together that the source supports a claim, from 0 to 1."""
    score = sum(weight * value for weight, value in zip(WEIGHTS, [*told, 1.0], strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
