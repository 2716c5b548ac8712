"""The units of the passages that a question found: what may be quoted, with what has to be read before it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from langchain_core.documents import Document

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.text.tables import Table, tables_of
from longdoc.memory.index.passage_index import Match
from longdoc.pipelines.answers.cues import Question
from longdoc.pipelines.answers.introduced import goes_on
from longdoc.pipelines.digest.digest import all_facts
from longdoc.pipelines.digest.reading import Reading
from longdoc.pipelines.digest.section import Fact
from longdoc.pipelines.summarizers.sentence_table import EMPTY_TABLE
from longdoc.pipelines.units.find import units_of
from longdoc.pipelines.units.hygiene import is_ended
from longdoc.pipelines.units.rows import scale_above
from longdoc.pipelines.units.unit import Unit
from longdoc.pipelines.wording.words import content_words

_ASKS = re.compile(r"[?？؟][\"'”’»)\]*_\s]*$")
_CAPTION = re.compile(r"\W*(?:figure|fig\.|table|exhibit|chart|image|photo|source)\s*[\dIVX]*\s?[.:—–-]", re.IGNORECASE)
_SOURCE = re.compile(
    r"\s*(?:Jump up\b\W*)?\^|.*\bArchived from the original\b", re.DOTALL
)  # an entry of a list of sources
_POINTING = re.compile(
    r"\W*(?:(?:and|but|so|then|yet|also|however|therefore|thus)\W+)?(?:it|its|they|their|he|his|she|her|him|them|this"
    r"|that|these|those|such|there|both|neither|here)\b",
    re.IGNORECASE,
)
_LONG_TABLE = 6000  # characters of a table beyond what is read around a passage, with which it is read whole
_AROUND = 1500  # characters around a passage that are read for its lists, tables and speakers
_READ = 300  # characters of a unit that are embedded
_SHORT_TEXT = 200_000  # characters of a text that is cut into its units as a whole
_LONG_TEXT = 2_000_000  # characters of a text whose key facts are not looked for
_FACT = 0.5  # rank of a key fact that stands in no passage
_MOST_DEFINING = 8
_BEYOND = 3  # sentences behind an introduction that may go on from it
_MOST_LABELLED, _MOST_COLONS = 60, 3  # words and colons of a label's value; more are lines that were run together
_LEAD = 400  # characters of what is read before what leans on it
_SCALED = re.compile(r"[$€£¥]\s?\d|\d,\d{3}")  # an amount that its table counts in thousands or more
_UNSCALED = re.compile(r"per (?:\w+ )?(?:share|unit)|percent|%|\b(?:thousand|million|billion)", re.IGNORECASE)
_ROW = 3  # places of a figure: its column, its row, its amount
_SHINGLE = 5  # words
_COPY = 0.8  # share of shingles from which a passage is a copy of one before it


@dataclass(frozen=True)
class Candidate:
    """A unit that was found. `rank` is 1 in the first passage; `leans_on` is the candidate to be read before it."""

    unit: Unit
    rank: float
    answers: bool
    leans_on: int | None = None
    lead: str = ""  # what it leans on, and what that leans on, to be read before it
    meant: frozenset[str] = frozenset()  # words of the question for which it has others that mean the same

    @cached_property
    def read(self) -> str:
        """The text to embed, on one line, with the heading that it stands under where it is short."""
        text = self.unit.text
        if len(text) < _READ // 3 and self.unit.headings and self.unit.headings[-1] not in text:
            text = f"{self.unit.headings[-1]}: {text}"
        return text[:_READ]

    @property
    def said(self) -> str:
        """Its text without the speaker."""
        return self.unit.value if self.unit.kind == "turn" else self.unit.text

    def words(self, named: frozenset[str]) -> frozenset[str]:
        """The words of what it says; those of a speaker's name only where these are among `named`."""
        if self.unit.kind != "turn":
            return self.unit.words
        return self._said | (self.unit.words & named)

    @cached_property
    def _said(self) -> frozenset[str]:
        return content_words(self.unit.value)

    @property
    def unfinished(self) -> bool:
        """Whether it is neither a sentence with its end nor anything that needs none."""
        return self.unit.kind in ("sentence", "definition", "turn") and not is_ended(self.unit.text)

    @cached_property
    def context(self) -> frozenset[str]:
        """The words of what it stands under, and of what it leans on."""
        around = " ".join((*self.unit.headings, self.lead))
        return (content_words(around) if around.strip() else frozenset()) | self.meant


