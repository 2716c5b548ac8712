"""The cells of an HTML table laid on a grid: what spans rows stands in each, and columns are what they look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from longdoc.chunkers.text.table_rows import names_columns

CELLS = ("td", "th")
_MOST_SPAN = 1000
_MOST_COPIED = 200  # characters of a cell that are said again in each row that it spans
_SPACES = 10_000  # places of a grid that any table may have, however few cells
_SIGN = re.compile(r"[$€£¥₹]|US\$|C\$|A\$|HK\$|R\$|\(|[$€£¥]\s?\(")
_SIGN_AFTER = re.compile(r"[)%]+|\)\s?%")


@dataclass
class _Place:
    """A place of the grid: its cell, and whether that begins here, in its row and in its column."""

    cell: Any
    first_row: bool
    first_column: bool


def lay_out(table: Any, rows: Sequence[Any]) -> tuple[list[str], int] | None:
    """Makes each of `rows`, the rows of data of `table`, have one cell a column, and says what the columns are called.

    Also says how many of the rows hold the names. None, and nothing done, where the spans make no table.
    """
    grid = _grid(rows)
    if grid is None:
        return None
    texts = [[_text(place) for place in row] for row in grid]
    _join_signs(grid, texts)
    heads = _heads(table, rows, grid, texts)
    kept = [c for c in range(len(grid[0])) if any(_own(row[c]) and line[c] for row, line in _body(grid, texts, heads))]
    if not kept:
        return None
    names = [_name(texts, heads, column) for column in kept] if heads else []
    for number, row in enumerate(rows):
        _write(row, grid[number], texts[number], kept, number < heads)
    return names, heads


def _body(grid: list[list[_Place | None]], texts: list[list[str]], heads: int) -> list[tuple[Any, list[str]]]:
    return list(zip(grid[heads:], texts[heads:], strict=True)) or list(zip(grid, texts, strict=True))


def _own(place: _Place | None) -> bool:
    return place is not None and place.first_column


def _grid(rows: Sequence[Any]) -> list[list[_Place | None]] | None:
    """The places of each row, all rows of one length; None where there are far more places than cells."""
    grid: list[list[_Place | None]] = [[] for _ in rows]
    most = _SPACES + 16 * sum(len(row) for row in rows)
    used = 0
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            if cell.tag not in CELLS:
                continue
            while column < len(grid[number]) and grid[number][column] is not None:
                column += 1
            down = min(_span(cell, "rowspan"), len(rows) - number)
            across = _span(cell, "colspan")
            used += down * across
            if used > most or column + across > _MOST_SPAN:
                return None
            for line in range(number, number + down):
                places = grid[line]
                places += [None] * (column + across - len(places))
                for at in range(column, column + across):
                    places[at] = places[at] or _Place(cell, line == number, at == column)
            column += across
    width = max(map(len, grid), default=0)
    if used > most or width * len(grid) > most:
        return None
    for places in grid:
        places += [None] * (width - len(places))
    return grid if width else None


def _span(cell: Any, name: str) -> int:
    told = (cell.get(name) or "").strip()
    return max(1, min(int(told), _MOST_SPAN)) if told.isdecimal() and len(told) < 6 else 1


def _text(place: _Place | None) -> str:
    return "" if place is None else " ".join("".join(place.cell.itertext()).split())


def _join_signs(grid: list[list[_Place | None]], texts: list[list[str]]) -> None:
    """Puts "$" before the number in the next cell, and ")" or "%" behind that in the last one: they are its signs."""
    for places, line in zip(grid, texts, strict=True):
        for at, place in enumerate(places):
            if place is None or not (place.first_row and place.first_column):
                continue
            target = None
            if _SIGN.fullmatch(line[at]):
                target = next(
                    (to for to in range(at + 1, len(line)) if line[to] and _cell(places[to]) is not place.cell), None
                )
            elif _SIGN_AFTER.fullmatch(line[at]):
                target = next(
                    (to for to in range(at - 1, -1, -1) if line[to] and _cell(places[to]) is not place.cell), None
                )
            if target is None or not any(map(str.isdigit, line[target])):
                continue
            _move(place.cell, _cell(places[target]), line[at], before=target > at)
            line[target] = line[at] + line[target] if target > at else line[target] + line[at]
            line[at] = ""


def _cell(place: _Place | None) -> Any:
    return None if place is None else place.cell


def _move(cell: Any, target: Any, sign: str, before: bool) -> None:
    for child in list(cell):
        cell.remove(child)
    cell.text = ""
    if before:
        first = next((node for node in target.iter() if (node.text or "").strip()), target)
        first.text = sign + (first.text or "").lstrip()
    elif len(target):
        target[-1].tail = (target[-1].tail or "").rstrip() + sign if (target[-1].tail or "").strip() else sign
    else:
        target.text = (target.text or "").rstrip() + sign


def _heads(table: Any, rows: Sequence[Any], grid: list[list[_Place | None]], texts: list[list[str]]) -> int:
    """How many rows, from the first on, name the columns."""
    heads = 0
    while heads < len(rows) - 1 and _is_head(rows[heads]):
        heads += 1
    if heads or table.find("thead") is not None:
        return heads
    for most in (1, 2):  # rows without a mark: the last of them has a name for each column but perhaps the first
        if most >= len(rows):
            break
        filled = [text for text, place in zip(texts[most - 1], grid[most - 1], strict=True) if text and _own(place)]
        below = [[text for text in row if text] for row in texts[most : most + 5]]
        if len(filled) > 1 and names_columns(["", *filled], below) and _fits(texts, most):
            return most
        if any(map(_has_digit, filled[1:])):
            break
    return 0


def _fits(texts: list[list[str]], heads: int) -> bool:
    """Whether half of what the rows below say, their labels aside, are figures."""
    below = [text for row in texts[heads:] for text in row[1:] if text]
    return bool(below) and 2 * sum(map(_has_digit, below)) >= len(below)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _is_head(row: Any) -> bool:
    parent = row.getparent()
    if parent is not None and parent.tag == "thead":
        return True
    cells = [cell for cell in row if cell.tag in CELLS]
    return bool(cells) and all(cell.tag == "th" or not "".join(cell.itertext()).strip() for cell in cells)


def _name(texts: list[list[str]], heads: int, column: int) -> str:
    """What the head's cells above a column say, the outer before the inner, each once."""
    return " ".join(dict.fromkeys(line[column] for line in texts[:heads] if line[column]))


def _write(row: Any, places: list[_Place | None], line: list[str], kept: Sequence[int], head: bool) -> None:
    """Gives the row one cell for each column that is kept."""
    from lxml import etree

    cells: list[Any] = []
    taken: set[Any] = set()
    for column in kept:
        place = places[column]
        again = place is not None and (place.cell in taken or not place.first_row)
        if place is None or (again and not head and place.first_row):
            cells.append(etree.Element("td"))
        elif again:
            said = "".join(place.cell.itertext())
            copied = deepcopy(place.cell) if len(said) <= _MOST_COPIED else etree.Element("td")
            copied.tail = None
            cells.append(copied)
        else:
            taken.add(place.cell)
            cells.append(place.cell)
    for child in list(row):
        row.remove(child)
    row.extend(cells)
