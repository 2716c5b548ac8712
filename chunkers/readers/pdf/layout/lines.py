"""Lines and blocks of a page in reading order: what paragraphs, tables and places are made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from longdoc.chunkers.readers.pdf.layout.rows import Fragment

Part = Fragment | str


@dataclass(slots=True, eq=False)
class Line:
    """A line of text: fragments, and what was put between them. Places are as in `Run`, `row` its row on the page."""

    parts: list[Part]
    left: float
    right: float
    base: float
    size: float
    bold: bool
    row: int

    @classmethod
    def of(cls, fragments: Sequence[Fragment], between: str = " ") -> Line:
        """The line that fragments of one row make."""
        first = fragments[0]
        if len(fragments) == 1:
            return cls([first], first.left, first.right, first.base, first.size, first.bold, first.row)
        parts: list[Part] = []
        for one in fragments:
            parts += [between, one] if parts else [one]
        left, right = min(one.left for one in fragments), max(one.right for one in fragments)
        size = max(fragments, key=lambda one: one.last - one.first).size
        return cls(parts, left, right, first.base, size, all(one.bold for one in fragments), first.row)

    @property
    def text(self) -> str:
        """What the line says."""
        parts = self.parts
        if len(parts) == 1 and not isinstance(parts[0], str):
            return parts[0].text
        return "".join(one if isinstance(one, str) else one.text for one in parts)

    @property
    def fragments(self) -> Iterator[Fragment]:
        """Its fragments, in order."""
        return (one for one in self.parts if not isinstance(one, str))


@dataclass(slots=True)
class Table:
    """Rows of cells, each cell the fragments that stand in it; `header` rows come first. `note` is their unit."""

    rows: list[list[list[Fragment]]]
    header: int
    note: str | None = None
    names: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        """Each row as a line, a tab between its cells."""
        for row in self.rows:
            parts: list[Part] = []
            for number, cell in enumerate(row):
                parts += ["\t"] if number else []
                for place, one in enumerate(cell):
                    parts += [" ", one] if place else [one]
            fragments = list(chain.from_iterable(row))
            first = min(fragments, key=lambda one: one.row)
            yield Line(
                parts,
                min(one.left for one in fragments),
                max(one.right for one in fragments),
                max(one.base for one in fragments),
                first.size,
                all(one.bold for one in fragments),
                first.row,
            )


Item = Line | Table
