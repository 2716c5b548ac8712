"""A long text as windows that a cross-encoder reads one by one, each token with its place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longdoc.models.cross_encoder.pairs import Pair

if TYPE_CHECKING:
    from tokenizers import Encoding

TOKENS = 208  # of a pair, as it was trained
FIRST = 96  # of a question or claim; what is longer is read up to there
OVERLAP = 48
_CLS, _SEP = 101, 102
Offsets = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Window:
    """A pair of texts in tokens, with the characters of each token."""

    pair: Pair
    first: Offsets
    second: Offsets


def windows(first: Encoding, second: Encoding) -> Iterator[Window]:
    """The second text in windows, 48 tokens of each in the next; at least one. Both encoded without special tokens."""
    own, own_places = tuple(first.ids[:FIRST]), tuple(first.offsets[:FIRST])
    ids, places = tuple(second.ids), tuple(second.offsets)
    room = TOKENS - 3 - len(own)
    for start in range(0, max(1, len(ids) - OVERLAP), room - OVERLAP):
        part = slice(start, start + room)
        yield Window(Pair((_CLS, *own, _SEP, *ids[part], _SEP), len(own)), own_places, places[part])
