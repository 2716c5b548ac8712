"""Softmax attention in time linear in the tokens, by positive random features (FAVOR+; Choromanski et al., 2021).

exp(q·k) is the mean of exp(w·q - |q|²/2) exp(w·k - |k|²/2) over random w, so that attention needs of all keys and
values only their sums under each w. Everything is kept as a logarithm until it is taken relative to the largest seen
so far *under that w*: the sum under each w is then at least 1, so is every query's denominator, and no epsilon is
needed. The largest are part of the state, which therefore is the same, up to rounding, whatever
the blocks it was read in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from longdoc.errors import InputError
from longdoc.models.performer.calibration import Calibration, calibration, none

_NOTHING = -1e30  # the largest logarithm where no key has been seen; finite, since inf - inf is no number
_VANISHING = 1e-20


def orthogonal_features(count: int, head_dim: int, generator: torch.Generator) -> Tensor:  # (count, head_dim)
    """Gaussian vectors of which each `head_dim` in a row are orthogonal: less noise than from independent ones."""
    found = []
    for _ in range(-(-count // head_dim)):
        q, r = torch.linalg.qr(torch.randn(head_dim, head_dim, generator=generator, dtype=torch.float64))
        lengths = torch.randn(head_dim, head_dim, generator=generator, dtype=torch.float64).norm(dim=1)
        found.append(lengths[:, None] * (q * r.diagonal().sign()).T)  # with the signs, evenly over all rotations
    return torch.cat(found)[:count].float()


class FeatureMap(nn.Module):
    """Positive features of queries and keys, of which each head has its own: random, or fitted."""

    projection: Tensor  # (heads, features, head_dim)

    def __init__(self, heads: int, head_dim: int, features: int) -> None:
        super().__init__()
        self.register_buffer("projection", torch.empty(heads, features, head_dim))
        for name, one in none(heads, head_dim)._asdict().items():
            self.register_buffer(name, one)

    def redraw(self, generator: torch.Generator) -> None:
        """Other random features, from the generator (on the CPU), fitted to nothing."""
        heads, features, head_dim = self.projection.shape
        drawn = [orthogonal_features(features, head_dim, generator) for _ in range(heads)]
        self.projection.copy_(torch.stack(drawn))
        self._set(none(heads, head_dim))

    def calibrate(self, q: Tensor, k: Tensor) -> None:
        """Fits the features to queries and keys like these, (tokens, heads, head_dim)."""
        scale = q.shape[-1] ** -0.25
        self._set(calibration(q * scale, k * scale))

    def forward(self, dtype: torch.dtype = torch.float32) -> LogFeatures:
        """The map at work: what it makes of the calibration once, for many blocks of tokens."""
        drawn, *found = (self.get_buffer(name).to(dtype) for name in ("projection", *Calibration._fields))
        fitted = Calibration(*found)
        bent = torch.matmul(fitted.bend[:, None], drawn.square().transpose(1, 2))  # (heads, 1, features)
        drawn = (drawn * (1 - 4 * fitted.bend[:, None]).sqrt()).transpose(1, 2)  # (heads, head_dim, features)
        of_queries, of_keys = torch.matmul(fitted.query_by, drawn), torch.matmul(fitted.key_by, drawn)
        return LogFeatures(
            (of_queries, bent - torch.matmul(fitted.query_mean[:, None], of_queries)),
            (of_keys, bent - torch.matmul(fitted.key_mean[:, None], of_keys)),
            fitted,
        )

    def _set(self, found: Calibration) -> None:
        for name, one in found._asdict().items():
            self.get_buffer(name).copy_(one)


class LogFeatures(NamedTuple):
    """Logarithms of the features of queries and keys, (B, heads, T, head_dim) -> (B, heads, T, features)."""

    of_queries: tuple[Tensor, Tensor]  # (heads, head_dim, features), and what is added: (heads, 1, features)
    of_keys: tuple[Tensor, Tensor]
    fitted: Calibration

    def queries(self, q: Tensor) -> Tensor:
        """The logarithms for queries, without the term |q|²/2, which no ratio depends on."""
        matrix, added = self.of_queries
        return torch.matmul(q * q.shape[-1] ** -0.25, matrix) + added

    def keys(self, k: Tensor, mask: Tensor | None = None) -> Tensor:
        """The logarithms for keys, minus infinity where `mask`, (B, T), is false."""
        k, (matrix, added) = k * k.shape[-1] ** -0.25, self.of_keys
        square = torch.matmul(k - self.fitted.key_mean[:, None], self.fitted.key_by).square().sum(dim=-1, keepdim=True)
        weighed = torch.matmul(k, self.fitted.query_mean[..., None]) - square / 2  # (B, heads, T, 1)
        logs = torch.matmul(k, matrix) + added + weighed
        return logs if mask is None else logs.masked_fill(~mask[:, None, :, None], -torch.inf)


class FavorState(NamedTuple):
    """All that later tokens need of the keys and values before them; its size does not grow."""

    sums: Tensor  # (B, heads, features, head_dim + 1): of values, and of ones, each relative to its peak
    peaks: Tensor  # (B, heads, features): the largest logarithm of a key's feature

    @classmethod
    def empty(cls, v: Tensor, features: int) -> FavorState:
        """The state before the first of the values (B, heads, T, head_dim)."""
        batch, heads, _, head_dim = v.shape
        return cls(v.new_zeros(batch, heads, features, head_dim + 1), v.new_full((batch, heads, features), _NOTHING))

    def raised(self, keys: Tensor) -> FavorState:
        """The same sums relative to peaks that the logarithms `keys`, (B, heads, T, features), do not exceed."""
        peaks = torch.maximum(self.peaks, keys.detach().amax(dim=-2))
        return FavorState(self.sums * (self.peaks - peaks).exp()[..., None], peaks)

    def added(self, keys: Tensor, values: Tensor) -> FavorState:
        """With the keys' logarithms and the values, (B, heads, T, head_dim + 1), that belong to them."""
        before = self.raised(keys)
        return before._with(before.of(keys), values)

    def of(self, keys: Tensor) -> Tensor:  # (B, heads, T, features)
        """The keys' features relative to the peaks, at most 1."""
        return (keys - self.peaks[..., None, :]).exp()

    def weights(self, queries: Tensor) -> Tensor:  # (B, heads, T, features)
        """What each query makes of each sum, relative to its largest."""
        logs = queries + self.peaks[..., None, :]
        return (logs - logs.detach().amax(dim=-1, keepdim=True)).exp()

    def _with(self, features: Tensor, values: Tensor) -> FavorState:
        return FavorState(self.sums + torch.matmul(features.transpose(-1, -2), values), self.peaks)


