"""The words of a segment's texts, and BM25 over several segments (Robertson and Zaragoza, 2009).

Statistics are taken when a question is asked, from the texts that are live then: a text that is deleted or added
changes every score as if the index had been built without it or with it, and nothing is rebuilt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from longdoc.memory.words import rarity, weighed, words

_LENGTH_BITS = 20
LONGEST, MOST_TIMES = (1 << _LENGTH_BITS) - 1, (1 << (32 - _LENGTH_BITS)) - 1

_ASKING = frozenset(
    words(
        "a about an and are as at be been being but by can could did do does for from had has have how if in into is "
        "it its may might of on or s shall should such than that the their them then there these they this those to "
        "was were what when where which who whom whose why will with would"
    )
)  # English words that ask and join: rare enough in some documents to weigh much, and they say nothing of the subject

Live = NDArray[np.bool_] | None  # (places,); None where all are


@dataclass(frozen=True, slots=True)
class Postings:
    """Which words are where: `places[starts[i]:starts[i + 1]]` hold the word of hash `hashes[i]`.

    `packed` has how often a word is in a text (at most 4,095) and the text's length in words (at most 1,048,575).
    Words are kept as 64 bits of BLAKE2b: two of a million words meet with a chance of 3 in 100 million.
    """

    hashes: NDArray[np.uint64]  # (words,), rising
    starts: NDArray[np.int64]  # (words + 1,)
    places: NDArray[np.uint32]  # (postings,), rising within a word
    packed: NDArray[np.uint32]  # (postings,)

    @classmethod
    def of(cls, texts: Iterable[Counter[str]]) -> Postings:
        """The postings of texts, each given as its words; a text's place is its number."""
        known: dict[str, int] = {}
        found, places, packed = [], [], []
        for place, counts in enumerate(texts):
            length = min(counts.total(), LONGEST)
            found += [known.get(word) or known.setdefault(word, word_hash(word)) for word in counts]
            places += [place] * len(counts)
            packed += [min(times, MOST_TIMES) << _LENGTH_BITS | length for times in counts.values()]
        every = np.array(found, np.uint64)
        order = np.argsort(every, kind="stable")
        hashes, starts = np.unique(every[order], return_index=True)
        ends = np.append(starts, len(every)).astype(np.int64)
        return cls(hashes, ends, np.array(places, np.uint32)[order], np.array(packed, np.uint32)[order])

    def of_word(self, word: int) -> slice:
        """Where the postings of the word with this hash are; an empty stretch where it is nowhere."""
        at = int(np.searchsorted(self.hashes, np.uint64(word)))
        if at == len(self.hashes) or self.hashes[at] != word:
            return slice(0, 0)
        return slice(int(self.starts[at]), int(self.starts[at + 1]))

    def kept(self, live: Live) -> Postings:
        """Only what is live, on new places without gaps; words that are left nowhere stay with no postings."""
        if live is None:
            return self
        alive = live[self.places]
        upto = np.concatenate(([0], np.cumsum(alive)))
        moved = np.cumsum(live, dtype=np.int64) - 1
        places = moved[self.places[alive]].astype(np.uint32)
        return Postings(self.hashes, upto[self.starts], places, self.packed[alive])


def merged(parts: Sequence[Postings], sizes: Sequence[int]) -> Postings:
    """The postings of segments, each of so many places, laid end to end. Linear in the postings."""
    hashes = np.unique(np.concatenate([part.hashes for part in parts]))
    counts = np.zeros(len(hashes), np.int64)
    for part in parts:
        counts[np.searchsorted(hashes, part.hashes)] += np.diff(part.starts)
    hashes, counts = hashes[counts > 0], counts[counts > 0]
    starts = np.concatenate(([0], np.cumsum(counts)))
    places, packed = np.empty(starts[-1], np.uint32), np.empty(starts[-1], np.uint32)
    free, before = starts[:-1].copy(), 0
    for part, size in zip(parts, sizes, strict=True):
        here = np.diff(part.starts)
        held = here > 0
        at = np.searchsorted(hashes, part.hashes[held])
        to = np.repeat(free[at] - part.starts[:-1][held], here[held]) + np.arange(len(part.places))
        places[to], packed[to] = part.places + np.uint32(before), part.packed
        free[at] += here[held]
        before += size
    return Postings(hashes, starts, places, packed)


def bm25(
    segments: Sequence[tuple[Postings, Live, int]], query: str, total: int, mean_length: float
) -> list[NDArray[np.float64]]:
    """The score of every place of each segment, 0 where it shares no word with the query or is not live.

    A segment is its postings, what of it is live, and its places. `total` live texts have `mean_length` words each. A
    word counts once, however often the query has it; English words that only ask or join count where there are no
    others. Linear in the postings of the query's words.
    """
    scores = [np.zeros(size) for _, _, size in segments]
    for word in sorted(map(word_hash, asked_words(query))):
        found = [_live_postings(postings, live, word) for postings, live, _ in segments]
        holding = sum(len(places) for places, _ in found)
        rare = rarity(total, holding)
        for score, (places, packed) in zip(scores, found, strict=True):
            score[places] += weighed(rare, packed >> _LENGTH_BITS, packed & LONGEST, mean_length)
    return scores


def asked_words(query: str) -> set[str]:
    """The words of a question that its subject is known by."""
    every = set(words(query))
    return every - _ASKING or every


def _live_postings(postings: Postings, live: Live, word: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    stretch = postings.of_word(word)
    places, packed = postings.places[stretch], postings.packed[stretch]
    if live is None:
        return places, packed
    alive = live[places]
    return places[alive], packed[alive]


def word_hash(word: str) -> int:
    """The 64 bits by which a word is known, never 0."""
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()) or 1


def postings_arrays(postings: Postings) -> Mapping[str, NDArray[np.generic]]:
    """The arrays by name, to be saved."""
    return {name: getattr(postings, name) for name in ("hashes", "starts", "places", "packed")}
