"""Small networks that score sentences, as they are trained on documents with summaries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from longdoc.errors import InputError, UnavailableError
from longdoc.models.salience.context import State, context_encoder
from longdoc.models.salience.features import FEATURES
from longdoc.models.salience.weights import Kind

Floats = NDArray[np.float32]
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

    @torch.no_grad()
    def read(self, x: Floats, about: Floats, states: tuple[State, ...] | None) -> tuple[Floats, tuple[State, ...]]:
        """See `longdoc.models.salience.model.Scores`."""
        self.train(False)
        scores, after = self(torch.from_numpy(x)[None], torch.from_numpy(about)[None], states)
        read: Floats = scores[0].numpy()
        return read, after


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
