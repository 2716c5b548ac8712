"""The bundled sentence encoder (MiniLM; Wang et al., 2020) on the processor."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from longdoc.bundled import bundled_model
from longdoc.models.encoder.layers import Floats, Layers, bert_layers
from longdoc.models.tensors import arrays_of

LAYERS = 6


class Vectors:
    """Sentence vectors of token ids, computed in `dtype`, which is "int8" for weights in 8 bits."""

    def __init__(self, dtype: str) -> None:
        named, _ = arrays_of(bundled_model())
        embeddings = "embeddings.{}_embeddings.weight".format
        self._words = named[embeddings("word")]
        self._positions = named[embeddings("position")] + named[embeddings("token_type")][0]
        int8 = dtype == "int8"
        self._layers = Layers(*bert_layers(named, LAYERS), "bfloat16" if int8 else dtype, int8=int8)

    def __call__(self, ids: Sequence[Sequence[int]]) -> Floats:  # (texts, 384)
        """Unit vectors, at most 512 tokens a text: means over the tokens, as in Sentence-BERT (Reimers and Gurevych,
        2019).
        """
        lengths = np.array([len(one) for one in ids])
        starts = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) - np.repeat(starts, lengths)
        states = self._layers(self._words[[*chain.from_iterable(ids)]] + self._positions[places], lengths.tolist())
        means = np.stack([states[at : at + size].mean(axis=0) for at, size in zip(starts, lengths, strict=True)])
        unit: Floats = means / np.linalg.norm(means, axis=1, keepdims=True)
        return unit
