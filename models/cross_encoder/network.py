"""The cross-encoder as it is trained (benchmarks/train_reader.py): what `heads` and `layers` compute without torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from torch import Tensor, nn

from longdoc.models.cross_encoder.pairs import MATCHES, Pair, matches

LAYERS, HEADS, WIDTH, POSITIONS = 6, 12, 384, 256
VERDICTS = ("supports", "contradicts", "silent")
_EPSILON = 1e-12
_ROWS = 128


class Group(NamedTuple):
    """Rows from `start` on that hold `batch` pairs of `length` tokens each."""

    start: int
    batch: int
    length: int

    @property
    def rows(self) -> slice:
        """The rows of all its tokens."""
        return slice(self.start, self.start + self.batch * self.length)


class Read(NamedTuple):
    """What the heads say, in the order of the pairs. Where a pair has no such token a logit is minus infinity."""

    answers: Tensor  # (B,)
    verdicts: Tensor  # (B, 3)
    start: Tensor  # (rows,) over the tokens of all pairs, as in `groups`
    end: Tensor  # (rows,)
    doubts: Tensor  # (rows,): that a claim's token is not in the evidence
    groups: tuple[Group, ...]


class Layer(nn.Module):
    """A layer of BERT, its texts one after the other without padding."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.mix = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.mix_norm, self.down_norm = nn.LayerNorm(WIDTH, _EPSILON), nn.LayerNorm(WIDTH, _EPSILON)

    def forward(self, x: Tensor, groups: Sequence[Group]) -> Tensor:  # (rows, width)
        """The next states of all tokens."""
        x = self.mix_norm(self.mix(_attend(self.qkv(x), groups)) + x)
        return self.down_norm(self.down(F.gelu(self.up(x))) + x)  # type: ignore[no-any-return]


def _attend(qkv: Tensor, groups: Sequence[Group]) -> Tensor:
    attended = []
    for group in groups:
        parts = qkv[group.rows].view(group.batch, group.length, 3, HEADS, WIDTH // HEADS)
        q, k, v = parts.permute(2, 0, 3, 1, 4)  # each (B, heads, T, head_dim)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)  # (B, T, heads, head_dim)
        attended.append(mixed.reshape(-1, WIDTH))
    attended.append(qkv[groups[-1].rows.stop :, :WIDTH])  # what fills up the matrix
    return torch.cat(attended)  # (rows, width)


class CrossEncoder(nn.Module):
    """Six layers and three heads over the words' vectors of the bundled encoder, which are given and stay as they are.

    Each token is also told whether the other text has it (see `matches`): what a small network would need a layer for.
    """

    def __init__(self, words: Tensor) -> None:
        super().__init__()
        self.words = [words]  # in a list, so that they are no part of what is trained or saved
        self.positions = nn.Parameter(torch.zeros(POSITIONS, WIDTH))
        self.sides = nn.Parameter(torch.zeros(2, WIDTH))
        self.matches = nn.Parameter(torch.zeros(2 * MATCHES, WIDTH))
        self.norm = nn.LayerNorm(WIDTH, _EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.tokens = nn.Linear(WIDTH, 3)  # start, end, doubt
        self.answer, self.verdict = nn.Linear(2 * WIDTH + 2, 1), nn.Linear(2 * WIDTH + 2, len(VERDICTS))

    def forward(self, pairs: Sequence[Pair]) -> Read:
        """What the heads say of pairs, those of one length side by side. Linear in the tokens but for attention."""
        groups = tuple(_groups(pairs))
        rows = groups[-1].rows.stop
        x = self.norm(self._embedded(pairs, -(-rows // _ROWS) * _ROWS))
        for layer in self.layers:
            x = layer(x, groups)
        x = x[:rows]
        start, end, doubts = self.tokens(x).float().unbind(dim=1)
        first, second = _sides(pairs)
        start, end = start.masked_fill(~second, -torch.inf), end.masked_fill(~second, -torch.inf)
        doubts = doubts.masked_fill(~first, -torch.inf)
        answers = [self.answer(one) for one in _pooled(x, start, groups)]
        verdicts = [self.verdict(one) for one in _pooled(x, doubts, groups)]
        return Read(torch.cat(answers).float().squeeze(1), torch.cat(verdicts).float(), start, end, doubts, groups)

    def _embedded(self, pairs: Sequence[Pair], rows: int) -> Tensor:
        missing = [0] * (rows - sum(len(pair.ids) for pair in pairs))
        ids, places, sides, found = (
            torch.tensor([*chain.from_iterable(column), *missing])
            for column in (
                (pair.ids for pair in pairs),
                (range(len(pair.ids)) for pair in pairs),
                ([0] * pair.second + [1] * (len(pair.ids) - pair.second) for pair in pairs),
                (matches(pair) for pair in pairs),
            )
        )
        return self.words[0][ids] + self.positions[places] + self.sides[sides] + self.matches[found]


def _groups(pairs: Sequence[Pair]) -> list[Group]:
    found, start = [], 0
    for length, run in groupby(len(pair.ids) for pair in pairs):
        found.append(Group(start, sum(1 for _ in run), length))
        start = found[-1].rows.stop
    return found


def _sides(pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:  # (rows,) each
    first = [[False, *[True] * pair.first, *[False] * (len(pair.ids) - pair.first - 1)] for pair in pairs]
    second = [[*[False] * pair.second, *[True] * (len(pair.ids) - pair.second - 1), False] for pair in pairs]
    return torch.tensor([*chain.from_iterable(first)]), torch.tensor([*chain.from_iterable(second)])


def _pooled(x: Tensor, logits: Tensor, groups: Sequence[Group]) -> list[Tensor]:
    """The first token's state beside the mean over the tokens that the logits point at, their most and their mean."""
    found = []
    for group in groups:
        states = x[group.rows].view(group.batch, group.length, WIDTH)
        own = logits[group.rows].view(group.batch, group.length)  # (B, T)
        own = own.masked_fill(own.amax(dim=1, keepdim=True) == -torch.inf, 0)  # of an empty text all tokens count
        pointed = (own.softmax(dim=1).to(x.dtype).unsqueeze(1) @ states).squeeze(1)  # (B, width)
        seen = own > -torch.inf
        mean = own.masked_fill(~seen, 0).sum(dim=1) / seen.sum(dim=1).clamp(min=1)
        numbers = torch.stack([own.amax(dim=1), mean], dim=1).to(x.dtype)
        found.append(torch.cat([states[:, 0], pointed, numbers], dim=1))  # (B, 2 width + 2)
    return found
