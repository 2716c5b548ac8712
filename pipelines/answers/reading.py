"""What the cross-encoder says of the units found: which of them answers, and whether any does."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from longdoc.errors import LongdocError
from longdoc.models.cross_encoder.reader import Reader, Reading
from longdoc.pipelines.answers.found import Candidate

_log = logging.getLogger(__name__)
_LONGEST = 600  # characters of a unit that are read


class Answering(Protocol):
    """What tells of texts whether they answer a question, and where."""

    def answers(self, question: str, windows: Sequence[str]) -> list[Reading]:
        """A reading for each window."""


@lru_cache(maxsize=1)
def bundled_reader() -> Answering | None:
    """The reader that comes with longdoc; None, said once, where its weights are missing."""
    try:
        return Reader.load()
    except LongdocError as error:
        _log.warning("answers are chosen without the reader: %s", error)
        return None


def readings(question: str, units: Sequence[Candidate], reader: Answering) -> list[Reading]:
    """What the reader says of each unit, read under its heading and behind what it leans on."""
    return reader.answers(question, [window_of(one) for one in units])


def window_of(one: Candidate) -> str:
    """A unit as the reader sees it: its heading, what it leans on, then its text."""
    heading = one.unit.headings[-1] if one.unit.headings else ""
    text = f"{one.lead} {one.unit.text}".strip()[-_LONGEST:] if one.lead else one.unit.text[:_LONGEST]
    return f"{heading}: {text}" if heading and heading not in text else text


def logit(chance: float) -> float:
    """The log of the odds, within bounds."""
    kept = min(max(chance, 1e-4), 1 - 1e-4)
    return math.log(kept / (1 - kept))
