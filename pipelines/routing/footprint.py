"""How much memory is free here, and how much a model's weights and states take."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def free_bytes() -> int:
    """The bytes of memory that can be had now without swapping."""
    import psutil

    return int(psutil.virtual_memory().available)


def weight_bytes(folder: Path) -> int:
    """The bytes of a model's weights: those of its files, which is what they take when they are read."""
    return sum(one.stat().st_size for one in folder.glob("*.safetensors"))


def cached_token_bytes(config: Any) -> int:
    """What a decoder keeps of each token that it sees: a key and a value a layer, in the precision of its weights."""
    text = config.get_text_config(decoder=True)
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(2 * text.num_hidden_layers * heads * width * _item_bytes(config))


def read_token_bytes(config: Any) -> int:
    """What an encoder of windows holds for each token of one: one layer's states, inner states and scores.

    Layers follow each other in the same memory. A layer has some eight vectors as wide as its states, the wider inner
    one twice, and for each head the scores of a window on both sides, before and after softmax.
    """
    window = config.attention_window
    widest = window if isinstance(window, int) else max(window)
    heads = getattr(config, "num_attention_heads", None) or config.encoder_attention_heads
    inner = getattr(config, "intermediate_size", None) or config.encoder_ffn_dim
    values = 8 * config.hidden_size + 2 * inner + 2 * heads * (2 * widest + 1)
    return int(values * _item_bytes(config))


def _item_bytes(config: Any) -> int:
    import torch

    dtype = getattr(config, "dtype", None)
    return int(dtype.itemsize) if isinstance(dtype, torch.dtype) else 4
