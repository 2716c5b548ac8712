"""The sentences that matter: the best that stand alone, unlike one another, from all parts of the text."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from longdoc.models.salience.told import Told, ToldSalience
from longdoc.pipelines.digest.reading import SUMMARY, Candidate, Reading
from longdoc.pipelines.units.unit import Unit
from longdoc.pipelines.wording.ordinary_words import ORDINARY
from longdoc.pipelines.wording.words import content_words, stem

_REDUNDANCY = 0.7  # what likeness to a sentence already taken costs, in standard deviations of salience
_SAME = 0.9  # likeness from which a sentence says nothing new
CROWDING = 1.2  # what it costs to stand right beside a sentence already taken,
_ELBOW_ROOM = 1 / 10  # falling to nothing at this share of the text
_KEYS = 30  # words that tell what a text is about
_KEY_LETTERS = 3  # of a word that is too short to tell it
_TALKED = """
    going gonna really think actually something little right maybe thing things stuff kind sort lot mean guess
    know want need look looking better best probably doing whatever already yeah okay basically bit whole point
    talk talking sure wanna supposed start call called course please person place idea fact form exactly push
    seem sense seems select able guys feel true back nice cool fine great hard easy interesting close long mm-hmm
    minute minutes hour hours mister kinda dunno gotta lemme went came told took gets getting makes making goes having
    gives taking saying says trying looks looked works working used using wants needs means thinking talked pretty quite
    felt feel kept keep maybe happen happened happens couple whole everything anything nothing someone somebody anybody
    """
_USUAL = frozenset((*ORDINARY, *_TALKED.split()))
_COMMON = frozenset(map(stem, _USUAL))
_PERSON = re.compile(r"\b(?:he|she|him|her|his|hers|they|them|it|its|their)\b", re.IGNORECASE)
COMES_TO = re.compile(  # what a text comes to
    r"\b(?:it follows that|must (?:in any event |therefore )?(?:fail|succeed)|for (?:these|the foregoing|those) reasons"
    r"|in conclusion|to conclude|(?:we|I) (?:have )?(?:therefore )?(?:conclude|hold|affirm|reverse|vacate|order)\w*"
    r"|we (?:have )?(?:show|find|found|introduced|presented|demonstrated)\w*"
    r"|(?:appeal|application|motion|petition|claim|proceeding|objection|request)s?(?: \w+){0,6}? (?:is|are|be|was"
    r"|were|should"
    r" be|must be|will be) (?:\w+ )?(?:dismissed|granted|allowed|refused|denied|upheld|rejected|set aside)"
    r"|I (?:would|will|propose to|shall|therefore) (?:\w+ )?(?:dismiss|allow|grant|order|refuse|make|give|reject"
    r"|direct)"
    r"|(?:give|grant)s? leave to|(?:judgment|order)s? (?:for the|is|are)|is (?:affirmed|reversed|remanded|vacated)"
    r"|(?:results?|findings?|data) (?:show|suggest|indicate|demonstrate)\w*)\b",
    re.IGNORECASE,
)
_ARGUED = re.compile(  # what someone says should be, and nothing that was
    r"\b(?:submit|contend|argu|propos|suggest|alleg|assert|claim)\w* (?:\w+ )?that\b|\b(?:whether|if)\b", re.IGNORECASE
)
_LETTERS = r"(?-i:RFC|[A-Z]EP|[A-Z]IP|ADR|SRFI)"  # of a kind of proposal
_PROPOSES = re.compile(  # what a text says that it does
    rf"(?<!when )(?<!if )\b(?:this|the present|our) (?:{_LETTERS}|proposal|document|specification|paper|article|report"
    r"|guide|standard|memo|policy|plan|bill|notice) (?:(?:also|therefore|only|thus) )?(?:propos|specif|defin|describ"
    r"|introduc|recommend|standardi|add|chang|remov|extend|updat|replac|obsolet|present|explain)\w*"
    rf"|(?:^the |\bthis ){_LETTERS} (?:is|was|has been) (?:\w+ )?(?:accept|reject|withdraw|superse|defer)\w*"
    rf"|^(?:this|the) (?:{_LETTERS}|proposal|specification|standard|bill) (?:is|was|has been) (?:\w+ )?(?:accept"
    r"|reject|withdraw|superse|defer|approv|adopt|obsolet)\w*",
    re.IGNORECASE,
)
_PROPOSED = 1.4
_SUMMED_UP = 0.9
_LONG_OUTCOME = 60  # words
_CLOSE = 0.85  # of a text, from where it says what it comes to
_MOST = 4  # from which more of a kind says nothing more
_EDGE = 0.05  # of the text


def ranked(
    reading: Reading,
    candidates: Sequence[Candidate],
    worth: Callable[[Candidate], float] = lambda one: one.score,
    most: int = 24,
    taken: Sequence[Candidate] = (),
    crowding: float = CROWDING,
) -> list[Candidate]:
    """At most so many of the candidates, the best first, each unlike those before it and apart from them."""
    if not candidates:
        return []
    value = np.array([worth(one) for one in candidates])
    order = np.argsort(-value, kind="stable")[:400]
    pool = [candidates[at] for at in order.tolist()]
    value = value[order]
    vectors = _vectors(reading, pool)
    places = np.array([one.unit.start for one in pool]) / max(1, len(reading.text))
    cost = np.zeros(len(pool))
    for one in taken:
        cost = np.maximum(
            cost,
            _cost(vectors @ _vectors(reading, [one])[0], places, one.unit.start / max(1, len(reading.text)), crowding),
        )
    chosen: list[Candidate] = []
    for _ in range(min(most, len(pool))):
        best = int(np.argmax(value - cost))
        if cost[best] > 50 or np.isneginf(value[best]):
            break
        chosen.append(pool[best])
        value[best] = -np.inf
        cost = np.maximum(cost, _cost(vectors @ vectors[best], places, float(places[best]), crowding))
    return chosen


def _cost(
    likeness: NDArray[np.float64], places: NDArray[np.float64], place: float, crowding: float
) -> NDArray[np.float64]:
    crowded = np.maximum(0.0, 1 - np.abs(places - place) / _ELBOW_ROOM)
    cost: NDArray[np.float64] = _REDUNDANCY * likeness + crowding * crowded
    cost[likeness > _SAME] = 100.0
    return cost


def _vectors(reading: Reading, pool: Sequence[Candidate]) -> NDArray[np.float64]:
    """The sentences' vectors; of a language that the encoder does not know, their words as such."""
    if reading.known and len(reading.table):
        rows = np.array([max(0, one.row) for one in pool])
        known: NDArray[np.float64] = reading.table.vectors[rows].astype(np.float64)
        return known
    bags = [content_words(one.unit.text) for one in pool]
    places: dict[str, int] = {}
    for bag in bags:
        for word in sorted(bag):
            places.setdefault(word, len(places) % 512)
    vectors = np.zeros((len(pool), 512))
    for row, bag in zip(vectors, bags, strict=True):
        for word in bag:
            row[places[word]] = 1.0
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float64] = vectors / np.where(norms > 0, norms, 1.0)
    return unit


