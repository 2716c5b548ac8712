"""The numbers of a text with what they are numbers of, however they are written: digits, words, parts, ranges.

"$391 billion", "391,035" under "(In millions)" and "US$ 391,035m" are one quantity; "5 mg" and "5 g" are two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from longdoc.pipelines.wording import dates
from longdoc.pipelines.wording.lexicon import known
from longdoc.pipelines.wording.quantity import WORD_AFTER, Quantity, Reading, beside
from longdoc.pipelines.wording.units import SCALES, units_of

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
_SPELLED_SCALES = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4, "fifth": 5,
    "fifths": 5, "sixths": 6, "sevenths": 7, "eighth": 8, "eighths": 8, "ninths": 9, "tenth": 10, "tenths": 10,
}  # fmt: skip
_WORDS = _UNITS | _TENS | _ORDINALS
_IDLE = {"one", "first", "second", "third"} | set(_SPELLED_SCALES)
_HINTS = {
    "both": 2,
    "pair": 2,
    "couple": 2,
    "twice": 2,
    "double": 2,
    "doubled": 2,
    "once": 1,
    "single": 1,
    "thrice": 3,
    "triple": 3,
    "tripled": 3,
    "trio": 3,
}

_DIGITS = re.compile(
    r"(?<!\d)\d{1,3}(?:[\u00a0\u202f\u2009\x20'’]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)*|(?<![\w.,)\]])\.\d+"
)
_OF_NAME = re.compile(r"(?<![^\W_])(?:(?P<before>[A-Za-z]+)[-‐]|(?P<letters>[A-Z]{2,}))$")
_PREFIXES = {
    "mid",
    "pre",
    "post",
    "non",
    "anti",
    "pro",
    "sub",
    "super",
    "inter",
    "multi",
    "semi",
    "co",
    "ex",
    "un",
    "re",
}
_WIDE = re.compile(r"D(?![^\W_])")  # 2D and 3D
_SPAN_OF_YEARS = re.compile(r"(?<!\d)(1[5-9]|20)\d\d\s?(?:--|[-–—/])\s?$")
_ANY_WORD = "|".join(sorted([*_WORDS, *_SPELLED_SCALES], key=len, reverse=True))
_SPELLED = re.compile(
    rf"\b(?:an?[\s-]+(?=hundred|thousand|million|billion|dozen))?(?:{_ANY_WORD})"
    rf"(?:[\s-]+(?:and[\s-]+)?(?:{_ANY_WORD}))*\b",
    re.IGNORECASE,
)
_PART = re.compile(
    rf"\b(?:(?P<count>{'|'.join([*_UNITS, 'an?'])})[\s-]+)?"
    rf"(?P<part>{'|'.join(sorted(_PARTS, key=len, reverse=True))})\b"
    r"(?:\s+of\b|\s+(?=an?\b|the\b))?",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"(?<![\d/.])(?P<one>\d{1,2})/(?P<two>\d{1,2})(?![\d/])")
_ONE_IN = re.compile(
    r"\b(?P<one>one|two|three|four|\d)\s+(?:in|out\s+of)\s+(?P<two>two|three|four|five|six|seven|eight|ten|\d{1,3})\b",
    re.IGNORECASE,
)
_AN_HOUR = re.compile(
    r"\ban?\s+(?P<unit>second|minute|hour|day|week|month|year|century|decade|mile|kilometre|kilometer|metre|meter|litre|liter|pound|ton|tonne|million|billion)\s+and\s+a\s+(?P<part>half|quarter)\b",
    re.IGNORECASE,
)
_LONGEST = 28  # digits that decimal arithmetic keeps; a longer numeral is compared as it is written
_BUILT = {"time", "length", "mass", "months"}  # dimensions whose units stand one behind another: 5 ft 3 in


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities of `text` in order, those in dates left out."""
    taken = [(date.start, date.end) for date in dates.calendar_dates(text)]
    found: list[Quantity] = []
    for one in (*_fractions(text), *_halves(text), *_in_digits(text), *_in_words(text)):
        if not any(start < one.end and one.start < end for start, end in taken):
            taken.append((one.start, one.end))
            found.append(one)
    found.sort(key=lambda one: one.start)
    return tuple(_joined(text, found))