def attend(
    q: Tensor, k: Tensor, v: Tensor, features: FeatureMap, mask: Tensor | None = None, block: int = 256
) -> Tensor:  # (B, heads, T, head_dim)
    """Approximates softmax(q kᵀ / √head_dim) v for each head, every token seeing those that `mask`, (B, T), marks true.

    A text with none gives zeros. Beside the output, memory is a few times `block` times the features.
    """
    wide, (q, k, v) = v.dtype, _computed(q, k, v)
    logs, state = features(q.dtype), FavorState.empty(v, features.projection.shape[1])
    for part in blocks(k.shape[2], block):
        state = state.added(logs.keys(k[:, :, part], _part(mask, part)), _with_ones(v[:, :, part]))
    parts = [
        _quotient(torch.matmul(state.weights(logs.queries(q[:, :, part])), state.sums))
        for part in blocks(q.shape[2], block)
    ]
    return torch.cat(parts, dim=2).to(wide) if parts else v.to(wide)


def attend_causal(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    features: FeatureMap,
    mask: Tensor | None = None,
    state: FavorState | None = None,
    block: int = 128,
) -> tuple[Tensor, FavorState]:
    """As `attend`, but each token sees itself and those before it, the ones that `state` stands for first.

    Also the state after the last token: with it, the same text in parts gives what it gives whole, up to rounding.
    """
    wide, (q, k, v) = v.dtype, _computed(q, k, v)
    state = FavorState.empty(v, features.projection.shape[1]) if state is None else state
    logs: LogFeatures = features(q.dtype)
    mixed = []
    for part in blocks(q.shape[2], block):
        keys = logs.keys(k[:, :, part], _part(mask, part))
        parts, state = _causal_block(logs.queries(q[:, :, part]), keys, _with_ones(v[:, :, part]), state)
        mixed += [_quotient(one) for one in parts]
    return (torch.cat(mixed, dim=2) if mixed else v).to(wide), state


def _causal_block(
    queries: Tensor, keys: Tensor, values: Tensor, state: FavorState
) -> tuple[list[Tensor], FavorState]:  # each (B, heads, t, head_dim + 1)
    """The sums for each query of a block, and the state after it.

    A key's features may be so much larger than all before it that the sums for earlier queries vanish beside them;
    the block then goes by halves. In a block of one token, which has no later key, the sum of ones is at least 1.
    """
    before = state.raised(keys)
    weights, of_keys = before.weights(queries), before.of(keys)
    scores = torch.matmul(weights, of_keys.transpose(-1, -2)).tril()  # (B, heads, t, t)
    mixed = torch.matmul(weights, before.sums) + torch.matmul(scores, values)
    length = keys.shape[2]
    if length == 1 or not _vanishes(mixed[..., -1], keys, state):
        return [mixed], before._with(of_keys, values)
    found: list[Tensor] = []
    for part in blocks(length, -(-length // 2)):
        some, state = _causal_block(queries[:, :, part], keys[:, :, part], values[:, :, part], state)
        found += some
    return found, state


def _vanishes(norms: Tensor, keys: Tensor, state: FavorState) -> bool:
    """Whether a query that has seen a key has next to nothing to divide by."""
    seen = torch.maximum(keys[..., 0].cummax(dim=-1).values, state.peaks[..., :1]) > _NOTHING  # (B, heads, t)
    return bool(((norms < _VANISHING) & seen).any())


def _quotient(mixed: Tensor) -> Tensor:  # (B, heads, t, head_dim)
    norms = mixed[..., -1:]
    return mixed[..., :-1] / norms.masked_fill(norms == 0, 1)


def _with_ones(v: Tensor) -> Tensor:
    return nn.functional.pad(v, (0, 1), value=1.0)


def _computed(*tensors: Tensor) -> tuple[Tensor, ...]:
    """In float32 at least: sums over many tokens are too fine for 16 bits."""
    return tuple(one.float() if one.dtype in (torch.float16, torch.bfloat16) else one for one in tensors)


def _part(mask: Tensor | None, part: slice) -> Tensor | None:
    return None if mask is None else mask[:, part]


def blocks(length: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that make up `length`."""
    if size < 1:
        raise InputError(f"a block of {size} tokens is none: give at least 1")
    return (slice(start, min(start + size, length)) for start in range(0, length, size))
