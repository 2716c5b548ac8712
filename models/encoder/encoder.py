"""Sentence vectors from the bundled encoder."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self, get_args
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from longdoc.arguments import checked
from longdoc.bundled import FINGERPRINT, bundled_file
from longdoc.errors import InputError
from longdoc.models.encoder.recent import Recent
from longdoc.surrogates import without_surrogates

if TYPE_CHECKING:
    import tokenizers

    from longdoc.models.quantize import Weights

WIDTH = 384
MAX_TOKENS = 256  # what the encoder was trained to read, special tokens included
_BATCH_TOKENS = 1024  # a matrix that the processor's caches hold
_ELSEWHERE = 4096
_SORTED_TOGETHER = 8192  # texts whose lengths are sorted at once: more would only cost memory

Precision = Literal["auto", "float32", "bfloat16", "int8"]
Network = Callable[[Sequence[Sequence[int]]], NDArray[np.float32]]


@checked
class SentenceEncoder:
    """An `Embedder` that does not inherit LangChain's `Embeddings`, so that importing it loads less."""

    def __init__(self, precision: Precision = "auto", device: str = "cpu", *, weights: Weights | None = None) -> None:
        if weights is not None and precision not in ("auto", weights):
            raise InputError(f"precision is {precision!r} and weights {weights!r}: give one of them")
        if (weights or precision) not in get_args(Precision):
            raise InputError(f"{weights or precision!r} is no precision; give {', '.join(get_args(Precision))}")
        self.precision: Precision = weights or precision
        self.device = device

    def __reduce__(self) -> tuple[type[SentenceEncoder], tuple[Precision, str]]:
        """A copy in another process loads the weights there: they are bundled."""
        return type(self), (self.precision, self.device)

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors may: weights, tokenizer, precision."""
        return f"{FINGERPRINT}:{self._dtype}:{'openvino' if self.device == 'cpu' else 'torch'}"

    def loaded(self) -> Self:
        """The encoder, its files read ahead of the first text. Computes nothing: a thread that did would keep cores."""
        _ = self._tokenizer, self._network
        return self

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:  # (texts, 384)
        """Unit vectors of the texts, in order. No texts give an array of no rows. Linear in the tokens."""
        vectors = np.empty((len(texts), WIDTH), np.float32)
        for start in range(0, len(texts), _SORTED_TOGETHER):
            part = texts[start : start + _SORTED_TOGETHER]
            ids = [
                encoding.ids
                for encoding in self._tokenizer.encode_batch_fast([without_surrogates(text) for text in part])
            ]
            most = _BATCH_TOKENS if self.device == "cpu" else _ELSEWHERE
            for rows in _batches([len(one) for one in ids], most):
                vectors[start + rows] = self._network([ids[row] for row in rows])
        return vectors

    @cached_property
    def recent(self) -> Recent:
        """The same encoder, which keeps the vectors of the texts that it was last asked for."""
        return Recent(self.encode, self.fingerprint)

    @cached_property
    def _dtype(self) -> str:
        if self.precision != "auto":
            return self.precision
        return "bfloat16" if self.device != "cpu" or has_bfloat16() else "float32"

    @property
    def _tokenizer(self) -> tokenizers.Tokenizer:
        return self._files.tokenizer

    @property
    def _network(self) -> Network:
        return self._files.network

    @cached_property
    def _files(self) -> _Files:
        with _sharing:
            files = _shared.get((self._dtype, self.device))
            if files is None:
                files = _shared[self._dtype, self.device] = _Files(self._dtype, self.device)
            return files


class _Files:
    """What is read from the package's files, once for all encoders of a kind that are there at a time."""

    def __init__(self, dtype: str, device: str) -> None:
        self._dtype, self._device = dtype, device
        self._reading = threading.RLock()

    @property
    def tokenizer(self) -> tokenizers.Tokenizer:
        """The tokenizer, which cuts a text at what the network reads."""
        with self._reading:
            return self._tokenizer

    @property
    def network(self) -> Network:
        """The network with its weights."""
        with self._reading:
            return self._network

    @cached_property
    def _tokenizer(self) -> tokenizers.Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(bundled_file("tokenizer.json").decode())
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _network(self) -> Network:
        if self._device != "cpu":
            return _elsewhere(self._dtype, self._device)
        from longdoc.models.encoder.vectors import Vectors

        return Vectors(self._dtype)


def _elsewhere(dtype: str, device: str) -> Network:
    """The network by torch, on a device that is not the processor."""
    import torch

    from longdoc.models.encoder.minilm import MiniLM

    int8 = dtype == "int8"
    network = MiniLM(
        bundled_file("model.safetensors"), getattr(torch, "bfloat16" if int8 else dtype), device, int8=int8
    )
    return lambda ids: network(ids).cpu().numpy()


_sharing = threading.Lock()
_shared: WeakValueDictionary[tuple[str, str], _Files] = WeakValueDictionary()


def has_bfloat16() -> bool:
    """Whether OpenVINO computes in bfloat16 here: with AVX-512, as numpy sees it."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    extensions: Any = np.show_config(mode="dicts")
    found = extensions["SIMD Extensions"]
    return bool({"X86_V4", "AVX512_SKX"} & {*found.get("baseline", ()), *found.get("found", ())})


def _batches(lengths: Sequence[int], most: int) -> Iterator[NDArray[np.int64]]:
    """Rows in order of length, the longest first, at most so many tokens together."""
    order = np.argsort([-length for length in lengths], kind="stable")
    start = tokens = 0
    for end, row in enumerate(order):
        if end > start and tokens + lengths[row] > most:
            yield order[start:end]
            start, tokens = end, 0
        tokens += lengths[row]
    if start < len(order):
        yield order[start:]