def without_copies(matches: Sequence[Match]) -> list[Match]:
    """The matches but those whose text is nearly that of one before, as a document under two names has them."""
    kept: list[Match] = []
    seen: list[frozenset[tuple[str, ...]]] = []
    for match in matches:
        words = match.document.page_content.casefold().split()
        shingles = frozenset(zip(*(words[at:] for at in range(_SHINGLE)), strict=False))
        if not any(shingles and len(shingles & one) >= _COPY * min(len(shingles), len(one)) for one in seen if one):
            kept.append(match)
            seen.append(shingles)
    return kept


class Texts:
    """The whole texts of sources by name, as far as they are known, and their units, made once."""

    def __init__(self, document_of: Callable[[str], Document | None]) -> None:
        self._document_of = document_of
        self._held: dict[str, tuple[str, list[Unit] | None]] = {}
        self._facts: dict[str, list[Unit]] = {}

    def around(self, source: str, stretch: _Stretch) -> list[Unit]:
        """The units in and around a stretch; of what lies around it only where the text is known to be the same."""
        text, units = self._known(source)
        end = stretch.start + len(stretch.text)
        if text[stretch.start : end] != stretch.text:
            return units_of(stretch.text, source, stretch.start, stretch.headings)
        if units is not None:
            return units
        low = text.rfind("\n", max(0, stretch.start - 2 * _AROUND), max(0, stretch.start - _AROUND)) + 1
        low = low or max(0, stretch.start - _AROUND)
        high = text.find("\n", end + _AROUND, end + 2 * _AROUND)
        high = high if high > 0 else min(len(text), end + _AROUND)
        tables = self._tables(source)
        if tables is None:
            return units_of(text[low:high], source, low, stretch.headings if low else ())
        cut = [one for one in tables if one["start"] < high and low < one["end"]]
        low = min([low, *(one["start"] for one in cut if low - one["start"] <= _LONG_TABLE)])
        high = max([high, *(one["end"] for one in cut if one["end"] - high <= _LONG_TABLE)])
        whole = [
            Table(
                start=one["start"] - low,
                end=one["end"] - low,
                header=one["header"],
                header_end=one["header_end"] - low,
                note=one["note"],
            )
            for one in cut
            if low <= one["start"] and one["end"] <= high
        ]
        return units_of(text[low:high], source, low, stretch.headings if low else (), whole)

    def scaled(self, unit: Unit) -> Unit:
        """A row of amounts with what its table says that they are in, such as thousands; any other unit as it is."""
        if unit.kind not in ("row", "label") or not _SCALED.search(unit.text) or _UNSCALED.search(unit.text):
            return unit
        source = unit.spans[0].source
        text = self._known(source)[0]
        found = scale_above(text, unit.spans[-1].start)
        if found is None or (unit.kind == "label" and len(unit.spans) < _ROW):
            return unit
        span = Span(*found.span("scale"), source)
        return replace(unit, text=f"{unit.text} ({span.of(text).lower()})", spans=(span, *unit.spans))

    def _tables(self, source: str) -> list[Table] | None:
        """The tables of a source that its parser knew; None where it told nothing of tables."""
        document = self._document_of(source)
        return None if document is None else document.metadata.get("tables")

    def units(self, source: str) -> list[Unit]:
        """The units of a source; none of a text that is not known, or long."""
        return self._known(source)[1] or []

    def whole(self, source: str) -> str:
        """The text of a source; "" where it is not known."""
        document = self._document_of(source)
        return "" if document is None else document.page_content

    def facts(self, source: str) -> list[Unit]:
        """The key facts of a source, the heaviest of each label; none of a text that is not known or very long."""
        document = self._document_of(source)
        if document is None or len(document.page_content) > _LONG_TEXT:
            return []
        if source not in self._facts:
            reading = Reading(document, EMPTY_TABLE, np.zeros(0), known=True)
            units = self._known(source)[1]
            if units is not None:
                reading.units = units
            best: dict[str, Fact] = {}
            for fact in all_facts(reading):
                held = best.get(fact.label)
                best[fact.label] = fact if held is None or fact.weight > held.weight else held
            self._facts[source] = [_unit(fact, reading) for fact in best.values()]
        return self._facts[source]

    def _known(self, source: str) -> tuple[str, list[Unit] | None]:
        if source not in self._held:
            document = self._document_of(source)
            text = "" if document is None else document.page_content
            short = document is not None and len(text) <= _SHORT_TEXT
            units = units_of(text, source, tables=tables_of(document)) if document is not None and short else None
            self._held[source] = (text, units)
        return self._held[source]


