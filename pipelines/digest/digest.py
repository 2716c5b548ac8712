"""The digest of one document, put together by its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.summaries.summary import EMPTY, Sentence, Summary
from longdoc.pipelines.digest.fields import fields, filled_in, lists
from longdoc.pipelines.digest.figures import figures, heaviest, scale
from longdoc.pipelines.digest.kinds import Kind
from longdoc.pipelines.digest.opening import author_of, date_of, labelled_below, organization, teaser, title_of
from longdoc.pipelines.digest.opening import defined as defined_in
from longdoc.pipelines.digest.points import CROWDING, is_outcome, ranked, sums_up
from longdoc.pipelines.digest.reading import OWN, SUMMARY, Candidate, Reading
from longdoc.pipelines.digest.section import Entry, Fact, Section, fitted
from longdoc.pipelines.digest.story import last_words, story
from longdoc.pipelines.digest.terms import clauses, governing, parties
from longdoc.pipelines.units.unit import Unit
from longdoc.pipelines.wording.words import content_words

UNKNOWN = "Not in English: the sentences are chosen by words and positions alone."
_FACTS, _POINTS = "Key facts", "Main points"
_AMOUNT = re.compile(r"\d[\d,.]*\s?(?:%|percent|million|billion)|[$€£]\s?\d", re.IGNORECASE)
_GENERIC = re.compile(
    r"(?:table of contents|contents|page \d+|\W*\d+\W*$|\(continued\)|[-*>]|.*[=<>{}])", re.IGNORECASE
)
_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{3,}(?![^\W_])|[^\x00-\x7f]")
_CHANGED = re.compile(
    r"\b(?:increas|decreas|grew|growth|rose|fell|declin|improv|higher|lower|record)\w*", re.IGNORECASE
)
_MAYBE = re.compile(r"\b(?:could|may|might|would|if|should)\b", re.IGNORECASE)
_MOST_FACTS = 14
_DEFINING = re.compile(r"\b(?:shall mean|means|referred to|meaning|defined)\b", re.IGNORECASE)
_LONG_FIELD = 160  # characters of a labelled line that is no paragraph
_LEAD = 0.7  # what it is worth to stand in the part of a text that comes before its sections
_OUTCOME, _MOST_OUTCOMES = 3.0, 2  # what it is worth to say what a text comes to, and how often
_MEASURED = 8  # sentences with an amount, from which a report's others are left out
_LONG = 120_000  # characters from which what is shown comes from all over the text; a short one may say it at once
_LISTED = 20_000  # characters of a text in prose of which a list is what matters, wherever it stands
_HEAD = 1500  # characters in which a text names its date, its number, its authors


def digest(reading: Reading, budget: int, tokenizer: Tokenizer) -> Summary:
    """The digest of a document within the budget; an empty one where nothing of it can be shown alone."""
    makers: dict[Kind, Callable[[Reading], list[Section]]] = {
        Kind.TRANSCRIPT: _transcript,
        Kind.NARRATIVE: _narrative,
        Kind.CONTRACT: _contract,
        Kind.FORM: _form,
        Kind.REPORT: _report,
        Kind.CODE: _code,
    }
    if not reading.known:
        return fitted([_title(reading), _points(reading, 1.0)], budget, tokenizer, UNKNOWN)
    sections = makers.get(reading.kind, _prose)(reading)
    summary = fitted(sections, budget, tokenizer)
    return summary if any(block.form != "title" for block in summary.blocks) else EMPTY


def about(reading: Reading, query: str, budget: int, tokenizer: Tokenizer) -> Summary:
    """The facts and the sentences of a document that are about a query, whose scores the reading has."""
    words = content_words(query)
    facts = [one for one in all_facts(reading) if words & content_words(one.sentence.text)]
    said = []
    if reading.kind is Kind.TRANSCRIPT:
        from longdoc.pipelines.digest.talk.spoken import clean_line

        said = [clean_line(one) for one in reading.turns]
    by = {id(one.candidate): one for one in said if one is not None}
    pool = [one.candidate for one in by.values()] if by else reading.points
    chosen = ranked(reading, pool, lambda one: one.score + 0.4 * len(words & one.unit.words), crowding=0.3)
    entries = [Entry(by[id(one)].sentence if by else reading.sentence(one.unit)) for one in chosen]
    sections = [
        _title(reading, dated=False, by=False),
        _facts(facts, 0.25, 6),
        Section("About it", "points", 0.7, entries),
    ]
    if by:
        sections[-1].form = "facts"
    summary = fitted(sections, budget, tokenizer, "" if reading.known else UNKNOWN)
    return summary if any(block.form in ("facts", "points") for block in summary.blocks) else EMPTY


def all_facts(reading: Reading) -> list[Fact]:
    """Every key fact of a document, of its kind."""
    made = {
        Kind.CONTRACT: (parties, clauses, fields, governing, figures),
        Kind.FORM: (labelled_below, fields, filled_in),
        Kind.REPORT: (labelled_below, lambda one: iter(heaviest(one, 20))),
    }
    return [fact for maker in made.get(reading.kind, (labelled_below, fields)) for fact in maker(reading)]


def _title(reading: Reading, dated: bool = True, by: bool = True) -> Section:
    title = title_of(reading)
    said = [title, author_of(reading) if by else None, date_of(reading) if dated else None]
    lines = [one for one in said if one is not None]
    kept = [one for at, one in enumerate(lines) if not any(_within(one, other) for other in lines[:at])]
    return Section("", "title", 0.2, [Entry(one) for one in kept], ordered=False)


def _within(one: Sentence, other: Sentence) -> bool:
    here, there = one.spans[-1], other.spans[-1]
    return here.start < there.end and there.start < here.end


def _facts(facts: Iterable[Fact], share: float, most: int = _MOST_FACTS, again: bool = False) -> Section:
    """The heaviest facts, one for each label and each value; of a form that goes on, each label as often as it is."""
    kept: list[Fact] = []
    for fact in sorted(facts, key=lambda one: (-one.weight, one.place)):
        if any(_same(fact, one, again) for one in kept):
            continue
        kept.append(fact)
        if len(kept) == most:
            break
    return Section(_FACTS, "facts", share, [Entry(one.sentence) for one in kept])


def _same(one: Fact, other: Fact, again: bool) -> bool:
    """Whether two facts are one: of one label, unless labels come again; of one value; or of one place."""
    labelled = one.label == other.label and not again
    return labelled or _value(one) == _value(other) or _within(one.sentence, other.sentence)


def _value(fact: Fact) -> str:
    return fact.sentence.text[len(fact.sentence.label) :].strip(" :.,$€£()").casefold()


def _points(
    reading: Reading, share: float, worth: Callable[[Candidate], float] | None = None, headed: bool = False
) -> Section:
    """The sentences that matter, under the headings that they come from."""
    first = reading.points[0].unit.start if reading.points else 0
    late = [one for one in reading.said if is_outcome(reading, one.unit)]
    outcomes = sorted(late, key=lambda one: -one.score)[:_MOST_OUTCOMES]
    told = set(map(id, outcomes))
    lead = reading.lead_end if reading.kind is Kind.REFERENCE else 0

    def value(one: Candidate) -> float:
        own = 0.6 if OWN.search(one.unit.text) else 0.0
        own += _LEAD if one.unit.start < lead else 0.0
        own += _OUTCOME if id(one) in told else sums_up(reading, one.unit)
        return (
            own
            + (worth(one) if worth else one.score)
            + (0.8 if one.unit.start == first and reading.kind is not Kind.REPORT else 0.0)
        )

    apart = 1.0 if reading.kind is Kind.REPORT else min(1.0, len(reading.text) / _LONG)
    pool = [one for one in reading.points if _AMOUNT.search(one.unit.text)] if reading.kind is Kind.REPORT else []
    if len(pool) < _MEASURED:
        pool = [*(one for one in reading.points if id(one) not in told), *outcomes]
    chosen = ranked(reading, pool, value, crowding=CROWDING * apart)
    title = title_of(reading)
    own = title.line if title else ""
    entries = [Entry(reading.sentence(one.unit), _heading(reading, one.unit, own) if headed else "") for one in chosen]
    return Section(_POINTS, "points", share, entries)


def _heading(reading: Reading, unit: Unit, title: str) -> str:
    """The outermost heading over a sentence that is not the title of the whole; of a report the innermost."""
    over = reading.headings(unit.start)
    for heading in reversed(over) if reading.kind is Kind.REPORT else over:
        fits = len(heading.split()) <= 8 and len(heading) < 70 and not heading.endswith((".", ",", ";"))
        named = heading.casefold() != title.casefold() and SUMMARY.fullmatch(heading) is None
        if fits and named and not _GENERIC.match(heading) and _WORD.search(heading):
            return heading
    return ""


def _contract(reading: Reading) -> list[Section]:
    early = [one for one in fields(reading) if one.place < len(reading.text) / 4]
    length = max(1, len(reading.text))
    told = [Fact(one.sentence, one.weight + 1 - one.place / length) for one in clauses(reading)]
    facts = [*parties(reading), *told, *early, *_rows(reading), *governing(reading)]
    title = _title(reading, dated=False, by=False)
    named = {content_words(entry.sentence.text) for entry in title.entries}
    facts = [one for one in facts if content_words(one.sentence.label) not in named]
    return [title, _facts(facts, 0.66), _points(reading, 0.3, _duty(reading))]


def _rows(reading: Reading) -> list[Fact]:
    """The first sums of its tables whose column has a name."""
    sums = [one for one in figures(reading) if len(one.sentence.spans) > 2 and _AMOUNT.search(one.sentence.text)]
    return [Fact(one.sentence, 4.0) for one in sorted(sums, key=lambda one: one.place)[:2]]


def _form(reading: Reading) -> list[Section]:
    title = _title(reading)
    heads = (one for one in organization(reading) if not any(_within(one.sentence, e.sentence) for e in title.entries))
    facts = [*heads, *labelled_below(reading), *fields(reading), *filled_in(reading), *lists(reading)]
    return [title, _facts(facts, 0.75, 40, again=True), _points(reading, 0.25)]


def _report(reading: Reading) -> list[Section]:
    """A report's figures, and the sentences that say how large something was or how it changed."""
    rows = heaviest(reading, 9)
    named = list(labelled_below(reading))[:1] or list(organization(reading))
    section = _facts([*named, *rows], 0.45)
    told = scale(reading, rows)
    if told is not None and rows:
        section.entries = [*section.entries[:2], Entry(told), *section.entries[2:]]
    return [
        _title(reading, by=False),
        section,
        _points(reading, 0.45, _measured([fact.label.split(" (")[0] for fact in rows]), headed=True),
    ]


