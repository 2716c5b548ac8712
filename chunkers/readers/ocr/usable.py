"""Whether a page's text layer is text: one that says signs at random, or letters that make no words, counts as none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_SAMPLE = 600  # characters of the beginning and of the middle
_LATIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MOSTLY, _USUAL = 0.8, (0.34, 0.5)
_FEW = 24  # characters: less is too little to tell
_SAME = re.compile(r"(.)\1{2,}", re.DOTALL)  # dots that lead to a page number, rules
_WORD = re.compile(r"[^\W\d_]{4,}")
_UNKNOWN = 0.2  # of the characters
_SIGNS = 0.55  # of the characters that are neither letters nor digits
_WORDS = 8
_WITHOUT = 0.1  # of the words of Latin letters that have no vowel; in tongues written in them it is below 0.05
_VOWELS = 0.3  # of the Latin letters; in those tongues it is above 0.33


def is_usable(text: str) -> bool:
    """Whether `text` may be what a page says; False for an empty one."""
    if len(text) > 2 * _SAMPLE:
        middle = len(text) // 2
        text = text[:_SAMPLE] + text[middle : middle + _SAMPLE]
    packed = "".join(text.split())
    if _is_plain(packed):
        return True
    ornaments = [ord(one) for one in {*packed} if one != "\ufffd" and unicodedata.category(one) == "So"]
    packed = packed.translate(dict.fromkeys(ornaments)) if ornaments else packed
    plain = _SAME.sub(r"\1", packed)
    if len(plain) < _FEW:
        return bool(packed) and not _unknown(packed) > len(packed) / 2
    letters = _count(plain, lambda one: one.isalnum() or unicodedata.category(one)[0] == "M")
    if _unknown(packed) > _UNKNOWN * len(packed) or len(plain) - letters > _SIGNS * len(plain):
        return False
    return not _says_nothing(text)


def _is_plain(packed: str) -> bool:
    """Whether it is Latin letters for the most part, with as many vowels as tongues have: most pages are."""
    plain = packed.encode("ascii", "replace")
    letters, vowels = (len(plain) - len(plain.translate(None, some)) for some in (_LATIN, b"aeiouAEIOU"))
    return letters > _MOSTLY * len(packed) and _USUAL[0] * letters < vowels < _USUAL[1] * letters


def _unknown(text: str) -> int:
    return _count(text, lambda one: one == "\ufffd" or unicodedata.category(one) in ("Co", "Cn", "Cc"))


def _count(text: str, wanted: Callable[[str], bool]) -> int:
    """How many characters are such as are wanted; each kind of them is asked once."""
    return sum(text.count(one) for one in {*text} if wanted(one))


def _says_nothing(text: str) -> bool:
    """Whether its Latin words are none: too many without a vowel, and too few vowels among all their letters."""
    folded = unicodedata.normalize("NFD", text)
    folded = "".join(one for one in folded if unicodedata.category(one) != "Mn")
    words = [word for word in _WORD.findall(folded) if word.isascii() and not word.isupper()]
    if len(words) < _WORDS:
        return False
    vowels = [sum(letter in "aeiouyAEIOUY" for letter in word) for word in words]
    return vowels.count(0) > _WITHOUT * len(words) and sum(vowels) < _VOWELS * sum(map(len, words))
