"""Rows of amounts: a label, its amounts, and the names of the columns above them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.text.table_rows import is_unit_note, names_columns
from longdoc.chunkers.text.tables import Cell, Table, cells
from longdoc.pipelines.units.hygiene import readable
from longdoc.pipelines.units.lines import Form, Line, amounts_of, columns_of

_YEARS = re.compile(r"\W*(?:(?:19|20)\d\d\W*)+$")
_LONGEST_HEADER = 12  # words
_LINED = re.compile(r"(?:^[^\n|]{0,400}(?: \|(?: [^\n|]{0,400})?)+\n){3,}", re.MULTILINE)
_LABEL = 4  # words
_CELL = re.compile(r"[^\t]+")
_SCALE = re.compile(
    r"\b(?:amounts |dollars |figures )?(?P<scale>in (?:thousands|millions|billions))\b(?! of\b)"
    r"(?:, except[^()\n]{0,60})?",
    re.IGNORECASE,
)
_ABOVE = 2500  # characters above a row in which its table says what its amounts are


def header_of(line: Line) -> bool:
    """Whether the line may name the columns of rows below it: years, or a few words without an end."""
    if line.form in (Form.ROW, Form.AMOUNTS, Form.FURNITURE):
        return _YEARS.fullmatch(line.text) is not None
    short = len(line.text.split()) <= _LONGEST_HEADER
    return line.form in (Form.PROSE, Form.TABLE, Form.HEADING) and short and line.text[-1] not in ".;,!?"


def lined(text: str) -> Iterator[Table]:
    """The tables of lines that " | " parts and that no rule under a header marks: those whose columns are named.

    Their names stand in the lines at the top whose first cell is empty, else in the first line. A line below that has
    no label ends a table.
    """
    for run in _LINED.finditer(f"{text}\n"):
        lines = [(match.start() + run.start(), match[0]) for match in re.finditer(r"[^\n]+", run[0])]
        for _, group in groupby(lines, key=lambda one: one[1].count("|")):
            yield from _table_of([(start, line, [cell.strip() for cell in line.split("|")]) for start, line in group])


def _table_of(lines: list[tuple[int, str, list[str]]]) -> Iterator[Table]:
    at = 0
    while at < len(lines) - 2:
        top = next((row for row in range(at, len(lines)) if lines[row][2][0]), len(lines))
        top += top == at
        first = lines[at][2][0]
        end = next((row for row in range(top, len(lines)) if lines[row][2][0] in ("", first)), len(lines))
        if end - top > 1:
            body = [cells for _, _, cells in lines[top:end]]
            columns = list(zip(*(cells for _, _, cells in lines[at:top]), strict=True))
            names = [next((one for one in reversed(each) if one and not is_unit_note(one)), "") for each in columns]
            if names_columns(names, body):
                note = next((cell for _, _, cells in lines[at:top] for cell in cells if is_unit_note(cell)), None)
                below, (last, line, _) = lines[top][0], lines[end - 1]
                yield Table(start=lines[at][0], end=last + len(line), header=names, header_end=below, note=note)
        at = end


def named(tables: Sequence[Table], pairs: Sequence[int]) -> list[Table]:
    """The tables whose header names their columns: no title over several, no pairs of a form."""
    return [
        one
        for one in tables
        if _tells_apart(one["header"]) and bisect_left(pairs, one["start"]) == bisect_left(pairs, one["end"])
    ]


def rows_of(text: str, table: Table) -> Iterator[tuple[Cell, ...]]:
    """The rows of a table below its header, but those that say the header again."""
    return (row for row in cells(text, table) if not all(_names(one.value, one.column) for one in row))


def _names(value: str, column: str) -> bool:
    """Whether a cell says its column's name, or a line of it."""
    return (
        value == column or value in column.split("\n") or column.endswith(f" {value}") or column.startswith(f"{value} ")
    )


def _tells_apart(header: Sequence[str]) -> bool:
    """Whether a table's header names its columns: a title that stands over several does not."""
    names = [name for name in header if name.strip()]
    return len({name.split()[0] for name in names}) > len(names) / 2 and len(set(names)) == len(names)


def taking_turns(lines: Sequence[Line]) -> set[int]:
    """Which lines hold two labels and two values by turns, as forms do: in a table a column's cells are of one sort."""
    found: set[int] = set()
    for blank, group in groupby(range(len(lines)), key=lambda at: lines[at].form is Form.BLANK):
        rows = [] if blank else [at for at in group if _turns(lines[at])]
        for column in (1, 3):
            cells = [_cells(lines[at])[column][0] for at in rows[1:]]  # the first row may name a table's columns
            said = [any(map(str.isdigit, cell)) for cell in cells if cell.casefold() not in ("n/a", "na", "none")]
            if 0 < sum(said) < len(said):
                found |= set(rows)
    return found


def pairs_of(line: Line) -> Iterator[tuple[int, int, str, str]]:
    """The two pairs of a line whose labels and values take turns: where each begins and ends, its label, its text."""
    cells = _cells(line)
    for (label, start), (value, at) in (cells[:2], cells[2:]):
        name = readable(label).rstrip(": ")
        yield line.start + start, line.start + at + len(value), name, f"{name}: {readable(value)}"


def _turns(line: Line) -> bool:
    if line.form not in (Form.ROW, Form.TABLE) or "\t" not in line.text:
        return False
    cells = _cells(line)
    return len(cells) == 4 and all(
        cell[0].isupper() and len(cell.split()) <= _LABEL and not any(map(str.isdigit, cell)) for cell, _ in cells[::2]
    )


def _cells(line: Line) -> list[tuple[str, int]]:
    """The cells between tabs that say anything, and where in the line each begins."""
    found = (
        (match[0].strip(), match.start() + len(match[0]) - len(match[0].lstrip()))
        for match in _CELL.finditer(line.text)
    )
    return [(cell, start) for cell, start in found if any(map(str.isalnum, cell))]


def row_text(label: str, amounts: Sequence[str], headers: Sequence[Line]) -> tuple[str, list[Line]]:
    """A row as it is read, and the header lines that named its columns."""
    name = readable(label).rstrip(" .:")
    if len(amounts) > 1 or any("\t" in one.text for one in headers):
        columns, lines = columns_of(headers, len(amounts))
        if columns:
            cells = [f"{readable(column)} {amount}" for column, amount in zip(columns, amounts, strict=True)]
            return f"{name}: {'; '.join(cells)}", lines
    return f"{name}: {', '.join(amounts)}" if amounts else name, []


def row_spans(lines: Sequence[Line], headers: Sequence[Line], source: str, start: int) -> tuple[Span, ...]:
    """The places of a row: the header lines that it has, then its own lines."""
    placed = sorted([*headers, *lines], key=lambda one: one.start)
    return tuple(Span(start + one.start, start + one.end, source) for one in placed)


def cells_of(line: Line) -> list[str]:
    """The amounts at the end of a row, or of a line of amounts alone."""
    return amounts_of(line.text[line.cut :])


def scale_above(text: str, place: int) -> re.Match[str] | None:
    """What the table of a row at a place counts in, such as "in thousands": in brackets, or in a short line."""
    told = (one for one in _SCALE.finditer(text, max(0, place - _ABOVE), place) if _is_note(text, one))
    return max(told, key=lambda one: one.start(), default=None)


def _is_note(text: str, found: re.Match[str]) -> bool:
    start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
    before = text[start : found.start()]
    line = text[start : end if end >= 0 else len(text)].strip()
    return before.rfind("(") > before.rfind(")") or (len(line.split()) <= _LONGEST_HEADER and line[-1:] not in ".;!?")
