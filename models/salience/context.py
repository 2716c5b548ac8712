"""Three encoders that read a sequence of sentences forward and carry a state of fixed size: one interface, one width.

Each gives, for a chunk (B, T, width) and the state after what came before (None at the beginning of a text), the
hidden states and the state to go on with. `about`, (B, width), says what the whole text is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from longdoc.errors import InputError
from longdoc.models.salience.weights import Kind

State = tuple[Tensor, ...]
_HEADS = 4


class NoContext(nn.Module):
    """Each sentence by itself: what the others are compared with."""

    def forward(self, x: Tensor, about: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The input unchanged, and an empty state."""
        return x, ()


class Recurrent(nn.Module):
    """A gated recurrent unit (Cho et al., 2014)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gru = nn.GRU(width, width, batch_first=True)
        self.begin = nn.Linear(width, width)

    def forward(self, x: Tensor, about: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The state is the hidden one, (1, B, width)."""
        hidden = torch.tanh(self.begin(about))[None] if state is None else state[0]
        if not x.shape[1]:
            return x, (hidden,)
        out, hidden = self.gru(x, hidden)
        return out, (hidden,)


class _Attention(nn.Module):
    """Projections to queries, keys and values by head, and back."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def heads(self, x: Tensor) -> list[Tensor]:  # each (B, heads, T, head_dim)
        parts = self.project(x).chunk(3, dim=-1)
        return [one.unflatten(-1, (_HEADS, -1)).transpose(1, 2) for one in parts]

    def joined(self, x: Tensor) -> Tensor:
        joined: Tensor = self.out(x.transpose(1, 2).flatten(2))
        return joined


class Performer(_Attention):
    """Causal attention by positive random features (FAVOR+; Choromanski et al., 2021), over sums that it carries.

    Keys and queries are held to unit length, so that no exponential can overflow and none needs a running peak.
    """

    features: Tensor

    def __init__(self, width: int, features: int = 16) -> None:
        super().__init__(width)
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("features", torch.randn(features, width // _HEADS, generator=generator))

    def forward(self, x: Tensor, about: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The state is the sums of keys with values and of keys, (B, heads, features, head_dim + 1)."""
        q, k, v = self.heads(x)
        q, k = self._mapped(q), self._mapped(k)  # (B, heads, T, features)
        v = torch.cat([v, torch.ones_like(v[..., :1])], dim=-1)  # (B, heads, T, head_dim + 1)
        before = v.new_zeros(*k.shape[:2], k.shape[3], v.shape[3]) if state is None else state[0]
        seen = torch.tril(q @ k.transpose(-1, -2)) @ v + q @ before
        after = before + k.transpose(-1, -2) @ v
        return self.joined(seen[..., :-1] / seen[..., -1:]), (after,)

    def _mapped(self, x: Tensor) -> Tensor:
        x = 1.5 * nn.functional.normalize(x, dim=-1)
        return (x @ self.features.T - x.square().sum(dim=-1, keepdim=True) / 2).exp()


class Window(_Attention):
    """Attention to the last sentences and to global tokens (Longformer; Beltagy et al., 2020), here read forward.

    The global tokens are made of what the first pass knows of the whole text.
    """

    def __init__(self, width: int, window: int = 16, tokens: int = 4) -> None:
        super().__init__(width)
        self.window = window
        self.tokens = nn.Linear(width, tokens * width)
        self.bias = nn.Parameter(torch.zeros(_HEADS, window + 1))  # by how far back; the last is for global tokens

    def forward(self, x: Tensor, about: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The state is the last keys and values, (B, heads, window - 1, head_dim), and which are of the text."""
        q, k, v = self.heads(x)
        batch, heads, size, depth = q.shape
        if state is None:
            none = q.new_zeros(batch, heads, self.window - 1, depth)
            state = (none, none, q.new_zeros(batch, self.window - 1))
        if not size:
            return x, state
        keys, values = torch.cat([state[0], k], dim=2), torch.cat([state[1], v], dim=2)
        there = torch.cat([state[2], q.new_ones(batch, size)], dim=1)
        _, wide_k, wide_v = self.heads(self.tokens(about).unflatten(-1, (-1, x.shape[2])))
        near = keys.unfold(2, self.window, 1)  # (B, heads, T, head_dim, window)
        local = torch.einsum("bhtd,bhtdw->bhtw", q, near) / depth**0.5 + self.bias[:, None, :-1]
        local = local.masked_fill(there.unfold(1, self.window, 1)[:, None] == 0, -torch.inf)
        wide = q @ wide_k.transpose(-1, -2) / depth**0.5 + self.bias[:, None, -1:]
        weights = torch.cat([local, wide], dim=-1).softmax(dim=-1)
        seen = torch.einsum("bhtw,bhtdw->bhtd", weights[..., : self.window], values.unfold(2, self.window, 1))
        seen = seen + weights[..., self.window :] @ wide_v
        kept = slice(keys.shape[2] - self.window + 1, None)
        return self.joined(seen), (keys[:, :, kept], values[:, :, kept], there[:, kept])


def context_encoder(kind: Kind, width: int) -> nn.Module:
    """The encoder of a kind. Raises `InputError` for another name."""
    match kind:
        case "none":
            return NoContext()
        case "recurrent":
            return Recurrent(width)
        case "performer":
            return Performer(width)
        case "window":
            return Window(width)
    raise InputError(f"the context is {kind!r}: give none, recurrent, performer or window")
