"""The weights of a model in 32, 16 or 8 bits, by one word."""

from __future__ import annotations

from itertools import chain
from typing import Any, Literal, TypeVar, get_args

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from longdoc.errors import InputError
from longdoc.models.int8_linear import Int8Linear

Weights = Literal["float32", "bfloat16", "int8"]
_Model = TypeVar("_Model", bound=nn.Module)


def quantize(model: _Model, weights: Weights | None) -> _Model:
    """`model` itself, for reading only, with its weights in this form; None leaves it as it is.

    "int8" keeps the linear layers inside `base_model` in 8 bits, a scale for each output, and all else in bfloat16:
    embeddings, norms, biases, heads (tied or not), and experts kept as one tensor. What a model computes for itself,
    such as rotary frequencies, stays as it is. Its fingerprint changes with the form. Save a model before this, not
    after: transformers cannot load one in 8 bits. Raises `InputError` for other words, for a model without linear
    layers, and for one in 8 bits that is to have more.
    """
    if weights is None:
        return model
    if weights not in get_args(Weights):
        raise InputError(f"weights is {weights!r}; give {', '.join(map(repr, get_args(Weights)))}")
    if not any(isinstance(module, Int8Linear) for module in model.modules()):
        if weights == "int8":
            _to_int8(model)
    elif weights != "int8":
        raise InputError(f"the weights are in int8 and {weights} is asked for: load the model again")
    _cast(model, torch.float32 if weights == "float32" else torch.bfloat16)
    return model


def weight_bytes(model: nn.Module) -> int:
    """The bytes of a model's parameters and buffers, those that are tied once."""
    return sum(one.numel() * one.element_size() for one in chain(model.parameters(), model.buffers()))


def _to_int8(model: nn.Module) -> None:
    inside = model.base_model if isinstance(model, PreTrainedModel) else model
    found: list[tuple[nn.Module, str, Any]] = [
        (parent, name, layer)
        for parent in inside.modules()
        for name, layer in parent.named_children()
        if type(layer) in (nn.Linear, Conv1D)
    ]
    if not found:
        raise InputError(f"{type(model).__name__} has no linear layers to keep in int8: give 'bfloat16'")
    made = {id(layer): _in_int8(layer) for _, _, layer in found}  # a layer in two places stays one
    for parent, name, layer in found:
        setattr(parent, name, made[id(layer)])


def _in_int8(layer: nn.Linear | Conv1D) -> Int8Linear:
    """GPT-2's `Conv1D` is a linear layer with its weight turned."""
    return Int8Linear(layer.weight.T if isinstance(layer, Conv1D) else layer.weight, layer.bias)


def _cast(model: nn.Module, dtype: torch.dtype) -> None:
    """Of buffers only those that are saved: `model.to` would round rotary frequencies as well."""
    for tensor in model.state_dict(keep_vars=True).values():
        if tensor.is_floating_point():
            tensor.data = tensor.data.to(dtype)
