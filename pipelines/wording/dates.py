"""Dates in text as year, month and day, however they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))\b\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})\b"
_WRITTEN = [
    re.compile(rf"\b{_DAY}(?:\s+day)?(?:\s+of)?\s+{_MONTH}(?:,?\s+{_YEAR})?"),
    re.compile(rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}(?![\d:]|[.,]\d)(?:,?\s+{_YEAR})?"),
    re.compile(rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}"),
    re.compile(r"\b(?P<year>\d{4})(?P<mark>[-/.])(?P<m>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?P<year>\d{4})\s?年\s?(?P<m>\d{1,2})\s?月(?:\s?(?P<day>\d{1,2})\s?日)?"),
    re.compile(r"\b(?P<a>\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<year>\d{4})(?!\d)"),
    re.compile(r"\b(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<year>\d{2})(?!\d)"),
    re.compile(
        r"\b(?P<month>January|February|April|June|July|August|September|October|November|December"
        r"|(?<=in )(?:May|March)|(?<=of )(?:May|March)|(?<=by )(?:May|March)|(?<=since )(?:May|March))\b"
    ),
]


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """A date as written, where it is, and what it may mean: `2020-3-4`, `2020-3`, `-3-4` without a year, `-3`."""

    text: str
    start: int
    end: int
    values: frozenset[str]


def calendar_dates(text: str, *, small: bool = False) -> Iterator[CalendarDate]:
    """The dates of `text`, none inside another; `3/4/2020` may mean two days. Years alone are numbers.

    `small`: months in small letters count, though "may 5" may be a verb's.
    """
    taken: list[tuple[int, int]] = []
    for pattern in _WRITTEN:
        for match in pattern.finditer(text):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            values = frozenset(_values(match, small=small))
            if values:
                taken.append(match.span())
                yield CalendarDate(" ".join(match[0].split()), *match.span(), values)


def borne_out(text: str) -> set[str]:
    """All dates that a claim about `text` may give: its own, coarser ones, and days with the years it names."""
    found: set[str] = set()
    for date in calendar_dates(text, small=True):
        for value in date.values:
            year, *rest = value.split("-")
            found |= {value, f"-{rest[0]}", f"-{'-'.join(rest)}"}
            found |= {f"{year}-{rest[0]}"} if year else set()
    years = set(re.findall(r"(?<!\d)\d{4}(?!\d)", text))
    return found | {f"{year}{value}" for value in found if value.startswith("-") for year in years}


def _values(match: re.Match[str], *, small: bool) -> Iterator[str]:
    parts = match.groupdict()
    year = _whole(parts.get("year"))
    if "a" in parts:
        a, b = int(parts["a"]), int(parts["b"])
        for month, day in {(a, b), (b, a)}:
            if 1 <= month <= 12 and 1 <= day <= 31:
                yield from (f"{whole}-{month}-{day}" for whole in _centuries(year))
        return
    if parts.get("m"):
        month = int(parts["m"])
    elif small or parts["month"][0].isupper():
        month = _MONTHS.index(parts["month"][:3].casefold()) + 1
    else:
        return  # "may 5" and "march 3" are verbs
    day = int(parts.get("day") or 0)
    if 1 <= month <= 12 and (not parts.get("day") or 1 <= day <= 31):
        yield f"{year}-{month}" + (f"-{day}" if day else "")


def _centuries(year: str) -> list[str]:
    return [year] if len(year) == 4 else [f"19{year}", f"20{year}"]


def _whole(year: str | None) -> str:
    return "".join(str(int(digit)) for digit in year or "")
