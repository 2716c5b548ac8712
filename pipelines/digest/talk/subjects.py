"""What a talk is on: where its subject changes, and the words that each stretch is full of."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.text.span import Span
from longdoc.pipelines.digest.points import is_common
from longdoc.pipelines.digest.reading import Candidate, Reading
from longdoc.pipelines.digest.talk.spoken import FILLER
from longdoc.pipelines.wording.words import stem

_WORD = re.compile(r"(?<![{\[<'’-])\b[^\W\d_]+(?:-[^\W\d_]+)*\b(?!['’}\]>])")  # not of a transcript's marks
_SHORT_WORD, _OFTEN, _PAIR, _TOPICS = 3, 3, 2, 7  # letters; times; times that a pair counts; phrases
_ARTICLE = re.compile(
    r"\b(?:the|an?|our|your|their|his|her|my|this|these|those|some|any|no|each|of|its|with|more|new)\s$", re.IGNORECASE
)
_NOUN = 0.3  # of the times that a thing is named, it has an article or the like
_TELLING, _BLOCK, _BLOCKS, _SHORTEST_STAGE = 6, 6, 50, 4  # words of a turn; turns of a block; blocks; blocks of a stage


def stages(reading: Reading, most: int) -> list[tuple[int, int]]:
    """The turns parted where what is spoken of changes, as places in them: at most so many stretches, none short.

    Least squares of the sentences' vectors around their mean in each stretch, over some fifty blocks. Linear in the
    turns.
    """
    turns = reading.turns
    rows = [at for at, one in enumerate(turns) if one.row >= 0 and len(one.raw.split()) >= _TELLING]
    size = max(_BLOCK, -(-len(rows) // _BLOCKS))
    firsts = [rows[at] for at in range(0, len(rows) - size + 1, size)]
    if len(firsts) < 2 * _SHORTEST_STAGE:
        return [(0, len(turns))]
    held = [[turns[at].row for at in rows[number * size : (number + 1) * size]] for number in range(len(firsts))]
    means = np.array([reading.table.vectors[one].astype(np.float64).mean(0) for one in held])
    edges = _parted(means, min(most, len(firsts) // _SHORTEST_STAGE))
    cuts = [0, *(firsts[edge] for edge in edges), len(turns)]
    return list(pairwise(cuts))


def _parted(vectors: NDArray[np.float64], parts: int) -> list[int]:
    """Where so many stretches begin, but for the first, that have the least squares around their means."""
    count = len(vectors)
    sums = np.vstack([np.zeros(vectors.shape[1]), np.cumsum(vectors, 0)])
    starts, ends = np.meshgrid(np.arange(count), np.arange(1, count + 1), indexing="ij")
    lengths = np.maximum(1, ends - starts)
    gain = (np.linalg.norm(sums[ends] - sums[starts], axis=2) ** 2) / lengths  # the squares that a mean takes away
    gain[ends - starts < _SHORTEST_STAGE] = -np.inf
    best, before = gain[0], []
    for _ in range(parts - 1):
        reached = best[:-1, None] + gain[1:, :]
        before.append(np.concatenate([[0], np.argmax(reached[:, 1:], 0) + 1]))
        best = np.concatenate([[-np.inf], np.max(reached[:, 1:], 0)])
    edges, end = [], count
    for back in reversed(before):
        end = int(back[end - 1])
        edges.append(end)
    return edges[::-1]


def topics(reading: Reading, turns: Sequence[Candidate], most: int = _TOPICS) -> list[Span]:
    """What is spoken of in these turns more than elsewhere, two words at a time where they stand together.

    Each where it is said first.
    """
    named = {word for one in reading.turns for word in one.unit.label.casefold().split()}
    everywhere = _phrases(reading, reading.turns, named)
    here = everywhere if len(turns) == len(reading.turns) else _phrases(reading, turns, named)
    worth = {
        one: len(at) ** 1.5 / len(everywhere[one]) ** 0.5 * (_PAIR if " " in one else 1)
        for one, at in here.items()
        if _is_named(reading, everywhere[one])
    }
    chosen: list[str] = []
    for phrase in sorted(worth, key=lambda one: (-worth[one], here[one][0].start)):
        if len(here[phrase]) < _OFTEN or len(chosen) == most:
            continue
        if not any(_stems(phrase) & _stems(other) for other in chosen):
            chosen.append(phrase)
    return [here[phrase][0] for phrase in chosen]


def _is_named(reading: Reading, places: Sequence[Span]) -> bool:
    """Whether a word stands behind an article or the like, as the names of things do, often enough."""
    behind = sum(_ARTICLE.search(reading.text, max(0, one.start - 12), one.start) is not None for one in places)
    return behind >= _NOUN * len(places)


def _stems(phrase: str) -> set[str]:
    return {stem(word) for word in phrase.split()}


def _phrases(reading: Reading, turns: Sequence[Candidate], named: set[str]) -> dict[str, list[Span]]:
    """Each telling word and pair of words with where it is said."""
    found: defaultdict[str, list[Span]] = defaultdict(list)
    for one in turns:
        span, last = one.unit.spans[-1], None
        for match in _WORD.finditer(span.of(reading.text)):
            word = match[0].casefold()
            if not _is_topic(word) or word in named:
                last = None
                continue
            start, end = span.start + match.start(), span.start + match.end()
            found[word].append(Span(start, end, reading.source))
            if last is not None and reading.text[last.end : start] == " ":
                pair = Span(last.start, end, reading.source)
                found[pair.of(reading.text).casefold()].append(pair)
            last = found[word][-1]
    return found


def _is_topic(word: str) -> bool:
    return len(word) > _SHORT_WORD and not is_common(word) and FILLER.fullmatch(word) is None
