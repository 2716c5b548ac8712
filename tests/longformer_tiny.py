"""Tiny random Longformer and LED models and a word tokenizer for them, made on the spot."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LEDConfig, LongformerConfig, PreTrainedTokenizerFast

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", ".", ","]
SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
VOCABULARY = 64


def tokenizer() -> PreTrainedTokenizerFast:
    words = [*SPECIAL.values(), *WORDS, *(f"w{number}" for number in range(VOCABULARY - 4 - len(WORDS)))]
    backend = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("isolated")]
    )
    return PreTrainedTokenizerFast(tokenizer_object=backend, **SPECIAL, cls_token="<s>", sep_token="</s>")


def longformer(kind: Any, window: int | list[int] = 8, positions: int = 256, **changes: Any) -> Any:
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 48, "type_vocab_size": 1}
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "sep_token_id": 2}
    layers = len(window) if isinstance(window, list) else 2
    limits = {"max_position_embeddings": positions + 2, "num_hidden_layers": layers, "attention_window": window}
    return _loud(kind(LongformerConfig(vocab_size=VOCABULARY, **sizes, **ids, **limits, **changes)))


def led(kind: Any, window: int | list[int] = 8, positions: int = 256, **changes: Any) -> Any:
    torch.manual_seed(0)
    sizes = {"d_model": 32, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "decoder_layers": 1}
    heads = {"encoder_attention_heads": 4, "decoder_attention_heads": 4}
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    layers = len(window) if isinstance(window, list) else 2
    limits = {"max_encoder_position_embeddings": positions, "max_decoder_position_embeddings": 64}
    given = {"encoder_layers": layers, "attention_window": window, "vocab_size": VOCABULARY}
    return _loud(kind(LEDConfig(**sizes, **heads, **ids, **limits, **given, **changes)))


def _loud(model: Any) -> Any:
    """With weights ten times as large as at the start of a training, so that attention is far from even."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and ("query" in name or "key" in name or "value" in name):
                weight.mul_(10)
    return model.eval()
