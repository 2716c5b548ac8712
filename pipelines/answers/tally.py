"""What is counted letter by letter in a whole text: how often a word is there, how many turns a speaker has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.documents import Document

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.answers.listing import Listing
from longdoc.pipelines.units.hygiene import readable
from longdoc.pipelines.units.unit import Unit

_SAID = r"(?:said|mentioned|uttered|comes? up)"  # which is done in words alone,
_DONE = r"(?:used|named|found|written|spoken|repeated|occur(?:s|red)?|appear(?:s|ed)?)"  # and which is not
_HERE = r"(?:\s+(?:in|by|throughout)\s+(?:it|(?:the|this|that)\s+(?:whole\s+|entire\s+)?\w+))?\W*\Z"
_IN_THE_TEXT = (
    r"\s+(?:in|throughout)\s+(?:the|this|that)\s+(?:whole\s+|entire\s+)?(?:text|document|file|report|book|story|novel"
    r"|paper|article|transcript|meeting|chapter|section|page|contract|agreement|lease|letter|opinion|filing)\W*\Z"
)
_OFTEN = r"\W*(?:how often|how many times)\s+(?:is|are|was|were|does|do|did|has|have)\s+(?:the\s+)?"
_MARK = r"(?:(?:(?:word|name|phrase|term|expression)s?\s+)[\"“'‘]?|[\"“])"  # of a word that is meant as such
_COUNTED = r"[^\"”“?]{1,60}?"
_NO_WORD = r"(?!(?:it|this|that|these|those|they|them|he|him|she|her|we|us|you|i)\s)"
_WORD = re.compile(
    rf"{_OFTEN}{_MARK}(?P<marked>{_COUNTED})[\"”'’]?\s+(?:been\s+)?(?:{_SAID}|{_DONE})\b{_HERE}"
    rf"|\W*in how many (?P<where>turns|sentences)\s+(?:is|are|was|were|does|do|did|has|have)\s+(?:the\s+)?{_MARK}?"
    rf"{_NO_WORD}(?P<held>{_COUNTED})[\"”'’]?\s+(?:been\s+)?(?:{_SAID}|{_DONE})\b{_HERE}"
    rf"|{_OFTEN}{_NO_WORD}(?P<word>{_COUNTED})\s+(?:been\s+)?(?:{_SAID}\b{_HERE}|{_DONE}\b{_IN_THE_TEXT})"
    rf"|{_OFTEN}(?P<name>(?-i:[A-Z]){_COUNTED})\s+(?:been\s+)?named\b{_HERE}",
    re.IGNORECASE,
)
_TURNS = re.compile(
    r"\W*how (?:many turns|many times|often) (?:does|do|did|has|have|are|were)\s+(?P<who>.{1,40}?)\s*\b"
    rf"(?:have|has|take|took|taken|speak|spoken|talk|talked|there)\b(?:\s+in (?:all|total))?{_HERE}"
    r"|\W*how many turns\b.{0,40}\b(?P<all>in all|in total|altogether|are there|there are)\W*\Z",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"\W*(?:who|which (?:speaker|person|participant|member))\s+(?:has|had|takes?|took|speaks?|spoke|talks?|talked"
    rf"|says?|said)\s+(?:the\s+)?(?P<end>most|least|fewest)(?:\s+(?:turns|often|times))?{_HERE}",
    re.IGNORECASE,
)
_QUOTED = 40  # places that are shown in their sentences
_PARAGRAPH = 2000  # characters before and behind a place in which its sentence is looked for
_EVERYONE = ("", "there", "the transcript", "the meeting", "it", "everyone")


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted, and what is said of who has how many."""

    listing: Listing
    remark: str = ""


def is_tally(question: str) -> bool:
    """Whether it asks for what can be counted letter by letter."""
    return any(pattern.match(question) for pattern in (_WORD, _TURNS, _MOST))


def counts_a_word(question: str) -> bool:
    """Whether it asks how often a word is there, whatever turn or sentence it is in."""
    word = _WORD.match(question)
    return word is not None and word["where"] is None


