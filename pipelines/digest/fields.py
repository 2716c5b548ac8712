"""Facts of labelled lines: "Label: value", and lists with what introduces them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import log

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.kinds import Kind
from longdoc.pipelines.digest.reading import Reading, bullet_end
from longdoc.pipelines.digest.section import Fact
from longdoc.pipelines.units.hygiene import is_ended, readable
from longdoc.pipelines.units.unit import Unit

_EMPTY = re.compile(
    r"[\W_]*$|.*_{3,}|(?:https?|www)\S*$|as set forth\b|specified\b.*\bin section\b|see\b|n/?a$", re.IGNORECASE
)
_SIGNED = re.compile(
    r"(?:by|its|name|title|attn|signature|date|witness|source|print|phone|fax|note|tel|e-?mail|url|attention"
    r"|with a copy to"
    r"|(?:if )?to(?: the)? \w+|for notices|notices?(?: to)?|address)\W*$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[\d.]+|\b[ivx]+\b|\b[a-z]\b", re.IGNORECASE)
_TOTAL = re.compile(r"\b(?:total|balance|due|sum|net|overall)\b", re.IGNORECASE)
_VALUE = re.compile(r"\d|[A-Z]")
_LABELLED = re.compile(r"[A-Z]\w+: [A-Z]")  # a value that is a line with a label of its own
_LINK = re.compile(r"\[([^\]\n]+)\]\(\S+\)")
_MOST_LABEL, _MOST_VALUE, _FEW = 6, 26, 12  # words
_ITEMS = 8, 4, 9  # of a list that is a fact: items, words of what introduces it, words of an item,
_STEPS = 12, 12, 16  # and the same of numbered steps
_CODE_NAME, _PARTS = re.compile(r"\W*`+[^`\n]+`+\W*$"), re.compile(r"\([a-z]\) ")
_FIGURE = re.compile(r"(?:fig(?:ure|\.)?|table|panel)\b|.*\([A-Z]+\d+\)$", re.IGNORECASE)  # whose parts are no facts
_STEP = re.compile(r"\(?\d{1,2}[.)]\s")
_DIGIT = re.compile(r"[$€£¥]?\s?\d")
_SHORT_LINE = 45  # characters; a line of a form that ends earlier is not gone on with
_CELLS = 3  # of a row that is a label with what was filled in
_NAMING = re.compile(r"[^\W\d_]{3}|[^\x00-\xff]")  # what a row begins with, where it says of what it is
_CELL = re.compile(r"[^\t\n|]+")
_NO_NAME = re.compile(
    r"(?:these|those|this|that|they|it|such|here|there|see|see also|references|further reading|notes?|contents"
    r"|in this article)\b",
    re.IGNORECASE,
)
_MANY = 500  # labelled lines, from which it is not counted how often each label is said
_COMMON = 4  # times from which a label is a form of its text, such as "Step 3", and names no fact


def fields(reading: Reading) -> Iterator[Fact]:
    """What stands behind a label on its line, the earliest heaviest."""
    found = [unit for unit in reading.found("label") if _is_field(reading, unit)]
    often = Counter(_bare(unit.label) for unit in found)
    seen: set[str] = set()
    for unit in found:
        key = f"{_bare(unit.label)}:{unit.value[:40].casefold()}"
        if often[_bare(unit.label)] >= _COMMON or key in seen:
            continue
        seen.add(key)
        made = _field(reading, unit)
        if made is None:
            continue
        early = 1.5 * (1 - unit.start / max(1, len(reading.text)))
        usual = min(1.0, log(1 + reading.folded.count(unit.label.casefold())) / 3) if len(found) <= _MANY else 0.0
        yield Fact(made, 1.0 + early + usual + (0.5 if _VALUE.search(unit.value) else 0.0))


def filled_in(reading: Reading) -> Iterator[Fact]:
    """The rows of a form, and its short lines that have something to say, as they stand."""
    over = {heading for unit in reading.units for heading in unit.headings}
    for unit in reading.units:
        words = unit.text.split()
        if unit.kind == "row":
            yield from _filled_row(reading, unit)
        elif (
            unit.kind == "heading"
            and unit.text not in over
            and "\t" not in unit.spans[0].of(reading.text)
            and not unit.spans[0].of(reading.text).endswith(":")
            and 2 <= len(words) <= 10
            and _VALUE.search(" ".join(words[1:]))
        ):
            yield Fact(reading.line(unit.start, unit.end), 1.6 if any(map(str.isdigit, unit.text)) else 0.8)


def _filled_row(reading: Reading, unit: Unit) -> Iterator[Fact]:
    """A row's name and what stands in its cells."""
    columns = [one for one in unit.spans[0].of(reading.text).split("\t") if one.strip()]
    if (
        len(unit.spans) > 1 and len(columns) >= _CELLS and any(map(str.isalpha, unit.label))
    ):  # the names of its columns are known
        yield Fact(Sentence(unit.text, unit.spans, label=unit.label), 1.2)
        return
    line = unit.spans[-1]
    found = [
        Span(line.start + one.start(), line.start + one.end(), line.source)
        for one in _CELL.finditer(line.of(reading.text))
    ]
    if len(found) == 1 and unit.label and (name := found[0].of(reading.text).find(unit.label)) >= 0:
        start = found[0].start + name
        cut = start + len(unit.label)
        found = [Span(start, cut, line.source), Span(cut, found[0].end, line.source)]
    said = [one.of(reading.text).strip(" \t:") for one in found]
    told = [at for at, text in enumerate(said) if any(map(str.isalnum, text))]
    found, said = [found[at] for at in told], [said[at] for at in told]
    if len(found) > _CELLS and not _TOTAL.search(said[0]):
        pairs = []  # a table's: its values say nothing without the names of their columns
    elif len(found) > 1 and _NAMING.search(said[0]):
        heads = len(found) == 2 and said[0].split()[-1] == said[1].split()[-1] and not said[1][-1].isdigit()
        pairs = [] if heads else [(0, list(range(1, len(found))))]
    else:
        pairs = []
    for label, values in pairs:
        text = f"{said[label]}: {'; '.join(said[at] for at in values)}"
        weight = 2.0 if _TOTAL.search(said[label]) else 1.4
        yield Fact(Sentence(text, tuple(found[at] for at in (label, *values)), label=said[label]), weight)
    if (
        not pairs
        and len(unit.text.split()) > 1
        and any(map(str.isdigit, unit.text))
        and said
        and _NAMING.search(said[0])
    ):
        yield Fact(reading.line(line.start, line.end), 1.2)


