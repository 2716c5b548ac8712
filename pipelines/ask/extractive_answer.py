"""Questions answered without a chat model: the sentences found that answer them, quoted, or none.

A sentence is judged by its vector's nearness to the question, the share of the question's words that it has, the rare
ones counting most, the place of its passage among those found, and whether it has what is asked for: a number, a date,
a name, a reason. No sentence is made or changed, so that nothing is said that the documents do not; and nothing is
worked out from two of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.index.document_index import Match
from longdoc.memory.summaries.summary import Sentence, join_lines
from longdoc.pipelines.ask.cues import Question
from longdoc.pipelines.ask.units import Unit, units_of
from longdoc.pipelines.summarizers.sentence_table import Encoder

_ENCODED = 1900  # characters of sentences whose vectors are made
_READ = 800  # characters of the first passage; with it, what the bundled encoder computes at a time
_COSINE, _SHARE, _RANK, _CUE = 0.55, 0.3, 0.1, 0.12  # what a sentence's score is made of
_UNFINISHED, _SHORT, _FULL = 0.1, 0.2, 9  # what it costs a sentence to have no end, or fewer words than these, at most
_CONTEXT = 0.5  # of the weight of a word of the question, where the heading or the line before has it
_REDUNDANT, _NEW = 0.2, 0.2  # what likeness to a sentence taken costs, and what words not yet covered add
_SAME = 0.92  # cosine from which two sentences say the same
_ADDED = 0.05  # of the weight of the question's words, from which a sentence adds something
_ENOUGH, _PLENTY = 0.8, 0.9  # of the best score, for a sentence that adds something, and for one that does not;
_SLACK = 0.12  # less than that where the question is a broad one
# What says that anything found answers: the nearest sentence, the first passage, the share of the question's words in
# the best sentence, and the share of its names that nothing found has. Fitted; an answer needs a sum above 0.
_NEAREST, _PASSAGE, _WORDS, _STRANGE, _LEAST = 3.7, 14.9, 3.6, -2.9, -7.5


@dataclass(frozen=True, slots=True)
class _Scored:
    """Units with their scores, the question's words that each has, and vectors, row by row."""

    units: Sequence[Unit]
    scores: NDArray[np.float64]
    covered: Sequence[frozenset[str]]
    vectors: NDArray[np.float32]
    cosines: NDArray[np.float32]  # to the question
    passage: float  # the cosine of the first passage to it


def extractive_answer(
    question: str, matches: Sequence[Match], *, encoder: Encoder, tokenizer: Tokenizer, max_tokens: int
) -> tuple[Sentence, ...]:
    """The sentences of the passages found that answer the question, in reading order; none where nothing does.

    Each is exactly `text[start:end]` of its source; together they take at most `max_tokens` as rendered. `matches` are
    passages with `source` and `start_index`, best first; others, such as summaries, are passed over. Costs the
    vectors of some 2,700 characters, however many passages there are.
    """
    asked = Question.of(question)
    units = units_of(matches)
    if not units or not asked.words or max_tokens < 1:
        return ()
    weights = _weights(asked, units)
    scored = _scored(asked, units, weights, matches[0].document.page_content, encoder)
    if not scored.units:
        return ()
    if not asked.whole and _confidence(asked, scored, units, weights) <= 0:
        return ()
    return _within(_chosen(asked, scored, weights), units, tokenizer, max_tokens)


def _weights(asked: Question, units: Sequence[Unit]) -> dict[str, float]:
    """How much each word of the question tells: much, where few sentences have it. They are 1 together."""
    holders = Counter(word for unit in units for word in asked.words & (unit.words | unit.context))
    raw = {word: math.log(1 + (len(units) + 1) / (1 + holders[word])) for word in sorted(asked.words)}
    whole = sum(raw.values())
    return {word: weight / whole for word, weight in raw.items()}


def _plain_score(asked: Question, unit: Unit, weights: dict[str, float]) -> float:
    """What a sentence scores without its vector. A row has its subject above it: names say nothing about rows."""
    told = {word: weight for word, weight in weights.items() if not (unit.row and word in asked.named)} or weights
    own = sum(weight for word, weight in told.items() if word in unit.words)
    around = sum(weight for word, weight in told.items() if word in unit.context and word not in unit.words)
    share = (own + _CONTEXT * around) / sum(told.values())
    short = 0.0 if unit.row else max(0.0, 1 - len(unit.text.split()) / _FULL)
    flaws = _UNFINISHED * unit.unfinished + _SHORT * short
    return _SHARE * share + _RANK * unit.rank + _CUE * asked.cue(unit.text) - flaws


