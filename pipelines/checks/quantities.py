"""Numbers of a claim against those of its source: equal where they are equal, whatever they are written as.

A caption such as "(In millions)" gives its scale to the bare numbers of the rows below it. A claim may round, as far as
its last digit says; sums, differences and rates of change of numbers that stand in one place bear it out too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import permutations

from longdoc.pipelines.checks.finding import Problem
from longdoc.pipelines.wording.dates import calendar_dates
from longdoc.pipelines.wording.numerals import hints, quantities
from longdoc.pipelines.wording.quantity import Quantity, Reading
from longdoc.pipelines.wording.units import SCALES, SYMBOL, alike, mentioned, units_of

_CAPTION = re.compile(
    r"(?P<money>US\$|[$€£¥]|\b(?:USD|EUR|GBP|dollars?|euros?|pounds?)\b)?\s*(?:amounts?\s+|figures\s+|expressed\s+|stated\s+)?"
    r"(?:\b(?:in|are\s+in|of)\s+(?P<money2>US\$|[$€£¥]|USD|EUR|GBP)?\s?)?\b(?P<scale>thousand|million|billion|trillion)s?\b"
    r"(?:\s+of\s+(?P<money3>(?:U\.?S\.?\s+)?[a-z]+))?|(?P<noughts>[$€£]?\s?\(?0{3}'?s\)?)",
    re.IGNORECASE,
)
_IS_CAPTION = re.compile(
    r"\bin\s+(?:US\$|[$€£¥]|[A-Z]{3})?\s?(?:thousand|million|billion|trillion)s?\b|^\W*(?:US\$|[$€£¥]|dollars|euros|USD|EUR|GBP)?\s?(?:thousand|million|billion)s?\W*$|[$€£]\s?0{3}s?|\(0{3}'?s\)",
    re.IGNORECASE | re.MULTILINE,
)
_EXCEPT = re.compile(r"\bexcept\b", re.IGNORECASE)
_LOST = re.compile(
    r"\b(?:loss(?:es)?|lost|los(?:e|es|ing)|deficits?|f[ae]ll(?:s|en|ing)?|dropp?(?:s|ed|ing)?|declin(?:e|es|ed|ing)|decreas(?:e|es|ed|ing)|down"
    r"|lower(?:ed)?|negative|minus|outflows?|shr[aiu]nk(?:s|ing)?|below|reduc(?:e|es|ed|ing|tions?)|cuts?|used|burn(?:t|ed)?|short(?:fall)?|slid|slipped"
    r"|contract(?:ed|ion)|weaker|worse(?:ned)?|overdrawn|owed?|expenses?|charges?)\b|[-−–]\s*$",
    re.IGNORECASE,
)  # fmt: skip
_CHANGE = re.compile(
    r"\b(?:gr[eo]w|growth|grown|ris(?:e|es|en|ing)|rose|increas|f[ae]ll|drop|declin|decreas|reduc|chang|differ|more|less|fewer|higher|lower|by|gain|los[set]|cut"
    r"|total|altogether|all|sum|combined|together|up|down|between|over|margin|twice|half|double|triple|times"
    r"|average|mean)",
    re.IGNORECASE,
)  # fmt: skip
_YEAR = re.compile(r"(?:1[5-9]|20|21)\d\d")
_MOST_TOGETHER = 6  # numbers that a sum may be of
_ROUNDED = Decimal("0.05")  # how far a rounded number may be off, of itself
_COUNTED = 5
_ABOUT = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Scale:
    """What a caption makes of the bare numbers of its table."""

    factor: Decimal
    money: str = ""
    exempt: bool = False  # some rows are said to be left out

    @classmethod
    def of(cls, caption: str) -> Scale | None:
        """The scale that a caption or heading gives; None where it gives none."""
        if not _IS_CAPTION.search(caption) or not (match := _CAPTION.search(caption)):
            return None
        if match["noughts"]:
            money = match["noughts"][0] if match["noughts"][0] in "$€£" else ""
            factor = Decimal(1000)
        else:
            money = match["money"] or match["money2"] or match["money3"] or ""
            factor = SCALES[match["scale"].casefold()]
        held = [name for name, _ in units_of(money) if name.startswith("money:")] if money else []
        return cls(factor, held[0] if held else "", bool(_EXCEPT.search(caption)))


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of source to look for numbers in: its text, its table's scale, and the words that it stands under."""

    text: str
    scale: Scale | None = None
    around: str = ""
    row: bool = False

    @property
    def figures(self) -> tuple[Quantity, ...]:
        """Its quantities, the bare ones of a row as the caption scales them."""
        found = _figures(self.text)
        if self.scale is None or not (self.row or _IS_CAPTION.search(self.text)):
            return found
        return tuple(_scaled(one, self.scale) for one in found)


@lru_cache(maxsize=4096)
def _figures(text: str) -> tuple[Quantity, ...]:
    return (*quantities(text), *_years(text))