def is_outcome(reading: Reading, unit: Unit) -> bool:
    """Whether a sentence says at the end of a text what it comes to; such a one may lean on what stands before it."""
    late = unit.end > _CLOSE * reading.sources_start and _ARGUED.search(unit.text) is None
    return late and unit.whole and len(unit.text.split()) < _LONG_OUTCOME and COMES_TO.search(unit.text) is not None


def sums_up(reading: Reading, unit: Unit) -> float:
    """What it is worth that a sentence stands in a summary, or says what the text does."""
    if any(SUMMARY.fullmatch(one) for one in (unit.label, *unit.headings[-1:])):
        return _SUMMED_UP
    return _PROPOSED if _PROPOSES.search(unit.text) else 0.0


def told(reading: Reading, candidates: Sequence[Candidate], kind: Told) -> dict[int, float]:
    """The worth of each candidate, about a standard deviation, by the place where its words begin."""
    model = ToldSalience.load(kind)
    scored = [one for one in candidates if one.row >= 0]
    if not scored:
        return {}
    vectors = reading.table.vectors[[one.row for one in scored]].astype(np.float64) if reading.familiar else None
    scores = model.score(forms(reading, scored), vectors)
    return dict(zip((one.unit.spans[-1].start for one in scored), scores.tolist(), strict=True))


def forms(reading: Reading, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """The form of each candidate, (T, 11). Linear in the text."""
    words = [one.unit.words for one in candidates]
    held: Counter[str] = Counter(word for bag in words for word in bag)
    rare = {word: math.log(len(words) / (1 + times)) + 0.5 for word, times in held.items()}
    keys = key_words(candidates)
    vectors = reading.table.vectors[[one.row for one in candidates]].astype(np.float64)
    central = vectors @ vectors.mean(0)
    length = max(1, len(reading.text))
    rows = []
    for one, bag, near in zip(candidates, words, central.tolist(), strict=True):
        count, place = len(one.raw.split()), one.unit.start / length
        rows.append(
            (
                math.log(max(1, count)),
                count / 30,
                near,
                sum(rare[word] for word in bag) / (len(bag) + 1),
                min(_MOST, len(bag & keys)),
                min(_MOST, len(_PERSON.findall(one.raw))),
                one.raw.rstrip().endswith("?"),
                any(mark in one.raw for mark in '"“”'),
                any(map(str.isdigit, one.raw)),
                place < _EDGE,
                place > 1 - _EDGE,
            )
        )
    return np.array(rows, np.float64).reshape(len(rows), -1)


def is_common(word: str) -> bool:
    """Whether any text or talk is full of a word."""
    return word in _USUAL or stem(word) in _COMMON


def key_words(candidates: Sequence[Candidate]) -> frozenset[str]:
    """The stems that the text says most often, but for those that any story or talk is full of."""
    said: Counter[str] = Counter()
    for one in candidates:
        said.update(one.unit.words)
    usual = (word for word, _ in said.most_common(150) if len(word) > _KEY_LETTERS and word not in _COMMON)
    return frozenset(list(usual)[:_KEYS])
