"""What a model that reads claim and source says, beside the words: one more voice in the check.

The rules know units, numbers and small words exactly, and see no further than the words do. The model reads meaning
and counts badly. A sentence holds where the rules find nothing against it and both together are sure enough.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from importlib.resources import files
from typing import Protocol

from longdoc.models.cross_encoder.evidence import aligned
from longdoc.pipelines.checks.alignment import Match
from longdoc.pipelines.checks.evidence import Evidence, Unit
from longdoc.pipelines.wording.pairing import plain
from longdoc.pipelines.wording.words import content_words

_READ = 1400  # characters of the units that a claim rests on
_FOUND = 600  # characters of what is found for the reader itself
_SHARING = 24  # units among which that is found
_LEAST = 1e-2  # a chance that is taken for none


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
    """What the model says of a sentence beside the units it rests on, and beside what is found for it anew."""

    supports: tuple[float, float]
    contradicts: tuple[float, float]

    @property
    def denies(self) -> bool:
        """Whether the source says otherwise rather than nothing, by the model."""
        return max(self.contradicts) >= 0.5 and sum(self.contradicts) > sum(self.supports)


def voices(
    reader: EntailmentReader, claims: Sequence[str], sources: Sequence[Sequence[int]], evidence: Evidence
) -> list[Voice]:
    """What the model says of each claim beside the rows of the evidence that it rests on; all in one call."""
    pairs: list[tuple[str, str]] = []
    for claim, rows in zip(claims, sources, strict=True):
        pairs += [(claim, window([evidence.units[row] for row in rows])), (claim, _found(claim, rows, evidence))]
    asked = list(dict.fromkeys(pairs))  # of a short text both windows are one
    held = dict(zip(asked, reader.judged(asked) if asked else [], strict=True))
    said = [(held[one], held[other]) for one, other in zip(pairs[::2], pairs[1::2], strict=True)]
    return [Voice((one.supports, other.supports), (one.contradicts, other.contradicts)) for one, other in said]


def window(units: Sequence[Unit]) -> str:
    """The units in order as one text to read, each with what it stands under said once."""
    parts: list[str] = []
    for unit in sorted(units, key=lambda unit: (unit.passage, unit.spans[0].start if unit.spans else 0)):
        parts += [part for part in (unit.context, unit.read) if part and part not in parts]
    return " ".join(" ".join(parts).split())[:_READ]


def _found(claim: str, rows: Sequence[int], evidence: Evidence) -> str:
    """The few sentences that together have most of the claim's words, as the reader was trained to read them."""
    shares = evidence.shares(content_words(plain(claim)))
    near = {*rows, *nlargest(_SHARING, shares, key=shares.__getitem__)}
    candidates = sorted({at for row in near for at in (row - 1, row, row + 1) if 0 <= at < len(evidence.units)})
    texts = [" ".join(evidence.units[row].read.split()) for row in candidates]
    return " ".join(texts[at] for at in aligned(claim, texts, _FOUND)) if texts else ""


def heard(voice: Voice, match: Match, rules: Iterable[str] = ()) -> dict[str, float]:
    """What is weighed, by its name in weights.json: more of it raises the support, but for rules."""
    return {
        "read": sum(map(_odds, voice.supports)) / 2,
        "not denied": -sum(map(_odds, voice.contradicts)) / 2,
        "shared": min(1.0, match.shared),
        "cosine": match.cosine,
        "told": match.told,
        **dict.fromkeys(rules, 1.0),
    }


def together(heard: Mapping[str, float]) -> float:
    """How sure reader, words, vectors and rules are together that the source supports a claim, from 0 to 1."""
    weights = _weights()
    return 1 / (1 + math.exp(-weights["bias"] - math.fsum(weights[name] * value for name, value in heard.items())))


@cache
def _weights() -> dict[str, float]:
    """What each counts, as benchmarks/fit_support.py wrote it."""
    read: dict[str, float] = json.loads(files("longdoc.pipelines.checks").joinpath("weights.json").read_bytes())
    return read


def _odds(chance: float) -> float:
    return math.log(max(_LEAST, chance) / max(_LEAST, 1 - chance))