def _measured(labels: Sequence[str]) -> Callable[[Candidate], float]:
    def worth(one: Candidate) -> float:
        text = one.unit.text.casefold()
        amount = 1.2 if _AMOUNT.search(text) else 0.0
        named = 0.8 if any(label in text for label in labels) else 0.0
        changed = 0.8 if _CHANGED.search(text) else 0.0
        return 0.7 * one.score + amount + named + (changed if amount else 0.0) - (1.0 if _MAYBE.search(text) else 0.0)

    return worth


def _duty(reading: Reading) -> Callable[[Candidate], float]:
    """More for what a party shall or may do, for sums, and for what stands early."""
    length = max(1, len(reading.text))
    parties_of = [re.escape(fact.sentence.label) for fact in parties(reading) if fact.weight == 5.0]
    bound = re.compile(
        rf"(?:Each |Either )?(?:{'|'.join(parties_of) or 'Part'})\w*\b.{{0,40}}\b(?:shall|may|will|agrees|hereby)\b"
    )

    def worth(one: Candidate) -> float:
        amount = 0.4 if _AMOUNT.search(one.unit.text) else 0.0
        amount -= 1.5 if _DEFINING.search(one.unit.text) else 0.0
        return one.score + amount + (0.8 if bound.match(one.unit.text) else 0.0) + 1 - one.unit.start / length

    return worth


