"""A chat model on this machine: streamed, stopped, with a window on a long chat, and its prompt kept between turns.

The model is a small random one with a tokenizer trained on the spot, so that the example needs no network, and its
replies are word salad. With a model at hand give its folder or hub id instead: everything below stays as it is.
"""

import tempfile
from pathlib import Path

import tokenizers as tk
import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import longdoc
from longdoc.models.decoder.chat_model import WindowedChatModel
from longdoc.pipelines.summarizers.models import chat_model

TEXT = "The harbour was built by the town council. Ships from the north brought timber and salt to it. " * 100


def save_small_model(folder: Path) -> None:
    """Writes what a folder from the hub holds: a tokenizer, a config, a generation config and weights."""
    backend = tk.Tokenizer(tk.models.BPE())
    backend.pre_tokenizer = tk.pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = tk.decoders.ByteLevel()
    alphabet = tk.pre_tokenizers.ByteLevel.alphabet()
    backend.train_from_iterator([TEXT], tk.trainers.BpeTrainer(initial_alphabet=alphabet, show_progress=False))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    torch.manual_seed(0)
    size = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    model = LlamaForCausalLM(LlamaConfig(**size, vocab_size=len(tokenizer), eos_token_id=None, bos_token_id=None))
    bytes_alone = [token for token in range(len(tokenizer)) if len(tokenizer.decode([token]).strip()) < 3]
    model.generation_config = GenerationConfig(suppress_tokens=bytes_alone, max_new_tokens=30)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)


with tempfile.TemporaryDirectory() as name:
    folder = Path(name) / "model"
    save_small_model(folder)

    sessions = longdoc.KVSessions(Path(name) / "kv")
    model = WindowedChatModel.from_pretrained(str(folder), attention_window=256, sinks=4, sessions=sessions)
    chat = [("system", "Answer from the text."), ("human", TEXT + "Who built the harbour?")]
    for piece in model.stream(chat, temperature=0.8, seed=1):
        print(piece.content, end="", flush=True)
    reply = model.invoke(chat, stop=[" harbour"])
    print("\n\nup to ' harbour':", reply.content)
    print(f"{reply.usage_metadata}, {reply.response_metadata['finish_reason']}, {len(sessions.files())} prompt kept")

    tree = longdoc.summarize(TEXT, model=chat_model(f"hf:{folder}"), max_tokens=60, chunk_tokens=1000)
    print("\nsummary:", tree.summary.text)
