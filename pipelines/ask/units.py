"""Passages cut into what can be quoted: sentences of prose, items of lists, rows of tables, and what they lean on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.memory.index.document_index import Match
from longdoc.pipelines.wording.words import content_words

_CELL = re.compile(r"[(<+-]*[$€£¥]*[(<+-]*\d[\d,.]*[)%*]*|[$€£¥()%|—–-]+|N/?A|nm", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_PERIOD = re.compile(r"\b(?:quarters?|years?|months|weeks) (?:then )?end(?:ed|ing)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\d[\d,]*")
_LINE = re.compile(r"[^\s][^\n]*")
_STOPPED = re.compile(r"[.!?]")
_ITEM = re.compile(r"\s*(?:[-*+•◦▪–—]|[(]?(?:\d{1,3}|[a-z])[.)])\s")
_ENDED = re.compile(r"[.!?:;…。！？｡।॥؟۔።][\"'”’»)\]}」』）】》*_\d,\s\[]*$")
_ASKS = re.compile(r"[?？؟][\"'”’»)\]*_\s]*$")
_CAPTION = re.compile(r"\W*(?:figure|fig\.|table|exhibit|chart|image|photo|source)\s*[\dIVX]*\s?[.:—–-]", re.IGNORECASE)
_HEADING = re.compile(r"\s*(?:#{1,6}\s|(?:chapter|section|part|item)\s+[\dIVX]+\b)", re.IGNORECASE)
_POINTING = re.compile(
    r"\W*(?:(?:and|but|so|then|yet|also|however|therefore|thus)\W+)?(?:it|its|they|their|he|his|she|her|him|them|this"
    r"|that|these|those|such|there|both|neither|here)\b",
    re.IGNORECASE,
)
_FEW = 12  # words of a line without a full stop that is taken for a heading
_LONGEST_HEADER = 300  # characters
_LONGEST_LABEL = 16  # words of a row before its numbers
_LOOKED_AT = 60  # characters at the end of a sentence
_READ = 300  # characters of a sentence that are embedded


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that can be quoted. `context` are the words of what it stands under; `rank` is 1 in the first passage.

    `leans_on` are the places, among all units, of what has to be read before it.
    """

    span: Span
    text: str
    words: frozenset[str]
    context: frozenset[str]
    rank: float
    answers: bool
    row: bool
    leans_on: tuple[int, ...]

    @property
    def unfinished(self) -> bool:
        """Whether it is neither a sentence with its end, nor an item, nor a row."""
        return not (self.row or _ENDED.search(self.text[-_LOOKED_AT:]) or _ITEM.match(self.text))

    @property
    def read(self) -> str:
        """The text to embed, on one line."""
        return " ".join(self.text[:_READ].split())


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Passages of a source that follow one another, as one text."""

    source: str
    start: int
    text: str
    ranks: tuple[tuple[int, float], ...]  # where each passage ends, and its rank
    headings: tuple[str, ...]

    def rank(self, place: int) -> float:
        return next((rank for end, rank in self.ranks if place < end), 0.0)


def units_of(matches: Sequence[Match]) -> list[Unit]:
    """The units of the passages, those of a document in reading order; no character is in two of them."""
    units: list[Unit] = []
    for stretch in _stretches(matches):
        _add(stretch, units)
    return units


def _stretches(matches: Sequence[Match]) -> Iterator[_Stretch]:
    placed = []
    for at, match in enumerate(matches):
        told = match.document.metadata
        start = told.get("start_index")
        if told.get("kind") != "summary" and isinstance(start, int) and start >= 0:
            headings = tuple(str(one) for one in told.get("headings") or ())
            rank = 1 - at / len(matches)
            text = match.document.page_content
            placed.append(_Stretch(str(told.get("source") or ""), start, text, ((len(text), rank),), headings))
    placed.sort(key=lambda one: (one.source, one.start, -len(one.text)))
    joined: list[_Stretch] = []
    for one in placed:
        if joined and joined[-1].source == one.source and (longer := _joined(joined[-1], one)) is not None:
            joined[-1] = longer
        else:
            joined.append(one)
    yield from joined


def _joined(first: _Stretch, second: _Stretch) -> _Stretch | None:
    """The two as one text where the second begins in the first or at its end; None where a gap lies between."""
    overlap = first.start + len(first.text) - second.start
    if overlap < 0:
        return None
    text = first.text + second.text[overlap:]
    ranks = (*first.ranks, *((len(text), rank) for _, rank in second.ranks if len(text) > len(first.text)))
    return _Stretch(first.source, first.start, text, ranks, tuple(dict.fromkeys(first.headings + second.headings)))


def _add(stretch: _Stretch, units: list[Unit]) -> None:
    """Adds the units of a stretch. A question and a heading are the context of what follows them."""
    titles = {" ".join(one.split()).casefold() for one in stretch.headings}
    headings = content_words(" ".join(stretch.headings)) if titles else frozenset()
    header: int | None = None  # the row of years that the rows below it stand under
    before: int | None = None  # the sentence right before
    above: frozenset[str] = frozenset()
    for start, end, kind in _pieces(stretch.text):
        line = " ".join(stretch.text[start:end].split())
        words, row, here = content_words(line), kind == "row", len(units)
        if _is_header(line):
            header, kind = here, "label"
        if line.lstrip("# ").casefold() in titles or (kind == "prose" and _is_title(line)):
            kind = "label"
        lean = header if row and header != here else before if not row and _POINTING.match(line) else None
        context = headings | above | (units[lean].words if lean is not None else frozenset())
        span = Span(stretch.start + start, stretch.start + end, stretch.source)
        leans = () if lean is None else (lean,)
        text, rank = stretch.text[start:end], stretch.rank(start)
        units.append(Unit(span, text, words, context, rank, kind != "label", row, leans))
        above = words if kind == "label" else frozenset()
        before = here if kind == "prose" else None
        if kind == "prose" and len(line) > _LONGEST_HEADER:
            header = None


def _is_title(line: str) -> bool:
    """Whether a line is a heading, a caption or a question rather than a statement."""
    if _HEADING.match(line) or _CAPTION.match(line) or _ASKS.search(line):
        return True
    return _ENDED.search(line) is None and len(line.split()) <= _FEW and not _ITEM.match(line)


def _is_header(line: str) -> bool:
    """Whether a line names the years or the period of the columns below it, and no amounts."""
    if len(line) > _LONGEST_HEADER or any(len(one) > 2 for one in _WHOLE.findall(_YEAR.sub("", line))):
        return False
    years = len(_YEAR.findall(line))
    return years > 1 or (years == 1 and _PERIOD.search(line) is not None)


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of each unit: "prose", "row" of a table, or "label", what is unfinished beside rows."""
    at = 0
    for start, end in _rows(text):
        yield from _prose(text, at, start, beside=True)
        yield start, end, "row"
        at = end
    yield from _prose(text, at, len(text), beside=at > 0)


