"""What stands above or below the line, written so that it is no digit of what it stands at."""

from __future__ import annotations

import re
from typing import Any

_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|e|è|ème|nd|os?|as?|º|ª|mo|do|ter|te)\.?", re.IGNORECASE)
_NOTE = re.compile(r"\[?\s*(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\s*\]?")
_POWER = re.compile(r"[-+−–]?\s*\d{1,3}(?:[.,]\d+)?")
# A power stands at a base of one or two digits that is no sum of money, at a letter alone, a unit or a bracket.
_BASE = re.compile(
    r"(?:(?<![\w$€£¥.,])\d{1,2}|(?<![^\W_])(?:[a-zA-Zα-ω]|[kcmdµμn]m|ft|in|yd|mi|sec|min|hr?)|[)\]]|=\s?[a-zA-Z]{1,3})\Z"
)
_BEFORE = 16  # characters before a mark that tell what it is
_NOTE_WORDS = re.compile(r"\b(?:reference|footnote|fnref|noteref|endnote)\b|doc-noteref", re.IGNORECASE)


def raised(before: str, text: str, note: bool = False) -> tuple[str, str]:
    """What to write before and after `text`, which stands above the line behind `before`.

    The mark of a note is "[1]", apart from a number that it stands at; a power is "^3"; "th" stays as it is.
    """
    plain = text.strip()
    if not plain or not before[-1:].strip():
        return ("[", "]") if plain and note and not plain.startswith("[") else ("", "")
    mark = _NOTE.fullmatch(plain)
    if not note and _POWER.fullmatch(plain) and _BASE.search(before[-_BEFORE:]):
        return "^", ""
    if mark is not None:
        gap = " " if before[-1:].isdigit() or before[-1:] in "%°" else ""
        return (gap, "") if plain.startswith("[") else (f"{gap}[", "]")
    if _POWER.fullmatch(plain) or (len(plain) <= 3 and plain.isalpha() and len(before.split()[-1]) == 1):
        return "^", ""
    if before[-1:].isdigit() and not _ORDINAL.fullmatch(plain) and plain[:1].isalnum():
        return " [", "]"
    return "", ""


def lowered(before: str, text: str) -> str:
    """What to write before `text`, which stands below the line behind `before`."""
    return "_" if before[-1:].isdigit() and text.strip()[:1].isdigit() else ""


def mark_scripts(tree: Any) -> None:
    """Writes marks into the <sup>, <sub> and MathML of `tree`, so that its text alone says where they stand."""
    for node in list(tree.iter("sup", "sub", "msup", "msub", "mfrac")):
        if node.tag == "mfrac":
            _part_fraction(node)
        elif node.tag in ("msup", "msub"):
            if len(node) > 1:
                _frame(node[1], "^" if node.tag == "msup" else "_", "")
        elif len(node) > 0 or node.text:
            _mark_script(node)


def _mark_script(node: Any) -> None:
    text = "".join(node.itertext())
    before = _text_before(node)
    if node.tag == "sub":
        slashed = before.rstrip()[-1:] in ("⁄", "/")
        _frame(node, "" if slashed else lowered(before, text), "")
        return
    after = (node.tail or "").lstrip()
    if after[:1] in ("⁄", "/") and text.strip().isdigit():  # "3<sup>1</sup>/<sub>2</sub>"
        _frame(node, " " if before[-1:].isdigit() else "", "")
        return
    _frame(node, *raised(before, text, _is_note(node)))


def _is_note(node: Any) -> bool:
    links = [node, *node.iter("a")]
    return len(links) > 1 or any(
        _NOTE_WORDS.search(f"{one.get('class', '')} {one.get('role', '')} {one.get('id', '')}") for one in links
    )


def _part_fraction(node: Any) -> None:
    if len(node) != 2:
        return
    for part in node:
        if len("".join(part.itertext()).split()) > 1 or len(part) > 1:
            _frame(part, "(", ")")
    node[0].tail = "/"


def _frame(node: Any, before: str, after: str) -> None:
    node.text = before + (node.text or "")
    if after and len(node):
        node[-1].tail = (node[-1].tail or "") + after
    elif after:
        node.text += after


def _text_before(node: Any) -> str:
    """The characters right before the element, in its own block: what a mark stands at."""
    for _ in range(4):
        parent, beside = node.getparent(), node.getprevious()
        if beside is not None:
            told = (beside.tail or "") or "".join(beside.itertext())[-_BEFORE:]
        else:
            told = (parent.text or "") if parent is not None else ""
        if told:
            return str(told[-_BEFORE:])
        if beside is not None or parent is None or parent.tag not in _INLINE:
            return ""
        node = parent
    return ""


_INLINE = {
    "a",
    "abbr",
    "b",
    "em",
    "font",
    "i",
    "small",
    "span",
    "strong",
    "u",
    "cite",
    "q",
    "code",
    "mark",
    "big",
    "ins",
}
