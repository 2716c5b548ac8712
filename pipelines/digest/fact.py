"""A key fact: a label, its value, and how much it matters."""

from __future__ import annotations

from dataclasses import dataclass

from longdoc.memory.summaries.summary import Sentence


@dataclass(frozen=True, slots=True)
class Fact:
    """A line such as "Base Rent: $25,534.57 per month", and its weight, comparable within a document."""

    sentence: Sentence
    weight: float

    @property
    def place(self) -> int:
        """Where the value begins."""
        return self.sentence.spans[-1].start

    @property
    def label(self) -> str:
        """The label in small letters."""
        return self.sentence.label.casefold()
