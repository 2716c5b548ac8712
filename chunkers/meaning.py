"""Chunks that end where the meaning of the sentences turns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from longdoc.arguments import checked
from longdoc.chunkers.base import Chunker
from longdoc.chunkers.cutter import Reading
from longdoc.chunkers.sentence import sentence_or_word
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.tokenizers.base import BUNDLED, Tokenizer

_STEP = 1 << 14  # characters split into sentences at a time
_SEEN_AHEAD = 512
_BLOCK = 64  # chunks' worth of tokens over which an optimum is looked for
_COMMON = 25  # tokens of a sentence that counts as one
_NEIGHBOURS = 0.25  # share of each neighbour in what a sentence means
_SPARE = 2  # tokens that a chunk counted alone may have more than as a part of the text


@checked
class MeaningChunker(Chunker):
    """Chunks whose sentences are alike: the cuts, of all there could be, with the least scatter inside the chunks.

    Scatter is the sum of the squared distances of the sentences' unit vectors to their chunk's mean, each sentence
    counting by its length (25 tokens are 1) and seen with a quarter of its neighbours; each chunk costs `cost` more.
    The least sum is found by dynamic programming over whole sentences, not greedily (Fisher, 1958;
    for text Utiyama and Isahara, 2001), over 64 chunks' worth of text at a time where no earlier cut is certain.
    `embeddings` is any LangChain `Embeddings`, by default the bundled encoder. A higher `cost` makes longer chunks.
    """

    def __init__(
        self,
        max_tokens: int = 512,
        overlap: int = 0,
        tokenizer: str | Tokenizer = BUNDLED,
        *,
        embeddings: Embeddings | None = None,
        cost: float = 0.6,
    ) -> None:
        super().__init__(max_tokens, overlap, tokenizer)
        if not 0 <= cost < float("inf"):
            raise ValueError(f"cost is {cost}; give 0 or more")
        self.cost = cost
        self._embeddings = embeddings

    @property
    def embeddings(self) -> Embeddings:
        """What embeds the sentences; the bundled encoder is loaded when it is first asked for."""
        if self._embeddings is None:
            from longdoc.models.encoder.embedder import Embedder

            self._embeddings = Embedder()
        return self._embeddings

    def edges(self, reading: Reading) -> MeaningEdges:
        """Where the chunks of least scatter end."""
        return MeaningEdges(reading, self.embeddings, max(1, self.max_tokens - _SPARE), self.cost)

    def best_cut(self, reading: Reading, start: int, floor: int, low: int, high: int) -> int:
        """Inside a sentence that alone is too long: at a piece of it, or a word."""
        return sentence_or_word(reading, start, floor, high)


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    tokens: int  # before it, from the text's beginning
    vector: NDArray[np.float64]


class MeaningEdges:
    """The edges of least scatter, found in order, a block of sentences at a time."""

    def __init__(self, reading: Reading, embeddings: Embeddings, most: int, cost: float) -> None:
        self._reading, self._embeddings, self._most, self._cost = reading, embeddings, most, cost
        self._found = self._certain()
        self._next: int | None = 0

    def first_after(self, position: int, limit: int) -> int | None:
        """The first edge after `position` and not after `limit`."""
        while self._next is not None and self._next <= position:
            self._next = next(self._found, None)
        return self._next if self._next is not None and self._next <= limit else None

    def _certain(self) -> Iterator[int]:
        """The edges, as soon as no later sentence can move them, or 64 chunks' worth have been read."""
        block: list[_Sentence] = []
        for batch in self._sentences():
            block += batch
            while block and block[-1].tokens - block[0].tokens > _BLOCK * self._most:
                edges, shared = self._optimum(block)
                edges = edges[: shared or max(1, len(edges) // 2)]
                yield from (block[edge].start for edge in edges)
                block = block[edges[-1] :]
        if block:
            yield from (block[edge].start for edge in self._optimum(block)[0])

    def _optimum(self, block: list[_Sentence]) -> tuple[list[int], int]:
        """The inner edges of the best chunks, as indices of sentences, and how many of them every ending shares."""
        tokens = np.array([sentence.tokens for sentence in block])
        ends = np.append(tokens[1:], self._end(block))
        sizes = (ends - tokens) / _COMMON
        sums, lengths = _prefix_sums(_smoothed(block) * sizes[:, None]), _prefix_sums(sizes)
        least, back = np.zeros(len(block) + 1), np.zeros(len(block) + 1, np.int64)
        first = np.searchsorted(tokens, ends - self._most)  # of the sentences that fit a chunk with each
        for end in range(1, len(block) + 1):
            starts = np.arange(min(first[end - 1], end - 1), end)
            inside = lengths[end] - lengths[starts]
            square = np.square(sums[end] - sums[starts]).sum(axis=1)
            costs = least[starts] + inside - square / np.maximum(inside, 1e-9) + self._cost
            best = int(costs.argmin())
            least[end], back[end] = costs[best], starts[best]
        paths = [_path(back, end) for end in range(min(first[-1], len(block) - 1), len(block) + 1)]
        return paths[-1], _shared(paths)

    def _end(self, block: list[_Sentence]) -> int:
        """The tokens before what follows the block."""
        return self._reading.tokens.numbers([self._ended])[0]

    def _sentences(self) -> Iterator[list[_Sentence]]:
        """The sentences with their vectors, in order; each reaches to the next one's start."""
        tape, at, first = self._reading.tape, 0, True
        while tape.fill(at + 1) > at:
            end = tape.fill(at + _STEP + _SEEN_AHEAD)
            final = tape.ended and end == tape.end
            base, text = tape.base, tape.text
            spans = list(split_sentences(text, at - base, end - base))
            kept = spans if final else [span for span in spans if span.end + base <= end - _SEEN_AHEAD]
            self._ended = end if final else (spans[len(kept)].start + base if len(kept) < len(spans) else end)
            if kept:
                vectors = np.array(self._embeddings.embed_documents([span.of(text) for span in kept]))
                starts = [span.start + base for span in kept]
                if first:
                    starts[0] = 0
                numbers = self._reading.tokens.numbers(starts)
                yield list(map(_Sentence, starts, numbers, vectors))
                first = False
            at = self._ended


def _smoothed(block: list[_Sentence]) -> NDArray[np.float64]:  # (sentences, width)
    """The sentences' vectors with a share of their neighbours', of unit length."""
    own = np.array([sentence.vector for sentence in block])
    near = np.vstack((own[:1], own, own[-1:]))
    mixed: NDArray[np.float64] = own + _NEIGHBOURS * (near[:-2] + near[2:])
    mixed /= np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
    return mixed


def _prefix_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=sums[1:])
    return sums


def _path(back: NDArray[np.int64], end: int) -> list[int]:
    """The edges on the best way to `end`, without the beginning and, if it is the last, `end` itself."""
    path: list[int] = [] if end == len(back) - 1 else [end]
    while back[end]:
        end = int(back[end])
        path.append(end)
    return path[::-1]


def _shared(paths: list[list[int]]) -> int:
    """How many edges all the paths begin with."""
    for place, edges in enumerate(zip(*paths, strict=False)):
        if len(set(edges)) > 1:
            return place
    return min(map(len, paths))
