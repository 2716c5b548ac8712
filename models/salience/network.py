"""Scores of sentences by a small network trained on documents with summaries, which reads a text in chunks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from longdoc.arguments import checked
from longdoc.errors import InputError, UnavailableError
from longdoc.models.salience.context import Kind, State, context_encoder
from longdoc.models.salience.features import FEATURES, Columns, Reading, Statistics, features
from longdoc.models.salience.weights import DIGESTS, file_of, fingerprint_of

_VECTOR = 384
_ABOUT = 5  # log length, headings, prose, unity, whether there is a query
_SEEN = 4.0  # standard deviations from the training mean, beyond which a feature says no more


@dataclass(frozen=True)
class SalienceConfig:
    """The network's shape: the kind of context, the width of its hidden states, and how many networks are averaged."""

    context: Kind = "recurrent"
    width: int = 64
    members: int = 1

    def __post_init__(self) -> None:
        if self.width < 4 or self.width % 4:
            raise InputError(f"width is {self.width}: give a multiple of 4")
        if self.members < 1:
            raise InputError(f"members is {self.members}: give 1 or more")
        if self.context not in ("none", "recurrent", "performer", "window"):
            raise InputError(f"context is {self.context!r}: give none, recurrent, performer or window")


@dataclass(frozen=True)
class SalienceState:
    """Where a reading stands; as many bytes after any number of sentences."""

    reading: Reading
    contexts: tuple[State, ...] | None

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        tensors = [one for state in self.contexts or () for one in state]
        return self.reading.recent.nbytes + sum(one.numel() * one.element_size() for one in tensors)


class SalienceMember(nn.Module):
    """Features of sentences (B, T, 32) to scores (B, T): a linear part, and one that sees the context."""

    centre: Tensor
    spread: Tensor

    def __init__(self, config: SalienceConfig) -> None:
        super().__init__()
        width = config.width
        self.register_buffer("centre", torch.zeros(len(FEATURES)))
        self.register_buffer("spread", torch.ones(len(FEATURES)))
        self.plain = nn.Linear(len(FEATURES), 1)
        self.dropped = nn.Dropout(0.3)
        self.inward = nn.Linear(len(FEATURES), width)
        self.second = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.about = nn.Linear(_ABOUT, width)
        self.context = context_encoder(config.context, width)
        self.outward = nn.Linear(width, 1)
        nn.init.zeros_(self.outward.weight)  # training begins with the linear part alone

    def forward(self, x: Tensor, about: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The scores and the context's state; `about` is (B, 5)."""
        x = ((x - self.centre) / self.spread).clamp(-_SEEN, _SEEN)
        hidden = self.second(self.dropped(nn.functional.gelu(self.inward(x))))  # (B, T, width)
        context, state = self.context(self.norm(hidden), torch.tanh(self.about(about)), state)
        scores = self.plain(x) + self.outward(self.dropped(nn.functional.gelu(hidden + context)))
        return scores.squeeze(-1), state


class SalienceNetwork(nn.Module):
    """The mean of the scores of a few members, trained from different seeds."""

    def __init__(self, config: SalienceConfig) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(SalienceMember(config) for _ in range(config.members))

    def forward(
        self, x: Tensor, about: Tensor, states: tuple[State, ...] | None = None
    ) -> tuple[Tensor, tuple[State, ...]]:
        """The scores (B, T) of features (B, T, 32), and each member's state."""
        given = states or (None,) * len(self.members)
        pairs = [member(x, about, state) for member, state in zip(self.members, given, strict=True)]
        return torch.stack([scores for scores, _ in pairs]).mean(dim=0), tuple(state for _, state in pairs)


@checked
class SalienceModel:
    """Scores sentences, given the statistics of the whole text and what was read before; about a query, if any.

    Trained by benchmarks/train_salience.py on English scientific and technical documents. Of two passes over a text
    both carry a state of fixed size.
    """

    def __init__(self, network: SalienceNetwork, fingerprint: str) -> None:
        self.network = network.train(False)
        self.fingerprint = fingerprint

    @classmethod
    def load(cls, context: Kind = "recurrent", folder: Path | None = None) -> SalienceModel:
        """The trained model of a kind. Raises `UnavailableError` where its file is missing or was changed."""
        name = file_of(context)
        path = (folder or Path(__file__).resolve().parent) / name
        remedy = "reinstall longdoc, or train it with benchmarks/train_salience.py"
        try:
            digest = sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise UnavailableError(f"the salience weights {str(path)!r} cannot be read; {remedy}") from error
        if digest != DIGESTS.get(name):
            raise UnavailableError(f"the salience weights {str(path)!r} are damaged or of another release; {remedy}")
        return cls(read_network(path), fingerprint_of(context))

    def statistics(self, chunks: Iterable[Columns]) -> Statistics:
        """The first pass: what all chunks of a text amount to."""
        about = Statistics.empty(_VECTOR)
        for chunk in chunks:
            about = about.added(chunk)
        return about

    def score_chunk(
        self,
        chunk: Columns,
        about: Statistics,
        query: NDArray[np.floating] | None = None,
        state: SalienceState | None = None,
    ) -> tuple[NDArray[np.float64], SalienceState]:
        """The second pass: the scores of the next chunk's sentences and the state after it; None begins a text."""
        reading = Reading.begin(_VECTOR) if state is None else state.reading
        values, reading = features(chunk, about, reading, query)
        with torch.no_grad():
            x = torch.from_numpy(values).float()[None]
            scores, contexts = self.network(x, overview(about, query)[None], None if state is None else state.contexts)
        return scores[0].double().numpy(), SalienceState(reading, contexts)

    def score(
        self, columns: Columns, query: NDArray[np.floating] | None = None, chunk: int = 1024
    ) -> NDArray[np.float64]:
        """The scores of all sentences of a text, read `chunk` at a time, which changes nothing but the memory taken."""
        about, state, parts = self.statistics([columns]), None, [np.zeros(0)]
        for start in range(0, len(columns), chunk):
            scores, state = self.score_chunk(columns.cut(slice(start, start + chunk)), about, query, state)
            parts.append(scores)
        return np.concatenate(parts)


def overview(about: Statistics, query: NDArray[np.floating] | None) -> Tensor:  # (5,)
    """What the context is told of the whole text before it begins."""
    count = max(1, about.count)
    told = [np.log1p(about.count) / 8, about.headings / count, about.prose / count, about.unity, query is not None]
    return torch.tensor([float(one) for one in told])


def read_network(path: Path) -> SalienceNetwork:
    """The network that a file holds. Raises `UnavailableError` where it holds none."""
    try:
        with safe_open(path, framework="pt") as file:
            config = SalienceConfig(**json.loads(file.metadata()["config"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        network = SalienceNetwork(config)
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UnavailableError(f"{path} holds no salience network: train one") from error
    return network