def _years(text: str) -> Iterator[Quantity]:
    """The years of dates, which a claim may give alone."""
    for date in calendar_dates(text):
        if (year := re.search(r"\d{4}", date.text)) is not None:
            yield Quantity(year[0], date.start, date.end, (Reading(Decimal(year[0]), "", Decimal(1)),))


def _scaled(one: Quantity, scale: Scale) -> Quantity:
    if (
        one.scaled
        or not one.readings
        or any(name and not name.startswith("money:") for name in (held.dimension for held in one.readings))
    ):
        return one
    if _YEAR.fullmatch(one.text):
        return one
    made = tuple(
        Reading(held.value * scale.factor, held.dimension or scale.money, held.step * scale.factor)
        for held in one.readings
    )
    return replace(one, readings=(*made, *(one.readings if scale.exempt else ())), scaled=True, noun="")


def number_problems(
    claim: str, near: Sequence[Place], others: Iterable[Place]
) -> Iterator[tuple[Quantity, Problem | None, Place | None]]:
    """For each number of the claim what is wrong with it, and the place that bears it out where that is not near."""
    asked = [one for one in quantities(claim) if not one.idle and (one.readings or one.raw)]
    if not asked:
        return
    rest = list(others)
    for one in asked:
        problem = _problem(claim, one, near)
        if problem is None or _counted(one, near):
            yield one, None, None
            continue
        elsewhere = next((place for place in rest if _problem(claim, one, (place,)) is None), None)
        told = next((place for place in rest if any(agree(one, figure, place) for figure in place.figures)), None)
        if elsewhere is not None:
            yield one, None, elsewhere
        elif problem.against or told is None:
            yield one, problem, None
        else:
            yield one, _problem(claim, one, (told,)), None


def _counted(one: Quantity, near: Sequence[Place]) -> bool:
    """Whether a small number in words may have been counted: nothing near has a number of the same things."""
    if not one.text.isalpha() or not one.bare or one.bound or not one.noun or one.readings[0].value > _COUNTED:
        return False
    return all(figure.noun != one.noun for place in near for figure in place.figures if figure.noun)


def _problem(claim: str, one: Quantity, places: Sequence[Place]) -> Problem | None:
    """What is wrong with a number by these places; None where one of them bears it out."""
    wrong: Problem | None = None
    for place in places:
        for figure in place.figures:
            if not agree(one, figure, place):
                continue
            found = _signed(claim, one, place, figure) or _bounded(one, figure)
            if found is None:
                return None
            wrong = wrong or found
    if wrong is None and any(derived(claim, one, place) for place in places):
        return None
    if wrong is None and any(agree(one, hint, place) for place in places for hint in hints(place.text)):
        return None
    return wrong or _unlike(one, places)


def _unlike(one: Quantity, places: Sequence[Place]) -> Problem:
    """The number of the places that has the same digits, if any, is what the claim's stands for."""
    digits = re.findall(r"\d[\d.,]*", one.text)
    for place in places:
        for figure in place.figures:
            if digits and re.findall(r"\d[\d.,]*", figure.text) == digits and figure.text != one.text:
                return Problem(f"{one.text} stands where the source has {figure.text}", "unit", against=True)
    return Problem(f"number {one.text} is not in the source", "number")


def agree(ours: Quantity, theirs: Quantity, place: Place) -> bool:
    """Whether the source's quantity bears out the value and unit of the claim's."""
    if ours.raw or theirs.raw:
        return ours.raw == theirs.raw
    if "centur" in ours.text:
        number = ours.readings[0].value / 1200
        if any(not other.dimension and _century(other.value) == number for other in theirs.readings):
            return True
    if ours.decade:
        return any(0 <= held.value - ours.readings[0].value < 10 for held in theirs.readings)
    return any(
        _alike(ours, one, theirs, other, place) and _equal(ours, one, theirs, other)
        for one in ours.readings
        for other in theirs.readings
    ) or any(_part_of_one(one, other, ours, theirs) for one in ours.readings for other in theirs.readings)


def _century(year: Decimal) -> Decimal:
    return (year - 1) // 100 + 1


def _alike(ours: Quantity, one: Reading, theirs: Quantity, other: Reading, place: Place) -> bool:
    if one.dimension == other.dimension or alike(one.dimension, other.dimension):
        return True
    if not one.dimension:
        return not (ours.noun and other.dimension in ("percent", "points", "per mille"))
    if other.dimension:
        return False
    around = f"{place.around} {place.text}"
    if one.dimension.startswith("money:") and not SYMBOL.search(around):
        named = mentioned(around)
        return not theirs.noun and (one.dimension in named or not any(name.startswith("money:") for name in named))
    if theirs.noun and one.dimension in ("percent", "points") and theirs.noun not in ("percent", "percentage"):
        return False
    return any(
        alike(one.dimension, name) for name in mentioned(_without(place.text, place.figures) + " " + place.around)
    )