@lru_cache(maxsize=4096)
def hints(text: str) -> tuple[Quantity, ...]:
    """Numbers that words such as "both" and "twice" stand for."""
    return tuple(
        Quantity(match[0], *match.span(), (Reading(Decimal(_HINTS[match[0]]), "", Decimal(1)),), hint=True)
        for match in re.finditer(r"[a-z]+", text.casefold())
        if match[0] in _HINTS
    )


def _in_digits(text: str) -> Iterator[Quantity]:
    for match in _DIGITS.finditer(text):
        if _of_name(text, match.start()) or _WIDE.match(text, match.end()):
            continue
        values = _values(match[0])
        if not values:
            yield Quantity(match[0], *match.span(), (), raw=re.sub(r"[^\d.,]", "", match[0]))
            continue
        if len(match[0]) == 2 and (year := _SPAN_OF_YEARS.search(text, max(0, match.start() - 8), match.start())):
            values = [*values, (Decimal(year[1] + match[0]), Decimal(1))]  # 2007-11
        decade = re.match(r"['’]?s\b", text[match.end() : match.end() + 3])
        if decade and len(match[0]) == 4:
            yield Quantity(
                f"{match[0]}s",
                match.start(),
                match.end() + len(decade[0]),
                (Reading(values[0][0], "", Decimal(10)),),
                decade=True,
            )
            continue
        yield beside(text, match.start(), match.end(), values)


def _of_name(text: str, at: int) -> bool:
    """Whether the digits there belong to a name: COVID-19, covid-19, TNFAIP3."""
    match = _OF_NAME.search(text, max(0, at - 12), at)
    if match is None:
        return False
    if letters := match["letters"]:
        return not units_of(letters)
    word = match["before"].casefold()
    return match["before"].isupper() or not (known(word) or word in _PREFIXES)


def _values(digits: str) -> list[tuple[Decimal, Decimal]]:
    """The values of a numeral with their last digits' steps: `1,200` is one, `1.200` is two, for half of Europe."""
    bare = re.sub(r"^\.", "0.", re.sub(r"[^\d.,]", "", digits))
    if len(bare) > _LONGEST:
        return []
    found = []
    american = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", bare) is not None
    if american:
        found.append(bare.replace(",", ""))
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d+", bare) and not (american and "," in bare):
        found.append(bare.replace(".", "").replace(",", "."))
    return [(Decimal(one), Decimal(1).scaleb(-len(one.partition(".")[2]))) for one in found]


def _in_words(text: str) -> Iterator[Quantity]:
    """The numbers of runs of number words: "twenty-five" is one, "two three" are two."""
    for match in _SPELLED.finditer(text):
        total = group = words = 0
        last, start, end = 10**15, match.start(), match.start()
        for word in [*re.finditer(r"[a-z]+", match[0].casefold()), None]:
            said = word[0] if word else ""
            if said in ("and", "a", "an"):
                continue
            value, scale = _WORDS.get(said), _SPELLED_SCALES.get(said)
            if words and (word is None or (value is not None and not _continues(last, value))):
                yield _spelled(text, start, end, total + group, words)
                total = group = words = 0
                start = match.start() + word.start() if word else end
            if word is None:
                break
            end = match.start() + word.end()
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


def _spelled(text: str, start: int, end: int, value: int, words: int) -> Quantity:
    said = text[start:end].casefold()
    made = beside(text, start, end, [(Decimal(value), Decimal(1))])
    some = said == "one" and made.bound == 1  # at least one
    return replace(made, idle=words == 1 and said in _IDLE and made.bare and (some or not made.bound))


