"""What Hugging Face's tests ask of models that write, read in a pipeline and are trained, with ours in place."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import transformers as hf
from longformer_tiny import VOCABULARY, led, longformer, tokenizer
from torch import Tensor, nn

from longdoc.models.longformer.fast import fast_longformer

CLOSE = 2e-5
TEXT = "alpha beta gamma . delta epsilon zeta , eta theta iota kappa . " * 4


def pair(make: Any, kind: Any, **changes: Any) -> tuple[Any, Any]:
    plain = make(kind, **changes)
    return plain, fast_longformer(copy.deepcopy(plain))


def prompt(rows: int = 2, length: int = 60) -> dict[str, Tensor]:
    """Ids with padding on the right of the second row, and two global tokens."""
    ids = torch.randint(4, VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(0))
    mask, seen_by_all = torch.ones_like(ids), torch.zeros_like(ids)
    mask[1:, 50:], seen_by_all[:, [0, 31]] = 0, 1
    return {"input_ids": ids.where(mask == 1, 1), "attention_mask": mask, "global_attention_mask": seen_by_all}


WRITING = {
    "greedy": {},
    "greedy without a cache": {"use_cache": False},
    "sampling": {"do_sample": True, "top_k": 10, "temperature": 0.7},
    "beams": {"num_beams": 4, "num_return_sequences": 3, "length_penalty": 0.5},
    "beams without a cache": {"num_beams": 2, "use_cache": False},
    "beams sampled": {"num_beams": 3, "do_sample": True, "early_stopping": False},
    "several of each": {"do_sample": True, "num_return_sequences": 3},
    "processors": {"no_repeat_ngram_size": 2, "repetition_penalty": 1.3, "min_new_tokens": 8, "bad_words_ids": [[5]]},
    "a static cache": {"cache_implementation": "static"},
}


@pytest.mark.parametrize("how", WRITING)
def test_led_writes_the_same_in_every_way(how: str) -> None:
    outputs = []
    for model in pair(led, hf.LEDForConditionalGeneration):
        torch.manual_seed(3)
        given_ = {"max_new_tokens": 12, "output_scores": True, "return_dict_in_generate": True}
        outputs.append(model.generate(**prompt(), **given_, **WRITING[how]))
    plain, fast = outputs
    assert plain.sequences.tolist() == fast.sequences.tolist()
    for one, other in zip(plain.scores, fast.scores, strict=True):
        finite = one.isfinite()
        assert (finite == other.isfinite()).all()
        assert (one[finite] - other[finite]).abs().max() < 10 * CLOSE


@pytest.mark.parametrize("beams", [1, 3])
def test_led_tells_states_and_weights_as_it_writes(beams: int) -> None:
    asked = {"output_attentions": True, "output_hidden_states": True, "return_dict_in_generate": True}
    plain, fast = (
        model.generate(**prompt(), max_new_tokens=5, num_beams=beams, do_sample=False, **asked)
        for model in pair(led, hf.LEDForConditionalGeneration)
    )
    assert plain.keys() == fast.keys()
    for name in ("encoder_hidden_states", "encoder_attentions"):
        assert [one.shape for one in plain[name]] == [one.shape for one in fast[name]]
        assert all((one - other).abs().max() < CLOSE for one, other in zip(plain[name], fast[name], strict=True))
    for step, other_step in zip(plain.decoder_hidden_states, fast.decoder_hidden_states, strict=True):
        assert all((one - other).abs().max() < CLOSE for one, other in zip(step, other_step, strict=True))


def test_led_goes_on_from_an_encoders_output_and_embeddings() -> None:
    plain, fast = pair(led, hf.LEDForConditionalGeneration)
    given_ = prompt()
    asked = {"max_new_tokens": 9, "do_sample": False}
    expected = plain.generate(**given_, **asked).tolist()
    encoded = fast.get_encoder()(**given_)
    assert fast.generate(encoder_outputs=encoded, attention_mask=given_["attention_mask"], **asked).tolist() == expected
    embedded = fast.get_input_embeddings()(given_.pop("input_ids"))
    assert fast.generate(inputs_embeds=embedded, **given_, **asked).tolist() == expected


READING = {
    "fill-mask": (longformer, hf.LongformerForMaskedLM),
    "text-classification": (longformer, hf.LongformerForSequenceClassification),
    "token-classification": (longformer, hf.LongformerForTokenClassification),
    "feature-extraction": (longformer, hf.LongformerModel),
    "feature-extraction of LED": (led, hf.LEDModel),
}


@pytest.mark.parametrize("name", READING)
def test_pipelines_give_the_same(name: str) -> None:
    make, kind = READING[name]
    words = tokenizer()
    words.model_max_length = 200
    words.add_special_tokens({"mask_token": "w3"})
    text = TEXT + (words.mask_token or "")
    found = []
    for model in pair(make, kind):
        read = hf.pipeline(name.partition(" ")[0], model=model, tokenizer=words, device="cpu")  # type: ignore[call-overload]
        found.append(numbers(read([text, "alpha w3"], batch_size=2)))
    plain, fast = found
    assert len(plain) == len(fast) > 0
    assert max(abs(one - other) for one, other in zip(plain, fast, strict=True)) < 10 * CLOSE


def numbers(told: Any) -> list[float]:
    """All numbers in what a pipeline returns, in order."""
    if isinstance(told, dict):
        return [number for key in sorted(told) for number in numbers(told[key])]
    if isinstance(told, list | tuple):
        return [number for one in told for number in numbers(one)]
    return [] if isinstance(told, str) or told is None else [float(told)]


@pytest.mark.parametrize(
    ("make", "kind"), [(longformer, hf.LongformerForMaskedLM), (led, hf.LEDForConditionalGeneration)]
)
def test_training_takes_the_same_steps(make: Any, kind: Any) -> None:
    dropped = (
        "attention_probs_dropout_prob",
        "hidden_dropout_prob",
        "dropout",
        "attention_dropout",
        "activation_dropout",
    )
    losses = []
    for model in pair(make, kind):
        for module in model.modules():
            for name in (*dropped, "p"):
                if isinstance(getattr(module, name, None), float):
                    setattr(module, name, 0.0)
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        losses.append([])
        for _ in range(5):
            given_ = prompt()
            loss = model(**given_, labels=given_["input_ids"]).loss
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses[-1].append(loss.item())
    plain, fast = losses
    assert plain[-1] < plain[0]
    assert plain == pytest.approx(fast, abs=1e-3)


@pytest.mark.parametrize("family", ["longformer", "led"])
def test_a_layer_alone_takes_what_transformers_gives_it(family: str) -> None:
    kinds: dict[str, Any] = {"longformer": (longformer, hf.LongformerModel), "led": (led, hf.LEDModel)}
    models = pair(*kinds[family])
    x, mask = torch.randn(2, 24, 32), torch.zeros(2, 24)
    mask[0, -3:], mask[0, 2], mask[1, 5:9] = -10000.0, 10000.0, 10000.0
    flags = {"is_index_masked": mask < 0, "is_index_global_attn": mask > 0, "is_global_attn": True}
    found = []
    for model in models:
        module = next(one for one in model.modules() if hasattr(one, "one_sided_attn_window_size"))
        found.append(
            [module(x, attention_mask=mask, **flags), module(x, attention_mask=mask, **flags, output_attentions=True)]
        )
    (plain, weighted), (fast, fast_weighted) = found
    assert (plain[0] - fast[0]).abs().max() < CLOSE
    assert all((one - other).abs().max() < CLOSE for one, other in zip(weighted, fast_weighted, strict=True))


@pytest.mark.parametrize(
    ("make", "kind"), [(longformer, hf.LongformerForMaskedLM), (led, hf.LEDForConditionalGeneration)]
)
def test_vocabularies_are_resized_and_layers_put_in_half_precision(make: Any, kind: Any) -> None:
    plain, fast = pair(make, kind)
    given_ = prompt()
    for model in (plain, fast):
        torch.manual_seed(0)
        model.resize_token_embeddings(VOCABULARY + 10, mean_resizing=False)
    given_["input_ids"][0, 4] = VOCABULARY + 5
    with torch.no_grad():
        assert (plain(**given_).logits - fast(**given_).logits).abs().max() < CLOSE
        half = fast.half()(**given_).logits
    assert half.dtype == torch.float16
    assert (half.float() - plain(**given_).logits).abs().max() < 0.05
