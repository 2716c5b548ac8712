"""Questions answered without a chat model: the units found that answer them, quoted, or none.

A unit is a sentence, a label with its value, a row with the names of its columns, a list with its introduction. It is
judged by its vector's nearness to the question, the share of the question's words that it has, the rare ones counting
most, how well its label is what is asked for, the place of its passage among those found, and whether it has what is
asked for: a number, a date, a name, a reason. Nothing is made or changed, so that nothing is said that the documents
do not say; and nothing is worked out from two of them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.index.passage_index import Match
from longdoc.memory.summaries.summary import Sentence, join_lines
from longdoc.pipelines.answers.cues import Question
from longdoc.pipelines.answers.found import Candidate, Texts, candidates, defining, introducing, with_reasons
from longdoc.pipelines.answers.introduced import goes_on
from longdoc.pipelines.answers.nearby import standing_for
from longdoc.pipelines.answers.reading import Answering, logit, readings
from longdoc.pipelines.summarizers.sentence_table import Encoder
from longdoc.pipelines.units.hygiene import leads_elsewhere
from longdoc.pipelines.wording.words import content_words

_ENCODED = 4000  # characters of units whose vectors are made
_READ = 800  # characters of the first passage
_COSINE, _SHARE, _RANK, _CUE, _LABEL = 0.55, 0.35, 0.1, 0.14, 0.4  # what a unit's score is made of
_UNFINISHED, _SHORT, _FULL = 0.12, 0.2, 9  # what it costs a sentence to have no end, or fewer words than these, at most
_BESIDE = 0.3  # what it costs a list or a label to be called what is to be defined, and not to say what it is
_ELSEWHERE = 0.3  # what it costs a sentence to say only where something is told
_NO_LIST = 0.2  # what it costs a list to be asked for yes or no
_IS_ONE = re.compile(r"(?:\b(?:is|was|are|were)|[:=])\s+[\"“'‘`]?[\w.-]+[\"”'’`]?\W*\Z")
_LABEL_WORDS = 8
_WHOLE_LIST = 0.05  # what a list with its introduction is preferred by to one of its items
_CONTEXT = 0.5  # of the weight of a word of the question, where the heading or the line before has it
_REDUNDANT, _NEW = 0.2, 0.2  # what likeness to a unit taken costs, and what words not yet covered add
_SAME = 0.92  # cosine from which two units say the same
_ABOUT = 0.5  # of the question's words, from which a unit is about what it asks
_ADDED = 0.05  # of the weight of the question's words, from which a unit adds something
_ENOUGH, _PLENTY = 0.9, 0.93  # of the best score, for a unit that adds something, and for one that does not;
_DOUBTED = 2.0  # log odds of the reader below the best unit's, from which a unit is not added to a narrow answer
_SLACK = 0.12  # less than that where the question is a broad one
# What says that anything found answers: the cosine of the best unit, of the nearest one and of the first passage; the
# share of the question's words in the best unit, with what it stands under, and how well its label is what is asked
# for; whether it has what is asked for; the shares of the question's names and words that nothing found has; and what
# the reader says of it. Fitted by logistic regression on the questions of benchmarks/questions, each asked of another
# document too; the last, which draws the line, set by hand on the same questions after the reader was trained to its
# end (`python benchmarks/answer_quality.py`).
_FITTED = (0.76, 0.78, 0.27, 0.83, 0.83, 0.63, 0.0, -0.35, -1.62, 0.51, -1.33)
_READER, _UNREAD, _WITHOUT, _MOST_READ = 0.08, -2.0, 1.0, 24  # what log odds of the reader count, and those of others


@dataclass(frozen=True, slots=True)
class Found:
    """The units that answer, as sentences, and how sure it is that they do: from 0 to 1."""

    sentences: tuple[Sentence, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class _Scored:
    """Candidates with their scores, the question's words that each has, and vectors, row by row."""

    units: Sequence[Candidate]
    scores: NDArray[np.float64]
    own: Sequence[frozenset[str]]  # words of the question in the unit itself,
    covered: Sequence[frozenset[str]]  # and in it or what it stands under
    vectors: NDArray[np.float32]
    cosines: NDArray[np.float32]  # to the question
    passage: float  # the cosine of the first passage to it
    read: NDArray[np.float64]  # the log odds that the reader gives


