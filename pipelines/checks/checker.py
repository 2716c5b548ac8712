"""One check for summaries, answers and texts by anyone: does the source say what a sentence says, and where.

Each sentence is aligned to the stretches of source that it rests on, by the words they share, weighted by how rare
these are, and by the cosine of sentence vectors. Rules then look for what can be told exactly: numbers, dates, names,
quotations, negation, degree, roles. A rule only ever lowers what the alignment says, and gives its reason in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from longdoc.arguments import checked
from longdoc.chunkers.text.span import Span, merge_spans
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import UnknownNameError
from longdoc.memory.summaries.summary import Sentence, join_lines
from longdoc.pipelines.checks.alignment import Encoder, Match, asks, labelled, matches, only_asks, resting, verbatim
from longdoc.pipelines.checks.degrees import degree_problems
from longdoc.pipelines.checks.entailment import EntailmentReader, Voice, heard, together, voices
from longdoc.pipelines.checks.evidence import Evidence, Unit, joined
from longdoc.pipelines.checks.facts import Fact, Told, facts, without_references
from longdoc.pipelines.checks.finding import Finding, FirmRule, OnUnsupported, Problem, Rule
from longdoc.pipelines.checks.limits import not_judged
from longdoc.pipelines.checks.polarity import converse, polarity_problems
from longdoc.pipelines.checks.quantities import number_problems
from longdoc.pipelines.checks.roles import compares, role_problems
from longdoc.pipelines.checks.swaps import replaced_words, swapped
from longdoc.pipelines.passage import Passage
from longdoc.pipelines.wording.lexicon import known
from longdoc.pipelines.wording.numerals import quantities
from longdoc.pipelines.wording.pairing import Pairing, plain, words
from longdoc.pipelines.wording.words import content_words

_NOT_SO = "the source does not seem to say so"
_NOWHERE = ("no passage supports it",)
_OTHERWISE = "it reads as if the source says otherwise"
_ENOUGH = 0.5  # support
_AS_GOOD = 0.12  # of coverage that a unit may have less than the best and still speak for the claim
_REACH = 40  # units from one that a claim rests on, within which a name or number may be borne out
_COPY = 0.8  # likeness of a claim and a unit, words in order
_SLIGHT = {"a", "an", "the", "that", "which", "who", "and", "also", "too"}  # words in which a copy may differ
_COPIED = 0.45  # of the words of a claim and a unit, that both have: a copy, in which what a rule finds is a change
_SAME = 0.75  # from here on another word in a word's place is one too; before, it often means the same
_FIRM: frozenset[str] = frozenset(get_args(FirmRule))
_CODE = re.compile(r"[a-z][A-Z]|[A-Z]{2}|\d")
_OF_PLACES = ("ish", "ian", "ese")
_PARTS = re.compile(r";\s+|,\s+(?:and|but|while|whereas)\s+")
_LEAST_PART = 4  # words of content that make a part of a sentence a claim of its own


@dataclass(frozen=True, slots=True)
class Ruled:
    """What alignment and rules say of a sentence, and the rows that it rests on."""

    match: Match
    rows: tuple[int, ...]
    finding: Finding
    open: bool = False  # whether what reads meaning is asked
    rules: frozenset[Rule] = frozenset()  # that find something against it


def _with(one: Ruled, voice: Voice, support: float) -> Finding:
    """The finding with the model's voice."""
    if support >= _ENOUGH:
        return replace(one.finding, support=support, verdict="supported", problems=())
    if one.finding.problems:
        return replace(one.finding, support=min(one.finding.support, support))
    if voice.denies:
        return replace(one.finding, support=support, verdict="contradicted", problems=(_OTHERWISE,))
    return replace(one.finding, support=support, verdict="unsupported", problems=(_NOT_SO,))


