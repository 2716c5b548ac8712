"""The body of a Word document as a tree of HTML elements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from longdoc.chunkers.readers.docx.math import linear
from longdoc.chunkers.readers.docx.styles import Numbering, Styles
from longdoc.chunkers.readers.html.marks import lowered, raised

# What stands between a block and its paragraphs, or a paragraph and its runs, and says nothing itself.
_WRAPPERS = {"customXml", "ins", "moveTo", "smartTag", "sdtContent", "hyperlink", "fldSimple", "bdo", "dir"}
_FORMULAS = {"oMath", "oMathPara"}
_NOTES = {"footnoteReference": "footnote", "endnoteReference": "endnote"}
_WRITTEN = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}
# Symbols of the fonts Symbol and Wingdings, as Word numbers them.
_SYMBOLS = {0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF0E0: "→", 0xF0FC: "✓", 0xF0FE: "☑", 0xF0A8: "☐", 0xF06F: "☐"}
_HIDING = ("vanish", "specVanish", "strike", "dstrike")
_BEFORE = 16  # characters before a run that tell what it is the mark of
_MOST_COLUMNS = 63  # of Word's tables
_CODE = re.compile(r"[0-9A-Fa-f]{1,4}")


class Body:
    """Makes one tree; `notes` are the notes of the document by kind ("footnote", "endnote") and id."""

    def __init__(self, styles: Styles, numbering: Numbering, notes: Mapping[tuple[str, str], Any]) -> None:
        self._styles = styles
        self._numbering = numbering
        self._notes = notes
        self._called: dict[tuple[str, str], int] = {}
        self._order: list[tuple[str, str]] = []

    def tree(self, body: Any) -> Any:
        """Return an HTML element with the blocks of `body`, and then the notes that it calls."""
        root = _element("div")
        self._blocks(body, root)
        notes = _element("ul")
        for note in self._order:  # it grows where a note calls another
            item = _element("li", notes)
            item.set("label", f"[{self._called[note]}]")
            self._blocks(self._notes[note], item)
        root.append(notes)
        return root

    def _blocks(self, parent: Any, out: Any) -> None:
        lists: list[Any] = []  # the open lists, outermost first
        for node in _flat(parent):
            if node.tag == "p":
                self._paragraph(node, out, lists)
            elif node.tag == "tbl":
                lists.clear()
                self._table(node, out)

    def _paragraph(self, node: Any, out: Any, lists: list[Any]) -> None:
        if self._styles.is_contents(node):
            return
        boxes: list[Any] = []
        text = "".join(self._inline(node, boxes))
        label = self._numbering.label(node)  # of an empty one too, for Word counts it
        if text.strip():
            self._write(node, text, label, out, lists)
        for box in boxes:
            self._blocks(box, _element("div", out))

    def _write(self, node: Any, text: str, numbered: tuple[int, str] | None, out: Any, lists: list[Any]) -> None:
        level = self._styles.heading_level(node)
        if level is not None:
            lists.clear()
            _put(_element(f"h{level}", out), f"{numbered[1]} {text}" if numbered else text)
        elif numbered is not None:
            item = _element("li", _list(numbered[0], out, lists))
            item.set("label", numbered[1])
            _put(item, text)
        else:
            lists.clear()
            _put(_element("p", out), text)

    def _table(self, node: Any, out: Any) -> None:
        table = _element("table", out)
        merged: dict[int, Any] = {}  # by its column, the cell that the one below may belong to
        for row in _flat(node):
            if row.tag != "tr" or row.find("trPr/del") is not None:
                continue
            line, column = _element("tr", table), 0
            kind = "td" if _is_off(row.find("trPr/tblHeader")) else "th"
            for cell in _flat(row):
                if cell.tag == "tc":
                    column += self._cell(cell, line, kind, column, merged)

    def _cell(self, node: Any, line: Any, kind: str, column: int, merged: dict[int, Any]) -> int:
        """Writes a cell, or makes the one above longer that it is merged with; says how many columns it takes."""
        span, down = node.find("tcPr/gridSpan"), node.find("tcPr/vMerge")
        across = int(span.get("val")) if span is not None and (span.get("val") or "").isdecimal() else 1
        across = max(1, min(across, _MOST_COLUMNS))
        if down is not None and down.get("val") != "restart" and column in merged:
            merged[column].set("rowspan", str(int(merged[column].get("rowspan", "1")) + 1))
            return across
        cell = _element(kind, line)
        if across > 1:
            cell.set("colspan", str(across))
        merged.pop(column, None)
        if down is not None:
            merged[column] = cell
        self._blocks(node, cell)
        return across

    def _inline(self, parent: Any, boxes: list[Any]) -> Iterator[str]:
        before = ""
        for node in _flat(parent):
            if node.tag == "r":
                text = "" if self._is_hidden(node) else "".join(self._run(node, boxes))
                text = _placed(before, text, node)
            else:
                text = linear(node) if node.tag in _FORMULAS else ""
            before = text[-_BEFORE:] or before
            yield text

    def _is_hidden(self, run: Any) -> bool:
        """Whether a run is hidden or struck out, by itself or by its style."""
        return any(
            not _is_off(properties.find(name))
            for properties in (run.find("rPr"), self._styles.of_run(run))
            if properties is not None
            for name in _HIDING
        )

    def _run(self, run: Any, boxes: list[Any]) -> Iterator[str]:
        for node in _flat(run):
            tag = node.tag
            if tag == "t":
                yield (node.text or "").replace("\n", " ")
            elif tag in _WRITTEN:
                yield _WRITTEN[tag]
            elif tag == "sym":
                yield _symbol(node)
            elif tag in _NOTES:
                yield self._mark(_NOTES[tag], node.get("id", ""))
            elif tag in ("drawing", "pict", "object"):
                boxes += _boxes(node)
            elif tag in _FORMULAS:
                yield linear(node)

    def _mark(self, kind: str, name: str) -> str:
        if (kind, name) not in self._notes:
            return ""
        if (kind, name) not in self._called:
            self._order.append((kind, name))
            self._called[kind, name] = len(self._order)
        return f"[{self._called[kind, name]}]"


def _flat(parent: Any) -> Iterator[Any]:
    """Yield the children of `parent`, and those of its wrappers in their place."""
    waiting = list(reversed(parent))
    while waiting:
        node = waiting.pop()
        if node.tag in _WRAPPERS or (node.tag == "sdt" and not _is_contents(node)):
            waiting += reversed(node)
        elif node.tag == "AlternateContent":
            waiting += reversed(_chosen(node))
        else:
            yield node


def _chosen(node: Any) -> Any:
    """Return the branch to read: the first for a text box or formula, else the one for simpler programs."""
    choice, fallback = node.find("Choice"), node.find("Fallback")
    if fallback is None or (choice is not None and next(choice.iter("txbxContent", "oMath"), None) is not None):
        return () if choice is None else choice
    return fallback


def _boxes(node: Any) -> list[Any]:
    """Return the text boxes in a drawing; what is in a box stays there."""
    found: list[Any] = []
    waiting = list(reversed(node))
    while waiting:
        child = waiting.pop()
        if child.tag == "txbxContent":
            found.append(child)
        else:
            waiting += reversed(_chosen(child) if child.tag == "AlternateContent" else child)
    return found


def _list(level: int, out: Any, lists: list[Any]) -> Any:
    """Return the list to put an item of `level` (from 0) in, opening and closing `lists`."""
    del lists[level + 1 :]
    while len(lists) <= level:
        holder = out if not lists else lists[-1]
        lists.append(_element("ul", holder))
    return lists[-1]


def _put(element: Any, text: str) -> None:
    first, *others = text.split("\n")
    element.text = first
    for line in others:
        _element("br", element).tail = line


def _element(tag: str, parent: Any = None) -> Any:
    from lxml import etree

    return etree.Element(tag) if parent is None else etree.SubElement(parent, tag)


def _is_contents(node: Any) -> bool:
    gallery = node.find("sdtPr/docPartObj/docPartGallery")
    return gallery is not None and gallery.get("val") == "Table of Contents"


def _is_off(switch: Any) -> bool:
    return switch is None or switch.get("val") in ("0", "false", "off")


def _placed(before: str, text: str, run: Any) -> str:
    """The text of a run, marked where it stands above or below the line."""
    place = run.find("rPr/vertAlign")
    if (
        place is None
        or not text
        or run.find("footnoteReference") is not None
        or run.find("endnoteReference") is not None
    ):
        return text
    if place.get("val") == "superscript":
        first, last = raised(before, text)
        return f"{first}{text}{last}"
    return f"{lowered(before, text)}{text}" if place.get("val") == "subscript" else text


def _symbol(node: Any) -> str:
    text = node.get("char") or ""
    code = int(text, 16) if _CODE.fullmatch(text) else 0
    if code in _SYMBOLS:
        return _SYMBOLS[code]
    # The rest of the private area has a meaning in one font only; surrogates and controls have none.
    return chr(code) if 0x20 <= code < 0xD800 else "\ufffd"
