"""The bundled sentence encoder: a 6-layer BERT (MiniLM; Wang et al., 2020) that runs without padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, groupby
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from torch import Tensor

from longdoc.models.int8_linear import Int8Linear

LAYERS, HEADS, WIDTH = 6, 12, 384
_EPSILON = 1e-12
_ROWS = 1024


class _Norm(NamedTuple):
    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, (WIDTH,), self.weight, self.bias, _EPSILON)


class _Linear(NamedTuple):
    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class _Layer(NamedTuple):
    qkv: _Linear | Int8Linear
    mix: _Linear | Int8Linear
    mix_norm: _Norm
    up: _Linear | Int8Linear
    down: _Linear | Int8Linear
    down_norm: _Norm

    def __call__(self, x: Tensor, groups: Sequence[Group]) -> Tensor:  # (rows, width)
        x = self.mix_norm(self.mix(_attend(self.qkv(x), groups)).add_(x))
        return self.down_norm(self.down(torch.ops.aten.gelu_(self.up(x))).add_(x))


class Group(NamedTuple):
    """Rows from `start` on that hold `batch` texts of `length` tokens each."""

    start: int
    batch: int
    length: int

    @property
    def rows(self) -> slice:
        """The rows of all its tokens."""
        return slice(self.start, self.start + self.batch * self.length)


def _attend(qkv: Tensor, groups: Sequence[Group]) -> Tensor:
    attended = torch.zeros_like(qkv[:, :WIDTH])
    for group in groups:
        parts = qkv[group.rows].view(group.batch, group.length, 3, HEADS, WIDTH // HEADS)
        q, k, v = parts.permute(2, 0, 3, 1, 4)  # each (B, heads, T, head_dim)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)  # (B, T, heads, head_dim)
        attended[group.rows] = mixed.reshape(-1, WIDTH)
    return attended  # (rows, width)


class MiniLM:
    """Sentence vectors from the `weights` (the bytes of a safetensors file), computed in `dtype` on `device`.

    With `int8` the linear layers are kept in 8 bits; the words' vectors, half of all weights, stay in `dtype`.
    """

    def __init__(self, weights: bytes, dtype: torch.dtype, device: str = "cpu", *, int8: bool = False) -> None:
        from safetensors.torch import load

        exact = load(weights)
        named = {name: tensor.to(device, dtype) for name, tensor in exact.items()}
        self.device = device
        embeddings = "embeddings.{}_embeddings.weight".format
        self._words = named[embeddings("word")]
        self._positions = named[embeddings("position")] + named[embeddings("token_type")][0]
        self._norm = _Norm(named["embeddings.LayerNorm.weight"], named["embeddings.LayerNorm.bias"])
        linear = partial(_int8, exact, device) if int8 else partial(_plain, named)
        self._layers = [_layer(named, f"encoder.layer.{index}.", linear) for index in range(LAYERS)]

    @torch.inference_mode()
    def __call__(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """Unit vectors (batch, 384) in float32 of token ids, at most 512 a text, texts of one length side by side.

        All tokens lie one after the other in one matrix, so that texts need no padding and attention no mask; the
        matrix is filled up to a multiple of 1,024 rows, since every new shape would have a kernel made and kept for
        it. The mean over a text's tokens is the mean pooling of Sentence-BERT (Reimers and Gurevych, 2019).
        """
        groups = list(_groups(ids))
        rows = -(-groups[-1].rows.stop // _ROWS) * _ROWS
        tokens = torch.zeros(rows, dtype=torch.long)
        tokens[: groups[-1].rows.stop] = torch.tensor(list(chain.from_iterable(ids)))
        places = torch.zeros(rows, dtype=torch.long)
        for group in groups:
            places[group.rows] = torch.arange(group.length).repeat(group.batch)
        x = self._norm(self._words[tokens.to(self.device)] + self._positions[places.to(self.device)])  # (rows, width)
        for layer in self._layers:
            x = layer(x, groups)
        means = [x[g.rows].float().view(g.batch, g.length, WIDTH).mean(dim=1) for g in groups]
        return F.normalize(torch.cat(means), dim=-1)  # (B, width)


def _groups(ids: Sequence[Sequence[int]]) -> Iterator[Group]:
    start = 0
    for length, run in groupby(map(len, ids)):
        group = Group(start, sum(1 for _ in run), length)
        start = group.rows.stop
        yield group


def _plain(weights: dict[str, Tensor], names: Sequence[str]) -> _Linear:
    return _Linear(*(torch.cat([weights[f"{name}.{part}"] for name in names]) for part in ("weight", "bias")))


def _int8(weights: dict[str, Tensor], device: str, names: Sequence[str]) -> Int8Linear:
    return Int8Linear(*_plain(weights, names)).to(device)


def _layer(weights: dict[str, Tensor], prefix: str, made: Callable[[Sequence[str]], _Linear | Int8Linear]) -> _Layer:
    def linear(*names: str) -> _Linear | Int8Linear:
        return made([prefix + name for name in names])

    def norm(name: str) -> _Norm:
        return _Norm(weights[f"{prefix}{name}.LayerNorm.weight"], weights[f"{prefix}{name}.LayerNorm.bias"])

    return _Layer(
        linear(*(f"attention.self.{name}" for name in ("query", "key", "value"))),
        linear("attention.output.dense"),
        norm("attention.output"),
        linear("intermediate.dense"),
        linear("output.dense"),
        norm("output"),
    )
