"""The rows of a table as they stand in a text: where its cells lie, what names a column, what tells the unit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypedDict


class Table(TypedDict):
    """A table by the characters `[start, end)` of the text; its rows are lines, the header's end at `header_end`.

    `header` has a name for each column, and none where no row names them: then `header_end` is `start`. `note` is
    what a caption right above says of all cells, such as "(In millions)".
    """

    start: int
    end: int
    header: list[str]
    header_end: int
    note: str | None


class Piece(NamedTuple):
    """A cell as it stands in a row: what it says, and its characters in the text."""

    value: str
    start: int
    end: int


_NUMBER = re.compile(r"[-+−–(]?\s*[$€£¥]?\s*[\d.,\s\u00a0']*\d[\d.,\s\u00a0']*\s*[%)]*")
_YEAR = re.compile(r"(?:1[5-9]|20|21)\d\d")
_UNIT_WORDS = (
    r"hundreds|thousands|millions?|billions?|trillions?|mill?iarden|millionen|tausend|milliers|millones|miles|milioni"
    r"|migliaia|milhões|milhares|duizenden|miljoenen|tusen|mio\.?|mrd\.?|tys\.|mln|тыс\.?|млн|百万円|千円|億円|万元|亿元|元|円"
    r"|percent|per\s?cent|percentages?|dollars|euros?|pounds|yen|usd|eur|gbp|chf|'?000s?|kg|tonnes|tons|km|gwh|mwh|%"
)
_UNITS = re.compile(
    rf"(?:\b(?:in|en|em|as|expressed|stated|figures|amounts|values|units?)\b|^|[(:,$€£¥])[^.;\n]{{0,40}}?"
    rf"(?<!\w)(?:(?:{_UNIT_WORDS})(?!\w)|[$€£¥]\s?(?:m|bn|k|mn|'?000s?)\b)",
    re.IGNORECASE,
)
_LONGEST_NOTE = 120
_LONGEST_TITLE = 120  # characters of a cell that can name a column
_PIPE = re.compile(r"(?<!\\)\|")


def separator_of(text: str, table: Table) -> str:
    """What parts the cells of the table: a tab, "|", "," or ";"."""
    first = text[table["start"] : (text.find("\n", table["start"], table["end"]) + 1) or table["end"]]
    if "\t" in first:
        return "\t"
    if _PIPE.search(first):
        return "|"
    if "\t" in text[table["start"] : table["end"]]:
        return "\t"
    return max(",;", key=first.count) if "," in first or ";" in first else "\t"


def line_cells(text: str, start: int, end: int, separator: str) -> list[Piece]:
    """The cells of the line `text[start:end]`, which tabs or pipes part."""
    if separator == "\t":
        return list(_trimmed(text, start, end, [at for at in range(start, end) if text[at] == "\t"]))
    line = text[start:end]
    low, high = start + len(line) - len(line.lstrip()), start + len(line.rstrip())
    low += text.startswith("|", low)
    high -= high > low and text[high - 1] == "|" and (high - 2 < low or text[high - 2] != "\\")
    return list(_trimmed(text, low, high, [match.start() for match in _PIPE.finditer(text, low, high)]))


def _trimmed(text: str, start: int, end: int, cuts: Sequence[int]) -> Iterator[Piece]:
    for low, high in zip((start, *(cut + 1 for cut in cuts)), (*cuts, end), strict=True):
        piece = text[low:high]
        first = low + len(piece) - len(piece.lstrip())
        last = max(first, low + len(piece.rstrip()))
        yield Piece(text[first:last].replace("\\|", "|"), first, last)


def csv_rows(text: str, start: int, end: int, separator: str) -> Iterator[list[Piece]]:
    """The rows of CSV in `text[start:end]`; a cell in quotation marks may hold separators and line ends."""
    field = _FIELDS[separator]
    row: list[Piece] = []
    while start < end:
        match = field.match(text, start, end)
        if match is None:  # a lone quotation mark
            return
        quoted = match["quoted"] is not None
        group = "quoted" if quoted else "plain"
        value = match[group].replace('""', '"') if quoted else match[group].strip()
        row.append(Piece(value, match.start(group), match.end(group)))
        start = match.end()
        if match["after"] != separator:
            yield row
            row = []
    if row:
        yield row


def _field(separator: str) -> re.Pattern[str]:
    return re.compile(
        rf'(?:[ ]*"(?P<quoted>(?:[^"]|"")*+)"[ ]*|(?P<plain>[^{separator}\r\n]*+))(?P<after>{separator}|\r?\n|\r|\Z)'
    )


_FIELDS = {separator: _field(separator) for separator in ",;"}


def is_number(value: str) -> bool:
    """Whether a cell holds a number and nothing else but its signs."""
    return _NUMBER.fullmatch(value) is not None


def names_columns(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the row `first` says what the columns are, to judge by the rows `below` it.

    Its cells differ, are short, and none is a number, years aside; the first may be empty.
    """
    named = [cell for cell in first if cell]
    if not named or not below or not all(first[1:]) or any(len(cell) > _LONGEST_TITLE for cell in named):
        return False
    if any(is_number(cell) and not _YEAR.fullmatch(cell) for cell in named):
        return False
    years = all(_YEAR.fullmatch(cell) for cell in named)
    return len(set(named)) == len(named) and not (years and first[0])


def note_above(text: str, start: int) -> str | None:
    """The unit that one of the two lines above `start` gives for a whole table, such as "(In millions)"."""
    above = text[max(0, start - 4 * _LONGEST_NOTE) : start].rstrip().split("\n")
    for line in [line.strip() for line in reversed(above) if line.strip()][:2]:
        if is_unit_note(line):
            return line
    return None


def is_unit_note(line: str) -> bool:
    """Whether a line or a cell says in which unit the numbers of a table are."""
    inner = line.strip("*_ ")
    if len(inner) > _LONGEST_NOTE or (inner.endswith((".", "?", "!")) and not inner.endswith(("Mio.", "Mrd."))):
        return False
    return _UNITS.search(inner) is not None and (inner.startswith("(") or len(inner.split()) <= 8)
