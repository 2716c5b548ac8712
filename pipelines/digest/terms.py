"""Facts of contracts: parties and terms that brackets define, and the sums, dates and periods of clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import log

from longdoc.chunkers.text.span import Span
from longdoc.pipelines.digest.reading import Reading, numbering_end
from longdoc.pipelines.digest.section import Fact
from longdoc.pipelines.units.hygiene import readable
from longdoc.pipelines.units.unit import Unit
from longdoc.pipelines.wording.dates import calendar_dates
from longdoc.pipelines.wording.words import content_words

_TERM = re.compile(
    r"\((?:the|this|each|a|an|collectively|together|hereinafter|individually|referred to as|as|or|,|and|\s)*"
    r"[“\"](?P<term>[^”\"\n]{2,50})[”\"](?:\s*(?:or|and)\s*[“\"][^”\"\n]{2,50}[”\"])?\s*\)"
)
_PARTY = re.compile(
    r"(?:^|\b(?:between|and|among|by|with|from|to|is|are|between:|,)\s+)"
    r"(?P<name>[A-Z0-9][\w.&’'-]*(?:,?\s+(?:[A-Z0-9&(][\w.&’'-]*\)?|of|the|and|de|la|–|-)){0,9},?[„\"]?"
    r"(?:,?\s*(?:an?|the)\s+[A-Za-z ]{2,40}?(?=,|\s+having|\s+with|\s+\(|\s*$))?)"
    r"(?P<more>[^()“”]{0,260}?)\s*$",
)
_DAY = re.compile(
    r"\b(?:the\s+|this\s+)?(?:first|second|third|\d{1,2})(?:st|nd|rd"
    r"|th)?\s+day\s+of\s+[A-Z][A-Za-z]{2,9},?\s+\d{3}[\d_]",
    re.IGNORECASE,
)
_SORT = re.compile(r",?\s(?:an?|the)\s[A-Za-z ]+$")
_DAYS = re.compile(r"\b(?:date|day|commencement|expiration|term)\b", re.IGNORECASE)
_SUM = re.compile(r"\s*\((?:US|CA|AU)?[$€£¥]\s?[\d,.]+\)")
_MONEY = re.compile(
    r"(?:US|CA|AU|C|A)?[$€£¥]\s?\d[\d,]*(?:\.\d+)?(?:\s(?:million|billion|thousand))?|\b\d[\d,.]*\s?(?:dollars"
    r"|euros|pounds)\b",
    re.IGNORECASE,
)
_RATE = re.compile(r"\b\d+(?:\.\d+)?\s?(?:%|percent\b)", re.IGNORECASE)
_PERIOD = re.compile(
    r"\b(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty|ninety"
    r"|[a-z]+-[a-z]+|\d+)"
    r"\s*(?:\(\d+\)\s*)?|\(\d+\)\s*)(?:business |calendar )?(?:days?|weeks?|months?|years?|hours?|minutes?)\b",
    re.IGNORECASE,
)
_ANNIVERSARY = re.compile(
    r"\b(?:first|second|third|fourth|fifth|tenth|\d+(?:st|nd|rd|th)) anniversary of [^,.;()]{3,40}", re.IGNORECASE
)
_AREA = re.compile(
    r"\b\d[\d,]*\s+(?:rentable |usable |gross )?(?:square (?:feet|meters|metres)|acres|hectares|sq\.? ?ft)",
    re.IGNORECASE,
)
_EACH = re.compile(
    r"\s*(?:per|each|a|an) (?:\w+ )?(?:month|year|annum|week|day|hour|share|unit|square foot)\b", re.IGNORECASE
)
_CLAUSE = re.compile(
    r"[;:]\s|,\s(?=(?:unless|as|provided|except|and|or|which|subject|in advance|including|without|such)\b)|\bPROVIDED\b"
)
_PARTS = re.compile(r"[,;:]\s")
_BEFORE_TERM = 18  # words behind a value that belong to the term that is defined after them
_SAYS = ("sentence", "definition", "item", "label")  # kinds of units that say something of a clause
_LABELLED = re.compile(r"[A-Z]\w+: ")  # a line with a label of its own
_LONGEST = 24  # words of a clause that is a value
_OPENING = 4000  # characters in which the parties are named
_PLACE = re.compile(
    r"(?i:\blaws?\s+of\s+)(?P<law>(?:(?i:the\s+)?(?i:State|Commonwealth|Province|Republic"
    r"|Kingdom)\s+(?i:of)\s+)?[A-Z][A-Za-z]+(?:\s[A-Z][a-z]+)?)"
    r"(?=[\s,.;])"
)
_GOVERNED = re.compile(r"\b(?:governed|construed|interpreted)\b", re.IGNORECASE)
_DANGLING = re.compile(
    r"(?:if|in the event|unless|but|provided|except|or|and|to|which|that|where|when|until|within|for|after|before"
    r"|not|with|under|by|at|in|as|such|shall|will|from|of)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Value:
    start: int
    end: int
    kind: str


def parties(reading: Reading) -> Iterator[Fact]:
    """Who the opening names and calls by a short name in brackets, under that name."""
    seen: set[str] = set()
    opened = False
    for unit in reading.units:
        if unit.start > _OPENING:
            return
        if unit.kind not in ("sentence", "definition"):
            continue
        text = reading.text[unit.start : unit.end]
        last = 0
        for term in _TERM.finditer(text):
            before, base = text[last : term.start()], unit.start + last
            last = term.end()
            label = readable(term["term"])
            span = Span(unit.start + term.start("term"), unit.start + term.end("term"), reading.source)
            day = _last_date(before)
            if day is not None and len(before) - day[1] < 12 and not _DAYS.search(label):
                continue
            if day is not None and len(before) - day[1] < 12:
                fact = reading.line(base + day[0], base + day[1], label, span)
                yield Fact(fact, 4.0)
                continue
            party = _PARTY.search(before)
            if party is None or label in seen or not _is_name(party["name"]):
                continue
            if not _SORT.search(party["name"]) and (opened or len(_TERM.findall(text)) < 2):
                continue
            seen.add(label)
            opened = True
            end = party.end("more") if len(party["more"].split()) <= 3 else party.end("name")
            while before[end - 1] in " ,„":
                end -= 1
            yield Fact(reading.line(base + party.start("name"), base + end, label, span), 5.0)


def _is_name(name: str) -> bool:
    words = name.split()
    if re.match(r"[A-Z]\.|WHEREAS|Pursuant", name) or (words[-1][:1].islower() and not _SORT.search(name)):
        return False
    capital = sum(word[0].isupper() or word[0].isdigit() for word in words)
    return len(words) > 1 and capital >= 2 and not name.startswith(("This", "The Lease", "THIS", "That"))


def _last_date(text: str) -> tuple[int, int] | None:
    places = [match.span() for match in _DAY.finditer(text)]
    places += [(one.start, one.end) for one in calendar_dates(text) if any(v[:1].isdigit() for v in one.values)]
    return max(places, key=lambda one: (one[1], -one[0])) if places else None


def clauses(reading: Reading) -> Iterator[Fact]:
    """The sum, date, area, share or period of a clause, under the term that it defines or the title it stands under."""
    for unit in reading.units:
        if unit.kind not in _SAYS:
            continue
        text = reading.text[unit.start : unit.end]
        values = _values(text)
        if not values or len(text) > 900:
            continue
        defined = list(_TERM.finditer(text))
        for value in values[:3]:
            fact = _defined(reading, unit, text, value, values, defined) or _titled(reading, unit, text, value)
            if fact is not None:
                yield fact
                break


def _values(text: str) -> list[_Value]:
    found: list[_Value] = []
    for kind, pattern in (
        ("money", _MONEY),
        ("area", _AREA),
        ("rate", _RATE),
        ("period", _PERIOD),
        ("period", _ANNIVERSARY),
    ):
        found += [_Value(*match.span(), kind) for match in pattern.finditer(text)]
    found += [_Value(*match.span(), "date") for match in _DAY.finditer(text)]
    for date in calendar_dates(text):
        if any(value[:1].isdigit() and value.count("-") == 2 for value in date.values):
            found.append(_Value(date.start, date.end, "date"))
    order = {"money": 0, "area": 1, "date": 1, "rate": 2, "period": 3}
    return sorted(found, key=lambda one: (order[one.kind], one.start))


def _defined(
    reading: Reading, unit: Unit, text: str, value: _Value, values: list[_Value], defined: list[re.Match[str]]
) -> Fact | None:
    """The value under the term that is defined right after it, or that is the only one of its sentence."""
    behind = [term for term in defined if term.start() >= value.end]
    alike = [one for one in values if one.kind == value.kind]
    if not behind or len(alike) > 1 or value.kind in ("period", "rate"):
        return None
    term = behind[0] if len(defined) > 1 else behind[-1]
    label = readable(term["term"])
    if value.kind == "date" and not _DAYS.search(label):
        return None
    if value.kind != "date" and term.start() - value.end > 200:
        return None
    span = Span(unit.start + term.start("term"), unit.start + term.end("term"), reading.source)
    if value.kind in ("money", "area"):
        start, end = _clause(text, value, _BEFORE_TERM)
    else:
        start, end = value.start, value.end
    if start < term.end() and end > term.start():
        end = term.start()
    start = numbering_end(text, start)
    if _DANGLING.match(text, start) or (text.startswith("WHEREAS", start) and "," not in text[start:end]):
        return None
    if text.startswith("WHEREAS", start):
        start = text.index(",", start) + 2
    line = reading.line(unit.start + start, unit.start + end, label, span)
    return Fact(line, _weight(reading, label, value) + 1.0)


def _titled(reading: Reading, unit: Unit, text: str, value: _Value) -> Fact | None:
    """The clause of the value under its title, where the sentence says what the title does."""
    if not unit.headings:
        return None
    title = unit.headings[-1]
    words = content_words(title)
    if not 1 <= len(title.split()) <= 6 or not words or not title[0].isupper():
        return None
    start, end = _clause(text, value)
    inside = content_words(text[start:end])
    if not (words <= inside if value.kind in ("period", "rate") else words & inside or words <= content_words(text)):
        return None
    if len(text[start:end].split()) > _LONGEST + 4:
        return None
    start = numbering_end(text, start)
    if _LABELLED.match(text, start):
        return None
    if _DANGLING.match(text, start) or (start == value.start and not _DAYS.search(title)):
        return None
    line = reading.line(unit.start + start, unit.start + end, _cased(title))
    return Fact(line, _weight(reading, title, value))


def _cased(title: str) -> str:
    return " ".join(word.capitalize() for word in title.split()) if title.isupper() else title


def _clause(text: str, value: _Value, behind: int = 6) -> tuple[int, int]:
    """The words around a value that belong to it: from the last break before it that leaves few, to the next one."""
    again = _SUM.match(text, value.end)
    end = again.end() if again else value.end
    each = _EACH.match(text, end)
    end = each.end() if each else end
    if text[end : end + 1] == ")" and text.count("(", 0, end) > text.count(")", 0, end):
        end += 1
        each = _EACH.match(text, end)
        end = each.end() if each else end
    after = _CLAUSE.search(text, end)
    stop = after.start() if after else len(text.rstrip(" .;"))
    if len(text[end:stop].split()) <= behind and text[end:stop].count("(") == text[end:stop].count(")"):
        end = stop
    start = 0
    for match in _PARTS.finditer(text, 0, value.start):
        if len(text[start:end].split()) <= _LONGEST:
            break
        start = match.end()
    if len(text[start:end].split()) > _LONGEST + 4:
        start = value.start
    return start, end


def _weight(reading: Reading, label: str, value: _Value) -> float:
    """More for what the text speaks of again and again, and for sums and dates."""
    often = reading.folded.count(label.casefold())
    return (
        min(2.0, log(1 + often) / 2) + {"money": 1.0, "area": 0.8, "date": 1.0, "rate": 0.4, "period": -0.4}[value.kind]
    )


def governing(reading: Reading) -> Iterator[Fact]:
    """Whose law a contract is under."""
    for unit in reading.units:
        text = reading.text[unit.start : unit.end]
        if unit.kind in _SAYS and _GOVERNED.search(text) and (match := _PLACE.search(text)):
            line = reading.line(unit.start + match.start("law"), unit.start + match.end("law"), "Law")
            yield Fact(line, 1.2)
            return
