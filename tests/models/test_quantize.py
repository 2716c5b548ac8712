from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from local_models import save_tiny
from longformer_tiny import led, longformer, tokenizer
from torch import Tensor, nn
from transformers import LEDForConditionalGeneration, LongformerForSequenceClassification
from windowed_reference import CONFIGS, VOCABULARY, tiny

from longdoc.bundled import FINGERPRINT
from longdoc.errors import InputError
from longdoc.models.checkpoints import fingerprint
from longdoc.models.decoder.decoder import WindowedDecoder, load_decoder
from longdoc.models.decoder.sessions import KVSessions
from longdoc.models.encoder.embedder import Embedder
from longdoc.models.int8_linear import Int8Linear
from longdoc.models.longformer.led_writer import LEDWriter
from longdoc.models.longformer.reader import LongformerReader
from longdoc.models.quantize import Weights, quantize, weight_bytes

FORMS: list[Weights] = ["float32", "bfloat16", "int8"]
IDS = torch.randint(1, VOCABULARY, (1, 90), generator=torch.Generator().manual_seed(0))
SENTENCES = ["Ships brought timber and salt.", "The harbour froze in winter.", "", "ice " * 300]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def rounded_row_by_row(weight: Tensor) -> Tensor:
    """The slow, obvious round trip through 8 bits."""
    rows = []
    for row in weight.tolist():
        step = float(torch.tensor(max(abs(value) for value in row) / 127).bfloat16())
        rows.append([step * max(-127, min(127, round(value / step))) if step else 0.0 for value in row])
    return torch.tensor(rows)


def kept(layer: Int8Linear) -> Tensor:
    return layer.codes.float() * layer.scale.float()[:, None]


@given(
    rows=st.integers(1, 9),
    columns=st.integers(1, 70),
    size=st.sampled_from([1e-30, 1e-4, 1.0, 1e4, 1e30]),
    seed=st.integers(0, 999),
)
def test_each_weight_is_within_half_a_step(rows: int, columns: int, size: float, seed: int) -> None:
    weight = random(rows, columns, seed=seed) * size
    weight[0] = 0
    layer = Int8Linear(weight)
    half = layer.scale.float()[:, None] / 2
    assert ((kept(layer) - weight).abs() <= half * 1.0001).all()
    assert torch.allclose(half[:, 0] * 2, weight.abs().amax(dim=1) / 127, rtol=2**-8)
    assert not kept(layer)[0].any()
    assert weight_bytes(layer) == rows * columns + 2 * rows


@pytest.mark.parametrize("shape", [(5, 64), (33, 128), (33, 7), (64, 129), (1, 1)])
@pytest.mark.parametrize("count", [0, 1, 3, 11, 12, 40, 200])  # rows for the kernel, and for either way without it
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_product_is_that_with_the_rounded_weights(shape: tuple[int, int], count: int, dtype: torch.dtype) -> None:
    weight, bias = random(*shape), random(shape[0], seed=1)
    x = random(2, count, shape[1], seed=2).to(dtype)
    for with_bias in (None, bias):
        expected = x.float() @ rounded_row_by_row(weight).T + (0 if with_bias is None else with_bias.bfloat16().float())
        found = Int8Linear(weight, with_bias)(x)
        assert found.dtype == dtype
        bound = 2e-2 if dtype == torch.bfloat16 else 1e-5
        assert torch.allclose(found.float(), expected, rtol=bound, atol=bound * shape[1] ** 0.5)


def test_gradients_pass_through_to_the_input() -> None:
    layer, x = Int8Linear(random(6, 5)), random(2, 5).bfloat16().requires_grad_()
    layer(x).sum().backward()
    assert x.grad is not None
    assert torch.allclose(x.grad.float(), kept(layer).sum(dim=0).expand(2, 5), rtol=2e-2, atol=2e-2)


@cache
def decoder(family: str, weights: Weights) -> WindowedDecoder:
    return WindowedDecoder(quantize(copy.deepcopy(tiny(family)), weights))


def log_probabilities(of: WindowedDecoder) -> Tensor:  # (T, vocabulary)
    return of.logits(of.cache(16, 4), IDS)[0].float().log_softmax(dim=-1)


@pytest.mark.parametrize("family", CONFIGS)
def test_every_family_reads_nearly_the_same(family: str) -> None:
    exact = log_probabilities(decoder(family, "float32"))
    assert torch.equal(exact, log_probabilities(WindowedDecoder(tiny(family))))
    losses = [
        float((exact.exp() * (exact - log_probabilities(decoder(family, form)))).sum(-1).mean()) for form in FORMS
    ]
    assert losses[0] == 0
    assert losses[1] < 1e-3
    assert losses[2] < 4e-3
    assert decoder(family, "int8").generate(IDS, max_new_tokens=3).shape == (1, 93)


@pytest.mark.parametrize("family", CONFIGS)
def test_every_byte_is_where_it_is_said_to_be(family: str) -> None:
    models = {form: decoder(family, form).model for form in FORMS}
    computed = sum(one.numel() * one.element_size() for one in _not_saved(models["float32"]))
    whole = weight_bytes(models["float32"]) - computed
    assert weight_bytes(models["bfloat16"]) - computed == whole // 2
    layers = [one for one in models["int8"].modules() if isinstance(one, Int8Linear)]
    saved = sum(one.codes.numel() - 2 * len(one.scale) for one in layers)
    assert weight_bytes(models["int8"]) - computed == whole // 2 - saved
    inside = models["int8"].base_model.modules()
    assert not any(isinstance(one, nn.Linear) for one in inside)
    assert models["int8"].get_output_embeddings().weight.dtype == torch.bfloat16
    assert models["int8"].get_input_embeddings().weight.dtype == torch.bfloat16


