"""Features trained to weigh the tokens of a text as softmax attention weighs them (Hedgehog; Zhang et al., 2024)."""

from __future__ import annotations

import torch
from torch import Tensor

from longdoc.models.performer.favor import FavorState, FeatureMap, LogFeatures

_RATE = 0.02  # of Adam at the first step, falling to nothing in a line
_TEXTS = 4  # of one step
_LEAST = 1e-9


def learn(features: FeatureMap, q: Tensor, k: Tensor, mask: Tensor, *, causal: bool, steps: int, seed: int) -> None:
    """Trains `features` on queries and keys (B, heads, T, head_dim) whose tokens the mask, (B, T), marks true.

    The loss is the cross-entropy of each token's weights, so that a step's time and memory are quadratic in T.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.inference_mode(False), torch.enable_grad():
        q, k, mask = q.clone().float(), k.clone().float(), mask.clone()
        trained = {name: one.clone().float().requires_grad_(name != "bend") for name, one in features.named_buffers()}
        optimizer = torch.optim.Adam([one for one in trained.values() if one.requires_grad], lr=_RATE)
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = _RATE * (1 - step / steps)
            rows = torch.randperm(len(q), generator=generator)[:_TEXTS].to(q.device)
            optimizer.zero_grad()
            _loss(features, trained, q[rows], k[rows], mask[rows], causal).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    for name, one in trained.items():
        features.get_buffer(name).copy_(one.detach())


def _loss(features: FeatureMap, trained: dict[str, Tensor], q: Tensor, k: Tensor, mask: Tensor, causal: bool) -> Tensor:
    logs: LogFeatures = torch.func.functional_call(features, trained, ())
    seen = mask[:, None, None] & mask[:, None, :, None]  # (B, 1, T, T): rows of hidden tokens see nothing
    seen = seen.tril() if causal else seen
    exact = torch.matmul(q, k.transpose(-1, -2)) * q.shape[-1] ** -0.5
    exact = exact.masked_fill(~seen, -1e30).softmax(dim=-1).masked_fill(~seen, 0)  # (B, heads, T, T)
    loss: Tensor = -(exact * (_weights(logs.queries(q), logs.keys(k, mask), seen) + _LEAST).log()).sum() / (
        mask.sum() * q.shape[1]
    )
    return loss


def _weights(queries: Tensor, keys: Tensor, seen: Tensor) -> Tensor:  # (B, heads, T, T)
    state = FavorState.empty(keys, keys.shape[-1]).raised(keys)
    scores = torch.matmul(state.weights(queries), state.of(keys).transpose(-1, -2)).masked_fill(~seen, 0)
    return scores / scores.sum(dim=-1, keepdim=True).clamp_min(_LEAST)
