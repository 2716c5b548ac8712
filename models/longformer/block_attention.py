"""Sliding-window attention with global tokens (Longformer; Beltagy et al., 2020), computed by blocks of queries.

A block of queries sees its own block of keys and `reach` blocks on each side, which hold the whole window. Keys and
values are laid out once, every block followed by a copy of the global keys, so that what each block of queries sees
is a view, and all blocks away from paddings and global tokens share one mask:

    | block 0 | globals | block 1 | globals | block 2 | globals | ...
    |<------ seen by the queries of block 1, reach 1 ---------->|

Of the copies only the one beside the middle is seen, and there only the globals outside the query's window: one
inside it is seen at its place, so that each key counts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from torch import Tensor

_SMALLEST = 16  # queries of a block, where the window is narrower than that
_TARGETS = {torch.float32: (64, 128, 256)}  # measured: small blocks waste the fewest keys,
_HALF_TARGETS = (256,)  # and in 16 bits, where a product costs little, large ones are faster
_MOST_RUNS = 16


class Run(NamedTuple):
    """Blocks of queries, `start` to `stop`, that share a call; `mask` is added to their scores."""

    start: int
    stop: int
    mask: Tensor  # (block, span), or (1, stop - start, block, span)


@dataclass(frozen=True)
class Blocks:
    """How one text's tokens are cut into blocks, and what each block sees."""

    count: int
    size: int
    reach: int
    globals: int
    runs: tuple[Run, ...]

    @property
    def stride(self) -> int:
        """Rows of the layout from one block to the next."""
        return self.size + self.globals

    @property
    def span(self) -> int:
        """Rows of the layout that a block of queries reads."""
        return (2 * self.reach + 1) * self.stride

    def runs_within(self, first: int, last: int) -> Iterator[Run]:
        """The runs, cut to the blocks from `first` to `last`."""
        for start, stop, mask in self.runs:
            low, high = max(start, first), min(stop, last)
            if low < high:
                yield Run(low, high, mask if mask.dim() == 2 else mask[:, low - start : high - start])


@dataclass(frozen=True, eq=False)
class TextMask:
    """Which tokens of one text are read: those from `low` to `high` that are not `hidden`; `globals` see all.

    `hidden`, (high - low), is None where nothing inside is hidden; `globals`, (G), counts from `low`.
    """

    low: int
    high: int
    hidden: Tensor | None
    globals: Tensor
    _made: dict[tuple[int, torch.dtype], Blocks] = field(default_factory=dict)

    @classmethod
    def of(cls, masked: Tensor, is_global: Tensor) -> TextMask:
        """The mask of two rows of flags, (T) each: which tokens are hidden, which are global."""
        kept = (~masked).nonzero()[:, 0]
        if not len(kept):
            return cls(0, 0, None, kept)
        low, high = int(kept[0]), int(kept[-1]) + 1
        hidden = masked[low:high] if len(kept) < high - low else None
        return cls(low, high, hidden, is_global[low:high].nonzero()[:, 0])

    def __len__(self) -> int:
        return self.high - self.low

    def blocks(self, window: int, dtype: torch.dtype) -> Blocks:
        """The blocks for `window` tokens on each side, made once for all layers."""
        key = (window, dtype)
        if key not in self._made:
            self._made[key] = _Cut(self, window, dtype).blocks()
        return self._made[key]


