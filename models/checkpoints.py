"""Pretrained models and tokenizers from a folder or a hub id: safetensors only, never code that comes with them."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any, NamedTuple

import torch
from torch import nn
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from longdoc.errors import InputError, UnavailableError

_NOT_THE_MODEL = {"_name_or_path", "architectures", "dtype", "transformers_version"}


class Checkpoint(NamedTuple):
    """A model, ready to read, and its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase


def load_checkpoint(
    name: str, kind: Any, *, dtype: torch.dtype | None = None, device: str = "cpu", **config: Any
) -> Checkpoint:
    """The model in the folder `name`, or of that hub id, as `kind`: a class of transformers, "auto" ones included.

    `dtype` None is that of the weights; `config` changes the model's configuration (`num_labels=3`). A head that the
    weights do not have is made at random, as transformers does. Raises `UnavailableError` where there is no such
    model or tokenizer, where the weights are not in safetensors, or where they need code of their own.
    """
    given: dict[str, Any] = {"trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **given)
        model = kind.from_pretrained(name, **given, use_safetensors=True, dtype=dtype or "auto", **config)
    except (OSError, ValueError, KeyError, RuntimeError) as error:  # RuntimeError: weights of other shapes
        raise UnavailableError(
            f"{name!r} cannot be loaded as {kind.__name__}: give a folder of config, tokenizer and safetensors "
            f"weights, or a hub id that can be reached ({(str(error).splitlines() or [type(error).__name__])[0]})"
        ) from error
    model.to(device).train(False)
    return Checkpoint(model, tokenizer)


def fingerprint(model: nn.Module) -> str:
    """Changes with the model: its config, and 64 values from each of its weights, spread over it."""
    named = model.config.to_dict() if isinstance(model, PreTrainedModel) else {}
    config = {name: value for name, value in named.items() if name not in _NOT_THE_MODEL}
    digest = blake2b(json.dumps(config, sort_keys=True, default=str).encode(), digest_size=16)
    for name, weight in sorted(model.state_dict().items()):
        places = torch.linspace(0, weight.numel() - 1, min(64, weight.numel()), dtype=torch.float64).long()
        some = weight.flatten()[places.to(weight.device)].float().cpu()
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode() + some.numpy().tobytes())
    return digest.hexdigest()


def token_id(tokenizer: PreTrainedTokenizerBase, *names: str) -> int:
    """The id of the first of the special tokens `names` ("cls_token", "bos_token") that the tokenizer has."""
    for name in names:
        found = getattr(tokenizer, f"{name}_id", None)
        if isinstance(found, int):
            return found
    raise InputError(f"the tokenizer has no {' or '.join(names)}: set it, for example tokenizer.{names[0]} = '<s>'")
