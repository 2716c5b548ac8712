"""Right-to-left text from the order in which it stands on the page to the order in which it is read."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from longdoc.chunkers.readers.pdf.layout.glyphs import Glyphs

if TYPE_CHECKING:
    from longdoc.chunkers.readers.pdf.layout.marks import Atom

_LAM, _ALEFS = "\u0644", "\u0622\u0623\u0625\u0627"
_RIGHT = re.compile("[\u05be-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_LETTER = re.compile(r"[^\W\d_]")
_IN_NUMBERS = ".,:/-٫٬%"


def has_rtl(text: str) -> bool:
    """Whether there is a letter of a script that runs from right to left."""
    return _RIGHT.search(text) is not None


def mostly_rtl(text: str) -> bool:
    """Whether most letters of the text run from right to left."""
    return has_rtl(text) and len(_RIGHT.findall(text)) * 2 > len(_LETTER.findall(text))


def logical(atoms: list[Atom], glyphs: Glyphs) -> list[Atom]:
    """The atoms, given from left to right, in the order in which they are read; numbers stay as they are.

    The inverse of the reordering of Unicode Standard Annex 9 for one level of embedding.
    """
    units = _units(atoms, glyphs)
    kinds = [_kind(unit) for unit in units]
    if kinds.count("R") >= kinds.count("L"):
        out = _reversed(units, kinds)
    else:
        out = []
        for start, end, reverse in _stretches(kinds):
            stretch = units[start:end]
            out += _reversed(stretch, kinds[start:end]) if reverse else stretch
    return [atom for unit in out for atom in unit]


def _reversed(units: list[list[Atom]], kinds: list[str]) -> list[list[Atom]]:
    """The units from the right, but words and numbers that run from the left kept as they are."""
    out: list[list[Atom]] = []
    place = len(units)
    while place:
        end = place
        if kinds[end - 1] in "LN" and kinds[end - 1]:
            start = _run_start(units, kinds, end)
            out += units[start:end]
            place = start
        else:
            place -= 1
            out.append(units[place])
    return out


def _run_start(units: list[list[Atom]], kinds: list[str], end: int) -> int:
    """Where the stretch of left-to-right text begins that ends before `end`."""
    start = end - 1
    letters = kinds[start] == "L"
    place = start
    while place:
        place -= 1
        kind = kinds[place]
        if kind == "R":
            break
        if kind:
            if not letters and kind == "N" and any(units[n][0][0] not in _IN_NUMBERS for n in range(place + 1, start)):
                break  # two numbers that a blank parts
            letters = letters or kind == "L"
            start = place
    return start


def _stretches(kinds: list[str]) -> list[tuple[int, int, bool]]:
    """The text cut into what is kept and what is reversed, for a line that runs from the left."""
    cuts: list[tuple[int, int, bool]] = []
    done = place = 0
    while place < len(kinds):
        if kinds[place] != "R":
            place += 1
            continue
        end = last = place
        while end < len(kinds) and kinds[end] != "L":
            last = end if kinds[end] == "R" else last
            end += 1
        cuts += [(done, place, False), (place, last + 1, True)]
        done = place = last + 1
    return [*cuts, (done, len(kinds), False)]


def _units(atoms: list[Atom], glyphs: Glyphs) -> list[list[Atom]]:
    """The atoms, those together that come from one glyph or stand on one letter."""
    units: list[list[Atom]] = []
    marks: list[Atom] = []
    for atom in atoms:
        glyph = atom[1]
        before = units[-1][0][1] if units else -1
        if glyph >= 0 and before >= 0 and _same_place(glyphs, before, glyph) and _strong(atom[0]) != "L":
            units[-1].append(atom)
        elif unicodedata.category(atom[0]) == "Mn":
            middle = float(glyphs.left[glyph] + glyphs.right[glyph]) / 2
            if before >= 0 and middle < float(glyphs.right[before]) and not marks:
                units[-1].append(atom)
            else:
                marks.append(atom)
        else:
            units.append([atom, *marks])
            marks = []
    return [_in_order(unit) for unit in [*units, *([marks] if marks else [])]]


def _same_place(glyphs: Glyphs, one: int, other: int) -> bool:
    return bool(glyphs.left[one] == glyphs.left[other] and glyphs.right[one] == glyphs.right[other])


def _in_order(unit: list[Atom]) -> list[Atom]:
    """A ligature's letters in the order in which they are read: pdfium gives those of a table of its own reversed."""
    if len(unit) == 2 and unit[1][0] == _LAM and unit[0][0] in _ALEFS:
        return unit[::-1]
    letters = [atom for atom in unit if unicodedata.category(atom[0]) != "Mn"]
    return unit[::-1] if len(letters) > 2 else unit


def _kind(unit: list[Atom]) -> str:
    return next((kind for said, _, _ in unit if (kind := _strong(said))), "N" if unit[0][0].isdigit() else "")


def _strong(letter: str) -> str:
    """ "L" or "R" for a letter that runs so, else nothing."""
    kind = unicodedata.bidirectional(letter[0])
    return "R" if kind in ("R", "AL") else "L" if kind == "L" else ""