def extractive_answer(
    question: str, matches: Sequence[Match], *, encoder: Encoder, tokenizer: Tokenizer, max_tokens: int
) -> tuple[Sentence, ...]:
    """The units of the passages found that answer the question, in reading order; none where nothing does.

    Each rests on exact places of its source; together they take at most `max_tokens` as rendered. `matches` are
    passages with `source` and `start_index`, best first; others, such as summaries, are passed over.
    """
    return best_answer(question, matches, encoder=encoder, tokenizer=tokenizer, max_tokens=max_tokens).sentences


def best_answer(
    question: str,
    matches: Sequence[Match],
    *,
    encoder: Encoder,
    tokenizer: Tokenizer,
    max_tokens: int,
    texts: Texts | None = None,
    reader: Answering | None = None,
) -> Found:
    """As `extractive_answer`, with its confidence. `texts` has whole sources, to read around a passage;
    `reader` judges the units that do best without it, and whether any of them answers.

    Costs the vectors of some 5,000 characters, however many passages there are.
    """
    asked = Question.of(question)
    units = candidates(matches, texts)
    if asked.term and texts is not None:
        units += defining(asked, units, texts)
    if asked.who is not None and texts is not None:
        units += introducing(asked, units, texts)
    if asked.wants_a_reason:
        units = with_reasons(asked, units)
    role = content_words(asked.who.words) if asked.who is not None and asked.who.is_role else frozenset[str]()
    if role and any(role <= one.unit.words | asked.spelled_out(one.unit.text) for one in units):
        asked = replace(asked, words=role)  # else it is told in other words, of what it is a role in
    if not units or not asked.words or max_tokens < 1:
        return Found((), 0.0)
    weights = _weights(asked, units)
    units = _with_near_words(asked, units)
    scored = _scored(asked, units, weights, matches[0].document.page_content, encoder, reader)
    if not scored.units:
        return Found((), 0.0)
    sure = 1 / (1 + math.exp(-_confidence(asked, scored, units, weights)))
    if not asked.whole and (sure <= 0.5 or _strange(asked, units, texts)):
        return Found((), min(sure, 0.5))
    chosen = _chosen(asked, scored, weights)
    if asked.who is not None and not any(_introduces(asked, one) or _cue(asked, one) > 0 for one in chosen):
        return Found((), min(sure, 0.5))
    only = asked.wants_a_name or asked.wants_a_reason
    if only and not any(_cue(asked, one) > 0 or _may_tell(asked, one) for one in chosen):
        return Found((), min(sure, 0.5))
    if asked.is_called:
        chosen = [one for one in chosen if _cue(asked, one) > 0] or chosen
    chosen += [one for one in scored.units if _goes_on_from(one, chosen, units)][:1]
    return Found(_within(chosen, units, tokenizer, max_tokens), sure)


def _goes_on_from(one: Candidate, chosen: Sequence[Candidate], units: Sequence[Candidate]) -> bool:
    """Whether it says what someone is whom one of the chosen has introduced."""
    leans = one.leans_on is not None and units[one.leans_on] in chosen
    return leans and one not in chosen and goes_on(one.unit.text)


def _may_tell(asked: Question, one: Candidate) -> bool:
    """Whether a unit about just what is asked may tell why, or what it is called, without a word that says so."""
    said = one.unit.words | one.context | asked.dated(one.unit.text)
    held = len(asked.words & said) / len(asked.words)
    if asked.wants_a_reason:
        return held >= _ABOUT and _cue(asked, one) >= 0
    return asked.is_called and held == 1 and _IS_ONE.search(one.unit.text) is not None


