"""A small Llama trained in minutes on two public-domain books, for what random weights cannot show.

python benchmarks/train_decoder.py [--steps 800] [--folder ~/.cache/longdoc/benchmarks/decoder]

Weights go to the folder and nowhere else.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from datasets import records
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

FOLDER = Path.home() / ".cache" / "longdoc" / "benchmarks" / "decoder"
CONTEXT, VOCABULARY, BATCH = 256, 2048, 16
CONFIG = {
    "vocab_size": VOCABULARY,
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 3,
    "num_key_value_heads": 3,
    "max_position_embeddings": CONTEXT,
    "tie_word_embeddings": True,
    "bos_token_id": 0,
    "eos_token_id": None,
}


def books() -> list[str]:
    """The three books, the longest last: that one is never trained on."""
    return sorted((record["document"] for record in records("books")), key=len)


def tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """A byte-level BPE of 2,048 tokens made from the texts."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=VOCABULARY, initial_alphabet=alphabet, special_tokens=["<s>"])
    )
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>")


def trained(ids: Tensor, steps: int) -> LlamaForCausalLM:
    """The model after `steps` batches of 16 windows of 256 tokens, a beginning-of-text token first, as Llama's are."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(**CONFIG))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.1)
    began = time.perf_counter()
    for step in range(steps):
        starts = torch.randint(0, len(ids) - CONTEXT, (BATCH,))
        windows = F.pad(torch.stack([ids[start : start + CONTEXT] for start in starts]), (1, 0))  # <s> is 0
        logits = model(windows[:, :-1], use_cache=False).logits
        loss = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0 or step == steps - 1:
            print(f"step {step}: loss {loss.item():.3f}, {time.perf_counter() - began:.0f} s", flush=True)
    return model.eval()


def main() -> None:
    """Trains and saves tokenizer and model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()
    *read, _ = books()
    words = tokenizer(read)
    ids = torch.tensor(words("\n\n".join(read), verbose=False)["input_ids"])
    print(f"{len(ids)} tokens of {len(read)} books")
    model = trained(ids, given.steps)
    model.save_pretrained(given.folder)
    words.save_pretrained(given.folder)


if __name__ == "__main__":
    main()
