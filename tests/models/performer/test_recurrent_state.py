from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from longdoc.errors import InputError, UnavailableError
from longdoc.models.performer.performer import PerformerConfig, PerformerEncoder
from longdoc.models.performer.recurrent_state import RecurrentEncoder, RecurrentState, TorchRecurrence

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")  # only slower
WIDTH, LENGTH = 5, 40


def performer(**changes: Any) -> PerformerEncoder:
    sizes: dict[str, Any] = {"width": 16, "layers": 2, "heads": 2, "inner": 24, "features": 16}
    return PerformerEncoder(PerformerConfig(vocab_size=50, causal=True, **sizes, **changes)).eval()


def make(kind: str, seed: int = 0) -> RecurrentEncoder:
    torch.manual_seed(seed)
    if kind == "performer":
        return performer()
    if kind == "performer, sinusoidal":
        return performer(positions="sinusoidal")
    modules: dict[str, nn.RNNBase] = {
        "gru": nn.GRU(WIDTH, 7, num_layers=2),
        "gru, batch first, dropout": nn.GRU(WIDTH, 7, num_layers=2, batch_first=True, dropout=0.5),
        "lstm": nn.LSTM(WIDTH, 7, num_layers=2, batch_first=True),
        "lstm, projected": nn.LSTM(WIDTH, 7, num_layers=2, proj_size=3),
        "rnn": nn.RNN(WIDTH, 7),
    }
    return TorchRecurrence(modules[kind])


KINDS = ["performer", "performer, sinusoidal", "gru", "gru, batch first, dropout", "lstm", "lstm, projected", "rnn"]
every_kind = pytest.mark.parametrize("kind", KINDS)


