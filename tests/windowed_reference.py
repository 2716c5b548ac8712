"""Tiny random decoders of every family, and windowed attention written out query by query, mask and positions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import transformers as hf
from torch import Tensor
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

VOCABULARY, LAYERS, HEADS, WIDTH, LEARNED = 61, 2, 4, 32, 48
OWN_WINDOW = 9
_SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": 0,
}
_GROUPED = {**_SIZES, "intermediate_size": 48, "num_key_value_heads": 2}
_GEMMA = {**_GROUPED, "head_dim": 8, "sliding_window": OWN_WINDOW, "query_pre_attn_scalar": 8}
_ALTERNATING = ["sliding_attention", "full_attention"]

CONFIGS: dict[str, Callable[[], hf.PreTrainedConfig]] = {
    "llama": lambda: hf.LlamaConfig(**_GROUPED),
    "mistral": lambda: hf.MistralConfig(**_GROUPED, sliding_window=OWN_WINDOW),
    "qwen2": lambda: hf.Qwen2Config(**_GROUPED),
    "qwen3": lambda: hf.Qwen3Config(**_GROUPED, head_dim=16),
    "phi": lambda: hf.PhiConfig(**_SIZES, intermediate_size=48),
    "gpt_neox": lambda: hf.GPTNeoXConfig(**_SIZES, intermediate_size=48),
    "cohere": lambda: hf.CohereConfig(**_GROUPED),
    "gemma2": lambda: hf.Gemma2Config(**_GEMMA, layer_types=_ALTERNATING),
    "gemma3_text": lambda: hf.Gemma3TextConfig(**_GEMMA, layer_types=_ALTERNATING),
    "gpt2": lambda: hf.GPT2Config(**_SIZES, n_positions=LEARNED),
    "opt": lambda: hf.OPTConfig(**_SIZES, ffn_dim=48, word_embed_proj_dim=WIDTH, max_position_embeddings=LEARNED),
    "bloom": lambda: hf.BloomConfig(**_SIZES),
    "mpt": lambda: hf.MptConfig(
        vocab_size=VOCABULARY, d_model=WIDTH, n_layers=LAYERS, n_heads=HEADS, pad_token_id=0, eos_token_id=None
    ),
}
ROTARY = ["llama", "mistral", "qwen2", "qwen3", "phi", "gpt_neox", "cohere", "gemma2", "gemma3_text"]
ALIBI = ["bloom", "mpt"]
LEARNED_POSITIONS = ["gpt2", "opt"]


@cache
def tiny(family: str) -> Any:
    """A decoder of random weights, large enough that attention matters to its logits."""
    torch.manual_seed(len(family))
    model = hf.AutoModelForCausalLM.from_config(CONFIGS[family]())
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.25)
    model.generation_config.pad_token_id = 0
    return model.eval()


def reference_logits(family: str, ids: Tensor, window: int, sinks: int) -> Tensor:  # (T) -> (T, vocabulary)
    """What each query should give, one query at a time."""
    with torch.no_grad():
        if family in LEARNED_POSITIONS:
            return _learned(tiny(family), ids, min(window, LEARNED - sinks), sinks)
        if family in ALIBI:
            return _alibi(tiny(family), family, ids, window, sinks)
        return _rotary(tiny(family), ids, window, sinks)


def seen(query: int, window: int, sinks: int, own: int | None = None) -> tuple[list[int], list[int]]:
    """The tokens that a query sees and their positions in the cache, in which the query comes last."""
    tokens = [token for token in range(query + 1) if token < sinks or token > query - window]
    if query < window + sinks:
        tokens = list(range(query + 1))
    places = list(range(len(tokens)))
    return (tokens, places) if own is None else (tokens[-own:], places[-own:])


def _learned(model: Any, ids: Tensor, window: int, sinks: int) -> Tensor:
    held: list[int] = []
    logits = []
    for token in ids.tolist():
        if len(held) == window + sinks:
            held = held[:sinks] + held[len(held) - window // 2 :]
        held.append(token)
        logits.append(model(torch.tensor([held]), use_cache=False).logits[0, -1])
    return torch.stack(logits)


def _rotary(model: Any, ids: Tensor, window: int, sinks: int) -> Tensor:
    """One dense pass with every position 0, so that nothing is turned, and attention that turns by cache position."""

    def attention(module: Any, query: Tensor, key: Tensor, value: Tensor, mask: object, **given: Any) -> Any:
        key, value = (x.repeat_interleave(query.shape[1] // x.shape[1], dim=1)[0] for x in (key, value))
        rows = []
        for at in range(len(ids)):
            tokens, places = seen(at, window, sinks, given.get("sliding_window"))
            turned = _turned(module, query[0, :, at : at + 1], [places[-1]])
            scores = turned @ _turned(module, key[:, tokens], places).transpose(1, 2) * given["scaling"]
            softcap = given.get("softcap")
            scores = scores if softcap is None else softcap * torch.tanh(scores / softcap)
            rows.append(scores.softmax(dim=-1) @ value[:, tokens])  # (heads, 1, head_dim)
        return torch.cat(rows, dim=1).transpose(0, 1)[None], None

    before = model.config._attn_implementation
    ALL_ATTENTION_FUNCTIONS.register("written_out", attention)
    model.set_attn_implementation("written_out")
    try:
        return model(ids[None], position_ids=torch.zeros_like(ids)[None], use_cache=False).logits[0]
    finally:
        model.set_attn_implementation(before)


def _turned(module: Any, x: Tensor, places: list[int]) -> Tensor:  # (heads, T, head_dim)
    rope = module.config.rope_parameters
    rope = rope.get(module.config.layer_types[module.layer_idx], rope) if "full_attention" in rope else rope
    width = int(x.shape[-1] * rope.get("partial_rotary_factor", 1))
    out = x.clone()
    for pair in range(width // 2):
        one, other = (2 * pair, 2 * pair + 1) if module.config.model_type == "cohere" else (pair, pair + width // 2)
        angle = torch.tensor(places) * rope["rope_theta"] ** (-2 * pair / width)
        out[..., one] = x[..., one] * angle.cos() - x[..., other] * angle.sin()
        out[..., other] = x[..., other] * angle.cos() + x[..., one] * angle.sin()
    return out


def _alibi(model: Any, family: str, ids: Tensor, window: int, sinks: int) -> Tensor:
    hidden = torch.ones(len(ids), len(ids), dtype=torch.bool)
    distance = torch.zeros(len(ids), len(ids))
    for at in range(len(ids)):
        tokens, places = seen(at, window, sinks)
        hidden[at, tokens] = False
        distance[at, tokens] = torch.tensor([float(places[-1] - place) for place in places])
    slopes = torch.tensor([2.0 ** (-8 * (head + 1) / HEADS) for head in range(HEADS)])
    bias = -slopes[:, None, None] * distance  # (heads, T, T)
    body = model.transformer
    if family == "mpt":
        x = body.wte(ids[None])
        for block in body.blocks:
            x = block(x, position_bias=bias, attention_mask=hidden[None, None])[0]
        return model.lm_head(body.norm_f(x))[0]
    x = body.word_embeddings_layernorm(body.word_embeddings(ids[None]))
    added = torch.zeros(hidden.shape).masked_fill(hidden, torch.finfo(torch.float32).min)[None, None]
    for block in body.h:
        x = block(x, attention_mask=added, alibi=bias)[0]
    return model.lm_head(body.ln_f(x))[0]
