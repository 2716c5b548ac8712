"""The few sentences of a long text that a claim should be held against."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_STEM = 6  # letters of a word that count: "declared", "declares" and "declaration" are one
_AGAIN = 0.25  # what a word is worth in a second sentence
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an the and or but of to in on at by for with from as is are was were be been being it its this that these "
        "those he she they we you i his her their our your my has have had do does did not no so than then there which "
        "who what when where will would can could may might should into about also",
    )
)


def terms(text: str) -> list[str]:
    """The words of a text that say something, shortened, and its numbers."""
    return [word[:_STEM] for word in _WORD.findall(text.lower()) if word not in _COMMON]


def aligned(claim: str, sentences: Sequence[str], budget: int) -> list[int]:
    """Rows of the sentences that together have most of the claim's words, rare ones first, in the text's order.

    Greedy: each next sentence is the one with the most words that none before it had. What is left of the `budget`
    (characters) goes to the sentences before and after the best ones. Linear in sentences times rows chosen. At least
    one row, the best, whatever its length; no sentences give none.
    """
    bags = [frozenset(terms(sentence)) for sentence in sentences]
    seen = Counter(term for bag in bags for term in bag)
    weights = {term: math.log(1 + len(bags) / seen[term]) for term in terms(claim) if term in seen}
    chosen: list[int] = []
    left, waiting = budget, {row for row, bag in enumerate(bags) if not bag.isdisjoint(weights)}
    while waiting:
        gains = {row: math.fsum(weights[term] for term in bags[row] if term in weights) for row in waiting}
        row = min(gains, key=lambda row: (-gains[row] / (40 + len(sentences[row])) ** 0.3, row))
        chosen.append(row)
        left -= len(sentences[row])
        waiting = {other for other in waiting if other != row and len(sentences[other]) <= left}
        weights |= {term: weights[term] * _AGAIN for term in bags[row] if term in weights}
    near = [row + step for row in chosen for step in (-1, 1)] or [0]
    for row in near:
        if 0 <= row < len(bags) and row not in chosen and (len(sentences[row]) <= left or not chosen):
            chosen.append(row)
            left -= len(sentences[row])
    return sorted(chosen)