def _without(text: str, figures: Sequence[Quantity]) -> str:
    """The text without its quantities, so that a unit that belongs to one is no unit of another."""
    parts, at = [], 0
    for one in figures:
        parts.append(text[at : one.start])
        at = max(at, one.end)
    return " ".join([*parts, text[at:]])


def _part_of_one(one: Reading, other: Reading, ours: Quantity, theirs: Quantity) -> bool:
    """Whether one is a share written as a part of one, the other the same as percent."""
    for part, percent in ((one, other), (other, one)):
        if percent.dimension == "percent" and not part.dimension and 0 < part.value < 1:
            off = max(percent.step, part.step * 100) / 2
            return abs(part.value * 100 - percent.value) <= max(off, percent.value * _ABOUT if ours.about else off)
    return False


def _equal(ours: Quantity, one: Reading, theirs: Quantity, other: Reading) -> bool:
    off = abs(one.value - other.value)
    if not off:
        return True
    size = max(abs(one.value), abs(other.value))
    if off <= size * Decimal("1e-9"):
        return True
    if ours.about or ours.bound:
        return off <= max(_last_digit(one), one.step / 2) and off <= size * _ABOUT and _within(ours.bound, one, other)
    rounds = ours.scaled or one.step < 1 or one.dimension in ("percent", "points") or one.dimension.startswith("money:")
    return rounds and other.step < one.step and off <= one.step / 2 and off <= size * _ROUNDED


def _within(bound: int, one: Reading, other: Reading) -> bool:
    return other.value >= one.value if bound > 0 else other.value <= one.value if bound < 0 else True


def _last_digit(one: Reading) -> Decimal:
    """What the last digit that is not nought counts: a hundred in 400."""
    exponent = one.value.normalize().as_tuple().exponent
    return Decimal(1).scaleb(int(exponent))


def _signed(claim: str, one: Quantity, place: Place, figure: Quantity) -> Problem | None:
    """Minus 12 is no 12, but a loss of 12."""
    if one.negative == figure.negative:
        return None
    text, at = (claim, one) if figure.negative else (place.text, figure)
    around = f"{text[max(0, at.start - 60) : at.start]} {text[at.end : at.end + 20]}"
    if _LOST.search(around.partition(";")[0]):
        return None
    if figure.negative:
        return Problem(f"{one.text} is {figure.text}, below nought, in the source", "sign", against=True)
    return Problem(f"{one.text} is {figure.text}, above nought, in the source", "sign", against=True)


def _bounded(one: Quantity, figure: Quantity) -> Problem | None:
    ours, theirs = one.bound, figure.bound
    if ours * theirs > 0 or (not ours and not theirs):
        return None
    if not theirs:
        exact = any(a.value == b.value for a in one.readings for b in figure.readings)
        return (
            Problem(f"{_WORDED[ours]} {one.text} stands where the source has {figure.text}", "bound", against=True)
            if abs(ours) == 2 and exact
            else None
        )
    said = f"{_WORDED[ours]} {one.text}".strip()
    return Problem(f"{said} stands where the source has {_WORDED[theirs]} {figure.text}", "bound", against=True)


_WORDED = {-2: "less than", -1: "at most", 0: "", 1: "at least", 2: "more than"}


def derived(claim: str, one: Quantity, place: Place) -> bool:
    """Whether the number is a sum, difference, ratio or rate of change of the place's numbers."""
    figures = [
        figure for figure in place.figures if figure.readings and not figure.raw and not _YEAR.fullmatch(figure.text)
    ]
    if not 2 <= len(figures) <= _MOST_TOGETHER or one.raw or one.bound:
        return False
    for reading in one.readings:
        held = [_of(figure, reading.dimension) for figure in figures]
        values = [value for value in held if value is not None]
        if len(values) >= 2 and _near(reading, sum(values, Decimal(0))):
            return True
        if not _CHANGE.search(claim):
            continue
        for a, b in permutations(values, 2):
            if a > b and _near(reading, a - b):
                return True
        if reading.dimension in ("percent", "points"):
            plain = [figure.readings[0].value for figure in figures]
            rates = [(b - a) / a * 100 for a, b in permutations(plain, 2) if a]
            if any(_near(reading, abs(rate), rounded=True) for rate in rates):
                return True
            if reading.dimension == "points":
                shares = [held.value for figure in figures for held in figure.readings if held.dimension == "percent"]
                if any(_near(reading, abs(a - b)) for a, b in permutations(shares, 2)):
                    return True
    return False


def _of(figure: Quantity, dimension: str) -> Decimal | None:
    return next(
        (
            -held.value if figure.negative else held.value
            for held in figure.readings
            if alike(held.dimension, dimension) or held.dimension == dimension or not dimension
        ),
        None,
    )


def _near(reading: Reading, value: Decimal, *, rounded: bool = False) -> bool:
    return abs(reading.value - value) <= (reading.step / 2 if rounded else 0)
