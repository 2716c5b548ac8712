"""Tiny models that are trained on the spot, in seconds, and saved: each does its one task right."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from longformer_tiny import SPECIAL
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    LEDConfig,
    LEDForConditionalGeneration,
    LlamaConfig,
    LlamaForCausalLM,
    LongformerConfig,
    LongformerForQuestionAnswering,
    LongformerForSequenceClassification,
    PreTrainedTokenizerFast,
)

FILLER = ["the", "ships", "of", "harbour", "salt", "winter", "north", "ice", "town", "and", "brought", "timber", "."]
TOPICS = {"sea": ["tide", "wave", "gull"], "law": ["court", "judge", "plea"], "farm": ["plough", "barn", "seed"]}
LABELS = list(TOPICS)
MARKS = ["who", "is", "the", "pilot", "?", "Pilot", ":"]
NAMES = ["Anna", "Boris", "Clara", "David", "Edith", "Frank", "Greta", "Henry"]
QUESTION = "who is the pilot ?"
WINDOW = 38
_WORDS = [*dict.fromkeys([*FILLER, *(word for words in TOPICS.values() for word in words), *MARKS, *NAMES])]


def tokenizer() -> PreTrainedTokenizerFast:
    words = [*SPECIAL.values(), *_WORDS]
    backend = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=backend, **SPECIAL, cls_token="<s>", sep_token="</s>")


def filler(count: int, chance: random.Random) -> list[str]:
    return [chance.choice(FILLER) for _ in range(count)]


def topical(label: str, count: int, chance: random.Random, share: float = 0.3) -> str:
    """Words of which some are the label's own."""
    return " ".join(
        chance.choice(TOPICS[label]) if chance.random() < share else chance.choice(FILLER) for _ in range(count)
    )


def marked(name: str, count: int, chance: random.Random, at: int | None = None) -> str:
    """Words of which two, somewhere, name the pilot behind a mark; other names stand about unmarked."""
    words = [chance.choice(NAMES) if chance.random() < 0.05 else chance.choice(FILLER) for _ in range(count)]
    place = chance.randrange(count - 3) if at is None else at
    words[place : place + 3] = ["Pilot", ":", name]
    return " ".join(words)


def save_classifier(folder: Path) -> Path:
    labels = {
        "num_labels": 3,
        "id2label": dict(enumerate(LABELS)),
        "label2id": {one: at for at, one in enumerate(LABELS)},
    }
    model = LongformerForSequenceClassification(_longformer(**labels))
    words, chance = tokenizer(), random.Random(1)

    def loss() -> Any:
        classes = [chance.randrange(3) for _ in range(16)]
        texts = [topical(LABELS[one], 30, chance) for one in classes]
        return model(**_batch(words, texts, seen=1), labels=torch.tensor(classes)).loss

    return _saved(_trained(model, loss, 0.05, rate=2e-3), words, folder)


def save_finder(folder: Path) -> Path:
    """Points at the name behind the mark, and at the first token where no mark is."""
    model = LongformerForQuestionAnswering(_longformer())
    words, chance = tokenizer(), random.Random(2)
    asked = len(QUESTION.split())
    room = WINDOW - asked - 4

    def loss() -> Any:
        texts, places = [], []
        for _ in range(8):
            if chance.random() < 0.4:
                cut = ["Pilot", ":"][: chance.choice([0, 0, 1, 2])]  # a mark whose name is in the next window
                texts.append(" ".join([chance.choice([*FILLER, *NAMES]) for _ in range(room - len(cut))] + cut))
                places.append(0)
            else:
                at = chance.randrange(room - 2)
                texts.append(marked(chance.choice(NAMES), room, chance, at))
                places.append(asked + 3 + at + 2)
        pairs = [f"{QUESTION} </s> </s> {text}" for text in texts]
        there = torch.tensor(places)
        return model(**_batch(words, pairs, seen=1 + asked), start_positions=there, end_positions=there).loss

    return _saved(_trained(model, loss, 0.02, rate=2e-3), words, folder)