def candidates(matches: Sequence[Match], texts: Texts | None = None) -> list[Candidate]:
    """The units of the passages, those of a document in reading order, then its key facts, wherever these stand.

    With `texts` the passages are read with what is around them; without it there are no facts.
    """
    found: list[Candidate] = []
    texts = texts or Texts(lambda _: None)
    for source, stretches in _stretches(matches).items():
        taken: set[tuple[Span, ...]] = set()
        for stretch in stretches:
            for unit in texts.around(source, stretch):
                rank = stretch.rank(unit.spans[-1].start)
                if rank > 0 and unit.spans not in taken:
                    taken.add(unit.spans)
                    before = _leaning(unit, found)
                    lead = f"{found[before].lead} {found[before].unit.text}"[-_LEAD:] if before is not None else ""
                    found.append(Candidate(texts.scaled(unit), rank, _answers(unit), before, lead.strip()))
        labelled = [one.unit.spans for one in found if one.unit.kind == "label"]
        for fact in texts.facts(source):
            last = fact.spans[-1]
            held = any(one[-1].start <= last.start and last.end <= one[-1].end for one in labelled)
            if fact.spans not in taken and not held:
                rank = max(stretch.rank(fact.spans[-1].start) for stretch in stretches)
                found.append(Candidate(texts.scaled(fact), max(rank, _FACT), True))
    return found


def defining(asked: Question, found: Sequence[Candidate], texts: Texts) -> list[Candidate]:
    """The sentences of the documents found that say what the term is that is asked for, wherever they stand."""
    held = {one.unit.spans for one in found}
    sources = dict.fromkeys(one.unit.spans[0].source for one in found)
    said = (unit for source in sources for unit in texts.units(source) if unit.kind in ("sentence", "definition"))
    sure = (one for one in said if one.whole and one.spans not in held and asked.cue(one.text) >= 1)
    return [Candidate(one, _FACT, _answers(one)) for one in itertools.islice(sure, _MOST_DEFINING)]


def introducing(asked: Question, found: Sequence[Candidate], texts: Texts) -> list[Candidate]:
    """What introduces whom the question asks for, wherever it stands in the documents found, and what goes on from it.

    A heading introduces the parties of a case: it answers who they are.
    """
    who = asked.who
    held = {one.unit.spans for one in found}
    added: list[Candidate] = []
    for source in dict.fromkeys(one.unit.spans[0].source for one in found):
        before: Unit | None = None
        since = 0  # sentences since that one
        for unit in texts.units(source):
            if len(added) >= _MOST_DEFINING or who is None:
                break
            prose = unit.kind in ("sentence", "definition", "turn")
            titled = unit.kind == "heading" and who.in_title(unit.text)
            if titled or (prose and who.by(unit.text)):
                before, since = unit, 0
                if unit.spans not in held:
                    added.append(Candidate(unit, _FACT, titled or _answers(unit)))
            elif before is not None and since < _BEYOND and prose and goes_on(unit.text):
                leans = next((at for at, one in enumerate([*found, *added]) if one.unit.spans == before.spans), None)
                added.append(Candidate(unit, _FACT, _answers(unit), leans, before.text))
            since += 1
    return added


