"""Passages read as what a claim can rest on: sentences, whole lists, rows of tables with their headers and scale."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from longdoc.arguments import checked
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.pipelines.checks.facts import Told, refers
from longdoc.pipelines.checks.quantities import Place, Scale
from longdoc.pipelines.passage import Passage
from longdoc.pipelines.wording.pairing import plain
from longdoc.pipelines.wording.words import content_words

_ITEM = re.compile(r"\s*(?:[-*+•◦▪–—]|[(]?(?:\d{1,3}|[a-z])[.)])\s+")
_NUMBER = re.compile(r"\(?[-−$€£¥]*\s?\(?\d[\d,.]*\)?%?")
_ROW_END = re.compile(r"(?:\(?[-−$€£¥]*\s?\(?\d[\d,.]*\)?%?|—|–|-)\s*\|?\s*$")
_RULE = re.compile(r"[\s|:+=-]+")
_LONGEST_LIST = 800  # characters of a list that is read as one
_MOST_IN_ROW = 10  # words of a row's label
_ALIKE = str.maketrans("’‘‛′“”„«»–—‐‑−", '\'\'\'\'"""""-----')
_BLANKS = 40  # characters between units that follow each other
_CONTEXT = 3  # lines above a table that may be its caption


@dataclass(frozen=True)  # no slots: cached_property needs a __dict__
class Unit:
    """Something a claim can rest on. `read` is its text as the rules read it, `context` what it stands under."""

    text: str
    spans: tuple[Span, ...]
    passage: int
    read: str
    context: str = ""
    scale: Scale | None = None
    row: bool = False

    @cached_property
    def words(self) -> frozenset[str]:
        """Stems of its words and of what it stands under."""
        return content_words(f"{self.read} {self.context}" if self.context else self.read)

    @cached_property
    def told(self) -> Told:
        """Its dates, names and quotations, to be looked up."""
        return Told(f"{self.context}\n{self.read}")

    @cached_property
    def place(self) -> Place:
        """Its numbers."""
        return Place(self.read, self.scale, self.context, self.row)

    @property
    def label(self) -> str:
        """The words of a row before its first number or column."""
        return re.split(r"\d|, ", self.read, maxsplit=1)[0].strip(" :|.")


def joined(units: Sequence[Unit]) -> Iterator[Unit]:
    """Units that follow each other in one passage as one: an address, a title and what stands under it."""
    placed = sorted((unit for unit in units if unit.spans), key=lambda unit: (unit.passage, unit.spans[0].start))
    whole = placed[0] if placed else None
    for second in placed[1:]:
        apart = second.spans[0].start - whole.spans[-1].end if whole else -1
        if whole and whole.passage == second.passage and 0 <= apart <= _BLANKS:
            whole = replace(whole, read=f"{whole.read} {second.read}", spans=(*whole.spans, *second.spans))
            yield whole
        else:
            whole = second


