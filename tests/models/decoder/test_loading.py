from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from windowed_reference import VOCABULARY, tiny

from longdoc.errors import UnavailableError
from longdoc.models.decoder.decoder import load_decoder


def saved(folder: Path) -> Path:
    words = Tokenizer(models.WordLevel({f"w{number}": number for number in range(VOCABULARY)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words).save_pretrained(folder)
    tiny("llama").save_pretrained(folder)
    return folder


def test_a_saved_decoder_is_loaded_and_reads_text(tmp_path: Path) -> None:
    decoder = load_decoder(str(saved(tmp_path)))
    text = " ".join(f"w{1 + number % 50}" for number in range(100))
    assert decoder.score(text, attention_window=8).shape == (99,)
    assert decoder.model.dtype == torch.float32
    assert load_decoder(str(tmp_path), dtype=torch.bfloat16).model.dtype == torch.bfloat16


def test_pickled_weights_are_never_read(tmp_path: Path) -> None:
    (saved(tmp_path) / "model.safetensors").unlink()
    torch.save(tiny("llama").state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(UnavailableError, match="safetensors"):
        load_decoder(str(tmp_path))


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=str(tmp_path)):
        load_decoder(str(tmp_path))