def _strange(asked: Question, units: Sequence[Candidate], texts: Texts | None) -> bool:
    """Whether the question names what the documents do not; False where their whole texts are not known."""
    if texts is None or not asked.named_so:
        return False
    sources = list(dict.fromkeys(one.unit.spans[0].source for one in units))
    wholes = [texts.whole(source) for source in sources]
    return all(wholes) and asked.names_none_of(
        wholes, [_file(one) for one in sources]
    )  # a file may be called by whom it is about


def _file(source: str) -> str:
    """The name of a file, without the folders that it lies in."""
    return source.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _weights(asked: Question, units: Sequence[Candidate]) -> dict[str, float]:
    """How much each word of the question tells: much, where few units have it. They are 1 together."""
    holders = Counter(word for one in units for word in asked.words & (one.words(asked.named) | one.context))
    raw = {word: math.log(1 + (len(units) + 1) / (1 + holders[word])) for word in sorted(asked.words)}
    whole = sum(raw.values())
    return {word: weight / whole for word, weight in raw.items()}


def _with_near_words(asked: Question, units: list[Candidate]) -> list[Candidate]:
    """The units with the words of the question, that none of them has, in the context of those that mean the same."""
    seen = frozenset[str]().union(*(one.unit.words | one.context for one in units))
    unseen = frozenset(word for word in asked.words - seen - asked.named if not word.startswith("@"))
    near = standing_for(asked.text, unseen, (one.unit.text for one in units)) if unseen else {}
    if not near:
        return units
    return [
        replace(one, meant=frozenset(word for word, others in near.items() if others & one.unit.words)) for one in units
    ]


def _own(asked: Question, one: Candidate) -> frozenset[str]:
    if asked.who is not None and _introduces(asked, one):
        return asked.words
    told = asked.dated(one.unit.text) | asked.spelled_out(one.unit.text)
    return asked.words & (one.words(asked.named) | told)  # "US" spelled out is the word "us", which tells nothing


def _plain_score(asked: Question, one: Candidate, own: frozenset[str], weights: dict[str, float]) -> float:
    """What a unit scores without its vector. A row has its subject above it: names say nothing about rows."""
    row = one.unit.kind in ("row", "label")
    told = {word: weight for word, weight in weights.items() if not (row and word in asked.named)} or weights
    has = sum(weight for word, weight in told.items() if word in own)
    around = sum(weight for word, weight in told.items() if word in one.context and word not in own)
    share = (has + _CONTEXT * around) / sum(told.values())
    prose = one.unit.kind in ("sentence", "turn", "item")
    short = max(0.0, 1 - len(one.unit.text.split()) / _FULL) if prose else 0.0
    beside = asked.term and one.unit.kind in ("list", "label") and asked.cue(one.unit.text) < 1  # of that name only
    flaws = (
        _BESIDE * bool(beside)
        + _ELSEWHERE * (prose and leads_elsewhere(one.unit.text))
        + _NO_LIST * (one.unit.kind == "list" and asked.yes_or_no)
        + _UNFINISHED * one.unfinished
        + _SHORT * short
    )
    gains = _LABEL * _label(asked, one, weights) + _WHOLE_LIST * (one.unit.kind == "list" and bool(one.unit.label))
    return _SHARE * share + _RANK * one.rank + _CUE * _cue(asked, one) + gains - flaws


def _cue(asked: Question, one: Candidate) -> float:
    """Whether a unit has what is asked for; a speaker is the answer only to who did something."""
    return asked.cue(one.unit.text if asked.of_speakers else one.said)


def _label(asked: Question, one: Candidate, weights: dict[str, float]) -> float:
    """How well the label is what is asked for: the share of its words in the question, and of the question's in it."""
    label = one.unit.label
    if one.unit.kind == "item":
        head, colon, _ = one.unit.text.partition(":")
        label = head if colon and len(head.split()) <= _LABEL_WORDS else label
    if not label or one.unit.kind in ("turn", "sentence"):
        return 0.0
    words = content_words(label)
    if not words or (asked.term and asked.cue(one.unit.text) < 1):  # a label of signs alone; a name with its title
        return 0.0
    return len(words & asked.words) / len(words) * sum(weights[word] for word in words & asked.words)


