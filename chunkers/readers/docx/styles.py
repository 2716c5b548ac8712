"""What the styles and the numbering of a Word document say of a paragraph: heading level, list level, label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_HEADING = re.compile(r"heading ([1-6])\b", re.IGNORECASE)
_CONTENTS = re.compile(r"(toc \d|table of figures)\b", re.IGNORECASE)
_DEEPEST_LEVEL = 6
_LEVELS = 9
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_LARGEST_NUMBER = 32767  # Word counts no further


class Styles:
    """The paragraph styles of the styles part `tree`, if there is one."""

    def __init__(self, tree: Any) -> None:
        styles = () if tree is None else list(tree.iter("style"))
        self._styles = {style.get("styleId"): style for style in styles if style.get("type") == "paragraph"}
        self._runs = {style.get("styleId"): style for style in styles if style.get("type") == "character"}

    def of_run(self, run: Any) -> Any:
        """Return the run properties of the character style of `run`; None where it has none."""
        reference = _find(run, "rPr", "rStyle")
        style = None if reference is None else self._runs.get(reference.get("val"))
        return None if style is None else style.find("rPr")

    def heading_level(self, paragraph: Any) -> int | None:
        """Return the level, 1 to 6, of a paragraph that is a heading; its outline level is one less."""
        own = _find(paragraph, "pPr", "outlineLvl")
        if own is not None:
            return _level(own)
        for style in self._chain(paragraph):
            outline = _find(style, "pPr", "outlineLvl")
            if outline is not None:
                return _level(outline)
            name = _name(style)
            heading = _HEADING.fullmatch(name)
            if heading or name.lower() == "title":
                return int(heading[1]) if heading else 1
        return None

    def is_contents(self, paragraph: Any) -> bool:
        """Return whether `paragraph` is a line of a table of contents."""
        return any(_CONTENTS.match(_name(style)) for style in self._chain(paragraph))

    def numbering(self, paragraph: Any) -> tuple[str, int] | None:
        """Return the list (its `numId`) that `paragraph` is numbered in, and the level from 0."""
        for holder in (paragraph, *self._chain(paragraph)):
            found = _find(holder, "pPr", "numPr")
            number = None if found is None else found.find("numId")
            if number is not None:
                level = found.find("ilvl")
                return number.get("val", "0"), 0 if level is None else _integer(level, 0)
        return None

    def _chain(self, paragraph: Any) -> Iterator[Any]:
        """Yield the style of `paragraph`, the one that is based on, and so on; each once."""
        reference = _find(paragraph, "pPr", "pStyle")
        seen: set[str] = set()
        while reference is not None and reference.get("val") not in seen:
            name = reference.get("val")
            seen.add(name)
            style = self._styles.get(name)
            if style is None:
                return
            yield style
            reference = style.find("basedOn")


class Numbering:
    """The counters of the lists in the numbering part `tree`, if there is one; paragraphs come in order."""

    def __init__(self, tree: Any, styles: Styles) -> None:
        self._styles = styles
        definitions = () if tree is None else tree.iter("abstractNum")
        self._definitions = {definition.get("abstractNumId"): definition for definition in definitions}
        self._linked = {
            link.get("val"): definition
            for definition in self._definitions.values()
            for link in definition.iterchildren("styleLink")
        }
        self._numbers = {} if tree is None else {number.get("numId"): number for number in tree.iter("num")}
        self._levels: dict[str | None, dict[int, Any]] = {}
        self._counts: dict[Any, list[int | None]] = {}
        self._restarted: set[tuple[str, int]] = set()

    def label(self, paragraph: Any) -> tuple[int, str] | None:
        """Return the level and the label ("2.1", "" for a bullet) of a paragraph in a list; None of another."""
        found = self._styles.numbering(paragraph)
        number = None if found is None else self._numbers.get(found[0])
        if found is None or number is None:
            return None
        level = min(max(found[1], 0), _LEVELS - 1)
        definition = self._definition(number)
        if definition is None:
            return None
        levels = self._levels_of(number, definition)
        counts = self._counts.setdefault(definition, [None] * _LEVELS)
        self._count(counts, levels, level, number)
        return level, _label(counts, levels, level)

    def _levels_of(self, number: Any, definition: Any) -> dict[int, Any]:
        name = number.get("numId")
        if name not in self._levels:
            each = (*definition.iter("lvl"), *number.iter("lvl"))
            self._levels[name] = {_integer(level, 0, "ilvl"): level for level in each}
        return self._levels[name]

    def _definition(self, number: Any) -> Any:
        reference = number.find("abstractNumId")
        definition = None if reference is None else self._definitions.get(reference.get("val"))
        link = None if definition is None else definition.find("numStyleLink")
        return definition if link is None else self._linked.get(link.get("val"))

    def _count(self, counts: list[int | None], levels: dict[int, Any], level: int, number: Any) -> None:
        for above in range(level):
            if counts[above] is None:
                counts[above] = _start(levels.get(above))
        current = counts[level]
        counts[level] = _start(levels.get(level)) if current is None else current + 1
        counts[level + 1 :] = [None] * (_LEVELS - level - 1)
        override = self._override(number, level)
        if override is not None:
            counts[level] = override

    def _override(self, number: Any, level: int) -> int | None:
        """Return where `number` begins to count at `level` if it says so, the first time that is asked."""
        key = (number.get("numId", ""), level)
        if key in self._restarted:
            return None
        self._restarted.add(key)
        for each in number.iter("lvlOverride"):
            start = each.find("startOverride")
            if start is not None and _integer(each, 0, "ilvl") == level:
                return _integer(start, 1)
        return None


def _label(counts: list[int | None], levels: dict[int, Any], level: int) -> str:
    own = levels.get(level)
    text = None if own is None else own.find("lvlText")
    if own is None or text is None or _format(own) == "bullet":
        return ""
    in_digits = own.find("isLgl") is not None

    def counted(match: re.Match[str]) -> str:
        index = int(match[1]) - 1
        count = counts[index]
        return _number(0 if count is None else count, "decimal" if in_digits else _format(levels.get(index)))

    return " ".join(re.sub(r"%([1-9])", counted, text.get("val", "")).split())


def _number(count: int, kind: str) -> str:
    count = min(max(count, 0), _LARGEST_NUMBER)
    if kind == "none":
        return ""
    if kind == "decimalZero":
        return f"{count:02}"
    if kind in ("lowerLetter", "upperLetter") and count:
        letters = chr(ord("a") + (count - 1) % 26) * (1 + (count - 1) // 26)
        return letters.upper() if kind == "upperLetter" else letters
    if kind in ("lowerRoman", "upperRoman"):
        return _roman(count).upper() if kind == "upperRoman" else _roman(count)
    return str(count)


def _roman(count: int) -> str:
    written = ""
    for value, letters in _ROMAN:
        written += letters * (count // value)
        count %= value
    return written


def _format(level: Any) -> str:
    found = None if level is None else level.find("numFmt")
    return "decimal" if found is None else str(found.get("val"))


def _start(level: Any) -> int:
    found = None if level is None else level.find("start")
    return 1 if found is None else _integer(found, 1)


def _level(outline: Any) -> int | None:
    level = _integer(outline, _LEVELS)
    return None if not 0 <= level < _LEVELS else min(level + 1, _DEEPEST_LEVEL)


def _integer(node: Any, default: int, attribute: str = "val") -> int:
    text = node.get(attribute) or ""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else default


def _find(node: Any, *path: str) -> Any:
    for tag in path:
        node = node.find(tag)
        if node is None:
            return None
    return node


def _name(style: Any) -> str:
    name = style.find("name")
    return "" if name is None else str(name.get("val", ""))
