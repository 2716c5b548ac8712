"""The tables of a text while it is read, found as far as someone asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longdoc.chunkers.text.table_rows import Table, csv_rows, is_unit_note, line_cells, names_columns, note_above
from longdoc.chunkers.text.tape import Tape

_VIEW = 1 << 14  # characters from a line on that tell whether a table begins there
_STEP = 1 << 16
_FIELD = 4000  # characters of a cell at most
_LEAST_ROWS = 3  # of lines with tabs, and of CSV
_MOST_COLUMNS = 200
# A row under a Markdown table's header, or a tab between two cells.
_CANDIDATE = re.compile(
    r"\n[ ]{0,3}(?=[|:\-])(?=[^\n]*\|)\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*+\|?[ \t]*\r?$|\t(?<=\S\t)(?=\S)",
    re.MULTILINE,
)
_PIPE_ROW = re.compile(rf"(?:[^\n|]{{0,{_FIELD}}}\|[^\n]{{0,{_FIELD}}}\n)*+")
_TAB_ROW = re.compile(rf"(?:[^\s|>#][^\n\t]{{0,{_FIELD}}}\t[^\n]{{0,{_FIELD}}}\n)*+")


@dataclass(slots=True)
class _Open:
    """A table whose end may be still to come: `reach` is where its rows go on, as far as they were looked at."""

    start: int
    header: list[str]
    header_end: int
    note: str | None
    rows: re.Pattern[str]
    longest: int  # characters that a row can have
    reach: int
    ended: bool = False

    def table(self) -> Table:
        return Table(start=self.start, end=self.reach, header=self.header, header_end=self.header_end, note=self.note)


class TableTrack:
    """The tables of a tape, to be asked for in order; `tables` are those that a parser knew."""

    def __init__(self, tape: Tape, tables: Sequence[Table] | None = None) -> None:
        self._tape = tape
        self._known = list(tables) if tables is not None else None
        self._open: _Open | None = None
        self._scanned = 0

    def at(self, position: int) -> Table | None:
        """The table that goes on at `position`, below its header.

        Never to be asked for a position before the last one.
        """
        if self._known is not None:
            while self._known and self._known[0]["end"] <= position:
                self._known.pop(0)
            first = self._known[0] if self._known else None
            return first if first and first["header_end"] <= position else None
        while True:
            table = self._next(position)
            if table is None or position < table.reach:
                return table.table() if table is not None and table.header_end <= position else None
            self._open = None

    def all(self) -> Iterator[Table]:
        """All tables to the text's end."""
        while (table := self._next(None)) is not None:
            while not table.ended:
                self._grow(table, table.reach + _STEP)
            yield table.table()
            self._open = None

    def _next(self, position: int | None) -> _Open | None:
        """The open table, or the next one that begins before `position`, grown to after it or to its end."""
        while self._open is None:
            if self._done() or (position is not None and self._scanned > position):
                return None
            self._open = self._find()
        while position is not None and not self._open.ended and self._open.reach <= position:
            self._grow(self._open, position + _STEP)
        return self._open

    def _done(self) -> bool:
        return self._tape.fill(self._scanned + 1) <= self._scanned

    def _find(self) -> _Open | None:
        """The first table in the next stretch, whose length is what is scanned of it."""
        tape = self._tape
        if self._scanned == 0:
            found = self._csv()
            if found is not None:
                return found
        low, high = self._scanned, tape.fill(self._scanned + _STEP)
        end, base = tape.fill(high + 2 * _VIEW), tape.base
        if all(tape.text.find(sign, low - base, end - base) < 0 for sign in "|\t"):  # far quicker than the pattern
            self._scanned = high
            return None
        for match in _CANDIDATE.finditer(tape.text, low - base, end - base):
            at = match.start() + base
            if at >= high:
                break
            found = self._piped(at) if tape.text[at - base] == "\n" else self._tabbed(at)
            if found is not None:
                self._scanned = found.reach
                return found
        self._scanned = high
        return None

    def _line_start(self, at: int) -> int:
        base = self._tape.base
        return self._tape.text.rfind("\n", max(0, at - base - _VIEW), at - base) + 1 + base

    def _view(self, start: int) -> str:
        end = self._tape.fill(start + _VIEW)
        return self._tape[start:end]

    def _piped(self, at: int) -> _Open | None:
        """The Markdown table whose header ends at the line break `at`."""
        start = self._line_start(at)
        view = self._view(start)
        first, _, rest = view.partition("\n")
        under = rest.partition("\n")[0]
        header = [piece.value for piece in line_cells(first, 0, len(first), "|")]
        if start < self._scanned or not first.strip() or "|" not in first:
            return None
        if len(header) != len(line_cells(under, 0, len(under), "|")):
            return None
        header_end = start + min(len(view), len(first) + 1 + len(under) + 1)
        return self._begun(start, header, header_end, _PIPE_ROW, 2 * _FIELD + 2)

    def _tabbed(self, at: int) -> _Open | None:
        """The table of lines with tabs that begins in the line in which `at` lies."""
        start = self._line_start(at)
        if start < self._scanned:
            return None
        lines = self._view(start).split("\n", 8)[:8]
        lines = lines if len(lines) < 8 else lines[:7]
        counts = [len(line_cells(line, 0, len(line), "\t")) for line in lines]
        alike = 1
        while alike < len(lines) and _is_row(lines[alike]) and counts[alike] == counts[0]:
            alike += 1
        if alike < _LEAST_ROWS or not 2 <= counts[0] <= _MOST_COLUMNS:
            return None
        cells = [[piece.value for piece in line_cells(line, 0, len(line), "\t")] for line in lines[:alike]]
        named = names_columns(cells[0], cells[1:])
        if not named and not _is_row(lines[0]):
            return None
        header_end = start + len(lines[0]) + 1 if named else start
        return self._begun(start, cells[0] if named else [], header_end, _TAB_ROW, 2 * _FIELD + 3)

    def _csv(self) -> _Open | None:
        """The table that the whole text is, where it is CSV from its first line on."""
        view = self._view(0)
        if view.lstrip()[:1] in ("", "{", "[", "<"):
            return None
        whole = self._tape.ended and self._tape.end <= _VIEW
        for separator in ",;":
            if separator not in view.partition("\n")[0]:
                continue
            told = list(csv_rows(view, 0, len(view), separator))
            told = told if whole else told[:-1]
            if not _is_csv(view, [[piece.value for piece in row] for row in told], separator):
                continue
            first = [piece.value for piece in told[0]]
            named = names_columns(first, [[piece.value for piece in row] for row in told[1:9]])
            row = _csv_row(separator, len(first))
            head = row.match(view)
            header_end = head.end() if named and head is not None else 0
            return self._begun(0, first if named else [], header_end, _csv_rows(separator, len(first)), _longest(first))
        return None

    def _begun(self, start: int, header: list[str], header_end: int, rows: re.Pattern[str], longest: int) -> _Open:
        base = self._tape.base
        note = note_above(self._tape.text, start - base)
        if note is None and header and is_unit_note(header[0]):
            note = header[0]
        table = _Open(start, header, header_end, note, rows, longest, header_end)
        self._grow(table, header_end + 1)
        return table

    def _grow(self, table: _Open, position: int) -> None:
        """Looks for rows up to `position` and the end of the row there."""
        tape = self._tape
        end = tape.fill(max(position, table.reach) + table.longest)
        base = tape.base
        found = table.rows.match(tape.text, table.reach - base, end - base)
        table.reach = found.end() + base if found else table.reach
        rest = end - table.reach
        if tape.ended and end == tape.end:
            last = table.rows.fullmatch(tape.text[table.reach - base : end - base] + "\n") if rest else None
            table.reach = end if last else table.reach
            table.ended = True
        else:
            table.ended = rest >= table.longest
        self._scanned = max(self._scanned, table.reach)


