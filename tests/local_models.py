"""Small chat models of random weights, saved to disk with tokenizers trained on the spot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tokenizers as tk
import torch
import transformers as hf
from tokenizers import decoders, models, pre_tokenizers, trainers

END = "<|end|>"
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
TURNS = ["<|system|>", "<|user|>", "<|assistant|>"]
TEXT = (
    "The harbour was built by the town council, and ships from the north brought timber and salt to it. In winter the "
    "ice closed the harbour. Où est le café? Größe, naïve. 港口は冬に凍る。 Лёд закрыл гавань. 🚢🧊 the ship, ice.\n"
)


def byte_tokenizer(template: str | None = TEMPLATE, size: int = 420) -> hf.PreTrainedTokenizerFast:
    """Byte-level BPE, as GPT-2 and Llama 3 have it: rare characters are several tokens."""
    backend = tk.Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[END, *TURNS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([TEXT], trainer)
    made = hf.PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=END)
    made.chat_template = template
    return made


def words_of(tokenizer: hf.PreTrainedTokenizerFast, letters: int = 3) -> set[int]:
    """The tokens that are a word, or a part of one, of at least so many letters."""
    texts = {token: tokenizer.decode([token], skip_special_tokens=True) for token in range(len(tokenizer))}
    return {token for token, text in texts.items() if text.isascii() and sum(map(str.isalpha, text)) >= letters}


def save_tiny(folder: Path, *, template: str | None = TEMPLATE, words: bool = False, **generation: Any) -> Path:
    """A Llama of two layers; with `words` it writes nothing but parts of words, and the end of text where it must."""
    tokenizer = byte_tokenizer(template)
    torch.manual_seed(3)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    model: Any = hf.LlamaForCausalLM(hf.LlamaConfig(**sizes, num_key_value_heads=2, vocab_size=len(tokenizer)))
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.25)
    unwanted = sorted(set(range(len(tokenizer))) - words_of(tokenizer) - {tokenizer.eos_token_id}) if words else None
    generation = {"eos_token_id": tokenizer.eos_token_id, "suppress_tokens": unwanted} | generation
    model.generation_config = hf.GenerationConfig(**generation)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


@contextmanager
def tokens_read(model: Any) -> Iterator[list[int]]:
    """How many tokens each pass through the model reads."""
    read: list[int] = []

    def listen(module: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        read.append((args[0] if args else kwargs["input_ids"]).shape[1])

    handle = model.get_decoder().register_forward_pre_hook(listen, with_kwargs=True)
    yield read
    handle.remove()