def _scored(asked: Question, units: Sequence[Unit], weights: dict[str, float], first: str, encoder: Encoder) -> _Scored:
    """The sentences that may answer: scored without their vectors, and the best of them with."""
    able = [unit for unit in units if unit.answers]
    plain = [_plain_score(asked, unit, weights) for unit in able]
    order = sorted(range(len(able)), key=lambda row: -plain[row])
    sizes = accumulate(len(able[row].read) for row in order)
    rows = [row for row, size in zip(order, sizes, strict=True) if size <= _ENCODED or row == order[0]]
    chosen = [able[row] for row in rows]
    vectors = encoder.encode([asked.text, " ".join(first[:_READ].split()), *(unit.read for unit in chosen)])
    aim = vectors[2:].mean(axis=0) if asked.whole and chosen else vectors[0]
    cosines = vectors[1:] @ aim
    scores = np.array([plain[row] for row in rows]) + _COSINE * cosines[1:]
    covered = [asked.words & (unit.words | unit.context) for unit in chosen]
    return _Scored(chosen, scores, covered, vectors[2:], cosines[1:], float(cosines[0]))


def _confidence(asked: Question, scored: _Scored, units: Sequence[Unit], weights: dict[str, float]) -> float:
    """Above 0 where what was found is likely to answer the question."""
    best = scored.units[int(np.argmax(scored.scores))]
    share = sum(weight for word, weight in weights.items() if word in best.words)
    words = frozenset[str]().union(*(unit.words | unit.context for unit in units))
    texts = [*dict.fromkeys(unit.span.source for unit in units), *(unit.text for unit in units)]
    letters = "".join(filter(str.isalnum, "".join(texts).casefold()))
    near = _NEAREST * float(scored.cosines.max()) + _PASSAGE * scored.passage
    return near + _WORDS * share + _STRANGE * asked.strange(words, letters) + _LEAST


def _chosen(asked: Question, scored: _Scored, weights: dict[str, float]) -> list[Unit]:
    """Sentences, the best first: each good enough beside the best, and unlike those before it."""
    top = float(scored.scores.max())
    rows = [int(np.argmax(scored.scores))]
    while len(rows) < asked.most:
        covered = frozenset[str]().union(*(scored.covered[row] for row in rows))
        likeness = (scored.vectors @ scored.vectors[rows].T).max(axis=1)
        new = np.array([sum(weights[word] for word in sorted(one - covered)) for one in scored.covered])
        value = scored.scores - _REDUNDANT * likeness + _NEW * new
        least = (np.where(new > _ADDED, _ENOUGH, _PLENTY) - _SLACK * asked.broad) * top
        value[(scored.scores + _NEW * new < least) | (likeness > _SAME)] = -np.inf
        value[rows] = -np.inf
        best = int(np.argmax(value))
        if np.isneginf(value[best]):
            break
        rows.append(best)
    return [scored.units[row] for row in rows]


def _within(
    chosen: Sequence[Unit], units: Sequence[Unit], tokenizer: Tokenizer, max_tokens: int
) -> tuple[Sentence, ...]:
    """As many of the chosen as fit, each behind what it leans on where that fits too, in reading order."""
    taken: list[Unit] = []
    for unit in chosen:
        leaning = [units[at] for at in unit.leans_on if units[at] not in taken]
        for group in ([*leaning, unit], [unit]):
            if unit not in taken and _tokens([*taken, *group], tokenizer) <= max_tokens:
                taken += group
    if not taken:
        return _cut(chosen[0], tokenizer, max_tokens)
    return _sentences(taken)


def _sentences(taken: Sequence[Unit]) -> tuple[Sentence, ...]:
    """Sentences in reading order; the document of the best sentence comes first."""
    sources = list(dict.fromkeys(unit.span.source for unit in taken))
    ordered = sorted(taken, key=lambda unit: (sources.index(unit.span.source), unit.span.start))
    return tuple(Sentence(unit.text, (unit.span,)) for unit in ordered)


def _tokens(taken: Sequence[Unit], tokenizer: Tokenizer) -> int:
    return tokenizer.count(join_lines(_sentences(taken)))


def _cut(unit: Unit, tokenizer: Tokenizer, max_tokens: int) -> tuple[Sentence, ...]:
    """The beginning of a sentence that is too long; nothing where not even a token fits."""
    for _, end in reversed(tokenizer.offsets(unit.text)[:max_tokens].tolist()):
        text = unit.text[:end].rstrip()
        sentence = Sentence(text, (Span(unit.span.start, unit.span.start + len(text), unit.span.source),))
        if text and tokenizer.count(sentence.line) <= max_tokens:
            return (sentence,)
    return ()