def _not_saved(model: nn.Module) -> list[Tensor]:
    names = model.state_dict()
    return [buffer for name, buffer in model.named_buffers() if name not in names]


def test_rotary_frequencies_are_not_rounded() -> None:
    for form in FORMS:
        [exact, found] = (
            of.model.model.rotary_emb.inv_freq for of in (decoder("llama", "float32"), decoder("llama", form))
        )
        assert found.dtype == torch.float32
        assert torch.equal(found, exact)


def test_tied_weights_stay_tied() -> None:
    model = decoder("gpt2", "int8").model
    assert model.lm_head.weight is model.transformer.wte.weight


def test_a_second_time_changes_nothing_and_more_bits_are_refused() -> None:
    model = quantize(copy.deepcopy(tiny("llama")), "int8")
    before = fingerprint(model)
    assert quantize(quantize(model, "int8"), None) is model
    assert fingerprint(model) == before
    for form in ("float32", "bfloat16"):
        with pytest.raises(InputError, match="load the model again"):
            quantize(model, form)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="'int4'"):
        quantize(tiny("llama"), "int4")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no linear layers"):
        quantize(nn.Sequential(nn.Conv1d(1, 1, 1)), "int8")


def test_a_state_is_read_only_by_the_form_that_made_it(tmp_path: Path) -> None:
    assert len({decoder("llama", form).fingerprint for form in FORMS}) == 3
    sessions = KVSessions(tmp_path)
    sessions.read(decoder("llama", "bfloat16"), IDS)
    [stored] = sessions.files()
    with pytest.raises(InputError, match="another model"):
        sessions.open(decoder("llama", "int8"), stored)
    sessions.read(decoder("llama", "int8"), IDS)
    assert len(sessions.files()) == 2
    again = sessions.generate(decoder("llama", "int8"), IDS, max_new_tokens=4, do_sample=False)
    assert torch.equal(again, decoder("llama", "int8").generate(IDS, max_new_tokens=4, do_sample=False))


def test_a_saved_decoder_is_loaded_in_each_form(tmp_path: Path) -> None:
    folder = str(save_tiny(tmp_path))
    sizes = [weight_bytes(load_decoder(folder, weights=form).model) for form in FORMS]
    assert sizes == sorted(sizes, reverse=True)
    loaded = load_decoder(folder, weights="int8")
    assert loaded.fingerprint != load_decoder(folder).fingerprint
    scores = load_decoder(folder).score("the harbour, the ship"), loaded.score("the harbour, the ship")
    assert torch.allclose(*scores, atol=0.1)


def test_a_saved_longformer_is_loaded_in_each_form(tmp_path: Path) -> None:
    longformer(LongformerForSequenceClassification, positions=40, num_labels=3).save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    readers = [LongformerReader.load(str(tmp_path), weights=form) for form in FORMS]
    classes = [reader.classify("alpha beta gamma . " * 40) for reader in readers]
    assert len({one.label for one in classes}) == 1
    assert [np.allclose(one.logits, classes[0].logits, atol=0.02) for one in classes] == [True] * 3
    vectors = [reader.encode("alpha beta gamma . " * 40) for reader in readers]
    assert min(torch.cosine_similarity(vectors[0], one, dim=0) for one in vectors) > 0.999
    assert len({fingerprint(reader.model) for reader in readers}) == 3
    assert isinstance(readers[2].model.classifier.dense, nn.Linear)


def test_a_saved_led_is_loaded_in_each_form(tmp_path: Path) -> None:
    led(LEDForConditionalGeneration).save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    writers = [LEDWriter.load(str(tmp_path), weights=form) for form in FORMS]
    states = [_encoded(writer) for writer in writers]
    assert min(torch.cosine_similarity(states[0], one, dim=-1).min() for one in states) > 0.999
    assert [writer.model.lm_head.weight.dtype for writer in writers] == [torch.float32, torch.bfloat16, torch.bfloat16]
    assert len({fingerprint(writer.model) for writer in writers}) == 3
    assert isinstance(writers[2].write("alpha beta gamma", 5)[0], str)


def _encoded(writer: LEDWriter) -> Tensor:  # (T, width)
    ids = torch.arange(4, 60)[None]
    seen: Any = writer.model.get_encoder()(ids)
    return seen.last_hidden_state[0].detach().float()


@cache
def embedder(weights: Weights) -> Embedder:
    return Embedder(weights=weights)


def test_the_bundled_encoder_gives_nearly_the_same_vectors() -> None:
    exact = embedder("float32").encode(SENTENCES)
    assert np.array_equal(exact, Embedder("float32").encode(SENTENCES))
    assert (np.sum(embedder("bfloat16").encode(SENTENCES) * exact, axis=1) > 0.999).all()
    assert (
        np.sum(embedder("int8").encode(SENTENCES) * exact, axis=1) > 0.995
    ).all()  # 0.9965 for the empty text, 0.9986 for the others
    assert np.array_equal(embedder("int8").encode(SENTENCES), Embedder("int8").encode(SENTENCES))


def test_the_bundled_encoder_is_known_by_its_form() -> None:
    assert [embedder(form).fingerprint for form in FORMS] == [f"{FINGERPRINT}:{form}:openvino" for form in FORMS]
    assert Embedder("bfloat16", weights="bfloat16").fingerprint == embedder("bfloat16").fingerprint


def test_two_forms_or_an_unknown_one_are_refused() -> None:
    with pytest.raises(InputError, match="give one of them"):
        Embedder("float32", weights="int8")
    with pytest.raises(InputError, match="'int4'"):
        Embedder("int4")  # type: ignore[arg-type]
