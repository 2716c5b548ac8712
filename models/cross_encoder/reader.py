"""What a text has to a question or a claim, read by a small cross-encoder."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from longdoc.bundled import FINGERPRINT, bundled_file
from longdoc.models.cross_encoder.weights import DIGEST, FILE, read_file
from longdoc.models.tensors import arrays_of
from longdoc.surrogates import without_surrogates

if TYPE_CHECKING:
    import tokenizers

    from longdoc.models.cross_encoder.heads import Heads
    from longdoc.models.cross_encoder.windows import Window

_loading = threading.RLock()
_BATCH_TOKENS = 1024  # a matrix that the processor's caches hold
_LONGEST = 40  # tokens of an answer
_DOUBTED = 0.5

Spans = tuple[tuple[int, int], ...]
Floats = NDArray[np.float32]
Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Reading:
    """Whether a window answers a question, from 0 to 1, and the characters of the window that best would."""

    score: float
    start: int
    end: int


@dataclass(frozen=True)
class Verdict:
    """What a text says of a claim, together 1, and the characters of the claim that the text does not bear out."""

    supports: float
    contradicts: float
    silent: float
    doubts: Spans = ()


class Reader:
    """The cross-encoder that comes with longdoc, for English. Get one with `Reader.load()`.

    Computes in 8 bits and bfloat16 where the processor has instructions for the latter. A text is read whatever its
    length, in windows of 208 tokens with the question or claim, of which 96 tokens count. The same input gives the same
    numbers on the same machine, whatever pairs are beside it.
    """

    def __init__(self, data: bytes, precision: Precision = "auto") -> None:
        self._data, self._precision = data, precision

    @staticmethod
    def load(precision: Precision = "auto") -> Reader:
        """The reader with the weights that come with longdoc, made once. Raises `UnavailableError` without them."""
        return _load(precision)

    @property
    def fingerprint(self) -> str:
        """Changes whenever the numbers may: weights, tokenizer, precision."""
        return f"reader:{DIGEST[:16]}:{FINGERPRINT}:{self._dtype}:openvino:int8"

    def loaded(self) -> Reader:
        """The reader, its files read ahead of the first text; computes nothing."""
        with _loading:
            _ = self._tokenizer, self._network
        return self

    def answers(self, question: str, windows: Sequence[str]) -> list[Reading]:
        """For each window, whether it answers the question and where. An empty one does not: 0, at 0."""
        return self.readings([(question, window) for window in windows])

    def verdicts(self, claim: str, evidences: Sequence[str]) -> list[Verdict]:
        """For each text, what it says of the claim."""
        return self.judged([(claim, evidence) for evidence in evidences])

    def readings(self, pairs: Sequence[tuple[str, str]]) -> list[Reading]:
        """For each question and window, whether the one answers the other and where. Linear in the tokens."""
        best: list[Reading] = [Reading(0.0, 0, 0)] * len(pairs)
        for number, score, start, end, _, _ in self._read(pairs):
            if score > best[number].score and pairs[number][1]:
                best[number] = Reading(score, start, end)
        return best

    def judged(self, pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
        """For each claim and text, what the one says of the other.

        Of a long text its best window counts: that which most supports the claim, or, where none does, the one that is
        least silent.
        """
        found: list[list[Verdict]] = [[] for _ in pairs]
        for number, _, _, _, chances, doubts in self._read(pairs):
            found[number].append(Verdict(*chances, doubts))
        return [_best(verdicts) for verdicts in found]

    def _read(
        self, pairs: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[int, float, int, int, tuple[float, float, float], Spans]]:
        from longdoc.models.cross_encoder.windows import windows

        texts = [without_surrogates(text) for pair in pairs for text in pair]
        self.loaded()
        encoded = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        found = [
            (number, window)
            for number in range(len(pairs))
            for window in windows(*encoded[2 * number : 2 * number + 2])
        ]
        found.sort(key=lambda one: -len(one[1].pair.ids))
        for batch in _batches([len(window.pair.ids) for _, window in found]):
            numbers = [number for number, _ in found[batch]]
            read = self._heads([window for _, window in found[batch]])
            yield from ((number, *one) for number, one in zip(numbers, read, strict=True))

    def _heads(self, batch: Sequence[Window]) -> Iterator[tuple[float, int, int, tuple[float, float, float], Spans]]:
        for window, said in zip(batch, self._network([window.pair for window in batch]), strict=True):
            score = float(_sigmoid(np.array(said.answer / self._temperatures["answers"], np.float32)))
            supports, contradicts, silent = _softmax(said.verdict / self._temperatures["verdict"]).tolist()
            start, end = _place(said.start, said.end, window)
            yield score, start, end, (supports, contradicts, silent), _doubts(_sigmoid(said.doubts), window)

    @cached_property
    def _temperatures(self) -> dict[str, float]:
        _, said = arrays_of(self._data)
        return {name: float(said[name]) for name in ("answers", "verdict")}

    @cached_property
    def _dtype(self) -> str:
        from longdoc.models.encoder.encoder import has_bfloat16

        return self._precision if self._precision != "auto" else "bfloat16" if has_bfloat16() else "float32"

    @cached_property
    def _tokenizer(self) -> tokenizers.Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(bundled_file("tokenizer.json").decode())
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    @cached_property
    def _network(self) -> Heads:
        from longdoc.models.cross_encoder.heads import Heads

        return Heads(self._data, self._dtype)


def _load(precision: Precision) -> Reader:
    with _loading:  # threads that ask at once get the same one
        return _made(precision)


@lru_cache(maxsize=2)
def _made(precision: Precision) -> Reader:
    with resources.as_file(resources.files(__package__) / FILE) as path:
        return Reader(read_file(Path(path)), precision)


def _batches(lengths: Sequence[int]) -> Iterator[slice]:
    start = tokens = 0
    for end, length in enumerate(lengths):
        if end > start and tokens + length > _BATCH_TOKENS:
            yield slice(start, end)
            start, tokens = end, 0
        tokens += length
    if start < len(lengths):
        yield slice(start, len(lengths))


def _place(start: Floats, end: Floats, window: Window) -> tuple[int, int]:
    """The characters of the likeliest span of at most 40 tokens; the first of those that are alike."""
    own = slice(window.pair.second, len(window.pair.ids) - 1)
    if not window.second:
        return 0, 0
    together = start[own, None] + end[None, own]  # (T, T)
    allowed = np.tril(np.triu(np.ones(together.shape, np.bool_)), _LONGEST - 1)
    first, last = divmod(int(np.where(allowed, together, -np.inf).argmax()), len(together))
    return window.second[first][0], window.second[last][1]


def _doubts(chances: Floats, window: Window) -> Spans:
    """The characters of the claim whose tokens are likelier not borne out than borne out, neighbours joined."""
    found: list[tuple[int, int]] = []
    for at in np.flatnonzero(chances[1 : 1 + window.pair.first] > _DOUBTED).tolist():
        start, end = window.first[at]
        if found and at and window.first[at - 1][1] == found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)


def _sigmoid(x: Floats) -> Floats:
    chances: Floats = (1 + np.tanh(x / np.float32(2))) / np.float32(2)
    return chances


def _softmax(x: Floats) -> Floats:
    weights = np.exp(x - x.max())
    chances: Floats = weights / weights.sum()
    return chances


def _best(verdicts: Sequence[Verdict]) -> Verdict:
    best = max(verdicts, key=lambda one: one.supports)
    return best if best.supports >= 0.5 else min(verdicts, key=lambda one: one.silent)