@checked
class Checker:
    """Says of sentences whether evidence supports them, with the spans that they rest on.

    Without a `reader` words, vectors and rules decide alone; with one its voice counts where no rule finds anything.
    """

    def __init__(self, encoder: Encoder, reader: EntailmentReader | None = None) -> None:
        self._encoder, self._reader = encoder, reader

    @classmethod
    def load(cls, encoder: Encoder | None = None) -> Checker:
        """The check with the reader, and where none is given the encoder, that come with longdoc."""
        from longdoc.models.cross_encoder.reader import Reader
        from longdoc.models.encoder.embedder import Embedder

        return cls(encoder or Embedder(), Reader.load())

    def check(self, sentence: str, evidence: Evidence) -> Finding:
        """What the evidence says of one sentence."""
        return self.check_all([sentence], evidence)[0]

    def check_all(self, sentences: Sequence[str], evidence: Evidence) -> list[Finding]:
        """A `Finding` for each of `sentences`. Cost: sentences times units, and a vector for each candidate."""
        places = [verbatim(text, evidence) for text in sentences]
        said = sentences if evidence.refers else [without_references(text) for text in sentences]
        asked = [text for text, place in zip(said, places, strict=True) if place is None]
        ruled = [self._ruled(match, evidence) for match in matches(asked, evidence, self._encoder)]
        found = iter(self._heard(ruled, evidence))
        return [
            replace(next(found), text=text) if place is None else self._quoted(text, place, evidence)
            for text, place in zip(sentences, places, strict=True)
        ]

    def cite(
        self,
        sentences: Sequence[str],
        passages: Sequence[Passage],
        originals: Mapping[str, str] | None = None,
        on_unsupported: OnUnsupported = "mark",
    ) -> list[Sentence]:
        """A `Sentence` for each of `sentences`, with spans out of those of `passages`.

        `originals` gives the whole text of each source by its name: what is checked is then the source's characters.
        One that does not hold is marked, dropped, or gives way to the source's own sentence that it aligns with, if
        there is one and nothing else has quoted it.
        """
        evidence = Evidence(passages, originals)
        return resolved(self.check_all(sentences, evidence), evidence, on_unsupported)

    def _quoted(self, text: str, place: Span, evidence: Evidence) -> Finding:
        """The finding for a sentence that the source has word for word; a part of one may leave out what counts."""
        around = [unit for unit in evidence.units if any(place.overlaps(span) for span in unit.spans)]
        problems: list[Problem] = []
        if len(around) == 1 and not any(
            span.start >= place.start and span.end <= place.end for span in around[0].spans
        ):
            pairing = Pairing(plain(text), around[0].read)
            problems = [*polarity_problems(pairing), *degree_problems(pairing, plain(text), around[0].read)]
        if problems:
            return Finding(text, 0.2, "contradicted", (place,), tuple(dict.fromkeys(map(str, problems))))
        return Finding(text, 1.0, "supported", (place,))

    def _heard(self, ruled: Sequence[Ruled], evidence: Evidence) -> list[Finding]:
        """The findings, with what the model says of those that no rule decides."""
        asked = [one for one in ruled if one.open]
        if self._reader is None or not asked:
            return [one.finding for one in ruled]
        said = iter(voices(self._reader, [one.match.text for one in asked], [one.rows for one in asked], evidence))
        return [self._weighed(one, next(said)) if one.open else one.finding for one in ruled]

    def _weighed(self, one: Ruled, voice: Voice) -> Finding:
        return _with(one, voice, self._weigh(heard(voice, one.match, one.rules)))

    def _weigh(self, heard: Mapping[str, float]) -> float:
        return together(heard)

    def _ruled(self, match: Match, evidence: Evidence) -> Ruled:
        text = match.text
        if not match.rows or (self._reader is None and not match.likely):
            return Ruled(match, (), Finding(text, _likely(match) * 0.4, "unsupported", (), _NOWHERE))
        rows = resting(text, match.rows, evidence)
        facts = [*_fact_problems(text, rows, evidence)]
        units = [evidence.units[row] for row in rows]
        read = _reading_problems(text, units, evidence)
        spans = merge_spans(tuple(span for unit in units for span in unit.spans))
        literal = all(verbatim(part, evidence) is not None for part in _parts(plain(text)))
        if not literal and (why := not_judged(text, " ".join(unit.read for unit in units), match.shared)):
            said = tuple(map(str, facts)) or (why,)
            return Ruled(match, (), Finding(text, 0.4, "unsupported" if facts else "unjudged", spans, said))
        problems = facts or read
        if not problems and match.likely:
            held = Finding(text, 0.5 + 0.5 * _likely(match), "supported", spans)
            sure = literal or any(_worded(plain(text)) == _worded(unit.read) for unit in units)
            return Ruled(match, tuple(rows), held, not sure)
        if not problems:
            return Ruled(match, tuple(rows), Finding(text, _likely(match) * 0.4, "unsupported", (), _NOWHERE), True)
        found = (*facts, *read)
        against = any(one.against for one in found)
        finding = Finding(
            text,
            0.1 if against else 0.25,
            "contradicted" if against else "unsupported",
            spans,
            tuple(dict.fromkeys(map(str, problems))),
        )
        rules = frozenset(one.rule for one in found)
        copied = rules != {"question"} and _likeness(text, units) >= (_SAME if rules == {"word"} else _COPIED)
        stopped = copied or not rules.isdisjoint(_FIRM)
        return Ruled(match, tuple(rows), finding, not stopped, rules)


