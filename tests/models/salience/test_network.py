"""The salience model: chunked equals whole, features against the obvious loops, weights refused when changed."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.errors import InputError, UnavailableError
from longdoc.models.salience import model as home
from longdoc.models.salience.context import Performer, Window
from longdoc.models.salience.features import FEATURES, Columns, Reading, Statistics, features
from longdoc.models.salience.model import SalienceModel
from longdoc.models.salience.network import SalienceConfig, SalienceNetwork, read_network
from longdoc.models.salience.weights import file_of, fingerprint_of

WIDTH = 384
KINDS = ("none", "recurrent", "performer", "window")


def columns(count: int, seed: int = 0) -> Columns:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, WIDTH)) + 0.5
    leads = np.zeros(count, np.int64)
    for row in range(1, count):
        leads[row] = 0 if rng.random() < 0.1 else leads[row - 1] + 1
    flags = (rng.random((3, count)) < 0.3).astype(np.float32)
    return Columns(
        leads,
        rng.integers(1, 60, count).astype(np.float32),
        rng.uniform(0.5, 1, count).astype(np.float32),
        *flags,
        rng.random(count).astype(np.float32),
        (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
    )


def unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=WIDTH)
    return vector / np.linalg.norm(vector)


def untrained(kind: str) -> SalienceModel:
    torch.manual_seed(1)
    network = SalienceNetwork(SalienceConfig(kind, members=2))
    for member in network.members:
        torch.nn.init.normal_(member.outward.weight)  # else the context says nothing yet
    return SalienceModel(network.train(False), "untrained")


def pieces(whole: Columns, cuts: list[int]) -> list[Columns]:
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    return [whole.cut(slice(a, b)) for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=20)
@given(count=st.integers(0, 70), cuts=st.lists(st.integers(0, 70), max_size=5), queried=st.booleans())
def test_chunked_equals_whole(kind: str, count: int, cuts: list[int], queried: bool) -> None:
    model, whole, query = untrained(kind), columns(count), unit(3) if queried else None
    about, state, found = model.statistics(pieces(whole, cuts)), None, [np.zeros(0)]
    for piece in pieces(whole, cuts):
        scores, state = model.score_chunk(piece, about, query, state)
        found.append(scores)
    np.testing.assert_allclose(np.concatenate(found), model.score(whole, query), atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(count=st.integers(0, 70), cut=st.integers(0, 70), queried=st.booleans())
def test_the_shipped_network_is_that_of_torch(count: int, cut: int, queried: bool) -> None:
    shipped, whole, query = SalienceModel.load(), columns(count), unit(3) if queried else None
    torches = SalienceModel(read_network(Path(home.__file__).with_name(file_of("recurrent"))), "torch")
    found = []
    for one in (shipped, torches):
        about, state, parts = one.statistics([whole]), None, []
        for piece in pieces(whole, [cut]):
            scores, state = one.score_chunk(piece, about, query, state)
            parts.append(scores)
        found.append(np.concatenate(parts))
    np.testing.assert_allclose(*found, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_does_not_grow(kind: str) -> None:
    model, sizes, passes = untrained(kind), set(), set()
    for count in (20, 300):
        about = model.statistics([columns(count)])
        passes.add(about.nbytes)
        sizes.add(model.score_chunk(columns(count), about)[1].nbytes)
    assert len(sizes) == len(passes) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_score_does_not_depend_on_later_sentences_beyond_the_statistics(kind: str) -> None:
    model, whole = untrained(kind), columns(40)
    about = model.statistics([whole])
    early, _ = model.score_chunk(whole.cut(slice(0, 25)), about)
    late, _ = model.score_chunk(whole, about)
    np.testing.assert_allclose(early, late[:25], atol=1e-5)


def test_features_are_those_of_the_obvious_loops() -> None:
    whole, query = columns(30), unit(4)
    about = Statistics.empty(WIDTH).added(whole)
    values, _ = features(whole, about, Reading.begin(WIDTH), query)
    vectors = whole.vectors.astype(np.float64)
    prose = [row for row in range(30) if 8 <= whole.words[row] <= 120 and whole.letters[row] > 0.6]
    centre = sum(vectors[row] for row in prose)
    cosines = [vectors[row] @ centre / np.linalg.norm(centre) for row in range(30)]
    spread = np.std([cosines[row] for row in prose])
    expected = [(one - np.mean([cosines[row] for row in prose])) / (spread + 1e-3) for one in cosines]
    np.testing.assert_allclose(values[:, FEATURES.index("centrality")], np.clip(expected, -4, 4), atol=1e-6)
    np.testing.assert_allclose(
        values[1:, FEATURES.index("centrality_before")], np.clip(expected, -4, 4)[:-1], atol=1e-6
    )
    for row in range(1, 30):
        earlier = [vectors[row] @ vectors[back] for back in range(max(0, row - 8), row)]
        assert values[row, FEATURES.index("likeness_before")] == pytest.approx(np.mean(earlier))
        assert values[row, FEATURES.index("nearest_before")] == pytest.approx(max(earlier))
        opened = sum(whole.leads[: row + 1] == 0) / sum(whole.leads == 0)
        assert values[row, FEATURES.index("heading")] == pytest.approx(opened)
    squares = [np.mean([(vectors[row] @ vectors[other]) ** 2 for other in prose]) for row in range(30)]
    usual = np.mean([squares[row] for row in prose])
    density = np.clip(np.array(squares) / usual - 1, -4, 4)
    np.testing.assert_allclose(values[:, FEATURES.index("density")], density, atol=1e-6)
    unity = np.linalg.norm(np.mean(vectors[prose], axis=0))
    np.testing.assert_allclose(values[:, FEATURES.index("unity")], unity)


def test_the_network_scores_by_the_mean_of_its_members() -> None:
    model, x = untrained("recurrent"), torch.randn(1, 7, len(FEATURES))
    about = torch.randn(1, 5)
    apart = [member(x, about)[0] for member in model.network.members]
    torch.testing.assert_close(model.network(x, about)[0], (apart[0] + apart[1]) / 2)
    assert not torch.allclose(apart[0], apart[1])


def test_the_performer_is_the_sum_over_earlier_sentences() -> None:
    torch.manual_seed(0)
    layer = Performer(16)
    x = torch.randn(1, 9, 16)
    q, k, v = layer.heads(x)
    q, k = layer._mapped(q), layer._mapped(k)
    rows = []
    for t in range(9):
        weights = torch.einsum("hm,hsm->hs", q[0, :, t], k[0, :, : t + 1])
        rows.append(torch.einsum("hs,hsd->hd", weights, v[0, :, : t + 1]) / weights.sum(-1, keepdim=True))
    expected = layer.out(torch.stack(rows).flatten(1))
    torch.testing.assert_close(layer(x, torch.zeros(1, 16))[0][0], expected, atol=1e-5, rtol=1e-4)


def test_the_window_sees_its_last_sentences_and_the_global_tokens() -> None:
    torch.manual_seed(0)
    layer = Window(16, window=3, tokens=2)
    torch.nn.init.normal_(layer.bias)
    x, about = torch.randn(1, 8, 16), torch.randn(1, 16)
    q, k, v = (one[0] for one in layer.heads(x))
    _, wide_k, wide_v = (one[0] for one in layer.heads(layer.tokens(about).view(1, 2, 16)))
    rows = []
    for t in range(8):
        seen = range(max(0, t - 2), t + 1)
        per_head = []
        for head in range(4):
            logits = [q[head, t] @ k[head, s] / 2 + layer.bias[head, 2 - (t - s)] for s in seen]
            logits += [q[head, t] @ wide_k[head, g] / 2 + layer.bias[head, 3] for g in range(2)]
            weights = torch.stack(logits).softmax(0)
            per_head.append(weights @ torch.cat([v[head, list(seen)], wide_v[head]]))
        rows.append(torch.cat(per_head))
    torch.testing.assert_close(layer(x, about)[0][0], layer.out(torch.stack(rows)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", [file_of(kind) for kind in KINDS])
def test_weights_load_and_changed_ones_are_refused(name: str, tmp_path: Path) -> None:
    context = name.removesuffix(".safetensors")
    assert file_of(context) == name
    model = SalienceModel.load(context)
    assert model.fingerprint == fingerprint_of(context)
    scores = model.score(columns(12))
    assert np.isfinite(scores).all()
    assert scores.std() > 0
    from longdoc.models.salience import network

    data = bytearray((Path(network.__file__).resolve().parent / name).read_bytes())
    data[-1] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnavailableError, match="damaged"):
        SalienceModel.load(context, tmp_path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"recurrent\.safetensors"):
        SalienceModel.load("recurrent", tmp_path)


@pytest.mark.parametrize("given_", [{"width": 3}, {"context": "bidirectional"}, {"members": 0}])
def test_bad_settings_are_refused(given_: dict) -> None:
    with pytest.raises(InputError):
        SalienceConfig(**given_)
