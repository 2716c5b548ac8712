from __future__ import annotations

import copy
import os
from pathlib import Path

import pytest
import torch
import transformers as hf
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from windowed_reference import CONFIGS, VOCABULARY, tiny

from longdoc.errors import InputError, UnavailableError
from longdoc.models.decoder.buffers import Storage
from longdoc.models.decoder.decoder import WindowedDecoder
from longdoc.models.decoder.sessions import KVSessions

DECODERS = {family: WindowedDecoder(tiny(family)) for family in ("llama", "gpt2", "bloom", "gemma3_text")}
DOCUMENT = torch.randint(1, VOCABULARY, (1, 90), generator=torch.Generator().manual_seed(1))
QUESTIONS = torch.randint(1, VOCABULARY, (3, 12), generator=torch.Generator().manual_seed(2))
Given = dict[str, int]


def prompt(question: int) -> Tensor:
    return torch.cat((DOCUMENT, QUESTIONS[question : question + 1]), dim=1)


def logits_after(
    decoder: WindowedDecoder, sessions: KVSessions, ids: Tensor, storage: Storage, **given_: int
) -> Tensor:
    cache = sessions.read(decoder, ids[:, :-1], storage=storage, keep=False, **given_)  # type: ignore[arg-type]
    return decoder.logits(cache, ids)


@pytest.mark.parametrize("storage", ["model", "int8"])
@pytest.mark.parametrize("memory", [0, 1 << 30])
@pytest.mark.parametrize("family", list(DECODERS))
@settings(max_examples=2)
@given(window=st.integers(1, 120), sinks=st.integers(0, 4), first=st.integers(1, 90), more=st.integers(0, 40))
def test_what_is_stored_gives_the_logits_of_reading_anew(
    tmp_path_factory: pytest.TempPathFactory,
    family: str,
    memory: int,
    storage: Storage,
    window: int,
    sinks: int,
    first: int,
    more: int,
) -> None:
    decoder, given_ = DECODERS[family], {"attention_window": window, "sinks": sinks}
    sessions = KVSessions(tmp_path_factory.mktemp("kv"), memory_bytes=memory)
    sessions.read(decoder, DOCUMENT[:, :first], storage=storage, **given_)  # type: ignore[arg-type]
    for question in range(2):
        ids = torch.cat((DOCUMENT[:, : first + more], QUESTIONS[question : question + 1]), dim=1)
        anew = logits_after(decoder, KVSessions(None), ids, storage, **given_)
        assert (logits_after(decoder, sessions, ids, storage, **given_) - anew).abs().max() < 1e-4
        sessions.read(decoder, ids[:, :-3], storage=storage, **given_)  # type: ignore[arg-type]


@pytest.mark.parametrize("storage", ["model", "int8"])
@pytest.mark.parametrize("window", [16, 64, 200])
def test_parts_that_line_up_give_the_same_bits(tmp_path: Path, storage: Storage, window: int) -> None:
    ids = torch.randint(1, VOCABULARY, (1, 532), generator=torch.Generator().manual_seed(3))
    sessions, decoder, given_ = KVSessions(tmp_path), DECODERS["llama"], {"attention_window": window}
    sessions.read(decoder, ids[:, :512], storage=storage, **given_)  # type: ignore[arg-type]
    anew = logits_after(decoder, KVSessions(None), ids, storage, **given_)
    assert torch.equal(logits_after(decoder, sessions, ids, storage, **given_), anew)


@pytest.mark.parametrize("window", [8, 200])
def test_only_what_is_new_is_read(tmp_path: Path, window: int) -> None:
    decoder, read = DECODERS["llama"], []
    handle = decoder.model.get_decoder().register_forward_pre_hook(
        lambda module, args, kwargs: read.append(args[0].shape[1]), with_kwargs=True
    )
    KVSessions(tmp_path).read(decoder, DOCUMENT, attention_window=window)
    for sessions in (KVSessions(tmp_path), KVSessions(tmp_path)):  # as two other processes would
        read.clear()
        sessions.read(decoder, prompt(0), attention_window=window)
    assert sum(read) == 0
    KVSessions(tmp_path).read(decoder, prompt(1), attention_window=window)
    handle.remove()
    assert sum(read) == 12


def test_generate_answers_as_the_decoder_does(tmp_path: Path) -> None:
    decoder, sessions = DECODERS["llama"], KVSessions(tmp_path)
    for question in (0, 1, 0):
        ids = prompt(question)
        expected = decoder.generate(ids, attention_window=200, max_new_tokens=6, do_sample=False)
        out = sessions.generate(decoder, ids, attention_window=200, max_new_tokens=6, do_sample=False)
        assert torch.equal(out, expected)  # type: ignore[arg-type]