def text(kind: str, batch: int = 2, length: int = LENGTH, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if "performer" in kind:
        return torch.randint(1, 50, (batch, length), generator=generator)
    return torch.randn(batch, length, WIDTH, generator=generator)


@every_kind
@settings(max_examples=4)
@given(cuts=st.lists(st.integers(0, LENGTH), max_size=5), seed=st.integers(0, 1000))
def test_chunk_by_chunk_equals_whole_also_through_a_file(
    tmp_path_factory: pytest.TempPathFactory, kind: str, cuts: list[int], seed: int
) -> None:
    encoder, x, path = make(kind), text(kind, seed=seed), tmp_path_factory.mktemp("state") / "state"
    whole, end = encoder.encode_chunk(x)
    edges, parts, state = [0, *sorted(cuts), LENGTH], [], None
    for low, high in itertools.pairwise(edges):
        hidden, state = encoder.encode_chunk(x[:, low:high], state)
        parts.append(hidden)
        state.save(path)
        state = RecurrentState.load(path, make(kind))
    assert state is not None
    assert state.seen == LENGTH
    assert (torch.cat(parts, dim=1) - whole).abs().max() < 1e-4
    for name, one in end.tensors.items():
        assert torch.allclose(state.tensors[name], one, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("kind", "module"), [("gru", nn.GRU), ("lstm", nn.LSTM), ("rnn", nn.RNN)])
def test_a_recurrence_gives_what_its_module_gives(kind: str, module: type[nn.RNNBase]) -> None:
    torch.manual_seed(0)
    plain = module(WIDTH, 7, batch_first=True)
    hidden, state = TorchRecurrence(plain).encode_chunk(text(kind))
    theirs, last = plain(text(kind))
    assert torch.equal(hidden, theirs)
    assert torch.equal(state.tensors["hidden"], last[0] if kind == "lstm" else last)


@every_kind
def test_its_size_does_not_depend_on_the_length(tmp_path: Path, kind: str) -> None:
    encoder, state, sizes = make(kind), None, set()
    for length in (1, 2, 300):
        _, state = encoder.encode_chunk(text(kind, length=length), state)
        state.save(tmp_path / "state")
        sizes.add((state.nbytes, sum(one.numel() * one.element_size() for one in state.tensors.values())))
    assert len(sizes) == 1
    assert abs((tmp_path / "state").stat().st_size - state.nbytes) < 1000 if state else False


@every_kind
def test_a_state_is_a_value(kind: str) -> None:
    """It can be gone on from twice, and equal readings have equal digests."""
    encoder, x = make(kind), text(kind)
    _, state = encoder.encode_chunk(x[:, :20])
    before = state.digest
    first, after = encoder.encode_chunk(x[:, 20:], state)
    second, again = make(kind).encode_chunk(x[:, 20:], state)
    assert state.digest == before
    assert torch.equal(first, second)
    assert after.digest == again.digest != before
    assert {after, again, state} == {again, state}


@every_kind
def test_a_state_holds_no_graph(kind: str) -> None:
    hidden, state = make(kind).encode_chunk(text(kind))
    assert hidden.requires_grad
    assert not any(one.requires_grad for one in state.tensors.values())


@every_kind
def test_another_model_is_refused(tmp_path: Path, kind: str) -> None:
    _, state = make(kind).encode_chunk(text(kind))
    state.save(tmp_path / "state")
    others = [make(kind, seed=1), *(make(other) for other in KINDS if other != kind)]
    for other in others:
        if other.fingerprint == state.fingerprint:  # batch_first and dropout change nothing
            continue
        with pytest.raises(InputError, match="after 40 tokens was made by another model"):
            RecurrentState.load(tmp_path / "state", other)
    with pytest.raises(InputError, match="made by another model"):
        others[0].encode_chunk(text(kind), state)


def test_other_features_are_another_model() -> None:
    encoder = performer()
    _, state = encoder.encode_chunk(text("performer"))
    encoder.redraw(1)
    with pytest.raises(InputError, match="made by another model"):
        encoder.encode_chunk(text("performer"), state)


@every_kind
def test_a_damaged_file_is_refused(tmp_path: Path, kind: str) -> None:
    encoder, path = make(kind), tmp_path / "state"
    encoder.encode_chunk(text(kind))[1].save(path)
    whole = path.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises((UnavailableError, InputError)):
            RecurrentState.load(path, encoder)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnavailableError, match="missing, damaged"):
        RecurrentState.load(path, encoder)
    with pytest.raises(UnavailableError, match="missing, damaged"):
        RecurrentState.load(tmp_path / "none", encoder)
    assert [one.name for one in tmp_path.iterdir()] == ["state"]


@every_kind
def test_a_chunk_of_nothing_changes_nothing(kind: str) -> None:
    encoder = make(kind)
    _, state = encoder.encode_chunk(text(kind))
    hidden, same = encoder.encode_chunk(text(kind)[:, :0], state)
    assert hidden.shape[:2] == (2, 0)
    assert same.digest == state.digest


@every_kind
def test_another_batch_is_refused(kind: str) -> None:
    encoder = make(kind)
    _, state = encoder.encode_chunk(text(kind))
    with pytest.raises(InputError, match="state is of 2 texts, the chunk of 3"):
        encoder.encode_chunk(text(kind, batch=3), state)


def test_the_digest_is_the_same_in_any_process() -> None:
    state = RecurrentState({"b": torch.ones(2), "a": torch.arange(3)}, 7, "a model")
    assert state.digest == RecurrentState({"a": torch.arange(3), "b": torch.ones(2)}, 7, "a model").digest
    assert state.digest == "ebc5176ea56766541f57d0a7618f5a2d"


def test_what_cannot_be_read_forward_is_refused() -> None:
    with pytest.raises(InputError, match="bidirectional LSTM"):
        TorchRecurrence(nn.LSTM(WIDTH, 7, bidirectional=True))
    with pytest.raises(InputError, match=r"shape \(40, 5\)"):
        make("gru").encode_chunk(torch.zeros(40, WIDTH))