@checked
class Evidence:
    """Passages, read once for any number of sentences to be checked against them.

    `originals` gives the whole text of each source by its name: a passage that is a summary's sentence is then read as
    the characters that it rests on.
    """

    def __init__(self, passages: Sequence[Passage], originals: Mapping[str, str] | None = None) -> None:
        self.passages = list(passages)
        self.units = [
            unit for number, passage in enumerate(passages) for unit in _units(number, passage, originals or {})
        ]
        self._folded: dict[int, tuple[str, list[int]]] = {}
        self._words: dict[int, frozenset[str]] = {}
        self._holders: dict[str, list[int]] = defaultdict(list)
        for row, unit in enumerate(self.units):
            for word in unit.words:
                self._holders[word].append(row)

    @cached_property
    def told(self) -> Told:
        """The dates, names and quotations of all passages together."""
        headings = dict.fromkeys(heading for passage in self.passages for heading in passage.headings)
        return Told("\n".join([*headings, *(f"{unit.context}\n{unit.read}" for unit in self.units)]))

    @cached_property
    def refers(self) -> bool:
        """Whether any passage cites works by marks, so that those of a claim are to be found in it."""
        return any(refers(passage.text) for passage in self.passages)

    def folded(self, number: int) -> tuple[str, list[int]]:
        """A passage's text as `folded` gives it."""
        if number not in self._folded:
            self._folded[number] = folded(self.passages[number].text)
        return self._folded[number]

    def whole(self, text: str) -> Unit | None:
        """The first unit of one span that says this and no more, but for case, white space and kinds of quotes."""
        said, _ = folded(text)
        return self._wholes.get(said) if said else None

    @cached_property
    def _wholes(self) -> dict[str, Unit]:
        return {folded(unit.text)[0]: unit for unit in reversed(self.units) if len(unit.spans) == 1}

    def words_of(self, number: int) -> frozenset[str]:
        """The stems of the words of a passage and its headings."""
        if number not in self._words:
            passage = self.passages[number]
            units = (unit.words for unit in self.units if unit.passage == number)
            self._words[number] = content_words(" ".join(passage.headings) or "-").union(*units)
        return self._words[number]

    def weight(self, word: str) -> float:
        """High for a rare word, highest for one that the passages do not have."""
        return math.log(1 + (len(self.units) + 1) / (1 + len(self._holders.get(word, ()))))

    def shares(self, words: frozenset[str]) -> dict[int, float]:
        """The part of the weight of `words` that each unit has, those with none left out."""
        whole = sum(map(self.weight, words)) or 1.0
        shares: dict[int, float] = defaultdict(float)
        for word in sorted(words):
            for row in self._holders.get(word, ()):
                shares[row] += self.weight(word) / whole
        return shares


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a passage that may be a unit."""

    start: int
    end: int
    text: str
    row: bool = False
    item: bool = False


def _units(number: int, passage: Passage, originals: Mapping[str, str]) -> Iterator[Unit]:
    """The passage's units with exact offsets where it is source text; else the passage with its spans."""
    span = passage.spans[0] if len(passage.spans) == 1 else None
    headings = " | ".join(passage.headings)
    if span is not None and span.end - span.start == len(passage.text):
        for unit in _read(_pieces(passage.text), number, headings):
            [held] = unit.spans
            yield replace(unit, spans=(Span(span.start + held.start, span.start + held.end, span.source),))
    elif passage.text.strip() and passage.spans:
        known = all(span.source in originals for span in passage.spans)
        parts = [span.of(originals[span.source]) for span in passage.spans] if known else [passage.text]
        yield Unit(passage.text, passage.spans, number, plain("\n".join(parts)), headings)


def _pieces(text: str) -> list[_Piece]:
    """Sentences, items of lists and rows of tables, in order."""
    found: list[_Piece] = []
    for span in split_sentences(text):
        lines = _lines(text, span.start, span.end)
        rows = [_is_row(line) for _, line in lines]
        if any(rows) and (len(lines) > 1 or rows[0]) and 2 * sum(rows) >= len(rows):
            found += [_Piece(at, at + len(line), line, row=True) for at, line in lines if line.strip()]
        else:
            said = span.of(text)
            found.append(_Piece(span.start, span.end, said, item=_ITEM.match(said) is not None))
    return found


def _lines(text: str, start: int, end: int) -> list[tuple[int, str]]:
    lines, at = [], start
    for line in text[start:end].split("\n"):
        lines.append((at, line))
        at += len(line) + 1
    return lines


def _is_row(line: str) -> bool:
    if line.count("|") >= 2 or (" | " in line and len(line) < 300):
        return True
    words = re.findall(r"[^\W\d_]+", line)
    return (
        _ROW_END.search(line.rstrip()) is not None
        and bool(_NUMBER.search(line))
        and len(words) <= _MOST_IN_ROW
        and not line.rstrip().endswith(".")
    )