def _is_row(line: str) -> bool:
    return _TAB_ROW.fullmatch(line + "\n") is not None and "\t" in line


def _is_csv(view: str, told: Sequence[Sequence[str]], separator: str) -> bool:
    """Whether the rows are alike, and parted as no prose is: a separator there has a blank behind it."""
    if len(told) < _LEAST_ROWS or not 2 <= len(told[0]) <= _MOST_COLUMNS or len({len(row) for row in told}) != 1:
        return False
    if max(len(cell) for row in told for cell in row) > _FIELD:
        return False
    return view.count(separator + " ") * 2 <= sum(len(row) - 1 for row in told)


def _csv_row(separator: str, columns: int, many: str = "") -> re.Pattern[str]:
    field = rf'(?:[ ]*"(?:[^"]|""){{0,{_FIELD}}}+"[ ]*|[^{separator}\r\n"][^{separator}\r\n]{{0,{_FIELD}}}+|)'
    return re.compile(rf"(?:{field}(?:{separator}{field}){{{columns - 1}}}+\r?\n){many}")


def _csv_rows(separator: str, columns: int) -> re.Pattern[str]:
    return _csv_row(separator, columns, "*+")


def _longest(first: Sequence[str]) -> int:
    return len(first) * (2 * _FIELD + 8)
