"""The text of a page as it is written, block by block."""

from __future__ import annotations

import re

from longdoc.chunkers.readers.html.grid import CELLS

HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = {"ul", "ol", "menu", "dir"}
VERBATIM = {"pre", "listing", "xmp", "plaintext"}
_SECTIONS = {"section", "article", "main", "header", "footer", "blockquote", "form", "hr", "table", "dl"}
_PARAGRAPHS = {
    *("p", "div", "aside", "address", "figure", "figcaption", "fieldset", "legend", "details", "summary"),
    *("caption", "center", "hgroup", "search", "body", "dialog"),
}
_LINES = {"dt", "dd", "thead", "tbody", "tfoot"}
# How many newlines part a block from what is before and after it.
_BLOCKS = dict.fromkeys(_SECTIONS | _PARAGRAPHS, 2) | dict.fromkeys(_LINES, 1)
LAYOUT = _SECTIONS | HEADINGS.keys() | LISTS | VERBATIM | {"li"}
_DEEPEST_INDENT = 8
_SPACE = re.compile(r"[ \t\n\r\f]+")


class Page:
    """The text of a page as it is written; what parts two texts is owed until the second one comes."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.headings: list[tuple[int, int, int]] = []  # start, end, level
        self._length = 0
        self._newlines = 0  # at the end of what is written
        self._breaks = 0  # newlines owed
        self._space = False  # a space owed
        self._lead = ""  # a bullet or cell separators owed
        self._flat = 0  # open headings and rows of data: blocks in them are parted by spaces
        self._verbatim = 0
        self._lists = 0
        self._rows: list[int | None] = []  # for each open row the cells so far; None if it is not a row of data
        self._row_start: int | None = 0  # where the row begins, once it has text
        self._open_headings = 0
        self._start: int | None = None  # of the open heading, once it has text

    def open(self, tag: str, one_line: bool, bullet: str = "-") -> None:
        """Begin an element; `one_line` says that it is a row of data, `bullet` what a list item begins with."""
        if tag in HEADINGS:
            self._open_heading()
        elif tag in LISTS:
            if self._lists:
                self._close_line()
            else:
                self._part(2)
            self._lists += 1
        elif tag == "li":
            self._open_item(bullet)
        elif tag == "tr":
            self._part(1)
            self._rows.append(0 if one_line else None)
            self._row_start = None
            self._flat += one_line
        elif tag in CELLS:
            self._open_cell()
        elif tag in VERBATIM:
            self._part(2)
            self._verbatim += 1
        elif tag == "br":
            self._end_line()
        else:
            self._part(_BLOCKS.get(tag, 0))

    def close(self, tag: str) -> None:
        """End the element that was begun last."""
        if tag in HEADINGS:
            self._close_heading(HEADINGS[tag])
        elif tag in LISTS:
            self._lists -= 1
            self._part(1 if self._lists else 2)
        elif tag == "li":
            self._close_line()
        elif tag == "tr":
            if self._rows.pop() is not None:
                self._flat -= 1
                self._close_line()
            self._part(1)
        elif tag in VERBATIM:
            self._verbatim -= 1
            self._part(2)
        else:
            self._part(1 if tag in CELLS else _BLOCKS.get(tag, 0))

    def row(self) -> tuple[int, int] | None:
        """Where the row that was ended last begins and ends; None where it has no text."""
        return None if self._row_start is None else (self._row_start, self._length)

    def write(self, text: str) -> None:
        """Add text, its white space collapsed but in <pre>."""
        if self._verbatim and not self._flat:
            self._put(text)
            return
        collapsed = _SPACE.sub(" ", text)
        self._space = self._space or collapsed.startswith(" ")
        words = collapsed.strip(" ")
        if words:
            self._put(words)
            self._space = collapsed.endswith(" ")

    def _put(self, text: str) -> None:
        if not text:
            return
        gap = ""
        if self._length and self._breaks:
            gap = "\n" * (self._breaks - self._newlines)
        elif self._length and self._space and not self._lead:
            gap = " "
        before = gap + self._lead
        if self._open_headings and self._start is None:
            self._start = self._length + len(before)
        if self._row_start is None:
            self._row_start = self._length + len(gap)
        self.parts += before, text
        self._length += len(before) + len(text)
        self._newlines = len(text) - len(text.rstrip("\n"))
        self._breaks, self._space, self._lead = 0, False, ""

    def _part(self, newlines: int) -> None:
        """Owe the newlines between two blocks; none after a bullet, and a space within a line."""
        if not newlines:
            return
        if self._flat:
            self._space = True
        elif not self._lead:
            self._breaks = max(self._breaks, newlines)

    def _end_line(self) -> None:
        if self._verbatim and not self._flat:
            self._put("\n")
        else:
            self._part(min(2, self._breaks + 1))

    def _close_line(self) -> None:
        if self._lead and not self._flat:
            self._lead = ""  # nothing came of the bullet or the last separators
        elif not self._flat:
            self._breaks = 0  # a paragraph that ends an item leaves no blank line
        self._part(1)

    def _open_item(self, bullet: str) -> None:
        self._part(1)
        if not self._flat:
            self._lead = "  " * min(max(self._lists - 1, 0), _DEEPEST_INDENT) + bullet + " "

    def _open_cell(self) -> None:
        cells = self._rows[-1] if self._rows else None
        if cells is None:
            self._part(1)
            return
        if cells:
            self._lead += "\t"
        self._rows[-1] = cells + 1

    def _open_heading(self) -> None:
        self._part(2)
        self._open_headings += 1
        self._flat += 1

    def _close_heading(self, level: int) -> None:
        self._open_headings -= 1
        self._flat -= 1
        if not self._open_headings and self._start is not None:
            self.headings.append((self._start, self._length, level))
            self._start = None
        self._part(2)