def save_copier(folder: Path, copied: int = 4) -> Path:
    """Writes the first words of what it reads, and then ends."""
    torch.manual_seed(0)
    words, chance = tokenizer(), random.Random(3)
    sizes = {"d_model": 48, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "encoder_layers": 1, "decoder_layers": 1}
    heads = {"encoder_attention_heads": 4, "decoder_attention_heads": 4, "attention_window": 8, "dropout": 0.0}
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2}
    limits = {"max_encoder_position_embeddings": 128, "max_decoder_position_embeddings": 40}
    model = LEDForConditionalGeneration(LEDConfig(**sizes, **heads, **ids, **limits, vocab_size=len(words)))

    def loss() -> Any:
        texts = [[chance.choice(_WORDS) for _ in range(chance.randrange(copied + 1, 24))] for _ in range(16)]
        wanted = [words.convert_tokens_to_ids([*text[:copied], "</s>"]) for text in texts]
        longest = max(map(len, texts))
        given = _batch(words, [" ".join(text + ["<pad>"] * (longest - len(text))) for text in texts], seen=1)
        return model(**given, labels=torch.tensor(wanted)).loss

    return _saved(_trained(model, loss, 0.05, rate=5e-3), words, folder)


def save_counter(folder: Path) -> Path:
    """A decoder that goes on with the names in their order, whatever came before them."""
    torch.manual_seed(0)
    words, chance = tokenizer(), random.Random(4)
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    limits = {"max_position_embeddings": 256, "vocab_size": len(words)}
    model = LlamaForCausalLM(LlamaConfig(**sizes, **limits, **ids))

    def loss() -> Any:
        starts = [chance.randrange(len(NAMES)) for _ in range(8)]
        texts = [[*filler(8, chance), *_following(start, 16)] for start in starts]
        rows = torch.tensor([words.convert_tokens_to_ids(text) for text in texts])
        wanted = rows.clone()
        wanted[:, :9] = -100
        return model(input_ids=rows, labels=wanted).loss

    return _saved(_trained(model, loss, 0.02), words, folder)


def _following(start: int, count: int) -> list[str]:
    return [NAMES[(start + place) % len(NAMES)] for place in range(count)]


def counted(start: int, count: int) -> str:
    """Names in their order, from the one at `start`."""
    return " ".join(_following(start, count))


def _longformer(**changes: Any) -> LongformerConfig:
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "num_attention_heads": 2, "intermediate_size": 64, "num_hidden_layers": 2}
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "sep_token_id": 2, "type_vocab_size": 1}
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    limits = {"max_position_embeddings": WINDOW + 2, "attention_window": 8}
    return LongformerConfig(vocab_size=len(tokenizer()), **sizes, **ids, **still, **limits, **changes)


def _batch(words: PreTrainedTokenizerFast, texts: list[str], seen: int) -> dict[str, Any]:
    rows = torch.tensor([words.convert_tokens_to_ids(["<s>", *text.split(), "</s>"]) for text in texts])
    sees_all = torch.zeros_like(rows)
    sees_all[:, :seen] = 1
    return {"input_ids": rows, "attention_mask": (rows != 1).long(), "global_attention_mask": sees_all}


def _trained(model: Any, loss: Callable[[], Any], enough: float, steps: int = 900, rate: float = 4e-3) -> Any:
    """Until a running mean of the loss is low enough; what never gets there is an error, not a bad model."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    running = 5.0
    for _ in range(steps):
        optimizer.zero_grad()
        now = loss()
        now.backward()
        optimizer.step()
        running = 0.9 * running + 0.1 * now.item()
        if running < enough:
            return model.eval()
    raise AssertionError(f"{type(model).__name__} has a loss of {running:.3f} after {steps} steps")


def _saved(model: Any, words: PreTrainedTokenizerFast, folder: Path) -> Path:
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
