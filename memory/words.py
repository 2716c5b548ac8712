"""The words that a message is found by, and the score of a message for the words of a question."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from langchain_core.messages import AIMessage, BaseMessage

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"  # no blanks between words
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_LONGEST = 40  # characters: what is longer is data, not a word
_SATURATION, _LENGTH = 1.2, 0.75  # k1 and b of BM25


class Posting(NamedTuple):
    """That a word stands `times` times in the message at `place`, which has `length` words."""

    place: int
    times: int
    length: int


def words(text: str) -> Counter[str]:
    """How often each word occurs, case and English plural aside; pairs of characters in scripts without blanks.

    Letters with marks are the same word composed or not (NFC, NFD).
    """
    folded = unicodedata.normalize("NFC", text).casefold()
    return Counter(word for token in _TOKEN.findall(folded) for word in _pieces(token))


def said(message: BaseMessage) -> str:
    """What a message is found by: its text, and the names and arguments of the tools that it calls."""
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    asked = (f"{call['name']} {json.dumps(call['args'], ensure_ascii=False, default=str)}" for call in calls)
    return "\n".join([str(message.text), *asked])


def ranked(postings: Iterable[Sequence[Posting]], most: int, total: int, mean_length: float) -> list[tuple[int, float]]:
    """Places and scores of the messages that share words with a question, best first, later first among equals.

    `postings` has for each word of the question the latest `most` of the messages that hold it, latest first; where
    there are so many, how many of all `total` hold it is taken from how far back these reach. BM25 (Robertson and
    Zaragoza, 2009).
    """
    scores: defaultdict[int, float] = defaultdict(float)
    for found in filter(None, postings):
        reach = total - found[-1].place + 1
        holding = len(found) if len(found) < most else len(found) * total / reach
        weight = math.log(1 + (total - holding + 0.5) / (holding + 0.5)) * (_SATURATION + 1)
        for place, times, length in found:
            norm = _SATURATION * (1 - _LENGTH + _LENGTH * length / mean_length)
            scores[place] += weight * times / (times + norm)
    return sorted(scores.items(), key=lambda item: (-item[1], -item[0]))


def _pieces(token: str) -> list[str]:
    if re.match(rf"[{_UNSPACED}]", token) and len(token) > 2:
        return [token[at : at + 2] for at in range(len(token) - 1)]
    return [_singular(token)] if len(token) <= _LONGEST else []


def _singular(word: str) -> str:
    """Without a plural ending: the S stemmer of Harman (1991)."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss")):
        return word
    if word.endswith("ies"):
        return word if word.endswith(("eies", "aies")) else f"{word[:-3]}y"
    return word[:-1]
