"""The bundled sentence encoder: a 6-layer BERT (MiniLM; Wang et al., 2020) that runs on batches without padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from torch import Tensor

LAYERS, HEADS, WIDTH = 6, 12, 384
MAX_POSITIONS = 512
_EPSILON = 1e-12


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
    qkv: _Linear
    mix: _Linear
    mix_norm: _Norm
    up: _Linear
    down: _Linear
    down_norm: _Norm

    def __call__(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        qkv = self.qkv(x).view(batch, length, 3, HEADS, WIDTH // HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, T, head_dim)
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.mix_norm(x + self.mix(attended))  # (B, T, width)
        return self.down_norm(x + self.down(F.gelu(self.up(x))))


class MiniLM:
    """Sentence vectors from the `weights` (the bytes of a safetensors file), computed in `dtype` on `device`."""

    def __init__(self, weights: bytes, dtype: torch.dtype, device: str = "cpu") -> None:
        from safetensors.torch import load

        named = {name: tensor.to(device, dtype) for name, tensor in load(weights).items()}
        self.device = device
        embeddings = "embeddings.{}_embeddings.weight".format
        self._words = named[embeddings("word")]
        self._positions = named[embeddings("position")] + named[embeddings("token_type")][0]
        self._norm = _Norm(named["embeddings.LayerNorm.weight"], named["embeddings.LayerNorm.bias"])
        self._layers = [_layer(named, f"encoder.layer.{index}.") for index in range(LAYERS)]

    @torch.inference_mode()
    def __call__(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """Unit vectors (batch, 384) in float32 of token ids that all have one length, at most 512.

        Equal lengths need no padding and no mask, and their mean over the tokens is the mean that the model was
        trained with (mean pooling of Sentence-BERT, Reimers and Gurevych, 2019).
        """
        tokens = torch.tensor(ids, device=self.device)  # (B, T)
        x = self._norm(self._words[tokens] + self._positions[: tokens.shape[1]])  # (B, T, width)
        for layer in self._layers:
            x = layer(x)
        return F.normalize(x.float().mean(dim=1), dim=-1)  # (B, width)


def _layer(weights: dict[str, Tensor], prefix: str) -> _Layer:
    def linear(*names: str) -> _Linear:
        return _Linear(*(torch.cat([weights[f"{prefix}{n}.{part}"] for n in names]) for part in ("weight", "bias")))

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
