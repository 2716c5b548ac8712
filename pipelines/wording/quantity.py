"""A quantity: a number and what stands beside it, its unit, currency, scale, sign and bound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from longdoc.pipelines.wording.units import LETTERS, SCALES, SYMBOL, Unit, units_of

_PART_OF = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "third": Decimal(1) / 3}
_AND_PART = re.compile(
    r"\s+and\s+(?:(?:a|one)\s+)?(half|quarter|third)\b|\s+and\s+(?:three)\s+(quarters)\b", re.IGNORECASE
)
_LEFT = re.compile(
    rf"(?P<open>\()?\s?(?P<minus>(?<![\w.)-])[-−–](?=[$€£¥\d]*$)|[−]|\bminus\s|\bnegative\s)?\s?(?P<money>{SYMBOL.pattern})?\s?(?P<open2>\()?(?P<minus2>[-−])?\s?$"
)
_SCALE = re.compile(
    r"\s?-?\s?(?P<scale>(?i:hundred|thousand|million|billion|trillion|dozen|lakh|crore|mio\.?|mrd\.?)s?|bn|mn|tn|mln|mil|mm|[kKmMbBT])\b(?!/)(?P<half>\s+and\s+a\s+half)?"
)
WORD_AFTER = re.compile(
    r"(?:[\s-]{0,2}|\s-\s)(?P<one>[%٪‰°℃℉$€£][CF]?(?![a-z])|[^\W\d_]+(?!['’]?[^\W\d_]|['’][^\W\d_]{2})[²³23]?(?:/[a-z]+)?)"
    r"(?:[ -](?P<two>[^\W\d_]+)(?:\s(?P<three>[a-z]+))?)?"
)
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b")
_WHEN = re.compile(r"\b(?:after|before|within|beyond)\s+(?:the\s+)?$", re.IGNORECASE)
_OLD = re.compile(r"[\s-]{0,3}old\b", re.IGNORECASE)
_AGED = re.compile(r"\b(?:aged?|age\s+of)\s*$", re.IGNORECASE)
_MONTHS = 12  # of a year
_ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|some|close\s+to|circa|ca\.|an\s+estimated|an\s+average\s+of|or\s+so)|[~≈±])\s*$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"(?:\b(?:at\s+least|no(?:t)?\s+(?:less|fewer|under|lower|younger|smaller|shorter)\s+than|a?\s*minimum(?:\s+\w+)?\s+(?:of|is|was)|minimum|not\s+below|upwards?\s+of|starting\s+at|from)|[≥])\s*(?:of\s+)?(?:the\s+)?$",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"(?:\b(?:at\s+most|no(?:t)?\s+(?:more|greater|over|higher|older|larger|longer|later)\s+than|up\s+to|a?\s*maximum(?:\s+\w+)?\s+(?:of|is|was)|maximum|not\s+(?:over|above|exceed(?:ing)?)|within|(?:limited|capped)\s+(?:to|at)|as\s+(?:many|much)\s+as)|[≤])\s*(?:of\s+)?(?:the\s+)?$",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"(?:\b(?:(?:more|greater|higher|larger|longer|older|heavier|taller|further|farther|later)\s+than|over|above|exceed(?:s|ed|ing)?|beyond|after|in\s+excess\s+of|surpass(?:es|ed|ing)?|topped|topping)|[>])\s*(?:the\s+)?$",
    re.IGNORECASE,
)
_UNDER = re.compile(
    r"(?:\b(?:(?:less|fewer|lower|smaller|shorter|younger|lighter|earlier)\s+than|under|below|before|short\s+of)|[<])\s*(?:the\s+)?$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(
    r"[^.;,]{0,24}?\b(?:or|and)\s+(?:more|above|over|older|greater|higher|longer|later|upwards?|up)\b|\s*\+(?!\s*\d)|[^.;,]{0,16}?\bat\s+(?:the\s+)?least\b",
    re.IGNORECASE,
)
_OR_LESS = re.compile(
    r"[^.;,]{0,24}?\b(?:or|and)\s+(?:less|fewer|below|under|younger|lower|shorter|earlier)\b|[^.;,]{0,16}?\bat\s+(?:the\s+)?(?:most|latest)\b",
    re.IGNORECASE,
)
_NO_NOUN_WORDS = """
    and or but of to in on at by for from with as is was are were be been has had have than then while when who
    which that the a an per each every more less over under after before between during until since not about up
    down
    """
_NO_NOUN = frozenset(_NO_NOUN_WORDS.split())


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in the first unit of its dimension; "" for a number alone. `step` is what its last digit counts."""

    value: Decimal
    dimension: str
    step: Decimal


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written, where it is, and what it may mean."""

    text: str
    start: int
    end: int
    readings: tuple[Reading, ...]
    raw: str = ""  # what no value can be given to: a version, a very long number
    noun: str = ""  # the word behind it, where that is no unit
    scaled: bool = False  # a scale is written beside it
    negative: bool = False
    about: bool = False
    bound: int = 0  # -1 at most, -2 less than, 1 at least, 2 more than
    idle: bool = False  # "one" or "first" says no number that a claim could get wrong
    hint: bool = False  # "both" for 2: bears out a claim, and is none
    decade: bool = False

    @property
    def bare(self) -> bool:
        """Whether it is a number without unit, scale or currency."""
        return not self.scaled and all(not one.dimension for one in self.readings)


def beside(text: str, start: int, end: int, values: list[tuple[Decimal, Decimal]]) -> Quantity:
    """The number that stands from `start` to `end`, with what stands beside it."""
    first, last = start, end
    left = _LEFT.search(text, max(0, start - 12), start)
    money = left["money"] if left else None
    opened = bool(left and (left["open"] or left["open2"]))
    minus = bool(left and (left["minus"] or (left["minus2"] and (money or opened))))
    if left and (money or minus):
        first = left.start("minus") if left["minus"] and not money else left.start("money") if money else start
    ordinal = _ORDINAL.match(text, end)
    last = end = ordinal.end() if ordinal else end
    closed = (
        opened and text[end : end + 1] in (")", "%") and (text[end : end + 1] == ")" or text[end + 1 : end + 2] == ")")
    )
    if closed and text[end] == ")":
        first, end = text.rfind("(", 0, start) if not money else first, end + 1
    parts = _AND_PART.match(text, end)
    if parts and not text[parts.end() :].lstrip().casefold().startswith("of"):
        part = (parts[1] or "").casefold()
        added = Decimal("0.75") if parts[2] else _PART_OF[part]
        values = [(value + added, Decimal("0.01")) for value, _ in values]
        last = end = parts.end()
    factors: list[Decimal] = [Decimal(1)]
    scaled = False
    if scale := _SCALE.match(text, end):
        name = scale["scale"].casefold().rstrip(".")
        factor = SCALES.get(name) or SCALES.get(name.removesuffix("s"))
        if factor:
            factors, scaled = [factor], True
        elif money or name in ("b", "k") or scale["scale"] in ("M",):
            factors, scaled = [LETTERS[name]], True
        elif name in LETTERS:
            factors = [Decimal(1), LETTERS[name]]
        if scaled:
            if scale["half"]:
                values = [(value + Decimal("0.5"), Decimal("0.1")) for value, _ in values]
            last = end = scale.end()
    units, noun, stop = _unit_after(text, end)
    if money:
        held = units_of(money)
        units = (tuple(one for one in units if one[0].startswith("money:")) and units) or held
        if any(one[0].startswith("money:") for one in units):
            stop = stop if units is not held else end
            units = tuple(held)
    last = max(last, stop) if units else last
    readings: list[Reading] = []
    for value, step in values:
        for factor in factors:
            whole, size = value * factor, step * factor
            if factor != 1 and not scaled:
                readings.append(Reading(whole, "", size))
            elif units:
                readings += [Reading(whole * of, dimension, size * of) for dimension, of in units]
            else:
                readings.append(Reading(whole, "", size))
    before = text[max(0, start - 40) : first]
    negative = minus or (closed and (bool(units) or scaled or bool(money) or _in_a_row(text, start)))
    bound = _bound(before, text[last : last + 40])
    if _WHEN.search(before):  # "after two meetings" is no more than two meetings, "after 30 days" no fewer than 30
        bound = 0 if noun or "-" in text[first:last] else max(-1, min(1, bound))
    readings += _ages(readings, text[last:], before)
    return Quantity(
        " ".join(text[first:last].split()), first, last, tuple(readings), noun=noun, scaled=scaled,
        negative=negative, about=bool(_ABOUT.search(before)), bound=bound,
    )  # fmt: skip


def _ages(readings: list[Reading], after: str, before: str) -> list[Reading]:
    """What an age may be written as: "30-year-old", "aged 30" and, behind a name, "30" are one."""
    if _OLD.match(after):
        return [Reading(one.value / _MONTHS, "", Decimal(1)) for one in readings if one.dimension == "months"]
    if _AGED.search(before):
        return [Reading(one.value * _MONTHS, "months", Decimal(_MONTHS)) for one in readings if not one.dimension]
    return []


def _in_a_row(text: str, start: int) -> bool:
    """Whether the number stands in a row of a table: behind a label, with no sentence around it."""
    line = text[text.rfind("\n", 0, start) + 1 : (text.find("\n", start) + 1 or len(text) + 1) - 1]
    return "|" in line or (re.search(r"[.!?]\s*$", line) is None and len(re.findall(r"[^\W\d_]+", line)) <= 8)


def _unit_after(text: str, end: int) -> tuple[tuple[Unit, ...], str, int]:
    """The units that the words behind a number may name, else the noun there; and where the unit ends."""
    match = WORD_AFTER.match(text, end)
    if not match:
        return (), "", end
    one, two = match["one"], match["two"]
    if two and (
        units := units_of(f"{one} {two}") or (units_of(f"{one} {two} {match['three']}") if match["three"] else ())
    ):
        return units, "", match.end("two")
    if (
        one.casefold() in ("square", "cubic", "us", "metric")
        and two
        and one.casefold() == "metric"
        and (units := units_of(two))
    ):
        return units, "", match.end("two")
    if len(one) == 1 and one.isalpha() and one.isupper() and two and two[0].islower():
        return (), two.casefold(), end  # "12 A men"
    if units := units_of(one):
        return units, "", match.end("one")
    noun = one if one[0].isalpha() and one.casefold() not in _NO_NOUN else ""
    return (), noun.casefold(), end


def _bound(before: str, after: str) -> int:
    for pattern, bound in ((_AT_MOST, -1), (_AT_LEAST, 1), (_OVER, 2), (_UNDER, -2)):
        if pattern.search(before):
            if bound == 1 and re.search(r"\bfrom\s*$", before, re.IGNORECASE):
                continue
            return bound
    if _OR_MORE.match(after):
        return 1
    return -1 if _OR_LESS.match(after) else 0
