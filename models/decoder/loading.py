"""A causal model and its tokenizer from a folder or a hub id: safetensors only, never code that comes with them."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from longdoc.errors import UnavailableError
from longdoc.models.decoder.decoder import WindowedDecoder
from longdoc.models.quantize import Weights, quantize


def load_decoder(
    name: str, *, dtype: torch.dtype | None = None, device: str = "cpu", weights: Weights | None = None
) -> WindowedDecoder:
    """The decoder in the folder `name`, or of that hub id, with its tokenizer; `dtype` None is that of the weights.

    `weights` is the form that `quantize` then gives the model. Raises `UnavailableError` where there is none, where it
    is not in safetensors, or where it needs code of its own, and `InputError` where it cannot be windowed.
    """
    given: dict[str, Any] = {"trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **given)
        model = AutoModelForCausalLM.from_pretrained(name, **given, use_safetensors=True, dtype=dtype or "auto")
    except (OSError, ValueError, KeyError) as error:
        raise UnavailableError(
            f"{name!r} cannot be loaded as a causal model: give a folder of config, tokenizer and safetensors weights, "
            f"or a hub id that can be reached ({str(error).splitlines()[0]})"
        ) from error
    model.to(device)  # type: ignore[arg-type]
    return WindowedDecoder(quantize(model, weights), tokenizer)
