"""What a check says of a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from longdoc.chunkers.text.span import Span

Verdict = Literal["supported", "contradicted", "unsupported", "unjudged"]
OnUnsupported = Literal["mark", "drop", "quote"]
FirmRule = Literal["number", "unit", "sign", "row", "date", "name", "quotation"]  # these stop any claim
Rule = Literal[
    FirmRule,
    "bound", "code", "condition", "degree", "denied", "elsewhere", "facing", "frequency", "hedge", "modal",
    "name in part", "negation", "opposite", "question", "roles", "share", "swapped", "term", "word",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a sentence does not hold, in a plain sentence; whether the source says otherwise or says nothing of it.

    `rule` names what found it: how much each tells of a sentence that is no copy of its source was measured.
    """

    text: str
    rule: Rule
    against: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says of one sentence.

    `support` runs from 0 to 1, `supported` from 0.5 on. `contradicted`: the source says otherwise; `unsupported`: it
    does not say so; `unjudged`: it cannot be told, by the reason in `problems`.
    """

    text: str
    support: float
    verdict: Verdict
    spans: tuple[Span, ...]
    problems: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether the source bears it out."""
        return self.verdict == "supported"