def _scored(
    asked: Question,
    units: Sequence[Candidate],
    weights: dict[str, float],
    first: str,
    encoder: Encoder,
    reader: Answering | None,
) -> _Scored:
    """The units that may answer: scored without their vectors, and the best of them with."""
    able = [one for one in units if one.answers]
    if asked.term:
        able = [one for one in able if asked.cue(one.unit.text) >= 1] or able
    if asked.who is not None:
        able = [one for one in able if _introduces(asked, one)] or able
    if asked.wants_a_seat:
        able = [one for one in able if _cue(asked, one) > 0] or able
    if asked.wants_questions:
        asking = [one for one in units if one.unit.kind == "turn" and asked.puts(one.unit.text)]
        put = [one for one in asking if not asked.named or asked.named & content_words(one.unit.label)]
        able = put or able
    own = [_own(asked, one) for one in able]
    plain = [_plain_score(asked, one, words, weights) for one, words in zip(able, own, strict=True)]
    order = sorted(range(len(able)), key=lambda row: -plain[row])
    sizes = accumulate(len(able[row].read) for row in order)
    rows = [row for row, size in zip(order, sizes, strict=True) if size <= _ENCODED or row == order[0]]
    chosen = [able[row] for row in rows]
    vectors = encoder.encode([asked.text, " ".join(first[:_READ].split()), *(one.read for one in chosen)])
    aim = vectors[2:].mean(axis=0) if asked.whole and chosen else vectors[0]
    cosines = vectors[1:] @ aim
    scores = np.array([plain[row] for row in rows]) + _COSINE * cosines[1:]
    read = _read(asked, chosen, scores, reader)
    covered = [own[row] | (asked.words & able[row].context) for row in rows]
    held = [own[row] for row in rows]
    scores = scores + _READER * read
    return _Scored(chosen, scores, held, covered, vectors[2:], cosines[1:], float(cosines[0]), read)


def _read(
    asked: Question, chosen: Sequence[Candidate], scores: NDArray[np.float64], reader: Answering | None
) -> NDArray[np.float64]:
    """The log odds that the reader gives each of the best units; of the others, and without a reader, little."""
    if reader is None or asked.whole:
        return np.full(len(chosen), _WITHOUT)
    odds = np.full(len(chosen), _UNREAD)
    best = np.argsort(-scores, kind="stable")[:_MOST_READ].tolist()
    for row, reading in zip(best, readings(asked.text, [chosen[row] for row in best], reader), strict=True):
        odds[row] = logit(reading.score)
    return odds


def _introduces(asked: Question, one: Candidate) -> bool:
    """Whether a unit says who it is that is asked for, names them in a row, or goes on from what says it."""
    who = asked.who
    if who is None or who.by(one.unit.text):
        return who is not None
    if one.unit.kind in ("row", "label"):
        return who.in_row(one.unit.text)
    return who.in_title(one.unit.text) or (goes_on(one.unit.text) and who.by(one.lead))


def _evidence(
    asked: Question, scored: _Scored, units: Sequence[Candidate], weights: dict[str, float]
) -> tuple[float, ...]:
    """What speaks for an answer having been found, in the order of `_FITTED`."""
    best = int(np.argmax(scored.scores))
    one = scored.units[best]
    words = frozenset[str]().union(*(unit.unit.words | (unit.context - unit.meant) for unit in units)) | one.meant
    texts = [*dict.fromkeys(_file(unit.unit.spans[0].source) for unit in units), *(unit.unit.text for unit in units)]
    letters = "".join(filter(str.isalnum, "".join(texts).casefold()))
    above = asked.named & asked.words & words if one.unit.kind in ("row", "label") else frozenset[str]()  # its subject
    return (
        float(scored.cosines[best]),
        float(scored.cosines.max()),
        scored.passage,
        sum(weights[word] for word in scored.own[best] | above),
        sum(weights[word] for word in scored.covered[best] | above),
        _label(asked, one, weights),
        _cue(asked, one),
        asked.strange(words, letters),
        sum(weight for word, weight in weights.items() if word not in words and not word.startswith("@")),
        float(scored.read[best]),
        1.0,
    )