def _prose(reading: Reading) -> list[Section]:
    facts = [*labelled_below(reading), *(one for one in fields(reading) if _heads(reading, one))]
    early = (
        len(reading.text) if len(reading.text) < _LISTED else len(reading.text) / 5
    )  # later a list is a part of what is told
    facts += [one for one in lists(reading) if one.place < early]
    title = _title(reading)
    facts = [one for one in facts if not any(_within(one.sentence, entry.sentence) for entry in title.entries)]
    if len(facts) == 1 and len(facts[0].sentence.spans) < 3:
        facts = []  # one label amid prose is hardly a form's
    return [title, _facts(facts, 0.25, 6), _points(reading, 0.8, headed=True)]


def _heads(reading: Reading, fact: Fact) -> bool:
    """Whether a labelled line is one of those that a text begins with, or a label that stands out."""
    if len(fact.sentence.text) > _LONG_FIELD:
        return False
    return fact.place < _HEAD or (fact.sentence.label.isupper() and fact.place < 4 * _HEAD)


def _code(reading: Reading) -> list[Section]:
    defined = defined_in(reading)
    first = Section("", "facts", 0.3, [Entry(one) for one in defined], ordered=False)
    return [first, _points(reading, 0.7)]


def _narrative(reading: Reading) -> list[Section]:
    everyone, parts = story(reading)
    cast = [Entry(everyone)] if everyone is not None else []
    lure = teaser(reading)
    sections = [_title(reading, dated=False), Section("", "facts", 0.1, cast)]
    sections += [Section("", "points", 0.2, [Entry(lure)])] if lure is not None else []
    last = last_words(reading)
    for name, found in parts:
        told = [Entry(one) for one in found if lure is None or not _within(one, lure)]
        if last is not None and (name, found) == parts[-1]:
            told = [one for one in told if not _within(one.sentence, last)]
            spoken = last.text[:1] in '"“'  # the last word of a talk tells less than what was done
            told = [*told[:spoken], Entry(last), *told[spoken:]]
        sections.append(Section(name, "points", 0.8 / len(parts), told, strict=True))
    return sections


def _transcript(reading: Reading) -> list[Section]:
    from longdoc.pipelines.digest.talk.hearing import hearing
    from longdoc.pipelines.digest.talk.meeting import DECISIONS, TO_DO, meeting

    heard = hearing(reading)
    if heard and not heard[0].heading:  # what is heard is said by who presides
        return heard
    talked = meeting(reading)
    works = any(one.entries for one in talked if one.heading in (DECISIONS, TO_DO))
    return talked if works or not heard else heard
