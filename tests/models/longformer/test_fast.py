from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf
from hypothesis import given, settings
from hypothesis import strategies as st
from longformer_tiny import VOCABULARY, led, longformer
from torch import Tensor, nn
from transformers import BertConfig, BertModel, LEDModel, LongformerModel

from longdoc.errors import InputError
from longdoc.models.longformer.fast import fast_longformer

CLOSE = 2e-5
FAMILIES = pytest.mark.parametrize("family", ["longformer", "led"])
MADE: dict[Any, tuple[Any, Any]] = {}


def pair(family: str, window: int | tuple[int, ...] = 8, **changes: Any) -> tuple[Any, Any]:
    """A base model as transformers has it, and its fast copy."""
    key = family, window, str(changes)
    if key not in MADE:
        make, kind = (longformer, LongformerModel) if family == "longformer" else (led, LEDModel)
        plain = make(kind, list(window) if isinstance(window, tuple) else window, **changes)
        MADE[key] = plain, fast_longformer(copy.deepcopy(plain))
    return MADE[key]


def encoder(model: Any) -> Any:
    return model.encoder if isinstance(model, LEDModel) else model


def tokens(rows: int, length: int, seed: int = 0) -> Tensor:
    return torch.randint(4, VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(seed))


def masks(rows: int, length: int, hidden: float, seen_by_all: float, seed: int) -> dict[str, Tensor]:
    """Random paddings and global tokens; one token in each row is always read."""
    generator = torch.Generator().manual_seed(seed)
    mask = (torch.rand(rows, length, generator=generator) >= hidden).long()
    mask[:, int(torch.randint(length, (1,), generator=generator))] = 1
    return {
        "attention_mask": mask,
        "global_attention_mask": (torch.rand(rows, length, generator=generator) < seen_by_all).long(),
    }


def states(model: Any, ids: Tensor, **given_: Any) -> Tensor:  # (layers + 1, B, T, width)
    return torch.stack(encoder(model)(ids, output_hidden_states=True, **given_).hidden_states)


def largest_difference(pair_: tuple[Any, Any], ids: Tensor, **given_: Any) -> float:
    with torch.no_grad():
        without_gradients = states(pair_[0], ids, **given_) - states(pair_[1], ids, **given_)
    with_gradients = states(pair_[0], ids, **given_) - states(pair_[1], ids, **given_)
    return float(torch.stack((without_gradients, with_gradients.detach())).abs().max())


@FAMILIES
@settings(max_examples=40)
@given(
    window=st.sampled_from([4, 8, 20, 32, (4, 32), (40, 8)]),
    rows=st.integers(1, 3),
    length=st.integers(1, 200),
    hidden=st.sampled_from([0, 0.05, 0.5]),
    seen_by_all=st.sampled_from([0, 0.01, 0.1, 0.9, 1]),
    seed=st.integers(0, 99),
)
def test_every_hidden_state_is_that_of_transformers(
    family: str,
    window: int | tuple[int, ...],
    rows: int,
    length: int,
    hidden: float,
    seen_by_all: float,
    seed: int,
) -> None:
    given_ = masks(rows, length, hidden, seen_by_all, seed)
    assert largest_difference(pair(family, window), tokens(rows, length, seed), **given_) < CLOSE


@FAMILIES
@pytest.mark.parametrize("side", ["left", "right", "both", "all of a row"])
def test_padded_rows_are_as_in_transformers(family: str, side: str) -> None:
    mask, seen_by_all = torch.ones(3, 170, dtype=torch.long), torch.zeros(3, 170, dtype=torch.long)
    if side in ("left", "both"):
        mask[0, :93] = 0
    if side in ("right", "both"):
        mask[1, 41:] = mask[0, 150:] = 0
    if side == "all of a row":
        mask[2] = 0
    seen_by_all[:, [0, 40, 100]] = 1
    for given_ in ({}, {"global_attention_mask": seen_by_all}):
        assert largest_difference(pair(family), tokens(3, 170), attention_mask=mask, **given_) < CLOSE


def reference(module: Any, x: Tensor, hidden: Tensor, seen_by_all: Tensor) -> Tensor:  # (T, width)
    """One text's attention with masks written out over all pairs of tokens."""

    def heads(projection: Any) -> Tensor:
        return projection(x).view(len(x), module.num_heads, -1).transpose(0, 1)  # (heads, T, head_dim)

    place = torch.arange(len(x))
    near = (place[:, None] - place).abs() <= module.one_sided_attn_window_size
    seen = (near | seen_by_all | seen_by_all[:, None]) & ~hidden
    local, wide = (
        (heads(q) @ heads(k).transpose(1, 2) / module.head_dim**0.5).masked_fill(~seen, -1e30).softmax(-1) @ heads(v)
        for q, k, v in (
            (module.query, module.key, module.value),
            (module.query_global, module.key_global, module.value_global),
        )
    )
    mixed = torch.where(seen_by_all[:, None], wide, local).transpose(0, 1).flatten(1)
    return mixed.masked_fill(hidden[:, None], 0)


