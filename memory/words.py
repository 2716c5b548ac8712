"""The words that a text is found by, and how much each says (BM25; Robertson and Zaragoza, 2009)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from typing import Any

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"  # no blanks between words
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_LONGEST = 40  # characters: what is longer is data, not a word
_SATURATION, _LENGTH = 1.2, 0.75  # k1 and b of BM25


def tokens(text: str) -> list[str]:
    """The words in lower case, in order; pairs of characters in scripts without blanks.

    Letters with marks are the same word composed or not (NFC, NFD).
    """
    folded = unicodedata.normalize("NFC", text).casefold()
    return [token for run in _TOKEN.findall(folded) for token in _pieces(run)]


def words(text: str) -> Counter[str]:
    """How often each word of `tokens` occurs, English plural aside; data longer than any word is left out."""
    return Counter(_singular(token) for token in tokens(text) if len(token) <= _LONGEST)


def rarity(total: int, holding: float) -> float:
    """The inverse document frequency of a word that `holding` of `total` texts hold: always above 0."""
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def weighed(rarity: float, times: Any, length: Any, mean_length: float) -> Any:
    """The BM25 score of a word that stands `times` times in a text of `length` words; numbers, or arrays of them."""
    norm = _SATURATION * (1 - _LENGTH + _LENGTH * length / max(mean_length, 1e-9))
    return rarity * (_SATURATION + 1) * times / (times + norm)


def _pieces(token: str) -> list[str]:
    if re.match(rf"[{_UNSPACED}]", token) and len(token) > 2:
        return [token[at : at + 2] for at in range(len(token) - 1)]
    return [token]


def _singular(word: str) -> str:
    """The word without an English plural ending: the S stemmer of Harman (1991)."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss")):
        return word
    if word.endswith("ies"):
        return word if word.endswith(("eies", "aies")) else f"{word[:-3]}y"
    return word[:-1]
