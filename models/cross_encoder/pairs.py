"""What the cross-encoder is given: two texts in tokens, and which tokens they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MATCHES = 4  # no token of the other side, one, one with a neighbour, one with both neighbours


@dataclass(frozen=True)
class Pair:
    """Token ids of `[CLS] first [SEP] second [SEP]`, and which of them belong to the first text."""

    ids: tuple[int, ...]
    first: int  # tokens of the first text: ids[1 : 1 + first]

    @property
    def second(self) -> int:
        """Where the second text begins."""
        return self.first + 2


def matches(pair: Pair) -> list[int]:
    """For each token, whether the other text has it, and with its neighbours: rows of the table of matches."""
    one, other = pair.ids[1 : 1 + pair.first], pair.ids[pair.second : -1]
    return [0, *_levels(one, other), 0, *(MATCHES + level for level in _levels(other, one)), 0]


def _levels(one: Sequence[int], other: Sequence[int]) -> list[int]:
    single, double = set(other), set(pairwise(other))
    levels = [int(token in single) for token in one]
    both = [pair in double for pair in pairwise(one)]
    for at, found in enumerate(both):
        if found:
            levels[at] += 1
            levels[at + 1] += 1
    return levels
