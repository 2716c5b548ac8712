from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_openai import ChatOpenAI

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.errors import StageError
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.summarizers.chat import CallRecord, ChatSummarizer
from longdoc.pipelines.summarizers.protocol import Passage

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "localhost"])]

TEXT = "The cat sat on the mat. Rain fell on the harbour all night. Profits rose to 1,200 crowns."
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PATIENCE = 240  # looks for the server, half a second apart


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama of random weights with a byte-level tokenizer, made here."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("llama")
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator([TEXT], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=special[0],
        eos_token=special[1],
        pad_token=special[1],
        chat_template=TEMPLATE,
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1, "vocab_size": len(tokenizer)}
    LlamaForCausalLM(LlamaConfig(max_position_embeddings=8192, **shape, **ids)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The address of `transformers serve` with that model, on a free loopback port."""
    for package in ("fastapi", "uvicorn", "accelerate"):
        pytest.importorskip(package, reason=f"transformers serve needs {package}")
    command = shutil.which("transformers", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the transformers command is not installed beside this Python")
    port = free_port()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    arguments = [command, "serve", str(folder), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    log = folder / "serve.log"
    with log.open("wb") as output:
        server = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(PATIENCE):
        if server.poll() is not None:
            pytest.fail(f"the server ended with {server.returncode}: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)  # another process is starting; there is no clock to inject into it
    pytest.fail(f"the server did not answer: {log.read_text()[-2000:]}")


@pytest.mark.parametrize("budget", [8, 40])
def test_the_laws_hold_for_what_a_random_model_writes(folder: Path, address: str, budget: int) -> None:
    tokenizer = load_tokenizer(str(folder))
    records: list[CallRecord] = []
    model = ChatOpenAI(model=str(folder), base_url=address, api_key="none", max_completion_tokens=60, max_retries=0)  # type: ignore[arg-type]
    chat = ChatSummarizer(
        model, tokenizer=tokenizer, context_tokens=8000, checker=Checker(Embedder()), on_call=records.append
    )
    passages = [Passage(TEXT, (Span(0, len(TEXT), "cat"),))]
    try:
        summary = chat.summarize(passages, budget)
    except StageError:  # twice nothing but symbols
        assert len(records) == 2
    else:
        assert summary.tokens == tokenizer.count(summary.text) <= budget
        assert all(not one.supported and one.problems for one in summary.sentences)
        assert all(0 <= span.start < span.end <= len(TEXT) and span.source == "cat" for span in summary.spans)
    assert 1 <= len(records) <= chat.max_calls(1)
    # What the server counts, with its template around it, stays inside what was planned.
    assert records[0].input_tokens <= chat.prompt_tokens(passages, budget)
    assert all(record.input_tokens + budget <= 8000 for record in records)