def _prose(text: str, start: int, end: int, beside: bool) -> Iterator[tuple[int, int, str]]:
    for span in split_sentences(text, start, end):
        line = text[max(span.start, span.end - _LOOKED_AT) : span.end]
        finished = _ENDED.search(line) and not line.endswith(":")
        yield span.start, span.end, "label" if beside and not finished else "prose"


def _rows(text: str) -> Iterator[tuple[int, int]]:
    """The rows of tables: a line with cells, or a short line and the lines of a cell each below it."""
    lines = [(start, end, _cells(text[start:end])) for start, end in _lines(text)]
    at = 0
    before = False  # a row lies right above: one number will then do
    while at < len(lines):
        start, end, (words, numbers) = lines[at]
        at += 1
        if 0 < words <= _LONGEST_LABEL and numbers == 0 and not _STOPPED.search(text, max(start, end - 2), end):
            while at < len(lines) and lines[at][2][0] == 0:
                numbers += lines[at][2][1]
                end = lines[at][1]
                at += 1
        before = numbers < 0 or (words <= _LONGEST_LABEL and numbers >= (1 if before else 2))
        if before:
            yield start, end


def _cells(line: str) -> tuple[int, int]:
    """The words that a line begins with, and the numbers that it ends with; -1 numbers for cells between bars."""
    if line.startswith("|") or " | " in line:
        return 1, -1
    parts = line.split()
    numbers = 0
    while parts and _CELL.fullmatch(parts[-1]):
        numbers += any(map(str.isdigit, parts.pop()))
    return len(parts), numbers


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """The lines of a text without the white space around them; blank ones are left out."""
    for match in _LINE.finditer(text):
        yield match.start(), match.start() + len(match[0].rstrip())
