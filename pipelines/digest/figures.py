"""Facts of tables: a row's name, its first column and the amount in it, weighed by how often the amount is said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import log

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.reading import Reading
from longdoc.pipelines.digest.section import Fact
from longdoc.pipelines.units.hygiene import readable
from longdoc.pipelines.units.rows import scale_above
from longdoc.pipelines.units.unit import Unit
from longdoc.pipelines.wording.ordinary_words import MONTHS
from longdoc.pipelines.wording.words import content_words

_AMOUNT = re.compile(r"(?<![\w.,])(?<![A-Za-z]-)[$€£¥]?\s?\(?\d[\d,]*(?:\.\d+)?\)?(?:\s?%)?(?![\w/])")
_DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")
_YEAR = re.compile(r"(?:19|20)\d\d\Z")
_YEARS = re.compile(r"\W*(?:(?:19|20)\d\d\W+)*(?:19|20)\d\d\W*\Z")
_COLUMN_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_NONE = re.compile(r"\W*[—–-]{1,2}(?:\s|$)")
_TOTAL = re.compile(r"\W*(?:grand |sub)?(?:total|net)\b|.*\b(?:overall|balance due|amount due)\b", re.IGNORECASE)
_ABOVE = 2500  # characters above a row in which the name of its column is looked for
_MOST = 9  # words of a row's name
_NAME = 3  # letters of a column's name
_OFTEN, _SPOKEN_OF = 0.3, 1.2  # what it is worth how often the text says a row's name, and at most
_HEAVY = 100  # figures for which that is counted
_UNNAMED = 5  # amounts of a row
_ALIKE = 0.6  # of the words of two names, from which they are one


def figures(reading: Reading) -> Iterator[Fact]:
    """The amounts of rows, each once; the heavier the more often and the larger they are, and for totals.

    Of rows of one name that differ, the one that stands first in twice as many as any other, or that the text says
    twice as often as any other; none where none is.
    """
    said = Counter(match[0] for match in _DIGITS.finditer(reading.text))
    largest = max((_number(one) for one in said if "," in one), default=1000.0)
    named: dict[str, list[tuple[Sentence, str]]] = {}
    found_so: list[tuple[Fact, str]] = []
    for unit in reading.found("row"):
        made = _row(reading, unit)
        if made is not None:
            sentence, name, amount = made
            named.setdefault(" ".join(name.casefold().split()), []).append((sentence, amount))
    for name, rows in named.items():
        found = _sure(rows, said)
        if found is None:
            continue
        sentence, amount = found
        digits = _DIGITS.search(amount)
        if digits is None:
            continue
        telling = min(1.0, len(digits[0].replace(",", "").replace(".", "").strip("0")) / 4)  # "1,000" is said by chance
        weight = telling * min(2.5, 1.2 * log(said[digits[0]])) + 1.6 * log(1 + _number(digits[0])) / log(10 + largest)
        weight += (0.6 if _TOTAL.match(name) else 0.0) + (0.4 if "," in digits[0] or "$" in amount else 0.0)
        found_so.append(
            (Fact(sentence, weight + (0.3 if len(sentence.spans) > 2 else 0.0)), name.removeprefix("total "))
        )
    found_so.sort(key=lambda one: -one[0].weight)
    for at, (fact, name) in enumerate(found_so):
        spoken_of = min(_SPOKEN_OF, _OFTEN * log(1 + reading.folded.count(name))) if at < _HEAVY else 0.0
        yield Fact(fact.sentence, fact.weight + spoken_of)


def _sure(rows: Sequence[tuple[Sentence, str]], said: Counter[str]) -> tuple[Sentence, str] | None:
    """The row to show of those that have one name."""
    often: dict[str, int] = {}
    for _, amount in rows:
        digits = _DIGITS.search(amount)
        if digits is not None:
            often.setdefault(digits[0], said[digits[0]])
    if not often:
        return None
    best, *others = sorted(often, key=lambda one: -often[one])
    surpassed = any(_number(one) > _number(best) for one in others)
    rows_of = Counter(digits[0] for _, amount in rows if (digits := _DIGITS.search(amount)))
    first, *rest = rows_of.most_common(2)
    larger = any(_number(one) > _number(first[0]) for one in often)
    if first[1] > 1 and all(first[1] >= (3 if larger else 2) * times for _, times in rest):
        best = first[0]
    elif others and often[best] < (3 if surpassed else 2) * often[others[0]]:
        return None
    alike = [row for row in rows if best in row[1]]
    return max(alike, key=lambda row: len(row[0].spans))


def _number(digits: str) -> float:
    return float(digits.replace(",", "").rstrip(".") or 0)


def heaviest(reading: Reading, most: int) -> list[Fact]:
    """So many figures, the heaviest first, no two of names that are nearly one."""
    kept: list[tuple[Fact, frozenset[str]]] = []
    for fact in sorted(figures(reading), key=lambda one: (-one.weight, one.place)):
        words = content_words(fact.label.split(" (")[0])
        if words <= _NAMELESS:
            continue
        if all(len(words & other) < _ALIKE * len(words | other) for _, other in kept):
            kept.append((fact, words))
        if len(kept) == most:
            break
    return [fact for fact, _ in kept]


def scale(reading: Reading, facts: list[Fact]) -> Sentence | None:
    """What the tables that the facts come from count in, such as "in millions"; None where they differ."""
    places = []
    for fact in facts:
        found = scale_above(reading.text, fact.place)
        if found is not None:
            places.append(found)
    units = {word for match in places for word in match[0].casefold().split() if word.strip(",") in _UNITS}
    if len({one.strip(",") for one in units}) != 1:
        return None
    return reading.line(places[0].start(), places[0].end(), "Amounts")


_NAMELESS = content_words("total totals subtotal sum balance other net gross all")  # of a row that says not of what
_UNITS = frozenset(("thousands", "millions", "billions"))


def _row(reading: Reading, unit: Unit) -> tuple[Sentence, str, str] | None:
    """A row's name, the name of its first column where the text gives one, and the amount, each at its place."""
    line = next(
        (span for span in unit.spans if unit.label and unit.label[:12] in span.of(reading.text)), unit.spans[-1]
    )
    raw = reading.text[line.start : unit.end]
    name = unit.label.strip(" .:$")
    at = raw.find(name) if name else -1
    if at < 0 or not 1 <= len(name.split()) <= _MOST or sum(map(str.isalpha, name)) < 3 or not name[0].isupper():
        return None
    if _NONE.match(raw, at + len(name)) or name.split()[-1].casefold().strip(".,") in MONTHS:
        return None  # a dash, and a date
    if "\t" in raw and not _whole_amount(raw[at + len(name) :]):
        return None
    amounts = [match for match in _AMOUNT.finditer(raw, at + len(name)) if match[0].strip()]
    if not amounts or _YEAR.match(amounts[0][0].strip("\n\t ()$")) or name.endswith((",", "(", "due")):
        return None
    money = [match for match in amounts if match[0].strip()[:1] in "$€£¥"]
    first = money[0] if money and unit.text.count(";") else amounts[0]
    start = line.start + first.start() + len(first[0]) - len(first[0].lstrip())
    if _YEAR.match(first[0].strip("\n\t ()$")):
        return None
    label = Span(line.start + at, line.start + at + len(name), reading.source)
    value = Span(start, line.start + first.end(), reading.source)
    said = readable(value.of(reading.text)).replace("$ ", "$")
    shown, spans = name, [label]
    column = (_year(reading, label.start, len(amounts)) if first is amounts[0] else None) or _named(
        reading, unit, name, said
    )
    if column is None and len(amounts) > _UNNAMED:
        return None  # of many columns without a name the first says nothing
    if column is not None:
        over = readable(column.of(reading.text))
        dated = any(map(str.isdigit, name)) and not any(map(str.isdigit, over))
        shown, spans = (f"{over} ({name})", [column, label]) if dated else (f"{name} ({over})", [label, column])
    return Sentence(f"{shown}: {said}", (*spans, value), label=shown), name, said