def _fractions(text: str) -> Iterator[Quantity]:
    """Halves, two thirds, 1/3, one in five: as parts of one."""
    for match in (*_ONE_IN.finditer(text), *_SLASHED.finditer(text)):
        one, two = (
            _UNITS.get(said.casefold()) or int(said) if said.isalpha() or said.isdigit() else 0
            for said in (match["one"], match["two"])
        )
        if two and one < two:
            yield beside(text, match.start(), match.end(), [(Decimal(one) / Decimal(two), Decimal("0.01"))])
    for match in _PART.finditer(text):
        part, count = match["part"].casefold(), (match["count"] or "").casefold()
        plural = part.endswith("s") and part != "halves"
        if part not in ("half", "halves") and not (
            count and (plural or match[0].rstrip().endswith("of") or part == "quarter")
        ):
            continue  # "the third", "third quarter"
        if re.search(r"\band\s+(?:a\s+)?$", text[: match.start()] + (count and "")) or (
            part == "quarter" and not match[0].rstrip().endswith("of") and not plural
        ):
            continue
        size = Decimal(_UNITS.get(count, 1)) / Decimal(_PARTS[part])
        if size < 1:
            end = match.start() + len(match[0].rstrip())
            yield _of_unit(text, match.start(), end, size)


def _of_unit(text: str, start: int, end: int, size: Decimal) -> Quantity:
    """The fraction, or where a unit follows ("half an hour") so much of it."""
    after = re.match(r"\s*(?:an?|the)\s+", text[end:])
    if after and (unit := WORD_AFTER.match(text, end + after.end())):
        scale = SCALES.get(unit["one"].casefold())
        if scale:
            return Quantity(
                text[start : unit.end("one")],
                start,
                unit.end("one"),
                (Reading(size * scale, "", scale / 10),),
                scaled=True,
            )
        if units := [one for one in units_of(unit["one"]) if not one[0].startswith("money")]:
            dimension, factor = units[0]
            return Quantity(
                text[start : unit.end("one")], start, unit.end("one"), (Reading(size * factor, dimension, factor / 10),)
            )
    made = beside(text, start, end, [(size, Decimal("0.01"))])
    return replace(made, readings=tuple(one for one in made.readings if not one.dimension) or made.readings)


def _halves(text: str) -> Iterator[Quantity]:
    """An hour and a half, a million and a quarter."""
    for match in _AN_HOUR.finditer(text):
        size = Decimal("1.5") if match["part"].casefold() == "half" else Decimal("1.25")
        name = match["unit"].casefold()
        if name in SCALES:
            yield Quantity(
                match[0], *match.span(), (Reading(size * SCALES[name], "", SCALES[name] / 100),), scaled=True
            )
        else:
            readings = tuple(Reading(size * factor, dimension, factor / 100) for dimension, factor in units_of(name))
            yield Quantity(match[0], *match.span(), readings)


def _joined(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """The quantities, those that are one in two units ("1 hour 30 minutes") put together."""
    held: list[Quantity] = []
    for one in found:
        last = held[-1] if held else None
        if (
            last
            and last.readings
            and one.readings
            and last.readings[0].dimension == one.readings[0].dimension in _BUILT
        ):
            gap = text[last.end : one.start]
            big, small = last.readings[0], one.readings[0]
            if re.fullmatch(r"\s*(?:,|and)?\s*", gap) and big.step > small.step and small.value < big.step:
                whole = Reading(big.value + small.value, big.dimension, small.step)
                held[-1] = replace(last, text=text[last.start : one.end], end=one.end, readings=(whole,))
                continue
        held.append(one)
    for one, after in pairwise(held):
        yield _ranged(text, one, after)
    yield from held[-1:]


def _ranged(text: str, one: Quantity, after: Quantity) -> Quantity:
    """The first number of a range, with the unit and scale that stand behind the second: 45 to 50 percent."""
    if not one.bare or one.noun or not one.readings or not after.readings or after.bare or one.raw:
        return one
    if not re.fullmatch(r"\s*(?:-|–|—|to|and|or)\s*", text[one.end : after.start]):
        return one
    plain = _values(re.findall(r"[\d.,]*\d", after.text)[0]) if re.search(r"\d", after.text) else []
    factors = {(after.readings[0].value / value, after.readings[0].dimension) for value, _ in plain if value}
    more = tuple(
        Reading(held.value * factor, name, held.step * factor) for held in one.readings for factor, name in factors
    )
    return replace(one, readings=(*one.readings, *more))