def with_reasons(asked: Question, found: Sequence[Candidate]) -> list[Candidate]:
    """The same, where what gives a reason is read with the sentence before it, if that says more of what is asked."""
    read: list[Candidate] = []
    for at, one in enumerate(found):
        last = found[at - 1] if at else None
        if last is not None and one.leans_on is None and asked.cue(one.unit.text) > 0 and _follows(one.unit, last.unit):
            new = (last.unit.words & asked.words) - one.unit.words
            one = replace(one, leans_on=at - 1, lead=last.unit.text[-_LEAD:]) if new else one
        read.append(one)
    return read


def _follows(unit: Unit, last: Unit) -> bool:
    prose = ("sentence", "turn", "definition")
    near = last.spans[0].source == unit.spans[0].source and 0 <= unit.paragraph - last.paragraph <= 1
    return near and unit.kind in prose and last.kind in prose


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Passages of a source that follow one another, as one text."""

    start: int
    text: str
    ranks: tuple[tuple[int, float], ...]  # where each passage ends in the source, and its rank
    headings: tuple[str, ...]

    def rank(self, place: int) -> float:
        if place < self.start:
            return 0.0
        return next((rank for end, rank in self.ranks if place < end), 0.0)


def _stretches(matches: Sequence[Match]) -> dict[str, list[_Stretch]]:
    """The stretches of each source, the source of the best passage first."""
    held: dict[str, list[_Stretch]] = {}
    for at, match in enumerate(matches):
        told = match.document.metadata
        start = told.get("start_index")
        if told.get("kind") != "summary" and isinstance(start, int) and start >= 0:
            text = match.document.page_content
            headings = tuple(str(one) for one in told.get("headings") or ())
            one = _Stretch(start, text, ((start + len(text), 1 - at / len(matches)),), headings)
            held.setdefault(str(told.get("source") or ""), []).append(one)
    return {source: list(_joined(stretches)) for source, stretches in held.items()}


def _joined(stretches: list[_Stretch]) -> Iterator[_Stretch]:
    last: _Stretch | None = None
    for one in sorted(stretches, key=lambda one: (one.start, -len(one.text))):
        overlap = -1 if last is None else last.start + len(last.text) - one.start
        if last is None or overlap < 0:
            if last is not None:
                yield last
            last = one
        elif overlap < len(one.text):
            text = last.text + one.text[overlap:]
            headings = tuple(dict.fromkeys(last.headings + one.headings))
            last = _Stretch(last.start, text, (*last.ranks, *one.ranks), headings)
    if last is not None:
        yield last


def _unit(fact: Fact, reading: Reading) -> Unit:
    said = fact.sentence
    return Unit("label", said.spans, said.text, said.label, reading.headings(fact.place))


def _answers(unit: Unit) -> bool:
    """Whether it can answer: a heading, a caption, a question and a row of columns' names cannot."""
    if unit.kind == "row" and ": " not in unit.text and not any(map(str.isdigit, unit.text)):
        return False
    if unit.kind == "label" and len(unit.text.split()) > _MOST_LABELLED and unit.text.count(": ") > _MOST_COLONS:
        return False
    if _SOURCE.match(unit.text):
        return False
    return not (unit.kind == "heading" or _ASKS.search(unit.text[-60:]) or _CAPTION.match(unit.text))


def _leaning(unit: Unit, before: Sequence[Candidate]) -> int | None:
    """The place of the sentence right before it, where it begins with a word that points back."""
    if not before or unit.kind not in ("sentence", "turn", "definition"):
        return None
    last = before[-1].unit
    near = last.spans[0].source == unit.spans[0].source and 0 <= unit.paragraph - last.paragraph <= 1
    plain = (last.kind in ("sentence", "turn", "definition") and last.label == unit.label) or unit.kind != "turn"
    said = unit.value if unit.kind == "turn" else unit.text
    return len(before) - 1 if near and plain and last.kind != "heading" and _POINTING.match(said) else None
