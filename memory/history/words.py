"""The words that a message is found by, and the score of a message for the words of a question."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from langchain_core.messages import AIMessage, BaseMessage

from longdoc.memory.words import rarity, weighed


class Posting(NamedTuple):
    """A word occurs `times` times in the message at `place`, which has `length` words."""

    place: int
    times: int
    length: int


def said(message: BaseMessage) -> str:
    """The text that a message is found by: its own, and the names and arguments of the tools that it calls."""
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    asked = (f"{call['name']} {json.dumps(call['args'], ensure_ascii=False, default=str)}" for call in calls)
    return "\n".join([str(message.text), *asked])


def ranked(postings: Iterable[Sequence[Posting]], most: int, total: int, mean_length: float) -> list[tuple[int, float]]:
    """Places and scores of the messages that share words with a question, best first, later first among equals.

    `postings` has for each word of the question the latest `most` of the messages that hold it, latest first; where
    there are so many, how many of all `total` hold it is taken from how far back these reach.
    """
    scores: defaultdict[int, float] = defaultdict(float)
    for found in filter(None, postings):
        reach = total - found[-1].place + 1
        holding = len(found) if len(found) < most else len(found) * total / reach
        rare = rarity(total, holding)
        for place, times, length in found:
            scores[place] += weighed(rare, times, length, mean_length)
    return sorted(scores.items(), key=lambda item: (-item[1], -item[0]))