def test_another_model_window_or_storage_is_refused_and_never_found(tmp_path: Path) -> None:
    sessions, decoder = KVSessions(tmp_path), DECODERS["llama"]
    sessions.read(decoder, DOCUMENT)
    (path,) = sessions.files()
    torch.manual_seed(5)
    other = WindowedDecoder(hf.LlamaForCausalLM(CONFIGS["llama"]()))  # type: ignore[no-untyped-call]
    with pytest.raises(InputError, match="another model"):
        sessions.open(other, path)
    with pytest.raises(InputError, match="another window"):
        sessions.open(decoder, path, attention_window=99)
    with pytest.raises(InputError, match="storage"):
        sessions.open(decoder, path, storage="int8")
    cache, ids = sessions.open(decoder, path)
    assert torch.equal(ids, DOCUMENT)
    assert cache.seen == 90
    sessions.read(other, DOCUMENT)
    assert len(sessions.files()) == 2


def test_the_same_weights_loaded_from_elsewhere_are_the_same_model(tmp_path: Path) -> None:
    tiny("llama").save_pretrained(tmp_path)
    again = WindowedDecoder(hf.AutoModelForCausalLM.from_pretrained(tmp_path))
    assert again.fingerprint == DECODERS["llama"].fingerprint
    changed = copy.deepcopy(again.model)
    changed.lm_head.weight.data *= 1.001  # type: ignore[operator, union-attr]
    assert WindowedDecoder(changed).fingerprint != again.fingerprint


def test_disk_is_capped_and_the_least_used_goes_first(tmp_path: Path) -> None:
    decoder = DECODERS["llama"]
    texts = [torch.full((1, 60), number) for number in range(1, 5)]
    KVSessions(tmp_path).read(decoder, texts[0])
    sessions = KVSessions(tmp_path, max_bytes=int(2.5 * sessions_size(tmp_path)))
    for age, text in enumerate(texts[1:]):
        for place, path in enumerate(sessions.files()):
            os.utime(path, (place, place))
        sessions.read(decoder, texts[0], keep=False)  # the oldest, but in use
        sessions.read(decoder, text)
        assert sessions_size(tmp_path) <= sessions.max_bytes, age
    kept = [sessions.open(decoder, path)[1][0, 0].item() for path in sessions.files()]
    assert sorted(kept) == [1, 4]
    KVSessions(tmp_path, max_bytes=10).read(decoder, torch.full((1, 60), 9))
    assert len(sessions.files()) == 2


def sessions_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_state_is_named_and_read_anew(tmp_path: Path, damage: str) -> None:
    sessions, decoder = KVSessions(tmp_path), DECODERS["llama"]
    sessions.read(decoder, DOCUMENT)
    (path,) = sessions.files()
    data = bytearray(path.read_bytes())
    data[-100] ^= 0x40
    path.write_bytes({"cut": bytes(data[: len(data) // 2]), "flipped": bytes(data), "emptied": b""}[damage])
    with pytest.raises(UnavailableError, match=f"{path.name}.*damaged"):
        sessions.open(decoder, path)
    anew = logits_after(decoder, KVSessions(None), prompt(0), "model")
    assert torch.equal(logits_after(decoder, sessions, prompt(0), "model"), anew)


def test_nothing_unfinished_is_left_or_taken_for_a_state(tmp_path: Path) -> None:
    sessions = KVSessions(tmp_path)
    (tmp_path / "torn.part").write_bytes(b"half a file")
    os.utime(tmp_path / "torn.part", (0, 0))
    sessions.read(DECODERS["llama"], DOCUMENT)
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"]


def test_eight_bits_take_at_most_0_56_of_the_bytes_of_half_precision() -> None:
    config = hf.LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=128, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2
    )
    decoder = WindowedDecoder(hf.LlamaForCausalLM(config).to(torch.float16))  # type: ignore[no-untyped-call]
    sizes = []
    for storage in ("model", "int8"):
        cache = decoder.cache(200, 4, storage=storage)  # type: ignore[arg-type]
        decoder.prefill(cache, DOCUMENT)
        sizes.append(sum(one.numel() * one.element_size() for n, one in cache.tensors(0).items() if "sink" not in n))
    assert sizes[1] <= 0.56 * sizes[0]


def test_a_session_is_of_one_text() -> None:
    with pytest.raises(InputError, match="one text"):
        KVSessions(None).read(DECODERS["llama"], DOCUMENT.repeat(2, 1))