def tally_of(question: str, units: Sequence[Unit]) -> Tally | None:
    """The places counted, in reading order; None where there are none, or no turns to count."""
    turns = _turns(units)
    most, spoken, word = _MOST.match(question), _TURNS.match(question), _WORD.match(question)
    if most is not None and turns:
        return _extreme(turns, most["end"].casefold() != "most")
    if spoken is not None and turns:
        who = "" if spoken["all"] else (spoken["who"] or "").casefold()
        own = [one for one in turns if who in _EVERYONE or _is(one.label, who)]
        return Tally(Listing(tuple(Sentence(one.text, one.spans) for one in own), "", "its turns")) if own else None
    said = [one for one in units if one.kind == "turn"] if word is not None and word["where"] == "turns" else units
    return _places(word, said) if word is not None else None


def _looked_for(word: re.Match[str]) -> str:
    return (word["marked"] or word["held"] or word["word"] or word["name"]).strip(" \t\n'‘’")


def _turns(units: Sequence[Unit]) -> list[Unit]:
    """The first unit of each turn: what a speaker says until the next one speaks."""
    firsts: list[Unit] = []
    last = None
    for unit in units:
        if unit.kind == "turn" and (last is None or unit.paragraph != last.paragraph or unit.label != last.label):
            firsts.append(unit)
        last = unit if unit.kind == "turn" else last
    return firsts


def _is(label: str, who: str) -> bool:
    name = label.casefold()
    return name == who or who in name.split() or name in who.split()


def _extreme(turns: Sequence[Unit], fewest: bool) -> Tally:
    counts = Counter(one.label for one in turns)
    order = sorted(counts, key=lambda name: counts[name] if fewest else -counts[name])
    first = next(one for one in turns if one.label == order[0])
    items = (Sentence(order[0], (first.spans[0],)),)
    told = ", ".join(f"{name} {counts[name]}" for name in order[:5])
    return Tally(Listing(items, "", "its turns, by who speaks"), f"Turns in the whole text: {told}.")


def places_of(question: str, documents: Sequence[Document]) -> Tally | None:
    """Each place of the word that a question counts, the first with the sentence around; None where it counts no word.

    Reads no more of the documents than the word's places.
    """
    word = _WORD.match(question)
    if word is None or word["where"] is not None:
        return None
    pattern = re.compile(rf"(?<!\w){re.escape(_looked_for(word))}(?!\w)", re.IGNORECASE)
    items: list[Sentence] = []
    for one in documents:
        source, text = str(one.metadata["source"]), one.page_content
        for found in pattern.finditer(text):
            span = _around(text, *found.span()) if len(items) < _QUOTED else Span(*found.span())
            items.append(Sentence(readable(span.of(text)), (Span(span.start, span.end, source),)))
    return Tally(Listing(tuple(items), "", "every place of it")) if items else None


def _around(text: str, start: int, end: int) -> Span:
    """The sentence in which a stretch lies."""
    low = text.rfind("\n\n", max(0, start - _PARAGRAPH), start) + 1 or max(0, start - _PARAGRAPH)
    high = text.find("\n\n", end, end + _PARAGRAPH)
    high = high if high > 0 else min(len(text), end + _PARAGRAPH)
    return next((one for one in split_sentences(text, low, high) if one.start <= start < one.end), Span(start, end))


def _places(word: re.Match[str], units: Sequence[Unit]) -> Tally | None:
    """Each turn or sentence that has a word, once."""
    pattern = re.compile(rf"(?<!\w){re.escape(_looked_for(word))}(?!\w)", re.IGNORECASE)
    items: list[Sentence] = []
    counted = set[int]()  # the turns that had it
    for unit in units:
        new = unit.kind != "list" and (word["where"] != "turns" or unit.paragraph not in counted)
        if new and pattern.search(unit.value if unit.kind == "turn" else unit.text):
            counted.add(unit.paragraph)
            items.append(Sentence(unit.text, unit.spans))
    return Tally(Listing(tuple(items), "", "every place of it")) if items else None
