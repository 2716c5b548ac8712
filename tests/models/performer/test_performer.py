from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
import transformers as hf
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from longdoc.bundled import bundled_file
from longdoc.errors import InputError, UnavailableError
from longdoc.models.encoder.embedder import Embedder
from longdoc.models.performer.favor import FavorState, FeatureMap, attend, attend_causal, orthogonal_features
from longdoc.models.performer.performer import PerformerConfig, PerformerEncoder
from longdoc.models.performer.recurrent_state import RecurrentState

HEADS, HEAD_DIM, FEATURES = 2, 4, 16
SMALL: dict[str, Any] = {"width": 16, "layers": 2, "heads": 2, "inner": 24, "features": 16}
TINY: dict[str, Any] = {"hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 48, "num_hidden_layers": 2}
TEXTS = [
    "The harbour was closed on Monday because of the storm, and the ferries stayed in port until the evening.",
    "A recurrence carries a fixed number of bytes from one chunk to the next, whatever the length of the text.",
    "She asked who would inherit the house; nobody at the table could say.",
    "Prices rose by four per cent in March, mostly for bread, milk and fuel, the statistics office reported.",
    "To install the package, make a virtual environment first and then run the command below.",
    "Rain is likely in the north. In the south it stays dry, with light winds from the east.",
]


def feature_map(
    seed: int = 0, features: int = FEATURES, head_dim: int = HEAD_DIM, like: tuple[Tensor, Tensor] | None = None
) -> Any:
    found = FeatureMap(HEADS, head_dim, features)
    found.redraw(torch.Generator().manual_seed(seed))
    if like is not None:
        found.calibrate(*(one[0].transpose(0, 1) for one in like))
    return found


def some(batch: int, length: int, seed: int, size: float = 1.0, head_dim: int = HEAD_DIM) -> tuple[Tensor, ...]:
    """Queries, keys and values of which the keys have a mean and the queries are longer along one axis."""
    drawn = torch.randn(3, batch, HEADS, length, head_dim, generator=torch.Generator().manual_seed(seed)).double()
    stretch = torch.ones(head_dim).double()
    stretch[0] = 2
    return size * drawn[0] * stretch, size * (drawn[1] + 0.5), drawn[2]


def slow(q: Tensor, k: Tensor, v: Tensor, features: Any, mask: Tensor, causal: bool) -> Tensor:
    """Attention position by position, from the definition of the features, with nothing but float64 against size."""
    out, scale = torch.zeros_like(v), q.shape[-1] ** -0.25
    for b, h, i in torch.cartesian_prod(*(torch.arange(size) for size in q.shape[:3])).tolist():
        axes = {name: one[h].double() for name, one in features.named_buffers()}
        query = (q[b, h, i] * scale - axes["query_mean"]) @ axes["query_by"]
        logs = {}
        for j in range(i + 1 if causal else k.shape[2]):
            if mask[b, j]:
                raw = k[b, h, j] * scale
                key = (raw - axes["key_mean"]) @ axes["key_by"]
                each = (
                    (axes["projection"] * (1 - 4 * axes["bend"]).sqrt()) @ (query + key)
                    + 2 * axes["projection"].square() @ axes["bend"]
                    - (query @ query + key @ key) / 2
                    + raw @ axes["query_mean"]
                )
                logs[j] = each.logsumexp(dim=0)
        if logs:
            weights = torch.stack(list(logs.values())).softmax(dim=0)
            out[b, h, i] = weights @ v[b, h, list(logs)]
    return out


def exact(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v)


def masks(batch: int, length: int, seed: int) -> Tensor:
    return torch.rand(batch, length, generator=torch.Generator().manual_seed(seed)) < 0.7


@settings(max_examples=30)
@given(
    length=st.integers(1, 12),
    block=st.integers(1, 13),
    size=st.sampled_from([0.1, 1.0, 8.0, 60.0]),
    calibrated=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_both_forms_equal_the_definition(length: int, block: int, size: float, calibrated: bool, seed: int) -> None:
    q, k, v = some(2, length, seed, size)
    features, mask = feature_map(seed, like=(q, k) if calibrated else None), masks(2, length, seed)
    assert (attend(q, k, v, features, mask, block) - slow(q, k, v, features, mask, causal=False)).abs().max() < 1e-6
    found, _ = attend_causal(q, k, v, features, mask, block=block)
    assert (found - slow(q, k, v, features, mask, causal=True)).abs().max() < 1e-6


@settings(max_examples=50)
@given(
    cuts=st.lists(st.integers(0, 60), max_size=6),
    block=st.integers(1, 64),
    size=st.sampled_from([0.1, 1.0, 8.0]),
    seed=st.integers(0, 1000),
)
def test_the_recurrence_equals_the_parallel_form_for_any_split(
    cuts: list[int], block: int, size: float, seed: int
) -> None:
    q, k, v = some(2, 60, seed, size)
    features, mask = feature_map(seed), masks(2, 60, seed)
    whole, end = attend_causal(q, k, v, features, mask)
    parts, state = [], None
    edges = [0, *sorted(cuts), 60]
    for low, high in itertools.pairwise(edges):
        part = slice(low, high)
        mixed, state = attend_causal(
            q[:, :, part], k[:, :, part], v[:, :, part], features, mask[:, part], state, block=block
        )
        parts.append(mixed)
    assert state is not None
    assert (torch.cat(parts, dim=2) - whole).abs().max() < 1e-9
    assert torch.allclose(state.sums, end.sums)
    assert torch.allclose(state.peaks, end.peaks)


@pytest.mark.parametrize("later", [1.0, 20.0, 100.0, 1000.0])
def test_a_later_key_takes_nothing_from_earlier_queries(later: float) -> None:
    """In one block, with a peak so high that what is before it is zero in float32."""
    q, k, v = (one.float() for one in some(1, 40, 3, size=4.0))
    features = feature_map()
    before, _ = attend_causal(q[:, :, :30], k[:, :, :30], v[:, :, :30], features)
    k[:, :, 30:] = features.projection[:, :10] * later
    after, _ = attend_causal(q, k, v, features, block=64)
    assert (after[:, :, :30] - before).abs().max() < 1e-4
    assert after.isfinite().all()


def test_the_last_query_of_the_causal_form_sees_what_the_other_form_sees() -> None:
    q, k, v = some(2, 300, 0)
    causal, _ = attend_causal(q, k, v, feature_map())
    assert torch.allclose(causal[:, :, -1], attend(q, k, v, feature_map())[:, :, -1])


def test_gradients_are_those_of_the_definition() -> None:
    features, mask = feature_map(), torch.tensor([[True] * 7 + [False]])
    q, k, v = (one.requires_grad_() for one in some(1, 8, 0))
    chosen = torch.randn(1, HEADS, 8, HEAD_DIM, generator=torch.Generator().manual_seed(5)).double()
    theirs = torch.autograd.grad((slow(q, k, v, features, mask, causal=True) * chosen).sum(), (q, k, v))
    ours = torch.autograd.grad((attend_causal(q, k, v, features, mask, block=3)[0] * chosen).sum(), (q, k, v))
    both = torch.autograd.grad((attend(q, k, v, features, mask, block=3) * chosen).sum(), (q, k, v))
    full = torch.autograd.grad((slow(q, k, v, features, mask, causal=False) * chosen).sum(), (q, k, v))
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(ours + both, theirs + full, strict=True))


@pytest.mark.parametrize("calibrated", [False, True])
def test_the_error_falls_with_the_features(calibrated: bool) -> None:
    q, k, v = some(1, 64, 0, size=0.5 if calibrated else 0.3, head_dim=8)
    like = (q, k) if calibrated else None
    errors = []
    for features in (16, 64, 256, 1024):
        found = [attend(q, k, v, feature_map(seed, features, 8, like)) for seed in range(8)]
        errors.append(torch.stack([(one - exact(q, k, v)).square().mean() for one in found]).mean().sqrt())
    assert all(more < 0.75 * less for less, more in itertools.pairwise(errors))
    assert errors[-1] < 0.01


def test_calibrated_features_are_nearer() -> None:
    q, k, v = some(1, 64, 0, head_dim=8)
    errors = []
    for like in (None, (q, k)):
        found = [attend(q, k, v, feature_map(seed, 1024, 8, like)) for seed in range(8)]
        errors.append(torch.stack([(one - exact(q, k, v)).square().mean() for one in found]).mean())
    assert errors[1] < 0.5 * errors[0]


def test_features_are_orthogonal_and_their_product_is_the_kernel_in_the_mean() -> None:
    drawn = orthogonal_features(20, 8, torch.Generator().manual_seed(0))
    for block in (drawn[:8], drawn[8:16], drawn[16:]):
        products = block @ block.T
        assert (products - torch.diag(products.diagonal())).abs().max() < 1e-4
    q, k = torch.randn(2, 8, generator=torch.Generator().manual_seed(1)).double() / 3
    many = orthogonal_features(100_000, 8, torch.Generator().manual_seed(2)).double()
    found = (many @ (q + k) - (q @ q + k @ k) / 2).exp().mean()
    assert found == pytest.approx((q @ k).exp().item(), rel=0.01)


def test_sixteen_bits_are_computed_in_thirty_two() -> None:
    q, k, v = (one.float() for one in some(1, 50, 0))
    near = attend(q.bfloat16(), k.bfloat16(), v.bfloat16(), feature_map())
    assert near.dtype == torch.bfloat16
    assert (near.float() - attend(q, k, v, feature_map())).abs().max() < 0.1


class Largest(TorchDispatchMode):
    """Notes how many values the largest tensor has that is made inside."""

    values = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if isinstance(out, Tensor):
            self.values = max(self.values, out.numel())
        return out


@pytest.mark.parametrize("causal", [False, True])
def test_no_tensor_is_larger_than_the_queries_however_long_the_text(causal: bool) -> None:
    q, k, v = (one.float() for one in some(1, 20_000, 0))
    with torch.inference_mode(), Largest() as largest:
        attend_causal(q, k, v, feature_map()) if causal else attend(q, k, v, feature_map())
    assert largest.values == q.numel()


def test_a_state_is_as_large_after_one_token_as_after_many() -> None:
    q, k, v = some(1, 100, 0)
    for length in (1, 100):
        _, state = attend_causal(q[:, :, :length], k[:, :, :length], v[:, :, :length], feature_map())
        assert isinstance(state, FavorState)
        assert state.sums.shape == (1, HEADS, FEATURES, HEAD_DIM + 1)


def encoder(seed: int = 0, **changes: Any) -> PerformerEncoder:
    torch.manual_seed(seed)
    found = PerformerEncoder(PerformerConfig(vocab_size=50, **{**SMALL, **changes}), seed)
    return loud(found)


def loud(model: Any) -> Any:
    """With weights far larger than at the start of a training, so that attention is far from even."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 2:
                weight.mul_(8)
    return model.eval()


def ids(batch: int, length: int, seed: int = 0) -> Tensor:
    return torch.randint(1, 50, (batch, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("positions", ["learned", "sinusoidal"])
@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 40), max_size=5), masked=st.booleans(), seed=st.integers(0, 1000))
def test_encoding_by_chunks_equals_encoding_the_whole(positions: str, cuts: list[int], masked: bool, seed: int) -> None:
    model, text = encoder(causal=True, positions=positions).double(), ids(2, 40, seed)
    mask = masks(2, 40, seed) if masked else None
    whole, state, parts = model(text, mask), None, []
    edges = [0, *sorted(cuts), 40]
    for low, high in itertools.pairwise(edges):
        some_mask = None if mask is None else mask[:, low:high]
        hidden, state = model.encode_chunk(text[:, low:high], state, some_mask)
        parts.append(hidden)
    assert isinstance(state, RecurrentState)
    assert state.seen == 40
    assert (torch.cat(parts, dim=1) - whole).abs().max() < 1e-9


@pytest.mark.parametrize("causal", [False, True])
@settings(max_examples=20)
@given(length=st.integers(1, 30), seed=st.integers(0, 1000))
def test_masked_equals_shortened(causal: bool, length: int, seed: int) -> None:
    model, text, mask = encoder(causal=causal).double(), ids(2, length, seed), masks(2, length, seed)
    hidden, vectors = model(text, mask), model.vectors(text, mask)
    for row in range(2):
        short = text[row, mask[row]][None]
        if short.shape[1]:
            assert (hidden[row, mask[row]] - model(short)[0]).abs().max() < 1e-9
            assert (vectors[row] - model.vectors(short)[0]).abs().max() < 1e-9
        else:
            assert (vectors[row] == 0).all()


def test_a_causal_encoder_does_not_see_what_comes_after() -> None:
    text, model = ids(1, 20), encoder(causal=True)
    other = torch.cat((text[:, :12], ids(1, 8, seed=9)), dim=1)
    assert torch.allclose(model(text)[:, :12], model(other)[:, :12], atol=1e-5)
    assert not torch.allclose(encoder()(text)[:, :12], encoder()(other)[:, :12], atol=1e-2)


def test_batched_equals_one_by_one() -> None:
    text, model = ids(3, 20), encoder()
    assert torch.allclose(model(text), torch.cat([model(row[None]) for row in text]), atol=1e-5)


def test_an_empty_text_gives_nothing() -> None:
    assert encoder()(ids(2, 0)).shape == (2, 0, 16)


def test_the_seed_decides_the_features() -> None:
    model, text = encoder(), ids(1, 20)
    first = model(text)
    model.redraw(1)
    assert not torch.allclose(model(text), first, atol=1e-3)
    model.redraw(0)
    assert torch.equal(model(text), first)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    model, text = encoder(causal=True, positions="sinusoidal"), ids(2, 20)
    model.redraw(3)
    model.calibrate(text)
    model.save_pretrained(tmp_path / "model")
    loaded = PerformerEncoder.load(tmp_path / "model")
    assert loaded.config == model.config
    assert loaded.fingerprint == model.fingerprint
    assert torch.equal(loaded(text), model(text))
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["config.json", "model.safetensors"]


def test_half_precision_weights_stay_so(tmp_path: Path) -> None:
    model = encoder().bfloat16()
    model.save_pretrained(tmp_path)
    loaded = PerformerEncoder.load(tmp_path)
    assert loaded.words.weight.dtype == torch.bfloat16
    assert torch.equal(loaded(ids(1, 9)), model(ids(1, 9)))


@pytest.mark.parametrize("damage", ["no config", "no weights", "torn weights", "another kind", "another size", "extra"])
def test_a_damaged_folder_is_refused(tmp_path: Path, damage: str) -> None:
    encoder().save_pretrained(tmp_path)
    config, weights = tmp_path / "config.json", tmp_path / "model.safetensors"
    named = json.loads(config.read_text())
    changes = {"another kind": {"model_type": "bert"}, "another size": {"inner": 25}, "extra": {"danger": 1}}
    if damage in changes:
        config.write_text(json.dumps({**named, **changes[damage]}))
    elif damage == "torn weights":
        weights.write_bytes(weights.read_bytes()[:1000])
    else:
        (config if damage == "no config" else weights).unlink()
    with pytest.raises(UnavailableError, match="no Performer can be loaded"):
        PerformerEncoder.load(tmp_path)


def bert(kind: str) -> Any:
    torch.manual_seed(0)
    given: dict[str, Any] = {**TINY, "vocab_size": 50, "max_position_embeddings": 40}
    if kind == "bert":
        return loud(hf.BertModel(hf.BertConfig(**given)))  # type: ignore[no-untyped-call]
    model, config = {
        "roberta": (hf.RobertaModel, hf.RobertaConfig),
        "xlm-roberta": (hf.XLMRobertaModel, hf.XLMRobertaConfig),
        "camembert": (hf.CamembertModel, hf.CamembertConfig),
    }[kind]
    return loud(model(config(**given, pad_token_id=1, type_vocab_size=1)))


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta", "camembert"])
def test_weights_of_exact_attention_give_its_hidden_states_with_enough_features(kind: str) -> None:
    model, text = bert(kind), ids(2, 30) + 1
    mask = torch.ones_like(text)
    text[1, 20:], mask[1, 20:] = 1, 0
    with torch.inference_mode():
        theirs = model(text, attention_mask=mask).last_hidden_state
    errors = []
    for features in (8, 4096):
        performer = PerformerEncoder.from_exact(model, features=features)
        performer.calibrate(text, mask)
        errors.append((performer(text, mask) - theirs)[mask.bool()].square().mean().sqrt().item())
    assert errors[1] < 0.05
    assert errors[1] < 0.2 * errors[0]


def test_a_folder_of_exact_weights_is_loaded(tmp_path: Path) -> None:
    from longformer_tiny import tokenizer

    model = bert("bert")
    model.save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    loaded = PerformerEncoder.from_pretrained(str(tmp_path), features=32, seed=4)
    text = ids(1, 20)
    assert torch.equal(loaded(text), PerformerEncoder.from_exact(model, features=32, seed=4)(text))
    with pytest.raises(UnavailableError, match="nowhere"):
        PerformerEncoder.from_pretrained(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("causal", [False, True])
def test_trained_features_are_nearer_to_exact_attention_on_other_texts(causal: bool) -> None:
    """To the encoder's own with so many features that they matter no more."""
    exact, text = bert("bert"), ids(16, 30, seed=1)
    many = PerformerEncoder.from_exact(exact, features=8192, causal=causal)
    many.calibrate(text)
    errors = []
    for steps in (0, 30):
        performer = PerformerEncoder.from_exact(exact, features=16, causal=causal)
        with torch.inference_mode():
            performer.calibrate(text, steps=steps)
            errors.append((performer(ids(8, 30)) - many(ids(8, 30))).square().mean())
    assert errors[1] < 0.7 * errors[0]


def test_training_is_the_same_for_the_same_seed_and_passes_over_hidden_tokens() -> None:
    text, mask = ids(6, 20), masks(6, 20, 0)
    found = []
    for seed, hidden in ((0, 7), (0, 8), (1, 7)):
        performer = encoder(causal=True)
        performer.calibrate(text.masked_fill(~mask, hidden), mask, steps=3, seed=seed)
        found.append(performer(ids(1, 9)))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_a_redraw_forgets_the_calibration() -> None:
    model, text = encoder(seed=2), ids(4, 20)
    first = model(text)
    model.calibrate(text, steps=2)
    assert not torch.allclose(model(text), first, atol=1e-3)
    model.redraw(2)
    assert torch.equal(model(text), first)


def test_positions_are_repeated_where_more_are_asked_for() -> None:
    model = PerformerEncoder.from_exact(bert("bert"), max_positions=100)
    assert model.positions is not None
    assert torch.equal(model.positions.weight[40:80], model.positions.weight[:40])
    assert model(ids(1, 100)).shape == (1, 100, 32)


def test_the_bundled_encoder_is_approached() -> None:
    from tokenizers import Tokenizer

    reader = Tokenizer.from_str(bundled_file("tokenizer.json").decode())
    rows = [one.ids for one in reader.encode_batch(TEXTS)]
    text, mask = (torch.tensor(one) for one in (rows, [one.attention_mask for one in reader.encode_batch(TEXTS)]))
    theirs = torch.from_numpy(Embedder("float32").encode(TEXTS))
    near = []
    for features in (32, 256):
        performer = PerformerEncoder.from_pretrained(features=features)
        performer.calibrate(text, mask)
        with torch.inference_mode():
            near.append((performer.vectors(text, mask) * theirs).sum(dim=1).mean().item())
    assert near[0] < near[1]
    assert near[1] > 0.8


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"heads": 3}, "multiple of 3 heads"),
        ({"features": 0}, "features is 0"),
        ({"positions": "none"}, "'none'"),
    ],
)
def test_bad_sizes_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        PerformerConfig(vocab_size=50, **{**SMALL, **changes})


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="33 tokens is longer than the 32 positions"):
        encoder(max_positions=32)(ids(1, 33))
    with pytest.raises(InputError, match="not causal"):
        encoder().encode_chunk(ids(1, 5))
    with pytest.raises(InputError, match=r"mask of \(1, 4\)"):
        encoder()(ids(1, 5), torch.ones(1, 4))
    with pytest.raises(InputError, match="no token to calibrate on"):
        encoder().calibrate(ids(1, 5), torch.zeros(1, 5))
    with pytest.raises(InputError, match="block of 0"):
        attend(*some(1, 4, 0), feature_map(), block=0)
    with pytest.raises(InputError, match="distilbert"):
        PerformerEncoder.from_exact(
            hf.DistilBertModel(hf.DistilBertConfig(dim=16, n_heads=2, hidden_dim=16, n_layers=1))
        )
    with pytest.raises(InputError, match="'relu' is not 'gelu'"):
        PerformerEncoder.from_exact(hf.BertModel(hf.BertConfig(**TINY, hidden_act="relu")))  # type: ignore[no-untyped-call]