def _whole_amount(cells: str) -> bool:
    """Whether the first cell that says anything is an amount and nothing else."""
    first = next((cell.strip() for cell in cells.split("\t") if any(map(str.isalnum, cell))), "")
    return re.fullmatch(r"[$€£¥]?\s?\(?-?[\d,.]+\s?\)?\s?[%$€£¥]?", first) is not None


def _year(reading: Reading, place: int, count: int) -> Span | None:
    """The first year of the nearest line above that names the years of columns, the latest first."""
    above = reading.text[max(0, place - _ABOVE) : place]
    base = place - len(above)
    end = len(above)
    while end > 0:
        start = above.rfind("\n", 0, end) + 1
        line = above[start:end]
        years = list(_COLUMN_YEAR.finditer(line)) if len(line) < 120 else []
        if years and len(line.split()) <= 4 + 2 * len(years) and (len(years) > 1 or _YEARS.match(line)):
            latest = years[0][0] == max(year[0] for year in years)
            fits = len(years) == count or 1 < len(years) <= count
            return (
                Span(base + start + years[0].start(), base + start + years[0].end(), reading.source)
                if latest and fits
                else None
            )
        end = start - 1
    return None


def _named(reading: Reading, unit: Unit, name: str, amount: str) -> Span | None:
    """The first column's name in a header whose cells stand apart, as the row was read with it."""
    if len(unit.spans) < 2 or "\t" not in unit.spans[0].of(reading.text):
        return None
    value = unit.text[len(readable(name)) :].lstrip(" :")
    at = value.find(amount)
    column = value[:at].rpartition(";")[2].strip(" $") if at > 0 else ""
    if sum(map(str.isalpha, column)) < _NAME:
        return None
    pattern = re.compile(r"\s+".join(map(re.escape, column.split())))
    found = pattern.search(reading.text, unit.spans[0].start, unit.spans[-2].end)
    return Span(*found.span(), reading.source) if found else None
