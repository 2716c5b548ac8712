"""Numbers in text as values, however they are written: digits, separators, percent, magnitudes, words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15,
    "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
_SCALES = {
    "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12,
    "k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9,
}  # fmt: skip
_IDLE = {"one", "first", "second", "third"}
_WORDS = _UNITS | _TENS | _ORDINALS
_HINTS = {
    "both": "2", "pair": "2", "couple": "2", "twice": "2", "double": "2", "two": "2", "once": "1", "single": "1",
    "thrice": "3", "triple": "3", "trio": "3", "dozen": "12", "half": "0.5", "quarter": "0.25", "decade": "10",
    "century": "100", "hundred": "100", "thousand": "1000",
}  # fmt: skip

_NUMERAL = re.compile(
    r"""(?P<digits> (?<!\d) \d{1,3} (?:[\u00a0\u202f\u2009\x20'’] \d{3})+ (?:[.,]\d+)? (?!\d) | \d+ (?:[.,]\d+)* )
    (?: (?P<decade> s\b )
      | -? \s? (?P<scale> (?i:hundred|thousand|million|billion|trillion|dozen)s? | bn | mn | [kKmMbB] ) \b )?
    (?P<percent> \s? (?:%|٪|percent|per\ cent|percentage|pct)
      | (?= \s? (?:-|–|—|to|and|or) \s? \d[\d.,]* \s? (?:%|percent|per\ cent) ) )?""",
    re.VERBOSE,
)  # fmt: skip
_ANY_WORD = "|".join(sorted([*_WORDS, *(scale for scale in _SCALES if len(scale) > 2)], key=len, reverse=True))
_SPELLED = re.compile(
    rf"\b(?:an?[\s-]+(?=hundred|thousand|million|billion|dozen))?"
    rf"(?:{_ANY_WORD})(?:[\s-]+(?:and[\s-]+)?(?:{_ANY_WORD}))*\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|nearly|almost|over|above|below|some|than|under|least|most|up\ to"
    r"|close\ to|circa|exceed(?:s|ed|ing)?)|[~≈<>≤≥])\s*[$€£¥]?\s*$",
    re.IGNORECASE,
)
_STRAY_PERCENT = re.compile(r"(?<![\d\s])\s*%|\b(?<!\d )(?:percent|per cent|percentages?)\b", re.IGNORECASE)
_TABLE_SCALE = re.compile(r"\bin\s+(thousand|million|billion)s?\b", re.IGNORECASE)
_LONGEST = 28  # digits that decimal arithmetic keeps; a longer numeral is compared as it is written


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as written, where it is, and the values it may stand for."""

    text: str
    start: int
    end: int
    values: frozenset[str]  # strict: what a claim of this number asserts, any one of them
    loose: frozenset[str]  # what text that has this number bears out


def numerals(text: str) -> Iterator[Numeral]:
    """The numbers of `text`, in no order: first those in digits, then those in words."""
    for match in _NUMERAL.finditer(text):
        yield _from_digits(text, match)
    for match in _SPELLED.finditer(text):
        yield from _from_words(text, match)


def borne_out(text: str) -> set[str]:
    """All values that a claim about `text` may give, with what its tables' headings make of bare numbers."""
    found = {value for numeral in numerals(text) for value in numeral.loose}
    found |= {_HINTS[word] for word in re.findall(r"[a-z]+", text.casefold()) if word in _HINTS}
    plain = [value for value in found if re.fullmatch(r"[\d.]+", value) and value.count(".") < 2]
    for scale in {match[1].casefold() for match in _TABLE_SCALE.finditer(text)}:
        found.update(_times(value, Decimal(_SCALES[scale])) for value in plain)
    if _STRAY_PERCENT.search(text):
        found.update(f"{value}%" for value in plain)
    return found


def plain(digits: str) -> str:
    """One spelling for each value: no leading or trailing zeros."""
    if len(digits) > _LONGEST:
        return digits
    return f"{Decimal(digits).normalize():f}"


def _times(value: str, factor: Decimal) -> str:
    return value if len(value) > _LONGEST else plain(f"{Decimal(value) * factor:f}")


def _from_digits(text: str, match: re.Match[str]) -> Numeral:
    read = _readings(match["digits"])
    values, loose = set(read), set(read)
    if match["decade"]:
        values.update(f"{value}s" for value in read)
        loose |= values
    elif match["scale"]:
        scale = match["scale"].casefold()
        factor = Decimal(_SCALES.get(scale) or _SCALES[scale.removesuffix("s")])
        scaled = {_times(value, factor) for value in read if value.count(".") < 2}
        values = values | scaled if len(scale) == 1 else scaled or values
        loose |= scaled
    loose.update(f"{value[:3]}0s" for value in read if re.fullmatch(r"(?:1[0-9]|20)\d\d", value))
    if match["percent"] is not None:
        values = {f"{value}%" for value in values} | {_hundredth(value) for value in values}
        loose |= values
    return _numeral(text, match, values, loose)


def _hundredth(value: str) -> str:
    return value if value.count(".") > 1 else _times(value, Decimal("0.01"))


def _numeral(text: str, match: re.Match[str], values: set[str], loose: set[str]) -> Numeral:
    if _ABOUT.search(text, max(0, match.start() - 24), match.start()):
        values |= {f"~{value}" for value in values}
    rounded = {f"~{near}" for value in loose for near in _rounded(value)}
    start, end = match.span()
    return Numeral(" ".join(match[0].split()), start, end, frozenset(values), frozenset(loose | rounded))


def _rounded(value: str) -> set[str]:
    """`value` to one, two and three significant digits, down and up."""
    unit = "%" if value.endswith("%") else ""
    bare = value.removesuffix("%")
    if not re.fullmatch(r"\d+(?:\.\d+)?", bare) or len(bare) > _LONGEST or not (number := Decimal(bare)):
        return {value}
    found = {value}
    for digits in (1, 2, 3):
        step = Decimal(1).scaleb(number.adjusted() - digits + 1)
        for way in (ROUND_FLOOR, ROUND_CEILING):
            found.add(plain(f"{(number / step).to_integral_value(way) * step:f}") + unit)
    return found


def _readings(digits: str) -> set[str]:
    """The values of a numeral: `1,200` is one, `1.200` is two, for a dot is a separator in half of Europe."""
    bare = re.sub(r"[^\d.,]", "", digits)
    found = set()
    american = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", bare) is not None
    if american:
        found.add(plain(bare.replace(",", "")))
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d+", bare) and not (american and "," in bare):
        found.add(plain(bare.replace(".", "").replace(",", ".")))
    return found or {bare}


def _from_words(text: str, match: re.Match[str]) -> Iterator[Numeral]:
    """The numbers of a run of number words: "twenty-five" is one, "two three" are two."""
    total = group = 0
    words = 0
    last = 10**15
    for word in [*re.findall(r"[a-z]+", match[0].casefold()), ""]:
        if word in ("and", "a", "an"):
            continue
        value, scale = _WORDS.get(word), _SCALES.get(word)
        if words and (not word or (value is not None and not _continues(last, value))):
            yield _spelled(text, match, total + group, words, word)
            total = group = words = 0
        if scale is not None:
            group = max(group, 1) * scale
            if scale >= 1000:
                total, group = total + group, 0
            last = scale
        elif value is not None:
            group, last = group + value, value
        words += 1


def _continues(last: int, value: int) -> bool:
    return last >= 100 or (last in _TENS.values() and 0 < value < 10)


def _spelled(text: str, match: re.Match[str], value: int, words: int, following: str) -> Numeral:
    """Alone, `one`, `first` or `million` says no number that a claim could get wrong."""
    loose = {str(value)}
    idle = words == 1 and (match[0].casefold() in _IDLE or match[0].casefold() in _SCALES)
    return _numeral(text, match, set() if idle else set(loose), loose)