def attend(q: Tensor, keys: Tensor, values: Tensor, blocks: Blocks, first: int = 0, dropout: float = 0.0) -> Tensor:
    """What the queries `q`, (t, heads, head_dim), from the block `first` on see, (t, heads * head_dim).

    Keys and values are those of all blocks, as `windows` gives them. Rows of global tokens are to be written over:
    they see here what the others do.
    """
    count = -(-len(q) // blocks.size)
    pad = count * blocks.size - len(q)
    rows = F.pad(q, (0, 0, 0, 0, 0, pad)) if pad else q
    queries = rows.view(count, blocks.size, *q.shape[1:]).permute(2, 0, 1, 3)  # (heads, blocks, size, head_dim)
    parts = []
    for start, stop, mask in blocks.runs_within(first, first + count):
        of_run = queries[:, start - first : stop - first], keys[:, start:stop], values[:, start:stop]
        mixed = F.scaled_dot_product_attention(*of_run, attn_mask=mask, dropout_p=dropout)
        parts.append(mixed.permute(1, 2, 0, 3))  # (blocks of the run, size, heads, head_dim)
    whole = parts[0] if len(parts) == 1 else torch.cat(parts)
    return whole.reshape(count * blocks.size, -1)[: len(q)]


def windows(parts: Iterator[Tensor], blocks: Blocks, globals: Tensor) -> Tensor:
    """What each block of queries sees of keys or values: a view (heads, blocks, span, head_dim).

    `parts` are the (t, heads, head_dim) of one text in order, each but the last of whole blocks.
    """
    first = next(parts)
    shape = first.shape[1:]
    laid = first.new_empty(blocks.count + 2 * blocks.reach, blocks.stride, *shape)
    laid[: blocks.reach] = 0
    laid[blocks.reach + blocks.count - 1 :] = 0
    filled = blocks.reach
    for part in chain((first,), parts):
        whole, over = divmod(len(part), blocks.size)
        laid[filled : filled + whole, : blocks.size] = part[: len(part) - over].view(-1, blocks.size, *shape)
        if over:
            laid[filled + whole, :over] = part[len(part) - over :]
        filled += whole
    if blocks.globals:
        places = globals // blocks.size + blocks.reach, globals % blocks.size
        laid[:, blocks.size :] = laid[places]
    return laid.flatten(0, 1).unfold(0, blocks.span, blocks.stride).permute(1, 0, 3, 2)


class _Cut:
    """Chooses the size of the blocks and makes their masks."""

    def __init__(self, text: TextMask, window: int, dtype: torch.dtype) -> None:
        self.text, self.window, self.dtype = text, window, dtype
        self.length, self.device = len(text), text.globals.device
        shapes = [_shape(window, target) for target in _TARGETS.get(dtype, _HALF_TARGETS)]
        extra = len(text.globals)
        self.size, self.reach = min(shapes, key=lambda shape: (2 * shape[1] + 1) * (shape[0] + extra))
        if self.length <= (2 * self.reach + 1) * self.size:
            self.size, self.reach = self.length, 0
        self.count = -(-self.length // self.size)

    def blocks(self) -> Blocks:
        return Blocks(self.count, self.size, self.reach, len(self.text.globals), tuple(self._runs()))

    def _runs(self) -> Iterator[Run]:
        special = self._special()
        runs = [list(run) for _, run in groupby(range(self.count), key=special.__getitem__)]
        if len(runs) > _MOST_RUNS:
            special, runs = [True] * self.count, [list(range(self.count))]
        plain = None
        for run in runs:
            if special[run[0]]:
                yield Run(run[0], run[-1] + 1, self._masks(run)[None])
            else:
                plain = self._masks(run[:1])[0] if plain is None else plain
                yield Run(run[0], run[-1] + 1, plain)

    def _special(self) -> list[bool]:
        """For each block, whether it sees an edge, something hidden, or a global token at its place."""
        odd = torch.ones(self.count + 2 * self.reach, self.size, dtype=torch.bool)
        inside = odd.view(-1)[self.reach * self.size :][: self.length]
        inside.fill_(False)
        inside[self.text.globals.cpu()] = True
        if self.text.hidden is not None:
            inside |= self.text.hidden.cpu()
        odd_blocks: list[bool] = odd.any(dim=1).tolist()
        return [any(odd_blocks[block : block + 2 * self.reach + 1]) for block in range(self.count)]

    def _masks(self, blocks: list[int]) -> Tensor:  # (blocks, size, span)
        """0 where a query sees a key, minus infinity elsewhere. Every query sees itself, or softmax would be 0 / 0."""
        here = torch.tensor(blocks, device=self.device)[:, None]
        size = torch.arange(self.size, device=self.device)
        queries = (here * self.size + size)[:, :, None]  # (blocks, size, 1)
        near = here + torch.arange(-self.reach, self.reach + 1, device=self.device)  # (blocks, 2 * reach + 1)
        keys = (near[:, :, None] * self.size + size)[:, None]  # (blocks, 1, 2 * reach + 1, size)
        at_place = self._in_window(queries[..., None], keys) & self._readable(keys) | (queries[..., None] == keys)
        outside = ~self._in_window(queries, self.text.globals)  # (blocks, size, G)
        copies = outside.new_zeros(*at_place.shape[:3], outside.shape[-1])
        copies[:, :, self.reach] = outside
        seen = torch.cat((at_place, copies), dim=-1).flatten(2)
        return torch.zeros(seen.shape, dtype=self.dtype, device=self.device).masked_fill(~seen, float("-inf"))

    def _in_window(self, queries: Tensor, keys: Tensor) -> Tensor:
        return (queries - keys).abs() <= self.window

    def _readable(self, keys: Tensor) -> Tensor:
        inside = (keys >= 0) & (keys < self.length)
        if self.text.hidden is None:
            return inside
        return inside & ~self.text.hidden[keys.clamp(0, self.length - 1)]


def _shape(window: int, target: int) -> tuple[int, int]:
    """The size of a block, about `target`, and the blocks on each side that hold a window."""
    reach = max(1, -(-window // target))
    return max(_SMALLEST, -(-window // reach)), reach
