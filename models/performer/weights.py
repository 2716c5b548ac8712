"""The weights of encoders with exact attention, by the names that the Performer has for them."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from longdoc.bundled import bundled_file
from longdoc.errors import InputError
from longdoc.models.encoder.minilm import HEADS

_NAMES = {
    "mix": "attention.output.dense",
    "mix_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "down_norm": "output.LayerNorm",
}
_KINDS = ("bert", "roberta", "xlm-roberta", "camembert")


class ExactWeights(NamedTuple):
    """The sizes of an encoder, as `PerformerConfig` takes them, and its weights."""

    sizes: dict[str, Any]
    tensors: dict[str, Tensor]


def bundled_weights() -> ExactWeights:
    """The bundled sentence encoder's weights, checked. Raises `UnavailableError` where they are missing or damaged."""
    from safetensors.torch import load

    return _renamed(load(bundled_file("model.safetensors")), HEADS, 1e-12, 0)


def exact_weights(model: PreTrainedModel) -> ExactWeights:
    """The weights of a BERT or RoBERTa of transformers, with or without a head. Raises `InputError` for others."""
    config, body = model.config, model.base_model
    if config.model_type not in _KINDS:
        raise InputError(f"{type(model).__name__} is a {config.model_type!r}: give one of {', '.join(_KINDS)}")
    if config.hidden_act != "gelu" or getattr(config, "is_decoder", False):
        raise InputError(f"{type(model).__name__} is a decoder, or its hidden_act {config.hidden_act!r} is not 'gelu'")
    first = 0 if config.model_type == "bert" else config.pad_token_id + 1  # RoBERTa's places begin after its padding's
    return _renamed(body.state_dict(), config.num_attention_heads, config.layer_norm_eps, first)


def _renamed(named: dict[str, Tensor], heads: int, epsilon: float, first: int) -> ExactWeights:
    embeddings = "embeddings.{}_embeddings.weight".format
    table = (named[embeddings("position")] + named[embeddings("token_type")][0])[first:]
    tensors = {"words.weight": named[embeddings("word")], "positions.weight": table}
    tensors |= {f"norm.{part}": named[f"embeddings.LayerNorm.{part}"] for part in ("weight", "bias")}
    layers = 0
    while f"encoder.layer.{layers}.output.dense.weight" in named:
        tensors |= _layer(named, f"encoder.layer.{layers}.", f"layers.{layers}.")
        layers += 1
    inner, width = named["encoder.layer.0.intermediate.dense.weight"].shape
    sizes = {"vocab_size": len(tensors["words.weight"]), "width": width, "layers": layers, "heads": heads}
    return ExactWeights({**sizes, "inner": inner, "epsilon": epsilon}, tensors)


def _layer(named: dict[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    found = {}
    for part in ("weight", "bias"):
        joined = [named[f"{theirs}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
        found[f"{ours}qkv.{part}"] = torch.cat(joined)
        found |= {f"{ours}{name}.{part}": named[f"{theirs}{other}.{part}"] for name, other in _NAMES.items()}
    return found
