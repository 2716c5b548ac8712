"""What a fragment says where its glyphs say more than their code points: raised marks, ligatures, accents, no text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from longdoc.chunkers.readers.pdf.layout.glyphs import Glyphs
from longdoc.chunkers.readers.pdf.layout.rows import Fragment, Piece, Rows
from longdoc.chunkers.readers.pdf.layout.rtl import has_rtl, logical

UNKNOWN = "\ufffd"

_HYPHENS = {"\x02", "\xad", "\ufffe"}  # what pdfium and many fonts call a hyphen; it is printed
_BULLETS = {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf06f": "o", "\uf0fc": "✓", "\uf0be": "—"}
_ACCENTS = {
    "\u00a8": "\u0308",
    "\u00af": "\u0304",
    "\u00b4": "\u0301",
    "\u00b8": "\u0327",
    "\u02c6": "\u0302",
    "\u02c7": "\u030c",
    "\u02d8": "\u0306",
    "\u02d9": "\u0307",
    "\u02da": "\u030a",
    "\u02db": "\u0328",
    "\u02dc": "\u0303",
    "\u02dd": "\u030b",
}
_DOTLESS = {"ı": "i", "ȷ": "j"}
_NUMBERS = re.compile(r"\d{1,4}(?:\s?[,;–-]\s?\d{1,4})*")
_POWER = re.compile(r"[-−–+]\s?\d{1,3}")
_ODD = re.compile("[^ -~]")
_LEADERS = re.compile(r"[ \t]*(?:[.·…_][ \t]?){0,2}(?:[.·][ \t]?){5,}[ \t]*")
_LAST_WORD = re.compile(r"[^\W\d_]+\Z|\d[\d.,]*\Z")

Atom = tuple[str, int, int]  # what is said, the glyph it comes from (-1: none), and whether it is raised


def settle(rows: Rows) -> None:
    """Give each special fragment of the page its text and piece."""
    for one in rows.fragments:
        if one.special or _has_leaders(one.text):
            one.piece = _marked(one, rows)
            one.text = one.piece.text
            one.wide = list(_moved(one, one.piece, rows))


def _has_leaders(text: str) -> bool:
    return text.count(".") + text.count("·") > 4 and _LEADERS.search(text) is not None


def _moved(one: Fragment, said: Piece, rows: Rows) -> Iterator[tuple[int, float, float]]:
    """The wide spaces of a fragment, at the places of what it says now; those that are no longer there left out."""
    for place, low, high in one.wide:
        glyph = int(rows.glyphs[place + 1])
        at = said.glyphs.index(glyph) - 1 if glyph in said.glyphs else -1
        if at > 0 and said.text[at] == " ":
            yield one.first + at, low, high


def piece(fragment: Fragment, rows: Rows) -> Piece:
    """What the fragment says, glyph by glyph."""
    if fragment.piece is not None:
        return fragment.piece
    if fragment.parts is not None:
        one, between, other = fragment.parts
        first, second = piece(one, rows), piece(other, rows)
        return Piece(fragment.text, [*first.glyphs, *[-1] * len(between), *second.glyphs])
    return Piece(fragment.text, rows.glyphs[fragment.first : fragment.last].tolist())


def _marked(one: Fragment, rows: Rows) -> Piece:
    place = slice(one.first, one.last)
    text, glyphs, raised = rows.text[place], rows.glyphs[place].tolist(), rows.raised[place]
    plain = None if raised.any() else _letter_by_letter(text, glyphs)
    if plain is not None:
        return plain
    atoms: list[Atom] = list(zip(text, glyphs, raised.tolist(), strict=True))
    if has_rtl(text):
        atoms = logical(atoms, rows.source)
    atoms = _accented(atoms, rows.source)
    if len(atoms) > 2 and atoms[1][0] == " " and unicodedata.category(atoms[0][0]) in ("Cc", "Co"):
        atoms[0] = (_BULLETS.get(atoms[0][0], "•"), *atoms[0][1:])
    atoms = [(_said(said), glyph, up) for said, glyph, up in atoms]
    if any(up > 0 for _, _, up in atoms):
        atoms = _with_references(atoms)
    atoms = _without_leaders(atoms)
    glyphs = []
    for said, glyph, _ in atoms:
        glyphs += [glyph] * len(said)
    return Piece("".join(said for said, _, _ in atoms), glyphs)


def _letter_by_letter(text: str, glyphs: list[int]) -> Piece | None:
    """What a text says if each of its characters says its own part: ligatures, hyphens; None where more is to do."""
    odd = {letter: _said(letter) for letter in {*_ODD.findall(text)}}
    if text[1:2] == " " or has_rtl(text) or any(one in _ACCENTS or unicodedata.combining(one) for one in odd):
        return None
    said, places = text, glyphs
    if any(letter != meant for letter, meant in odd.items()):
        said = text.translate({ord(letter): meant for letter, meant in odd.items()})
        if any(len(meant) != 1 for meant in odd.values()):
            places = [glyph for one, glyph in zip(text, glyphs, strict=True) for _ in odd.get(one, one)]
    return None if _has_leaders(said) else Piece(said, places)


def _without_leaders(atoms: list[Atom]) -> list[Atom]:
    """The atoms with a tab for the dots that lead the eye, as in a table of contents."""
    text = "".join(said[:1] or "\0" for said, _, _ in atoms)
    for found in reversed(list(_LEADERS.finditer(text))):
        ends = found.end() == len(atoms)
        atoms = [*atoms[: found.start()], *([] if ends else [("\t", -1, 0)]), *atoms[found.end() :]]
    return atoms


@lru_cache(maxsize=4096)
def _said(letter: str) -> str:
    if letter in _HYPHENS:
        return "-"
    if letter in _BULLETS:
        return _BULLETS[letter]
    kind = unicodedata.category(letter[0])
    if kind in ("Cc", "Co", "Cs", "Cn"):
        return UNKNOWN
    if kind == "Cf":
        return "" if letter not in "\u200c\u200d" else letter
    if "\ufb00" <= letter[0] <= "\ufdff" or "\ufe70" <= letter[0] <= "\ufefc":
        return unicodedata.normalize("NFKC", letter)
    return letter


def _accented(atoms: list[Atom], glyphs: Glyphs) -> list[Atom]:
    """The atoms with each accent that is printed over a letter put into that letter."""
    out: list[Atom] = []
    waiting: Atom | None = None
    for atom in atoms:
        said, glyph, up = atom
        mark = _ACCENTS.get(said) or (said if len(said) == 1 and unicodedata.combining(said) else None)
        if waiting is not None:
            combining = _ACCENTS.get(waiting[0], waiting[0])
            if _over(glyphs, waiting[1], glyph) and said[:1].isalpha():
                said = unicodedata.normalize("NFC", _DOTLESS.get(said, said) + combining)
                out.append((said, glyph, up))
                waiting = None
                continue
            out.append(waiting)
            waiting = None
        if mark is not None and out and out[-1][0][-1:].isalpha() and _over(glyphs, glyph, out[-1][1]):
            base = out.pop()
            out.append((unicodedata.normalize("NFC", _DOTLESS.get(base[0], base[0]) + mark), base[1], base[2]))
        elif said in _ACCENTS:
            waiting = atom
        else:
            out.append(atom)
    return out if waiting is None else [*out, waiting]


def _over(glyphs: Glyphs, accent: int, letter: int) -> bool:
    """Whether most of an accent lies over a letter."""
    if accent < 0 or letter < 0:
        return False
    left, right = float(glyphs.left[accent]), float(glyphs.right[accent])
    low, high = float(glyphs.left[letter]), float(glyphs.right[letter])
    return min(right, high) - max(left, low) >= 0.5 * (right - left)


def _with_references(atoms: Sequence[Atom]) -> list[Atom]:
    """The atoms with "[1]" or "^3" for what is raised, so that it is never read as digits of what it stands at."""
    out: list[Atom] = []
    for up, group in groupby(atoms, key=lambda atom: atom[2] > 0):
        found = list(group)
        if not up:
            if out and out[-1][0] == "]" and len(out) == len(_opened(out)) and found[0][0].isalnum():
                out.append((" ", -1, 0))
            out += found
            continue
        before = "".join(said for said, _, _ in out)
        opening, closing = _wrapped("".join(said for said, _, _ in found).strip(), before)
        out += [(opening, -1, 0)] if opening else []
        out += found
        out += [(closing, -1, 0)] if closing else []
    return out


def _opened(out: list[Atom]) -> list[Atom]:
    """The atoms, if they are but one reference at the very beginning."""
    return out if out[0][0] == "[" else []


def _wrapped(raised: str, before: str) -> tuple[str, str]:
    """What to put around a raised text: brackets for a reference, a caret for a power, nothing for the rest."""
    word = _LAST_WORD.search(before)
    base = word[0] if word else ""
    if _POWER.fullmatch(raised) and base:
        return "^", ""
    if _NUMBERS.fullmatch(raised):
        power = base == "10" or (base.isalpha() and len(base) <= 2 and len(raised) == 1)
        return ("^", "") if power and not before.endswith(" ") else ("[", "]")
    if len(raised) == 1 and raised.isalpha():
        return ("^", "") if len(base) == 1 and base.isalpha() else ("[", "]")
    if raised and raised[0] == "(" and raised[-1] == ")":
        return " ", ""
    return "", ""
