"""The cross-encoder that comes with longdoc, without torch: its embeddings, its layers, and what its heads say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import NamedTuple

import numpy as np

from longdoc.bundled import bundled_model
from longdoc.models.cross_encoder.pairs import Pair, matches
from longdoc.models.cross_encoder.weights import widened
from longdoc.models.encoder.layers import Floats, Layer, Layers, Linear, Norm
from longdoc.models.tensors import Arrays, arrays_of

LAYERS = 6


class Said(NamedTuple):
    """What the heads say of one pair, logits all. Over tokens that it has no word on they are minus infinity."""

    answer: float
    verdict: Floats  # (3,)
    start: Floats  # (T,)
    end: Floats  # (T,)
    doubts: Floats  # (T,): that a claim's token is not in the evidence


class Heads:
    """The network with the weights in `data`, a file that benchmarks/train_reader.py wrote, computed in `dtype`.

    The words' vectors are those of the bundled encoder. The layers are in `dtype`, the heads in float32; in bfloat16
    the layers multiply in 8 bits, as the file has their weights.
    """

    def __init__(self, data: bytes, dtype: str) -> None:
        own = widened(arrays_of(data)[0])
        words, _ = arrays_of(bundled_model())
        self._words = words["embeddings.word_embeddings.weight"]
        self._own = own
        layers = [_layer(own, f"layers.{index}.") for index in range(LAYERS)]
        self._layers = Layers(_norm(own, "norm"), layers, dtype, coded=dtype == "bfloat16")

    def __call__(self, pairs: Sequence[Pair]) -> list[Said]:
        """What is said of each pair."""
        lengths = [len(pair.ids) for pair in pairs]
        states = self._layers(self._embedded(pairs), lengths)
        ends = list(accumulate(lengths))
        rows = [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]
        return [self._said(states[own], pair) for own, pair in zip(rows, pairs, strict=True)]

    def _embedded(self, pairs: Sequence[Pair]) -> Floats:  # (rows, width)
        ids = [*chain.from_iterable(pair.ids for pair in pairs)]
        places = np.concatenate([np.arange(len(pair.ids)) for pair in pairs])
        sides = np.concatenate([np.arange(len(pair.ids)) >= pair.second for pair in pairs]).astype(np.int64)
        found = [*chain.from_iterable(matches(pair) for pair in pairs)]
        own = self._own
        embedded: Floats = self._words[ids] + own["positions"][places] + own["sides"][sides] + own["matches"][found]
        return embedded

    def _said(self, states: Floats, pair: Pair) -> Said:  # (T, width)
        logits = self._linear(states, "tokens")  # (T, 3): pair by pair, so that no bit depends on what is beside it
        tokens = np.arange(len(pair.ids))
        first = (tokens > 0) & (tokens <= pair.first)
        second = (tokens >= pair.second) & (tokens < len(pair.ids) - 1)
        start, end = (np.where(second, logits[:, at], -np.inf) for at in (0, 1))
        doubts = np.where(first, logits[:, 2], -np.inf)
        answer = self._linear(_pooled(states, start), "answer")
        return Said(float(answer[0]), self._linear(_pooled(states, doubts), "verdict"), start, end, doubts)

    def _linear(self, x: Floats, name: str) -> Floats:
        y: Floats = x @ self._own[f"{name}.weight"].T + self._own[f"{name}.bias"]
        return y


def _pooled(states: Floats, logits: Floats) -> Floats:  # (2 width + 2,)
    """The first token's state beside the mean over the tokens that the logits point at, their most and their mean."""
    seen = logits > -np.inf
    own = logits if seen.any() else np.zeros_like(logits)  # of an empty text all tokens count
    seen = own > -np.inf
    weights = np.exp(own - own.max())
    pointed = (weights / weights.sum()) @ states
    pooled: Floats = np.concatenate([states[0], pointed, [own.max(), own[seen].mean()]]).astype(np.float32)
    return pooled


def _layer(own: Arrays, at: str) -> Layer:
    def linear(name: str) -> Linear:
        return Linear(own[f"{at}{name}.weight"], own[f"{at}{name}.bias"])

    mix_norm, down_norm = _norm(own, f"{at}mix_norm"), _norm(own, f"{at}down_norm")
    return Layer(linear("qkv"), linear("mix"), mix_norm, linear("up"), linear("down"), down_norm)


def _norm(own: Arrays, name: str) -> Norm:
    return Norm(own[f"{name}.weight"], own[f"{name}.bias"])