def _confidence(asked: Question, scored: _Scored, units: Sequence[Candidate], weights: dict[str, float]) -> float:
    """Above 0 where what was found is likely to answer the question."""
    evidence = _evidence(asked, scored, units, weights)
    return sum(one * weight for one, weight in zip(evidence, _FITTED, strict=True))


def _chosen(asked: Question, scored: _Scored, weights: dict[str, float]) -> list[Candidate]:
    """Units, the best first: each good enough beside the best, and unlike those before it."""
    top = float(scored.scores.max())
    rows = [int(np.argmax(scored.scores))]
    taken = [set(scored.units[rows[0]].unit.spans)]
    while len(rows) < asked.most:
        covered = frozenset[str]().union(*(scored.covered[row] for row in rows))
        likeness = (scored.vectors @ scored.vectors[rows].T).max(axis=1)
        new = np.array([sum(weights[word] for word in sorted(one - covered)) for one in scored.covered])
        value = scored.scores - _REDUNDANT * likeness + _NEW * new
        least = (np.where(new > _ADDED, _ENOUGH, _PLENTY) - _SLACK * asked.broad) * top
        value[(scored.scores + _NEW * new < least) | (likeness > _SAME)] = -np.inf
        if not asked.broad:
            value[scored.read < scored.read[rows[0]] - _DOUBTED] = -np.inf
        said = {scored.units[row].unit.text for row in rows}
        within = [one.unit.text in said or any(_share_spans(one, held) for held in taken) for one in scored.units]
        value[np.array(within)] = -np.inf
        best = int(np.argmax(value))
        if np.isneginf(value[best]):
            break
        rows.append(best)
        taken.append(set(scored.units[best].unit.spans))
    return [scored.units[row] for row in rows]


def _share_spans(one: Candidate, taken: set[Span]) -> bool:
    """Whether it says again what was taken: a list and its items, not two rows under one header."""
    own = one.unit.spans if one.unit.kind == "list" else one.unit.spans[-1:]
    return any(span in taken for span in own)


def _within(
    chosen: Sequence[Candidate], units: Sequence[Candidate], tokenizer: Tokenizer, max_tokens: int
) -> tuple[Sentence, ...]:
    """As many of the chosen as fit, each behind what it leans on where that fits too, in reading order."""
    taken: list[Candidate] = []
    for one in chosen:
        leaning = [units[one.leans_on]] if one.leans_on is not None and units[one.leans_on] not in taken else []
        for group in ([*leaning, one], [one]):
            if one not in taken and _tokens([*taken, *group], tokenizer) <= max_tokens:
                taken += group
    if not taken:
        return _cut(chosen[0], tokenizer, max_tokens)
    return _sentences(taken)


def _sentences(taken: Sequence[Candidate]) -> tuple[Sentence, ...]:
    """Sentences in reading order; the document of the best sentence comes first."""
    sources = list(dict.fromkeys(one.unit.spans[0].source for one in taken))
    ordered = sorted(taken, key=lambda one: (sources.index(one.unit.spans[0].source), one.unit.spans[-1].start))
    return tuple(Sentence(one.unit.text, one.unit.spans) for one in ordered)


def _tokens(taken: Sequence[Candidate], tokenizer: Tokenizer) -> int:
    return tokenizer.count(join_lines(_sentences(taken)))


def _cut(one: Candidate, tokenizer: Tokenizer, max_tokens: int) -> tuple[Sentence, ...]:
    """The beginning of a unit that is too long; nothing where not even a token fits."""
    for _, end in reversed(tokenizer.offsets(one.unit.text)[:max_tokens].tolist()):
        text = one.unit.text[:end].rstrip()
        sentence = Sentence(text, one.unit.spans)
        if text and tokenizer.count(sentence.line) <= max_tokens:
            return (sentence,)
    return ()