def resolved(findings: Sequence[Finding], evidence: Evidence, how: OnUnsupported) -> list[Sentence]:
    """The findings as sentences, with those that do not hold treated as `how` says."""
    if how not in ("mark", "drop", "quote"):
        raise UnknownNameError(f"on_unsupported is {how!r}; give mark, drop or quote")
    found: list[Sentence] = []
    for finding in findings:
        if finding.supported or how == "mark":
            found.append(sentence_of(finding))
        elif how == "quote" and (own := _own(finding, evidence)) is not None and own not in found:
            found.append(own)
    return found


def fitting(sentences: Sequence[Sentence], budget: int, tokenizer: Tokenizer) -> tuple[Sentence, ...]:
    """The first of the sentences that fit the budget together: a quotation may be longer than what it stands for."""
    kept: list[Sentence] = []
    for sentence in sentences:
        if tokenizer.count(join_lines([*kept, sentence])) <= budget:
            kept.append(sentence)
    return tuple(kept)


def named_choice(how: OnUnsupported) -> str:
    """What the choice adds to a summarizer's name, in the keys of its summaries."""
    return "" if how == "mark" else f":{how}"


def sentence_of(finding: Finding) -> Sentence:
    """A finding as the sentence of a summary or an answer."""
    return Sentence(finding.text, finding.spans, finding.supported, finding.problems, support=finding.support)


def _own(finding: Finding, evidence: Evidence) -> Sentence | None:
    """The unit of the evidence that a sentence aligns with first, as a sentence."""
    for unit in evidence.units:
        if unit.spans and any(span.overlaps(unit.spans[0]) for span in finding.spans[:1]):
            return Sentence(unit.text, unit.spans)
    return None


def _likely(match: Match) -> float:
    return min(1.0, max(match.shared, match.cosine, 0.0))


def _fact_problems(text: str, rows: list[int], evidence: Evidence) -> Iterator[Problem]:
    """Dates, names, quotations and numbers that are not borne out; rows that bear out others are added to `rows`."""
    units = evidence.units
    for fact in facts(plain(text)):
        if any(units[row].told.bears_out(fact) for row in rows) or _together(fact, rows, evidence):
            continue
        rule = _kind(fact, evidence.told, opens=plain(text).lstrip('"“‘([').startswith(fact.text))
        holder = next((row for row in _around(rows, evidence) if units[row].told.bears_out(fact)), None)
        if holder is not None and _belongs(text, fact.text, holder, rows, evidence):
            rows.append(holder)
        elif holder is not None and not evidence.told.bears_out(fact):
            yield Problem(f"{fact} is not in the source", rule)
        elif holder is not None:
            yield Problem(f"{fact} is not said where the rest is", "elsewhere")
        elif not evidence.told.bears_out(fact):
            yield Problem(f"{fact} is not in the source", rule)
    yield from (Problem(f"{code} is not in the source", "number") for code in evidence.told.other_codes(plain(text)))
    near = [units[row].place for row in rows]
    around = _around(rows, evidence)
    others = [units[row].place for row in around]
    for one, problem, place in number_problems(plain(text), near, others):
        if problem is not None:
            yield problem
        elif place is not None:
            holder = around[others.index(place)]
            if not _belongs(text, one.text, holder, rows, evidence):
                yield Problem(f"number {one.text} is not said where the rest is", "elsewhere")
            elif units[holder].row and any(units[row].row for row in rows) and not labelled(text, units[holder]):
                yield Problem(
                    f"number {one.text} belongs to {units[holder].label.strip(' ,:|')} in the source",
                    "row",
                    against=True,
                )
            else:
                rows.append(holder)


def _kind(fact: Fact, told: Told, *, opens: bool) -> Rule:
    """What kind of fact is missing: a name; what stands before its last word; a code or initials; a common word.

    A word that is not known and `opens` the sentence may be common too: Transferrin, Galliformes.
    """
    if fact.kind != "name":
        return fact.kind
    words = re.split(r"[\s-]+", fact.text)
    lacks = told.lacks(fact) if len(words) == len(fact.parts) else []
    if lacks and all(known(word := words[at].rstrip(".").casefold()) or word.endswith(_OF_PLACES) for at in lacks):
        return "term"
    if lacks and len(fact.parts) - 1 not in lacks:
        return "name in part"
    if opens and len(words) == 1:
        return "term"
    return "code" if _CODE.search(words[-1]) else "name"


def _together(fact: Fact, rows: Sequence[int], evidence: Evidence) -> bool:
    """Whether the fact is borne out by several units or their headings together, and by no one of them alone."""
    if fact.kind == "quotation":
        return False
    return not any(unit.told.bears_out(fact) for unit in evidence.units) and evidence.told.bears_out(fact)


