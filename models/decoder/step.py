"""What every layer does in one forward pass over a windowed cache: which slots it reads, what each query may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from longdoc.errors import InputError
from longdoc.models.decoder.key_motion import KeyMotion


@dataclass(frozen=True)
class Window:
    """What a query may see: the `size` most recent tokens, itself among them, and the text's first `sinks` tokens.

    Positions are counted inside the cache (StreamingLLM; Xiao et al., 2023): up to `size + sinks` tokens of text
    nothing is dropped and every distance is the true one; past that the sinks stand just before the window, so
    that the query's distance to the first of them stays `reach`.
    """

    size: int = 256
    sinks: int = 4

    def __post_init__(self) -> None:
        if self.size < 1:
            raise InputError(f"attention_window is {self.size}: a query must see at least itself, so give 1 or more")
        if self.sinks < 0:
            raise InputError(f"sinks is {self.sinks}: give 0 or more")

    @property
    def reach(self) -> int:
        """The farthest that a query looks back, in positions inside the cache."""
        return self.size + self.sinks - 1


class Step:
    """One pass of `count` new tokens, whose keys go to the slots [slot, stop).

    Slots are columns of the batch; a row's token t lies in slot `first` + t. `first` has one entry a row, or a
    single one where all rows are alike. A query whose row has outgrown the cache (t > reach) is past: it sees its
    window and, at their distance inside the cache, copies of the sinks.
    """

    def __init__(
        self, window: Window, motion: KeyMotion, slot: int, count: int, first: Sequence[int], sink_at: Sequence[int]
    ) -> None:
        self.window, self.motion, self.slot, self.count = window, motion, slot, count
        self.stop = slot + count
        self.start = min(slot, max(0, slot - window.reach, min(first)))
        self.past = motion.kind != "learned" and window.sinks > 0 and self.stop - 1 - min(first) > window.reach
        self.all_past = slot - max(first) > window.reach
        self.sinks_arrive = motion.kind != "learned" and any(slot - window.sinks < f < self.stop for f in first)
        self._hidden = max(first) > self.start
        self._device = torch.device("cpu")
        self._first, self._sink_at = list(first), list(sink_at)
        self._masks: dict[tuple[int | None, torch.dtype], Tensor | None] = {}
        self._turnings: dict[int, tuple[Tensor, Tensor]] = {}
        self._relative: Tensor | None = None

    def on(self, device: torch.device) -> Step:
        """The same step with its tensors on `device`."""
        self._device = device
        self._queries = torch.arange(self.slot, self.stop, device=device)  # (T)
        self.first = torch.tensor(_shortest(self._first), device=device)  # (rows)
        return self

    @property
    def position_ids(self) -> Tensor:  # (rows, T)
        """Where the new tokens stand. Keys that can be moved are placed by slot, which all rows share."""
        if self.motion.kind != "learned":
            return self._queries[None]
        return (self._queries[None] - self.first[:, None]).clamp(min=0)

    @property
    def row_is_past(self) -> Tensor:  # (rows, T)
        """Whether the query's row has outgrown the cache."""
        past: Tensor = self._queries[None] - self.first[:, None] > self.window.reach
        return past

    def sink_places(self) -> tuple[Tensor, Tensor]:  # (rows, sinks), (rows, sinks)
        """Where among the slots read each row's sinks lie, and which of them are new since the last pass or move."""
        place = self.first[:, None] + torch.arange(self.window.sinks, device=self._device)
        arriving = (self.first + self.window.sinks > self.slot)[:, None]
        last = self.stop - self.start - 1
        return (place - self.start).clamp(0, last), arriving & (place >= self.start) & (place < self.stop)

    def sink_turning(self, layer: int) -> tuple[Tensor, Tensor]:  # each (rows, 1, T, 1, rotary)
        """What turns the stored sinks to where each query has them; layers of the same frequencies share it."""
        key = id(self.motion.frequencies[layer])
        if key not in self._turnings:
            sink_at = torch.tensor(_shortest(self._sink_at), device=self._device)
            shift = self._queries[None] - self.window.reach - sink_at[:, None]  # (rows, T)
            cos, sin = self.motion.turning(layer, shift)
            self._turnings[key] = cos[:, None, :, None], sin[:, None, :, None]
        return self._turnings[key]

    def mask(self, own: int | None, dtype: torch.dtype) -> Tensor | None:
        """What to add to the scores of a layer whose `own` window the model sets: 0 or the least number.

        (rows, 1, T, keys), or None where everything is seen. The model's own window counts positions inside the
        cache, as the model counts them.
        """
        if (own, dtype) not in self._masks:
            visible = self._visible_to_one(own) if self.count == 1 else self._visible(own)
            self._masks[own, dtype] = None if visible is None else _additive(visible, dtype)
        return self._masks[own, dtype]

    def relative(self) -> Tensor:  # (T, keys)
        """Minus the distance from each query to each key, inside the cache: what ALiBi multiplies its slopes by."""
        if self._relative is None:
            slots = torch.arange(self.start, self.stop, device=self._device)
            self._relative = (slots[None] - self._queries[:, None]).float()
            if self.count > 1 and self.past:
                sinks = torch.arange(self.window.sinks, device=self._device) - self.window.reach
                self._relative = torch.cat((self._relative, sinks.float().expand(self.count, -1)), dim=1)
        return self._relative

    def _visible_to_one(self, own: int | None) -> Tensor | None:  # (rows, 1, keys)
        if not self._hidden:
            return None
        slots = torch.arange(self.start, self.stop, device=self._device)
        return (slots >= self.first[:, None])[:, None, -own if own else 0 :]

    def _visible(self, own: int | None) -> Tensor:  # (rows, T, keys)
        slots = torch.arange(self.start, self.stop, device=self._device)
        distance = self._queries[:, None] - slots  # (T, slots)
        past = self.row_is_past[..., None]  # (rows, T, 1)
        near = (distance < self.window.size) | ~past
        seen = near & (distance >= 0) & (slots >= self.first[:, None, None])  # (rows, T, slots)
        if own is not None:
            seen = seen & (distance < own)
        return torch.cat((seen, self._visible_sinks(past, own)), dim=-1) if self.past else seen

    def _visible_sinks(self, past: Tensor, own: int | None) -> Tensor:  # (rows, T, copies)
        sinks = torch.arange(self.window.sinks, device=self._device)
        seen = past & (self.window.reach - sinks < (own or self.window.reach + 1))  # (rows, T, sinks)
        if self.motion.kind != "rotary":
            return seen
        itself = torch.eye(self.count, dtype=torch.bool, device=self._device)  # a query sees its own copies alone
        return (itself[..., None] & seen[:, :, None]).flatten(-2)


def _shortest(rows: list[int]) -> list[int]:
    """One entry in place of many that are alike."""
    return rows[:1] if len(set(rows)) == 1 else rows


def _additive(visible: Tensor, dtype: torch.dtype) -> Tensor:
    mask = torch.zeros(visible.shape, dtype=dtype, device=visible.device)
    return mask.masked_fill_(~visible, torch.finfo(dtype).min)[:, None]
