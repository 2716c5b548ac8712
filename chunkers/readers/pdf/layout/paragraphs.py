"""Lines to paragraphs: where the space, the indent, the type or a list's mark says that another begins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from longdoc.chunkers.readers.pdf.layout.lines import Item, Line, Table
from longdoc.chunkers.readers.pdf.layout.rows import Rows

_PARTED = 1.28  # of the distance of lines
_LOOSE = 1.7  # of the distance of lines, where the sentence goes on
_LARGEST_STEP = 2.6  # of the size: no lines of one paragraph are farther apart
_OTHER_SIZE = 0.09  # of the size
_INDENT = 0.7  # of the size
_BULLET = re.compile(r"[•●○◦▪■□▫‣⁃➢✓–—·*þ\-]\s")
_NUMBERED = re.compile(r"(?:\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+\.?|\[\w{1,3}\])\s")
_CAPTION = re.compile(r"(?:Figure|Fig\.|Table|Exhibit|Chart|Listing|Box|Abbildung|Tabelle|Tableau|Abb\.)\s[\dA-Z]")
_LAST = frozenset(".!?:;。！？…؟۔।\"'”’»)]")
_ENDED = re.compile(r"[.!?:;。！？…؟۔।][\"'”’»)\]]*(?:\[\w{1,4}\])?\Z")


@dataclass(slots=True)
class Block:
    """A paragraph or a table; `full` tells that its last line reaches the edge, `rows` are those it was made from."""

    lines: list[Line]
    table: Table | None
    full: bool
    rows: Rows | None = None

    @property
    def size(self) -> float:
        """The size of its first line, in points."""
        return self.lines[0].size

    @property
    def bold(self) -> bool:
        """Whether all of it is bold."""
        return all(line.bold for line in self.lines)

    @property
    def open(self) -> bool:
        """Whether its last sentence has not ended."""
        return self.table is None and not ended(self.lines[-1].text)


def ended(text: str) -> bool:
    """Whether the text ends as a sentence does."""
    return text[-1:] in _LAST and _ENDED.search(text) is not None


def blocks(items: Iterable[Item]) -> Iterator[Block]:
    """The paragraphs and tables that the items of one column make."""
    held: list[Line] = []
    for item in items:
        if isinstance(item, Line):
            held.append(item)
            continue
        yield from _paragraphs(held)
        held = []
        yield Block(list(item.lines()), item, full=False)
    yield from _paragraphs(held)


def _paragraphs(lines: Sequence[Line]) -> Iterator[Block]:
    if not lines:
        return
    column = _Column.of(lines)
    held: list[Line] = []
    for line in lines:
        if held and column.begins(held, line):
            yield Block(held, None, column.full(held[-1]))
            held = []
        held.append(line)
    yield Block(held, None, column.full(held[-1]))


@dataclass(frozen=True, slots=True)
class _Column:
    """The edges of a column, in points, and the usual distance of its lines."""

    left: float
    right: float
    pitch: float

    @classmethod
    def of(cls, lines: Sequence[Line]) -> _Column:
        steps = [b.base - a.base for a, b in pairwise(lines) if 0 < b.base - a.base < _LARGEST_STEP * b.size]
        pitch = median(steps) if steps else 1.2 * lines[0].size
        return cls(min(line.left for line in lines), max(line.right for line in lines), pitch)

    def full(self, line: Line) -> bool:
        """Whether the line reaches the right edge, so that it may go on in the next."""
        return line.right > self.right - max(4 * line.size, 0.12 * (self.right - self.left))

    def begins(self, held: Sequence[Line], line: Line) -> bool:
        """Whether the line begins a paragraph, after the lines of one."""
        before, size = held[-1], line.size
        step = line.base - before.base
        text, over = line.text, ended(before.text)
        going = not over and self.full(before) and text[:1].islower()
        if step > (_LOOSE if going else _PARTED) * max(self.pitch, size) or step < -0.5 * size:
            return True
        if abs(size - before.size) > _OTHER_SIZE * max(size, before.size):
            return True
        if before.bold != line.bold and (before.bold or over):
            return True
        if _BULLET.match(text) or (_CAPTION.match(text) and over):
            return True
        short = not self.full(before)
        if _NUMBERED.match(text) and (over or short or before.text.endswith((",", " and", " or"))):
            return True
        indented = line.left - before.left > _INDENT * size
        if over and (short or (indented and len(held) == 1) or line.left - self.left > _INDENT * size < 4 * size):
            return short or indented
        if len(held) > 1 and over and before.left - line.left > _INDENT * size:
            return True
        return short and before.right < self.left + 0.6 * (self.right - self.left) and self._opens(before, line)

    def _opens(self, before: Line, line: Line) -> bool:
        """Whether a full line with a capital follows a short one that does not end: the short one is a heading."""
        return self.full(line) and line.text[:1].isupper() and not before.text.endswith((",", "-", "–"))