def _around(rows: Sequence[int], evidence: Evidence) -> list[int]:
    """All other rows, those next to the rows first."""
    first = min(rows)
    return sorted(
        (row for row in range(len(evidence.units)) if row not in rows), key=lambda row: (abs(row - first), row)
    )


def _belongs(text: str, fact: str, holder: int, rows: Sequence[int], evidence: Evidence) -> bool:
    """Whether a unit is near one that the claim rests on, or tells something else of the claim too."""
    units = evidence.units
    if any(units[row].passage == units[holder].passage and abs(row - holder) <= _REACH for row in rows):
        return True
    return bool((content_words(plain(text)) - content_words(fact)) & units[holder].words)


def _reading_problems(text: str, units: Sequence[Unit], evidence: Evidence) -> list[Problem]:
    """What the rules find in each part of the claim beside the unit that is most like it."""
    found: list[Problem] = []
    also = frozenset(word.low for unit in units for word in Pairing("", f"{unit.read} {unit.context}").theirs)
    parts = _parts(plain(text))
    own = [_parts(unit.read) for unit in units] if len(parts) > 1 else []
    pieces = [replace(unit, read=one) for unit, held in zip(units, own, strict=False) if held[1:] for one in held]
    others = [*joined(units), *pieces]
    for part in parts:
        if len(parts) > 1 and verbatim(part, evidence) is not None:
            continue
        alike = _most_alike(part, units, others)
        told = [_rule_problems(text, part, pairing, unit, also) for pairing, unit in alike]
        if all(told):
            found += told[0]
        elif not asks(part) and all(only_asks(unit) for _, unit in alike):
            found.append(Problem("the source asks this and does not say it", "question"))
    return found


def _most_alike(part: str, units: Sequence[Unit], others: Sequence[Unit]) -> list[tuple[Pairing, Unit]]:
    """The units that have most of the claim's words; where it is worded as one of them is, what is worded so alone.

    `others` are units put together or divided, which count where they are worded so.
    """
    pairs = [(Pairing(part, unit.read), unit) for unit in (*units, *others)]
    copied = max(pairing.likeness for pairing, _ in pairs)
    if copied >= _COPY:
        return [(pairing, unit) for pairing, unit in pairs if pairing.likeness >= copied - _AS_GOOD]
    best = max(pairing.coverage for pairing, _ in pairs[: len(units)])
    return [(pairing, unit) for pairing, unit in pairs[: len(units)] if pairing.coverage >= best - _AS_GOOD]


def _parts(text: str) -> list[str]:
    """The parts of a sentence that are claims of their own; the sentence itself where it is one."""
    parts = _PARTS.split(text)
    if len(parts) > 1 and all(len(content_words(part)) >= _LEAST_PART for part in parts):
        return parts
    return [text]


def _rule_problems(text: str, part: str, pairing: Pairing, unit: Unit, also: frozenset[str]) -> list[Problem]:
    signed = any(figure.negative for figure in unit.place.figures)
    firm = [*polarity_problems(pairing, signed=signed)]
    problems = [*degree_problems(pairing, text, unit.read)]
    if pairing.likeness < _COPY and all(map(compares, (pairing.ours, pairing.theirs))):
        problems += role_problems(pairing)
    elif not any(converse(pairing, link) for link in pairing.links):
        problems += [
            *role_problems(pairing),
            *(Problem(said, "swapped", against=True) for said in swapped(part, unit.read)),
        ]
    if not firm and not problems:
        theirs = {word.low for word in pairing.theirs}
        problems += replaced_words(pairing, also - theirs, _figures(pairing, part, unit.read))
    return [*firm, *problems]


def _likeness(text: str, units: Sequence[Unit]) -> float:
    """Of the words of the claim and the unit that is most like it, those that both have."""
    words = content_words(plain(text))
    others = [content_words(unit.read) for unit in units]
    return max((len(words & held) / max(1, len(words | held)) for held in others), default=0.0)


def _worded(text: str) -> list[str]:
    """The words of a text in order, those left out that change nothing."""
    return [word.low for word in words(text) if word.is_word and word.low not in _SLIGHT]


def _figures(pairing: Pairing, part: str, read: str) -> tuple[set[int], set[int]]:
    """The places of the words that numbers and their units take, on either side."""
    sides = []
    for side, text in ((pairing.ours, part), (pairing.theirs, read)):
        taken = [(one.start, one.end) for one in quantities(text)]
        sides.append(
            {at for at, word in enumerate(side) if any(start < word.end and word.start < end for start, end in taken)}
        )
    return sides[0], sides[1]