def _is_field(reading: Reading, unit: Unit) -> bool:
    label, value = unit.label, unit.value
    if (
        not label
        or len(label.split()) > _MOST_LABEL
        or not label[0].isupper()
        or (reading.kind is Kind.CONTRACT and _SIGNED.match(label))
    ):
        return False
    if _EMPTY.match(value) or _LABELLED.match(value) or label.casefold().startswith(("step", "note")):
        return False
    small = [word for word in label.split() if word[0].islower() and len(word) > 3]
    odd = sum(not (one.isalnum() or one.isspace()) for one in value) > 0.5 * len(value)
    if len(small) > 1 or odd or "`" in label or label.startswith(("But", "And")):
        return False
    before = reading.text[max(0, unit.start - 40) : unit.start].rpartition("\n")[2]
    return before.endswith("\t") or not any(map(str.isalpha, before))


def _field(reading: Reading, unit: Unit) -> Sentence | None:
    """The label and the value, or the first of it that can stand alone where it is long."""
    raw = reading.text[unit.start : unit.end]
    colon = re.search(r"[:：\t]", raw)
    if colon is None:
        return None
    label = Span(unit.start, unit.start + colon.start(), reading.source)
    start = unit.start + colon.end()
    start += len(reading.text[start : unit.end]) - len(reading.text[start : unit.end].lstrip())
    start = bullet_end(reading.text, start)
    end = unit.end
    if reading.kind is Kind.FORM and (stop := reading.text.find("\n", start, end)) > 0 and stop - start < _SHORT_LINE:
        end = stop
    words = len(reading.text[start:end].split())
    if words > _MOST_VALUE or (words > _FEW and not is_ended(reading.text[start:end])):
        end = _short_end(reading.text, start, end)
    link = _LINK.fullmatch(reading.text[start:end].rstrip()) if end > start else None
    if link is not None:
        start, end = start + link.start(1), start + link.end(1)
    if end <= start:
        return None
    return reading.line(start, end, readable(unit.label), label)


def _short_end(text: str, start: int, end: int) -> int:
    """Where a long value's first clause ends; `start` where that is long, too."""
    for match in re.finditer(r"[.;]\s|,\s|\s\(", text[start:end]):
        if match[0][0] in " ," and _DIGIT.match(text, start + match.end()):
            continue
        words = len(text[start : start + match.start()].split())
        if words > _MOST_VALUE:
            return start
        rest = text[start : start + match.start()]
        if words >= 5 and rest.count("(") == rest.count(")"):
            return start + match.start()
    return start


def lists(reading: Reading) -> Iterator[Fact]:
    """Short lists under what introduces them, and numbered steps, as a label and its values."""
    for unit in reading.found("list"):
        introduced = unit.spans[0].of(reading.text).rstrip().endswith((":", ":**", ")"))
        if not introduced or not unit.label or not unit.label[0].isupper() or _NO_NAME.match(unit.label):
            continue
        items = len(unit.spans) - 1
        names = _PARTS if _FIGURE.match(unit.label) else _CODE_NAME
        if all(names.match(span.of(reading.text)) for span in unit.spans[1:]):
            continue
        steps = items > 1 and all(_STEP.match(span.of(reading.text)) for span in unit.spans[1:])
        most_items, most_label, most_words = _STEPS if steps else _ITEMS
        fits = items <= most_items and len(unit.text.split()) <= most_words * len(unit.spans)
        if fits and len(unit.label.split()) <= most_label:
            yield Fact(Sentence(unit.text, unit.spans, label=unit.label), 1.5)


def _bare(label: str) -> str:
    return _NUMBERED.sub("", label.casefold()).strip()