@dataclass
class _Reader:
    """What has been read of a passage: the lines above a table, its header, its scale."""

    number: int
    headings: str
    above: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    scale: Scale | None = None
    in_table: bool = False

    def row(self, piece: _Piece) -> Unit | None:
        """The unit of a row; None for a header or a rule, which it remembers."""
        cells = [cell.strip() for cell in piece.text.strip().strip("|").split("|")] if "|" in piece.text else []
        if _RULE.fullmatch(piece.text):
            self.in_table = True
            return None
        if not self.in_table or (self._heads(piece.text, cells) and cells):
            started = not self.in_table
            self.in_table = True
            if self._heads(piece.text, cells):
                self.header = cells or _NUMBER.findall(piece.text)
                self.scale = Scale.of(piece.text) or (self._caption() if started else self.scale)
                return Unit(piece.text, (Span(piece.start, piece.end),), self.number, plain(piece.text), self.headings)
            self.scale = self._caption()
            self.header = []
        context = " | ".join(filter(None, [self.headings, *self.above[-_CONTEXT:]]))
        return Unit(
            piece.text, (Span(piece.start, piece.end),), self.number, self._with_header(piece.text, cells), context,
            Scale.of(piece.text) or self.scale, row=True,
        )  # fmt: skip

    def _heads(self, line: str, cells: Sequence[str]) -> bool:
        """Whether a line names columns: no figures but years."""
        figures = re.findall(r"\d[\d,.]*", line)
        years = all(re.fullmatch(r"(?:19|20)\d\d", figure) for figure in figures)
        if cells:
            return years
        return bool(figures) and years and len(re.findall(r"[^\W\d_]+", line)) <= 3

    def _caption(self) -> Scale | None:
        held = [Scale.of(line) for line in [self.headings, *self.above[-_CONTEXT:]]]
        return next((scale for scale in reversed(held) if scale is not None), None)

    def _with_header(self, line: str, cells: Sequence[str]) -> str:
        """The row as "label, header: value; label, header: value", where its columns have names."""
        if cells and len(cells) == len(self.header) > 1:
            label, *values = cells
            return plain(
                "; ".join(f"{label}, {name}: {value}" for name, value in zip(self.header[1:], values, strict=True))
            )
        if cells:
            return plain(", ".join(cells))
        numbers = list(_NUMBER.finditer(line))
        if self.header and len(numbers) == len(self.header):
            label = line[: numbers[0].start()].strip(" .:$€£")
            return plain(
                "; ".join(f"{label}, {name}: {value[0]}" for name, value in zip(self.header, numbers, strict=True))
            )
        return plain(line)

    def prose(self, piece: _Piece) -> None:
        """Remembers what is no row."""
        if not piece.item:
            self.above.append(piece.text)
        self.in_table = False


def _read(pieces: Sequence[_Piece], number: int, headings: str) -> Iterator[Unit]:
    reader = _Reader(number, headings)
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        if piece.row:
            unit = reader.row(piece)
            at += 1
            if unit is not None:
                yield unit
            continue
        reader.prose(piece)
        stop = at + 1
        while stop < len(pieces) and pieces[stop].item and not pieces[stop].row:
            stop += 1
        whole = sum(len(one.text) for one in pieces[at:stop])
        if stop > at + 1 and not piece.item and piece.text.rstrip().endswith(":") and whole <= _LONGEST_LIST:
            items = [_ITEM.sub("", one.text, count=1).strip().rstrip(";,") for one in pieces[at + 1 : stop]]
            read = plain(f"{piece.text.strip()} {', '.join(items)}")
            text = "\n".join(one.text for one in pieces[at:stop])
            yield Unit(text, (Span(piece.start, pieces[stop - 1].end),), number, read, headings)
            at = stop
            continue
        intro = _intro(pieces, at)
        context = " | ".join(filter(None, [headings, intro]))
        yield Unit(piece.text, (Span(piece.start, piece.end),), number, plain(piece.text), context)
        at += 1


def _intro(pieces: Sequence[_Piece], at: int) -> str:
    """What introduces the list that an item stands in."""
    if not pieces[at].item:
        return ""
    first = next((place for place in range(at, -1, -1) if not pieces[place].item), -1)
    return pieces[first].text if first >= 0 and pieces[first].text.rstrip().endswith(":") else ""


def folded(text: str) -> tuple[str, list[int]]:
    """Lower case, one blank for white space, one kind of quotes and dashes; and where each character came from."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        plain = unicodedata.normalize("NFKC", character).translate(_ALIKE).casefold()
        plain = " " if plain.isspace() or not plain else plain
        if plain == " " and (not letters or letters[-1] == " "):
            continue
        letters += plain
        places += [place] * len(plain)
    while letters and letters[-1] == " ":
        letters.pop()
        places.pop()
    return "".join(letters), places
