"""Where a text's tables lie, what their columns are called, and their cells with row label, column and span.

A parser that knows the tables of its format (HTML, Word, PDF) says so in the metadata `tables`; in other text they
are found: Markdown's pipe tables, lines of cells with tabs between them, and a text that is CSV from its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from langchain_core.documents import Document

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.text.table_rows import Piece, Table, csv_rows, is_unit_note, line_cells, separator_of
from longdoc.chunkers.text.table_track import TableTrack
from longdoc.chunkers.text.tape import Tape

__all__ = ["Cell", "Table", "cells", "heading_of", "is_unit_note", "rows", "tables_of"]


class Cell(NamedTuple):
    """What a cell says, under the first cell of its row and the name of its column ("" where there is none)."""

    label: str
    column: str
    value: str
    span: Span


def tables_of(given: str | Document) -> list[Table]:
    """The tables of a text or a `Document`, in order: those that its parser knew, else those that it shows."""
    if isinstance(given, Document) and given.metadata.get("tables") is not None:
        return list(given.metadata["tables"])
    return list(TableTrack(Tape([given.page_content if isinstance(given, Document) else given])).all())


def cells(text: str, table: Table) -> Iterator[tuple[Cell, ...]]:
    """The rows below the header, each with its cells; `text[span.start:span.end]` is where a cell stands.

    A row's label is the first of its cells that says anything, and that cell is among them. Cells that are empty are
    left out, and rows that have none but those.
    """
    for row in rows(text, table):
        filled = [(column, piece) for column, piece in enumerate(row) if piece.value]
        label = filled[0][1].value if filled else ""
        if filled:
            yield tuple(
                Cell(label, _name(table["header"], column), piece.value, Span(piece.start, piece.end))
                for column, piece in filled
            )


def rows(text: str, table: Table) -> Iterator[list[Piece]]:
    """The rows below the header, each with all of its cells, the empty ones too."""
    start, end = table["header_end"], table["end"]
    separator = separator_of(text, table)
    if separator in ",;":
        yield from csv_rows(text, start, end, separator)
        return
    while start < end:
        line_end = text.find("\n", start, end)
        line_end = end if line_end < 0 else line_end
        yield line_cells(text, start, line_end, separator)
        start = line_end + 1


def heading_of(table: Table) -> str:
    """The names of the columns in one line, what the caption says before them; "" for a table without either."""
    names = " | ".join(name for name in table["header"] if name)
    return " ".join(part for part in (table["note"], names) if part)


def _name(header: Sequence[str], column: int) -> str:
    return header[column] if column < len(header) else ""
