"""How a story begins, turns and ends: its parts, who is in each, and what is told there."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.people import names, who
from longdoc.pipelines.digest.points import ranked
from longdoc.pipelines.digest.reading import Candidate, Reading
from longdoc.pipelines.wording.ordinary_words import ORDINARY
from longdoc.pipelines.wording.words import stem

_PARTS = 5
_KEYS = 30  # words that tell what a story is about
_SPEECH = re.compile(r"[\"“”«»]|^['‘]")
_PERSON = re.compile(r"\b(?:he|she|him|her|his|hers|they|them|it|its|their)\b", re.IGNORECASE)
_HAPPENS = re.compile(
    r"\b\w+ed\b|\b(?:was|were|had|came|went|took|saw|knew|told|gave|found|left|began|made|fell|ran|stood|thought)\b"
)
_FIRST = re.compile(r"\bI\b|\b[Mm]y\b")
_FEW = 4  # names beside a part


@dataclass(frozen=True, slots=True)
class StoryPart:
    """A stretch of a story: its name, who is in it, and its sentences, the best first."""

    title: str
    persons: Sentence | None
    sentences: tuple[Candidate, ...]


def story(reading: Reading) -> tuple[Sentence | None, list[StoryPart]]:
    """Who is in the story, most named first, and its parts in order."""
    cast = names(reading.text)
    main = [name for name, _ in cast.most_common(6)]
    everyone = who(reading, main, 0, len(reading.text), "Who")
    keys = _key_words(reading)
    parts = [
        _part(reading, number, start, end, main, cast, keys) for number, (start, end) in enumerate(_stretches(reading))
    ]
    return everyone, [part for part in parts if part.sentences]


def _key_words(reading: Reading) -> frozenset[str]:
    """The stems that the story says most often, but for common ones."""
    said: Counter[str] = Counter()
    for one in reading.points:
        said.update(one.unit.words)
    common = {stem(word) for word in ORDINARY}
    return frozenset([word for word, _ in said.most_common(120) if len(word) > 3 and word not in common][:_KEYS])


def _stretches(reading: Reading) -> Iterator[tuple[int, int]]:
    """Equal stretches of the text that is told, the last a short one, for the ending."""
    length = len(reading.text)
    first = next((one.unit.start for one in reading.points), 0)
    cuts = [0, *(first + (length - first) * share // 100 for share in (12, 36, 64, 90)), length]
    yield from itertools.pairwise(cuts)


def _part(
    reading: Reading, number: int, start: int, end: int, main: list[str], cast: Counter[str], keys: frozenset[str]
) -> StoryPart:
    title = ("Beginning", "Then", "Midway", "Later", "Ending")[number]
    here = names(reading.text[start:end])
    present = [name for name, _ in here.most_common() if name in cast][:_FEW]
    inside = [one for one in reading.points if start <= one.unit.start < end and _is_told(one.unit.text)]
    ending, beginning = number == _PARTS - 1, number == 0

    def worth(one: Candidate) -> float:
        share = (one.unit.start - start) / max(1, end - start)
        place = share if ending else 1 - share if beginning else 0.0
        return one.score * 0.6 + _worth(one.unit.text, main) + 0.8 * place + min(1.8, 0.45 * len(keys & one.unit.words))

    return StoryPart(
        title, who(reading, present[:3], start, end, "With"), tuple(ranked(reading, inside, worth, most=4))
    )


def _is_told(text: str) -> bool:
    return _SPEECH.search(text) is None and "?" not in text and "!" not in text


def _worth(text: str, main: list[str]) -> float:
    """More for a sentence in which someone named does something, and for one that leaves no one unnamed."""
    named = sum(re.search(rf"\b{re.escape(name.split()[-1])}\b", text) is not None for name in main)
    persons = len(_PERSON.findall(text))
    begins = any(text.startswith(name.split()[0]) for name in main)
    happens = 0.5 if _HAPPENS.search(text) else 0.0
    words = len(text.split())
    return (
        min(named, 2) * 0.8
        + begins * 0.5
        + happens
        - 0.35 * persons * (named == 0)
        + 1.6 * min(words, 22) / 22
        - (0.5 if words > 35 else 0.0)
    )