@FAMILIES
@pytest.mark.parametrize("window", [2, 6, 200])
@pytest.mark.parametrize("length", [1, 63, 64, 65, 700])
def test_attention_is_that_of_masks_written_out(family: str, length: int, window: int) -> None:
    model = pair(family, window)[1]
    layer = model.encoder.layer[0] if family == "longformer" else model.encoder.layers[0]
    module = layer.attention.self if family == "longformer" else layer.self_attn.longformer_self_attn
    for seed in range(4):
        given_ = masks(1, length, 0.1 * (seed % 2), 0.02 * (seed // 2), seed)
        mask = given_["attention_mask"] * (1 + given_["global_attention_mask"]) - 1
        x = torch.randn(1, length, 32)
        with torch.set_grad_enabled(seed == 3):
            mixed = module(x, attention_mask=mask)[0][0]
            assert (mixed - reference(module, x[0], mask[0] < 0, mask[0] > 0)).abs().max() < CLOSE


@FAMILIES
@pytest.mark.parametrize("seen_by_all", [0.0, 0.02, 0.5])
def test_gradients_are_those_of_transformers(family: str, seen_by_all: float) -> None:
    gradients = []
    for model in pair(family, 20):
        model.zero_grad()
        output = encoder(model)(tokens(2, 130), **masks(2, 130, 0.1, seen_by_all, 3)).last_hidden_state
        (output * torch.randn(output.shape, generator=torch.Generator().manual_seed(1))).sum().backward()
        gradients.append({name: weight.grad for name, weight in model.named_parameters()})
    plain, fast = gradients
    assert [name for name in plain if plain[name] is None] == [name for name in fast if fast[name] is None]
    largest = max(float(one.abs().max()) for one in plain.values() if one is not None)
    assert all((fast[name] - one).abs().max() < CLOSE * largest for name, one in plain.items() if one is not None)


@FAMILIES
def test_asked_for_attention_weights_it_gives_those_of_transformers(family: str) -> None:
    plain, fast = (
        encoder(model)(tokens(2, 50), output_attentions=True, **masks(2, 50, 0.2, 0.1, 5))
        for model in pair(family, (4, 12))
    )
    for name in ("attentions", "global_attentions"):
        for one, other in zip(plain[name], fast[name], strict=True):
            assert one.shape == other.shape
            assert (one - other).abs().max() < CLOSE
    assert (plain.last_hidden_state - fast.last_hidden_state).abs().max() < CLOSE


@FAMILIES
def test_embeddings_as_input_tuples_and_short_masks(family: str) -> None:
    plain, fast = map(encoder, pair(family))
    embedded = torch.randn(2, 45, 32)
    for given_ in ({}, {"return_dict": False}, {"return_dict": False, "output_hidden_states": True}):
        one, other = (model(inputs_embeds=embedded, **given_) for model in (plain, fast))
        assert type(one) is type(other)
        assert len(one) == len(other)
        assert (one[0] - other[0]).abs().max() < CLOSE
    with pytest.raises(ValueError, match="inputs_embeds"):
        fast(input_ids=tokens(2, 45), inputs_embeds=embedded)


HEADS = [
    "LongformerForMaskedLM",
    "LongformerForSequenceClassification",
    "LongformerForQuestionAnswering",
    "LongformerForTokenClassification",
    "LongformerForMultipleChoice",
    "LEDForConditionalGeneration",
]


@pytest.mark.parametrize("name", HEADS)
def test_heads_and_losses_stay(name: str) -> None:
    make = led if name.startswith("LED") else longformer
    plain = make(getattr(hf, name), num_labels=3) if "Classification" in name else make(getattr(hf, name))
    fast = fast_longformer(copy.deepcopy(plain))
    ids = tokens(2, 60)
    ids[:, [10, 11, 59]] = 2  # the separators that transformers looks for where questions are answered
    given_: dict[str, Any] = {"input_ids": ids}
    if "MultipleChoice" in name:
        given_ = {"input_ids": ids[None], "labels": torch.tensor([1])}
    elif "Question" in name:
        given_ |= {"start_positions": torch.tensor([12, 20]), "end_positions": torch.tensor([15, 20])}
    elif "Sequence" in name:
        given_["labels"] = torch.tensor([2, 0])
    else:
        given_["labels"] = ids % 3 if "Token" in name else ids
    assert type(fast) is type(plain)
    one, other = plain(**given_), fast(**given_)
    assert abs(one.loss - other.loss) < CLOSE
    assert (one[1] - other[1]).abs().max() < CLOSE


@FAMILIES
def test_saved_copied_and_loaded_it_is_the_model(family: str, tmp_path: Path) -> None:
    plain, fast = pair(family)
    assert fast.state_dict().keys() == plain.state_dict().keys()
    fast.save_pretrained(tmp_path)
    loaded = type(plain).from_pretrained(tmp_path)
    assert largest_difference((loaded, copy.deepcopy(fast)), tokens(1, 70)) < CLOSE
    assert fast_longformer(fast) is fast


@FAMILIES
def test_in_training_dropout_is_at_work_and_averages_out(family: str) -> None:
    drop = {"attention_probs_dropout_prob" if family == "longformer" else "attention_dropout": 0.3}
    changes = drop | {"hidden_dropout_prob" if family == "longformer" else "dropout": 0.0}
    fast = pair(family, 8, **changes)[1]
    module = next(one for one in fast.modules() if hasattr(one, "one_sided_attn_window_size"))
    x, mask = torch.randn(1, 40, 32), torch.zeros(1, 40)
    mask[0, 3] = 1
    with torch.no_grad():
        expected = module(x, attention_mask=mask)[0]
        module.train()
        found = torch.stack([module(x, attention_mask=mask)[0] for _ in range(1500)])
        module.eval()
    assert (found[0] - found[1]).abs().max() > 0.01
    error = (found.mean(dim=0) - expected).abs() / (found.std(dim=0) / 1500**0.5 + 1e-6)
    assert error.max() < 6  # standard errors, of 1,280 values


@FAMILIES
@pytest.mark.parametrize("reentrant", [False, True])
def test_gradient_checkpointing_changes_nothing(family: str, reentrant: bool) -> None:
    changes = {"dropout": 0.0, "attention_dropout": 0.0} if family == "led" else {}
    if family == "longformer":
        changes = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    fast = copy.deepcopy(pair(family, 8, **changes)[1]).train()
    found = []
    for _ in range(2):
        fast.zero_grad()
        encoder(fast)(tokens(2, 60), **masks(2, 60, 0.1, 0.05, 2)).last_hidden_state[..., :5].pow(3).sum().backward()
        found.append([one.grad.clone() for one in fast.parameters() if one.grad is not None])
        fast.activation_checkpointing_enable({"use_reentrant": reentrant})
        fast.enable_input_require_grads()
    largest = max(float(one.abs().max()) for one in found[0])
    assert all((one - other).abs().max() < CLOSE * largest for one, other in zip(*found, strict=True))


@FAMILIES
def test_in_bfloat16_it_is_as_near_as_transformers(family: str) -> None:
    plain, fast = pair(family, 20)
    given_ = masks(2, 120, 0.1, 0.03, 7)
    with torch.no_grad():
        exact = states(plain, tokens(2, 120), **given_)
        halves = [states(copy.deepcopy(one).bfloat16(), tokens(2, 120), **given_) for one in (plain, fast)]
        theirs, ours = ((half.float() - exact).square().mean().sqrt() for half in halves)
    assert ours < 1.5 * theirs


def test_autocast_and_projections_that_are_no_plain_layers() -> None:
    plain, fast = (copy.deepcopy(one) for one in pair("longformer", 20))
    given_ = masks(2, 90, 0.1, 0.03, 7)
    for model in (plain, fast):
        for layer in model.encoder.layer:
            attention = layer.attention.self
            attention.key_global = nn.Sequential(attention.key_global, nn.Tanh())
    assert largest_difference((plain, fast), tokens(2, 90), **given_) < CLOSE
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        assert (states(plain, tokens(2, 90), **given_) - states(fast, tokens(2, 90), **given_)).abs().mean() < 0.05


def test_led_takes_masks_of_flags() -> None:
    mask = masks(2, 70, 0.3, 0, 2)["attention_mask"].bool()
    assert largest_difference(pair("led"), tokens(2, 70), attention_mask=mask) < CLOSE


def test_led_writes_the_same() -> None:
    plain = led(hf.LEDForConditionalGeneration)
    fast = fast_longformer(copy.deepcopy(plain))
    given_ = {"max_new_tokens": 12, "num_beams": 3, "do_sample": False}
    ids, mask = tokens(2, 90), masks(2, 90, 0, 0.05, 1)
    assert plain.generate(ids, **mask, **given_).tolist() == fast.generate(ids, **mask, **given_).tolist()


def test_other_models_are_refused() -> None:
    sizes = {"hidden_size": 8, "num_attention_heads": 1, "intermediate_size": 8, "num_hidden_layers": 1}
    with pytest.raises(InputError, match="BertModel is neither"):
        fast_longformer(BertModel(BertConfig(vocab_size=8, **sizes)))


@pytest.mark.slow
def test_at_the_released_size_outputs_are_within_the_bound() -> None:
    torch.manual_seed(0)
    config = hf.LongformerConfig(
        vocab_size=100, attention_window=512, max_position_embeddings=4098, pad_token_id=1, num_hidden_layers=2
    )
    plain = LongformerModel(config).eval()
    given_ = masks(2, 4096, 0, 0.002, 0)
    given_["attention_mask"][1, 3000:] = 0
    with torch.no_grad():
        expected = states(plain, tokens(2, 4096).clamp(max=99), **given_)
        found = states(fast_longformer(plain), tokens(2, 4096).clamp(max=99), **given_)
    assert (found - expected).abs().max() < CLOSE
