"""How the keys of a causal model depend on the positions of their tokens, found out by asking the model."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from longdoc.errors import InputError

Kind = Literal["rotary", "alibi", "unplaced", "learned"]
_PROBE = 7  # how far the probe's token is moved: prime, so that no frequency in use comes round to where it began
_LENGTH_DEPENDENT = {"dynamic", "longrope"}


@dataclass(frozen=True)
class KeyMotion:
    """What moving a cached key by some positions takes.

    "rotary": it is turned by the layer's `frequencies` (RoPE; Su et al., 2021), pairs of dimensions lying half the
    rotary width apart, or side by side if `interleaved`. "alibi": nothing, but scores are biased by `slopes` times
    the distance (Press et al., 2022). "unplaced": nothing. "learned": it cannot be moved, only encoded again.
    """

    kind: Kind
    frequencies: tuple[Tensor, ...] = ()  # of each layer, (rotary / 2)
    interleaved: bool = False
    slopes: Tensor | None = None  # (heads)

    def turning(self, layer: int, shift: Tensor) -> tuple[Tensor, Tensor]:  # shift: (...)
        """Cosines and sines, (..., rotary), that move keys of `layer` by `shift` positions."""
        frequency = self.frequencies[layer]
        angles = shift[..., None].to(torch.float64) * frequency.to(shift.device, torch.float64)
        angles = angles.repeat_interleave(2, dim=-1) if self.interleaved else torch.cat((angles, angles), dim=-1)
        return angles.cos().float(), angles.sin().float()

    def turn(self, keys: Tensor, cos: Tensor, sin: Tensor) -> Tensor:  # (..., head_dim)
        """The keys moved; dimensions past the rotary ones are as they were. Computed in float32."""
        width = cos.shape[-1]
        x = keys[..., :width].float()
        if self.interleaved:
            crossed = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)
        else:
            crossed = torch.cat((-x[..., width // 2 :], x[..., : width // 2]), dim=-1)
        turned = (x * cos + crossed * sin).to(keys.dtype)
        if width == keys.shape[-1]:
            return turned
        return torch.cat((turned, keys[..., width:].expand(*turned.shape[:-1], -1)), dim=-1)


@torch.no_grad()
def key_motion(model: PreTrainedModel) -> KeyMotion:
    """The motion of `model`'s keys. Costs a forward pass of one token at each of two positions.

    A token alone attends to itself, so that its hidden states do not depend on where it stands: its keys at two
    positions differ by the motion and nothing else, in every layer. A model whose frequencies depend on the length
    of the text (dynamic NTK, LongRoPE) is refused.
    """
    slopes = _slopes(model)
    if slopes is not None:
        return KeyMotion("alibi", slopes=slopes)
    _refuse_length_dependent(model)
    here, there = _probe(model, 0), _probe(model, _PROBE)
    if _near(here, there):
        return KeyMotion("unplaced")
    frequencies = _frequencies(model)
    for interleaved in (False, True) if frequencies else ():
        motion = KeyMotion("rotary", frequencies, interleaved)
        shift = torch.tensor(_PROBE, device=model.device)
        if _near([motion.turn(key, *motion.turning(layer, shift)) for layer, key in enumerate(here)], there):
            return motion
    return KeyMotion("learned")


def body(model: PreTrainedModel) -> Any:
    """The part of a causal model that runs its layers, without the head."""
    return model.get_decoder()  # type: ignore[no-untyped-call]


def _slopes(model: PreTrainedModel) -> Tensor | None:
    decoder, config = body(model), model.config
    if config.model_type == "bloom":
        table = decoder.build_alibi_tensor(torch.ones(1, 2, device=model.device), config.n_head, torch.float32)
    elif config.model_type == "mpt" and config.attn_config.alibi:
        table = decoder.build_mpt_alibi_tensor(config.n_heads, 2, config.attn_config.alibi_bias_max, model.device)
    elif getattr(config, "alibi", False):
        raise InputError(f"ALiBi of a {config.model_type} model cannot be windowed here: Bloom and MPT can")
    else:
        return None
    slopes: Tensor = (table[:, 0, 1] - table[:, 0, 0]).float()
    return slopes


def _refuse_length_dependent(model: PreTrainedModel) -> None:
    parameters = getattr(model.config.get_text_config(decoder=True), "rope_parameters", None) or {}
    nested = [value for value in parameters.values() if isinstance(value, dict)]
    for kind in {one.get("rope_type") for one in chain([parameters], nested)} & _LENGTH_DEPENDENT:
        raise InputError(f"rope_type {kind!r} changes with the length of the text, so cached keys cannot be moved")


def _probe(model: PreTrainedModel, position: int) -> list[Tensor]:
    """The key of token 1 alone at `position`, for each layer, (1, heads, 1, head_dim)."""
    cache = DynamicCache()
    token = torch.ones(1, 1, dtype=torch.long, device=model.device)
    body(model)(token, position_ids=torch.full_like(token, position), past_key_values=cache, use_cache=True)
    return [keys for keys, *_ in cache]


def _near(keys: list[Tensor], others: list[Tensor]) -> bool:
    tolerance = 1e-4 if keys[0].dtype == torch.float32 else 3e-2
    return all(
        (one - other).abs().max() <= tolerance * one.abs().max() for one, other in zip(keys, others, strict=True)
    )


def _frequencies(model: PreTrainedModel) -> tuple[Tensor, ...]:
    """Each layer's inverse frequencies, or none where the model does not keep them as its neighbours do."""
    rotary, config = getattr(body(model), "rotary_emb", None), model.config.get_text_config(decoder=True)
    layers = range(config.num_hidden_layers)
    if not isinstance(rotary, nn.Module):
        return ()
    buffers = dict(rotary.named_buffers())
    kinds = getattr(config, "layer_types", None) or [""] * len(layers)
    found = [buffers.get(f"{kinds[layer]}_inv_freq", buffers.get("inv_freq")) for layer in layers]
    return () if any(one is None for one in found) else tuple(one for one in found if one is not None)
