"""The kind of a document, told by its form: its lines, its pronouns, its marks; never by what it is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from statistics import median

from longdoc.pipelines.units.unit import Unit


class Kind(Enum):
    """How a document is written, which says what a digest of it can have."""

    TRANSCRIPT = "transcript"
    CODE = "code"
    CORRESPONDENCE = "correspondence"
    CONTRACT = "contract"
    REPORT = "report with tables"
    FORM = "form"
    NARRATIVE = "narrative"
    REFERENCE = "text in sections"
    PROSE = "prose"


_NUMBER = re.compile(r"(?<![\w.,])\d[\d.,]*(?!\w)")
_MONEY = re.compile(r"[$€£¥]|\b(?:EUR|USD|GBP)\b")
_SPOKEN = 0.3  # of the sentences of a story whose sentences are long; a judgment is of persons too
_TOLD_IN = 18  # words of a story's sentence, half of them being shorter
_WIDE = 3  # numbers in a row of statistics
_PERSON = re.compile(r"\b(?:he|she|him|her|his|hers)\b", re.IGNORECASE)
_FIRST = re.compile(r"\bI\b")
_SPEECH = re.compile(r"[\"“”]")
_DUTY = re.compile(r"\b(?:shall|must|may not|hereby|hereof|herein|thereof)\b", re.IGNORECASE)
_DEFINED = re.compile(r"\([^()]{0,40}[\"“][^\"”]{2,60}[\"”][^()]{0,30}\)")
_CODE = re.compile(
    r"\s*(?:(?:def|class|if|for|return|import|from|else|elif|try|except|while|with|func|fn|let|const|var|public|private"
    r"|static|#include|package)\b.*[:;({]?$|[\w.\[\]]+ ?[-+]?=[^=].*|@\w+|.*[;{}]|[)}\]]+,?|[\w.]+\(.*\)?,?)\s*$"
)
_MAIL = re.compile(r"^\s*(?:from|to|cc|subject|date|sent|re)\s*:", re.IGNORECASE | re.MULTILINE)
SOURCES = re.compile(
    r"^[^\w\n]*(?:\d+\.?[ \t]*)?(?:references|bibliography|works cited|literature cited)[^\w\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_GREETING = re.compile(r"\s*(?:dear|hello|hi) [^\n]{1,60}[,:]\s*\n", re.IGNORECASE)
_LONG = 200  # units from which a text with many rows is a report rather than a form
_OPENING = 1200  # characters
_READ = 60_000  # characters that tell the kind of a longer text


def kind_of(text: str, units: Sequence[Unit]) -> Kind:
    """The kind of a text that has these units. Constants chosen by eye on some forty development documents."""
    said = Counter(unit.kind for unit in units)
    many = max(1, len(units))
    if said["turn"] > many / 2:
        return Kind.TRANSCRIPT
    lines = [line for line in text[:_READ].splitlines() if line.strip()]
    if sum(_CODE.match(line) is not None for line in lines) > len(lines) / 2:
        return Kind.CODE
    opening = text[:_OPENING]
    if len(_MAIL.findall(opening)) > 2 or _GREETING.match(opening):
        return Kind.CORRESPONDENCE
    words = max(1, len(text.split()))
    if 1000 * len(_DUTY.findall(text)) / words > 8 and len(_DEFINED.findall(text)) > 2:
        return Kind.CONTRACT
    scholarly = SOURCES.search(text, len(text) // 4) is not None
    if not scholarly and ((many >= _LONG and said["row"] > many / 8) or _is_statistics(text, units)):
        return Kind.REPORT
    if many < _LONG and said["label"] + said["row"] > many / 5:
        return Kind.FORM
    if _told(units) and said["label"] + said["row"] + said["heading"] < many / 15:
        return Kind.NARRATIVE
    return Kind.REFERENCE if said["heading"] > max(2, many / 30) else Kind.PROSE


def _is_statistics(text: str, units: Sequence[Unit]) -> bool:
    """Whether most of what stands in rows is several numbers each, and no money: a table, and nothing filled in."""
    rows = [unit for unit in units if unit.kind == "row"]
    wide = sum(len(_NUMBER.findall(unit.text)) >= _WIDE for unit in rows)
    labels = sum(unit.kind == "label" for unit in units)
    return wide > _WIDE and 2 * wide > len(rows) and labels < wide and not _MONEY.search(text)


def _told(units: Sequence[Unit]) -> bool:
    """Whether the sentences tell of persons, or have them speak, as those of a story do."""
    sentences = [unit.text for unit in units if unit.kind in ("sentence", "definition")]
    persons = sum(_PERSON.search(one) is not None for one in sentences)
    first = sum(_FIRST.search(one) is not None for one in sentences)
    speech = sum(_SPEECH.search(one) is not None for one in sentences)
    if len(sentences) <= 20 or persons <= len(sentences) / 10:
        return False
    spoken = speech > _SPOKEN * len(sentences) or median(len(one.split()) for one in sentences) <= _TOLD_IN
    return spoken and persons + first + speech > len(sentences) / 2
