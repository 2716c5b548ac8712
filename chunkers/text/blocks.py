"""Where the lines of a text are one thing: a table, a list item, a speaker's turn, a paragraph."""

from __future__ import annotations

import re

_ROW = re.compile(r"[^\S\n]*(?:[|+].*[|+][^\S\n]*$|\S.* \| \S)", re.MULTILINE)
_MARK = r"(?:[-*+•]|\d{1,3}[.)]|[(]?[a-zA-Z0-9]{1,3}[)])[^\S\n]"
_ITEM = re.compile(rf"(?P<indent>[^\S\n]*){_MARK}")
_ITEM_BELOW = re.compile(rf"\n[^\S\n]*{_MARK}")
# The ends of paragraphs, and the line ends before items and turns that stand at the margin.
_BLOCK_END = re.compile(
    r"\n(?:(?:[^\S\n]*\n)+|(?=(?:[-*+•]|\d{1,3}[.)]|[(][a-z0-9]{1,3}[)])[ \t])"
    r"|(?=[A-Z][\w.'’]*(?:[ ][A-Z][\w.'’]*){0,3}:[ \t]))"
)
_SEEN = 8192  # characters of a table or item that are looked at, either way
_LINES = 400
_STEP = 256


def last_block_start(text: str, low: int, high: int) -> int | None:
    """The last place from `low` to `high` where a paragraph, an item or a turn begins; None if there is none."""
    end, step = high, _STEP
    while end >= low:
        start = max(low, end - step)
        found = [m.end() for m in _BLOCK_END.finditer(text, max(0, start - 1), min(high, end + _STEP))]
        if found and found[-1] >= low:
            return found[-1]
        end, step = start - 1, 2 * step
    return None


def table_around(text: str, position: int, first: int) -> tuple[int, int] | None:
    """The table that has rows right before and right after the line start at `position`, from `first` on."""
    if position and text[position - 1] != "\n":
        position = text.rfind("\n", first, position) + 1 or first
    if not _ROW.match(text, position, position + _LINES):
        return None
    start, end = position, position
    while start > max(first, position - _SEEN):
        above = max(first, text.rfind("\n", first, start - 1) + 1)
        if not _ROW.match(text, above, start):
            break
        start = above
    while end < min(len(text), position + _SEEN) and _ROW.match(text, end, end + _LINES):
        end = (text.find("\n", end, end + _SEEN) + 1) or len(text)
    return start, end


def item_around(text: str, position: int, first: int) -> int | None:
    """Where the list item begins that the line at `position` goes on with; None where it is in no item."""
    line = text.rfind("\n", first, position) + 1 or first
    if line == position and _ITEM.match(text, line, line + _LINES):
        return None  # an item of its own begins here
    indent = len(text[line : line + _LINES]) - len(text[line : line + _LINES].lstrip(" \t"))
    top = max(first, position - _SEEN)
    top = top if indent else max(top, text.rfind("\n\n", top, line))
    if not _ITEM_BELOW.search(text, top, position) and not _ITEM.match(text, line, line + _LINES):
        return None
    for _ in range(64):
        match = _ITEM.match(text, line, line + _LINES)
        first_line = line < position <= text.find("\n", line, line + _LINES) + 1
        if match and (len(match["indent"]) < max(1, indent) or first_line):
            return line
        above = text.rfind("\n", first, max(first, line - 1)) + 1
        if above <= first or line <= first or position - above > _SEEN:
            return None
        if not text[above : line - 1].strip() and indent == 0:
            return None  # a blank line ends an item whose text is not indented
        line = above
    return None
