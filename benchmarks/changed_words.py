"""Sentences made wrong by one small word: another unit, scale, polarity, bound or role. For benchmarks/citations.py."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from itertools import pairwise


def _table(text: str) -> dict[str, str]:
    pairs = (pair.partition(": ") for pair in " ".join(text.split()).split("; "))
    return {word: other for word, _, other in pairs}


_COUNTS = r"\b(?:a|one|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|hundred|several|few|of)\s"
UNITS = _table("""
    years: months; year: month; months: years; weeks: months; days: weeks; day: week; hours: minutes; hour: minute;
    minutes: hours; seconds: minutes; feet: miles; miles: metres; inches: feet; yards: miles; metres: miles; meters:
    kilometers; kilometres: metres; pounds: dollars; dollars: euros; shillings: pounds; cents: dollars; percent:
    percentage points; per cent: percentage points; %:  percentage points; bytes: megabytes; bits: kilobytes; ms: s;
    kB: GB; MB: KB; GB: MB; tons: pounds; degrees: percent; acres: square miles
    """)
SCALES = _table("""
    hundred: thousand; thousand: million; million: billion; billion: million; hundreds: millions; thousands:
    millions; millions: thousands; trillion: billion; dozen: thousand
    """)
TURNS = _table("""
    always: never; never: always; more: less; less: more; before: after; after: before; with: without; without:
    with; increase: decrease; increased: decreased; higher: lower; lower: higher; large: small; small: large; old:
    new; new: old; good: bad; possible: impossible; up: down; down: up; above: below; below: above; opened: closed;
    accepted: rejected; allowed: forbidden; first: last; north: south; east: west; early: late; long: short; high:
    low; same: different; true: false
    """)
BOUNDS = _table("""
    at least: at most; at most: at least; more than: less than; less than: more than; up to: at least; no more than:
    no less than; may: must; might: will; could: will; should: may; must: may; some: all; all: some of the; most:
    all; sometimes: always; often: always; usually: always; any: no; within: after; until: since; possibly:
    certainly; perhaps: certainly; probably: certainly; every: no
    """)
AUXILIARIES = "is|are|was|were|will|can|could|would|should|has|have|had|did|does|do|may|must|might"
WORD = r"(?<![\w'’-])"
END = r"(?![\w'’-])"


def _one_of(sentence: str, table: Mapping[str, str], r: random.Random, before: str = "") -> str | None:
    """The sentence with one of the table's words made the other."""
    known = "|".join(re.escape(word) for word in sorted(table, key=len, reverse=True))
    places = list(re.finditer(rf"(?:{before})(?P<word>{known}){END}", sentence))
    if not places:
        return None
    match = r.choice(places)
    return sentence[: match.start("word")] + table[match["word"]] + sentence[match.end("word") :]


def unit(text: str, part: str, sentence: str, r: random.Random) -> str | None:
    """A number with another unit."""
    return _one_of(
        sentence, UNITS, r, r"\d\s?|\b(?:two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|hundred)\s"
    )


def scale(text: str, part: str, sentence: str, r: random.Random) -> str | None:
    """A number with another scale."""
    return _one_of(
        sentence, SCALES, r, r"(?:\d|\b(?:a|one|two|three|four|five|six|seven|eight|nine|ten|several|few|of))\s"
    )


def polarity(text: str, part: str, sentence: str, r: random.Random) -> str | None:
    """A "not" more or less, or a word made its opposite."""
    if r.random() < 0.4:
        return _one_of(sentence, TURNS, r, WORD)
    if " not " in sentence:
        return sentence.replace(" not ", " ", 1)
    places = list(re.finditer(rf"(?<=\w )(?:{AUXILIARIES})(?= [a-z])", sentence))
    if not places or re.search(r"\b(?:no|never|nor|neither|nothing)\b|n['’]t\b", sentence):
        return None
    match = places[0]
    return f"{sentence[: match.end()]} not{sentence[match.end() :]}"


def bound(text: str, part: str, sentence: str, r: random.Random) -> str | None:
    """A bound, a quantifier or a modal made another."""
    return _one_of(sentence, BOUNDS, r, WORD)


def role(text: str, part: str, sentence: str, r: random.Random) -> str | None:
    """Two names or two things on either side of a verb changed over."""
    names = [
        match
        for match in re.finditer(r"(?<![\w'’.-])[A-Z][a-z]{2,}(?![\w'’.-])", sentence)
        if not re.search(rf"\b{match[0].lower()}\b", text) and re.search(rf"[a-z] {match[0]}\b", text)
    ]
    for one, two in pairwise(names):
        between = sentence[one.end() : two.start()]
        if (
            one[0] != two[0]
            and re.search(r"\b\w{3,}(?:ed|es|s)\b", between)
            and not re.search(r"[,;:]|\band\b|\bor\b", between)
        ):
            return f"{sentence[: one.start()]}{two[0]}{between}{one[0]}{sentence[two.end() :]}"
    match = re.search(r"\b([Tt]he )(\w{3,})( \w{3,}ed )(the |a |an |his |her |their )(\w{3,})\b", sentence)
    if match is None or match[2].lower() == match[5].lower():
        return None
    return f"{sentence[: match.start()]}{match[1]}{match[5]}{match[3]}{match[4]}{match[2]}{sentence[match.end() :]}"
