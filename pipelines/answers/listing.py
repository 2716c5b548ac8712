"""All of several things: the items of a list, or whatever in a whole text has what was asked for."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.answers.cues import Question
from longdoc.pipelines.checks.facts import names
from longdoc.pipelines.units.hygiene import leads_elsewhere, without_mark
from longdoc.pipelines.units.unit import Unit
from longdoc.pipelines.wording.words import content_words

_LABELLED = 0.55  # of the weight of the question's words, from which an introduction or heading is what was asked for
_HEADING = 0.7  # of its own weight, for a word that only the heading over a list has
_COVERED = 0.85  # of the same, from which a sentence is one more of what was asked for
_MOST = 200  # items
_STATED = re.compile(
    r"\b(?:\d[\d,.]*|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)?-?(?:one|two|three|four|five|six|seven"
    r"|eight|nine)|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty"
    r"|fifty|hundred|thousand|million|dozen|several|no|none)\b(?:\s+\(\d+\))?",
    re.IGNORECASE,
)
EVERY_SENTENCE = "every sentence that has the words of the question"
_EACH = re.compile(
    r"\b(?:all|every|each|which|list|name|enumerate|identify|find|show|give|tell|mention|how many|number of|count)\b",
    re.I,
)
_HOW_MANY = re.compile(r"\b(?:how many|number of|count (?:the|all))\s+((?:[\w’'-]+\s+){0,2}?[\w’'-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listing:
    """Items in reading order, under what they were found: an introduction, or "" where each says it itself."""

    items: tuple[Sentence, ...]
    under: str
    why: str


def listing_of(question: str, units: Sequence[Unit]) -> Listing | None:
    """All that the text has of what the question asks for; None where nothing shows what belongs to it.

    Reads every unit once: first lists by their introduction or heading, then what has all words of the question.
    """
    asked = Question.of(question)
    if asked.whole or not asked.words:
        return None
    weights = _weights(asked, units)
    listed = _under_a_label(weights, units) or _under_a_heading(weights, units)
    return listed or (_of_a_kind(asked, weights, units) if _EACH.search(question) else None)


def stated(question: str, text: str) -> bool:
    """Whether a text gives the number of what the question counts: "seventeen test cases"."""
    match = _HOW_MANY.search(question)
    if match is None:
        return False
    counted = content_words(match[1])
    behind = (" ".join(text[number.end() :].split()[:4]) for number in _STATED.finditer(text))
    return any(counted & content_words(words) for words in behind)


def _weights(asked: Question, units: Sequence[Unit]) -> dict[str, float]:
    holders = Counter(word for unit in units for word in asked.words & (unit.words | unit.context))
    raw = {word: math.log(1 + (len(units) + 1) / (1 + holders[word])) for word in sorted(asked.words)}
    whole = sum(raw.values())
    return {word: weight / whole for word, weight in raw.items()}


def _under_a_label(weights: dict[str, float], units: Sequence[Unit]) -> Listing | None:
    """The items of the list whose introduction has most of the question's words."""
    over: dict[int, str] = {}
    for unit in units:
        if unit.kind == "list":
            over.setdefault(unit.paragraph, unit.label)
    groups: dict[tuple[int, str], list[Unit]] = {}
    for unit in units:
        if unit.kind == "item" or (unit.kind == "label" and unit.paragraph in over):
            groups.setdefault((unit.paragraph, unit.label if unit.kind == "item" else ""), []).append(unit)
    best, held = 0.0, None
    for (paragraph, told), items in groups.items():
        label = told or over.get(paragraph) or items[0].label
        own = content_words(label) if label else frozenset()
        above = content_words(" ".join(items[0].headings[-1:])) if items[0].headings else frozenset()
        has = sum(weights[word] for word in weights if word in own)
        has += _HEADING * sum(weights[word] for word in weights if word in above - own)
        if has > best and len(items) > 1:
            best, held = has, (label, items)
    if held is None or best < _LABELLED:
        return None
    label, items = held
    said = tuple(Sentence(without_mark(item.text).rstrip(";,"), item.spans) for item in items[:_MOST])
    return Listing(said, label, f"the list under {label!r}" if label else "the list under its heading")


def _under_a_heading(weights: dict[str, float], units: Sequence[Unit]) -> Listing | None:
    """The headings right under the heading that has most of the question's words."""
    below: dict[tuple[str, ...], dict[str, Unit]] = {}
    for unit in units:
        if unit.kind == "heading" and len(unit.headings) > 1 and unit.headings[-1]:
            below.setdefault(unit.headings[:-1], {}).setdefault(unit.headings[-1], unit)
    best, held = _LABELLED, None
    for path, inner in below.items():
        own = content_words(path[-1])
        has = sum(weights[word] for word in weights if word in own)
        if has > best and len(inner) > 1:
            best, held = has, (path[-1], inner)
    if held is None:
        return None
    items = tuple(Sentence(without_mark(one.text), one.spans) for one in list(held[1].values())[:_MOST])
    return Listing(items, held[0], f"the sections under {held[0]!r}")


def _of_a_kind(asked: Question, weights: dict[str, float], units: Sequence[Unit]) -> Listing | None:
    """Each sentence or row that has the question's words and names something that no other has named."""
    found: dict[str, Sentence] = {}
    for unit in units:
        if unit.kind in ("heading", "code", "list") or unit.text.rstrip().endswith("?") or leads_elsewhere(unit.text):
            continue
        if sum(weights[word] for word in asked.words & unit.words) < _COVERED:
            continue
        new = [one.text for one in names(f"so {unit.text}") if not content_words(one.text) <= asked.words]
        key = new[0] if new else unit.text.casefold()
        found.setdefault(key, Sentence(unit.text, unit.spans))
    items = tuple(found.values())[:_MOST]
    return Listing(items, "", EVERY_SENTENCE) if len(items) > 1 else None
