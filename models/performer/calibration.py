"""A change of queries and keys that leaves their softmax attention as it is and its random features far less noisy.

The noise of exp(w·q - |q|²/2) exp(w·k - |k|²/2) grows exponentially with |q + k|². Softmax attention is the same for
keys less their mean, for queries less theirs where each key is weighed by its product with it, and for queries times a
matrix where keys are times its inverse transposed. What is left is lessened by bending each feature along each axis
(the dense-exponential features of Likhosherstov et al., 2023).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

_SHRUNK = 1e-3  # of the mean variance, added to each: few tokens leave some directions without any


class Calibration(NamedTuple):
    """For each head: the means, the two matrices, and how far features are bent along each axis."""

    query_mean: Tensor  # (heads, head_dim)
    key_mean: Tensor  # (heads, head_dim)
    query_by: Tensor  # (heads, head_dim, head_dim)
    key_by: Tensor  # (heads, head_dim, head_dim)
    bend: Tensor  # (heads, head_dim), at most 0


def none(heads: int, head_dim: int) -> Calibration:
    """The calibration that changes nothing."""
    nothing, same = torch.zeros(heads, head_dim), torch.eye(head_dim).repeat(heads, 1, 1)
    return Calibration(nothing, nothing.clone(), same, same.clone(), nothing.clone())


def calibration(q: Tensor, k: Tensor) -> Calibration:
    """The calibration for queries and keys like these, (tokens, heads, head_dim), each times head_dim ** -1/4."""
    q, k = q.transpose(0, 1).double(), k.transpose(0, 1).double()  # (heads, tokens, head_dim)
    query_mean, key_mean = q.mean(dim=1, keepdim=True), k.mean(dim=1, keepdim=True)
    q, k = q - query_mean, k - key_mean
    query_by, key_by = _balancing(_covariance(q), _covariance(k))
    spread = torch.matmul(q, query_by).square().mean(dim=1) + torch.matmul(k, key_by).square().mean(dim=1)
    found = (query_mean[:, 0], key_mean[:, 0], query_by, key_by, _bend(spread))
    return Calibration(*(one.float() for one in found))


def _covariance(x: Tensor) -> Tensor:  # (heads, head_dim, head_dim)
    found = torch.matmul(x.transpose(1, 2), x) / x.shape[1]
    mean = found.diagonal(dim1=1, dim2=2).mean(dim=1)
    return found + (_SHRUNK * mean + 1e-12)[:, None, None] * torch.eye(x.shape[2], dtype=x.dtype, device=x.device)


def _balancing(of_queries: Tensor, of_keys: Tensor) -> tuple[Tensor, Tensor]:
    """Matrices that give queries and keys the same diagonal covariance: the least |q|² + |k|² for the same q·k."""
    root, inverse = _power(of_queries, 0.5), _power(of_queries, -0.5)
    mean = inverse @ _power(root @ of_keys @ root, 0.5) @ inverse  # the geometric mean of of_queries⁻¹ and of_keys
    forth, back = _power(mean, 0.5), _power(mean, -0.5)
    axes = torch.linalg.eigh(forth @ of_queries @ forth).eigenvectors
    return forth @ axes, back @ axes


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    powers: Tensor = values.clamp_min(1e-30).pow(exponent)
    return torch.matmul(vectors * powers[:, None], vectors.transpose(1, 2))


def _bend(spread: Tensor) -> Tensor:
    """The A of least variance for features exp(A w² + √(1 - 4A) w x - x²/2), `spread` being the mean of (q + k)²."""
    spread = spread.clamp_min(1e-9)
    share = (((2 * spread + 1).square() + 8 * spread).sqrt() - 2 * spread - 1) / (4 * spread)
    return (1 - 1 / share.clamp(max=1)) / 8
