"""A transformers cache of bounded size: attention sinks and a sliding window, on any causal model.

Keys lie in slots, one column of the batch a slot, and a rotary key is turned to the position of its slot. A query in
slot 9 with a window of 4 and 2 sinks, of which the text's own slots have been let go, reads one run of slots:

    slot    0  1  2  3  4  5  6  7  8  9
    holds   .  .  .  .  s0 s1 t6 t7 t8 t9     s0, s1: copies of the sinks, turned from position 0, 1 to 4, 5

The next query reads slots 5 to 10, and the sinks are written again, to 5 and 6. So a token costs a write of its own
key and of the sinks, whatever the length of the text; nothing is joined and nothing else is moved until the slots run
out, when the window goes back to the front and its keys are turned back with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

from longdoc.errors import InputError, StageError
from longdoc.models.decoder.buffers import BUFFERS, Buffer, Storage
from longdoc.models.decoder.key_motion import KeyMotion
from longdoc.models.decoder.step import Step, Window

Encode = Callable[[Tensor], list[tuple[Tensor, Tensor]]]  # token ids (B, T) to keys and values of each layer
_LEAST_SLACK = 64


class WindowedCache(Cache):
    """The keys and values that `window` lets a query see, for a batch whose rows begin at the columns `first`.

    `own` is the window that the model itself gives each layer, None for none. Where keys are learned (`motion`), a
    row that has filled the cache has its sinks and the last half of its window encoded again, by `encode`, at
    positions 0, 1, …; its next tokens follow there until the cache is full again. So such a query sees between half
    its window and all of it, and a text costs about twice its tokens. `limit` is the number of learned positions.
    """

    layers: list[Any]

    def __init__(
        self,
        motion: KeyMotion,
        window: Window,
        first: Sequence[int],
        own: Sequence[int | None],
        *,
        limit: int | None = None,
        storage: Storage = "model",
        encode: Encode | None = None,
    ) -> None:
        super().__init__(layers=[WindowedLayer(self, index, width) for index, width in enumerate(own)])
        self.motion, self.storage = motion, storage
        self.window = _effective(window, motion, own, limit)
        self.first = list(first)
        self.sink_at = list(first)
        self.stop = self.capacity = self.seen = 0
        self.drift = 0  # how far columns are ahead of slots
        self.step: Step | None = None
        self._encode = encode
        self.recent = torch.zeros(len(self.first), 0, dtype=torch.long)  # token ids of the last slots, if learned
        self.sink_ids: list[Tensor | None] = [None] * len(self.first)

    def room(self) -> int | None:
        """How many tokens the next pass may bring; None for any number."""
        if self.motion.kind != "learned":
            return None
        full = self.window.reach + 1
        lengths = (self.stop - first for first in self.first)
        return min(full - (self._kept if length == full else length) for length in lengths)

    def begin(self, ids: Tensor) -> Step:
        """Readies the cache for a pass over the token `ids`, (B, T)."""
        if ids.shape[0] != len(self.first):
            raise InputError(f"{ids.shape[0]} rows for a cache of {len(self.first)}: give the batch it was made for")
        if self.motion.kind == "learned":
            self._encode_full_rows(ids.device)
        self._make_room(ids.shape[1])
        sinks = self.window.sinks
        self.sink_at = [f if f + sinks > self.stop else at for f, at in zip(self.first, self.sink_at, strict=True)]
        step = Step(self.window, self.motion, self.stop, ids.shape[1], self.first, self.sink_at)
        self.step = step.on(ids.device)
        return self.step

    def commit(self, ids: Tensor) -> None:
        """Takes what the pass has written as read."""
        self.stop += ids.shape[1]
        self.seen += ids.shape[1]
        self.step = None
        if self.motion.kind == "learned":
            joined = torch.cat((self.recent.to(ids.device), ids), dim=1)
            self.recent = joined[:, -(self.window.reach + 1) :]

    @property
    def nbytes(self) -> int:
        """The bytes of all buffers."""
        tensors = (one for layer in self.layers for one in layer.tensors(0, self.capacity).values())
        return sum(one.numel() * one.element_size() for one in tensors)

    def tensors(self, start: int) -> dict[str, Tensor]:
        """All that the cache holds in the slots [start, stop), by name, as it is stored; not copied."""
        layers = [layer.tensors(start, self.stop) for layer in self.layers]
        held = {f"{index}.{name}": x for index, layer in enumerate(layers) for name, x in layer.items()}
        if self.motion.kind == "learned":
            held["recent"] = self.recent
            held.update({f"sink_ids.{row}": ids for row, ids in enumerate(self.sink_ids) if ids is not None})
        return held

    def restore(self, tensors: Mapping[str, Tensor], slot: int, dtype: torch.dtype) -> None:
        """Takes in what `tensors` gave, from `slot` on; `stop` and `capacity` must be set. Reads give `dtype`."""
        for index, layer in enumerate(self.layers):
            mine = {name.removeprefix(f"{index}."): x for name, x in tensors.items() if name.startswith(f"{index}.")}
            layer.restore(mine, slot, self.stop, dtype)
        if self.motion.kind == "learned":
            self.recent = tensors["recent"][:, : self.stop]
            self.sink_ids = [tensors.get(f"sink_ids.{row}") for row in range(len(self.first))]

    @property
    def _kept(self) -> int:
        return self.window.sinks + self.window.size // 2

    def _encode_full_rows(self, device: torch.device) -> None:
        full = [row for row, first in enumerate(self.first) if self.stop - first == self.window.reach + 1]
        if not full or self._encode is None:
            return
        start = self.stop - self._kept
        kept = torch.stack([self._kept_ids(row) for row in full])
        for layer, (keys, values) in zip(self.layers, self._encode(kept) if self._kept else (), strict=False):
            layer.rewrite(torch.tensor(full, device=device), start, keys, values)
        for row in full:
            self.first[row] = start

    def _kept_ids(self, row: int) -> Tensor:
        ids = self.sink_ids[row]
        if ids is None:  # the first time that the row is full, `recent` is all of it
            ids = self.sink_ids[row] = self.recent[row, : self.window.sinks].clone()
        half = self.window.size // 2
        return torch.cat((ids, self.recent[row, self.recent.shape[1] - half :]))

    def _make_room(self, count: int) -> None:
        if self.stop + count <= self.capacity:
            return
        drop = max(0, self.stop - self.window.reach)
        need = self.stop - drop + count
        most = self.window.reach + max(count, self.window.size // 2, _LEAST_SLACK)
        self._move(drop, max(need, min(2 * need, most)))

    def _move(self, drop: int, capacity: int) -> None:
        for layer in self.layers:
            layer.move(drop, self.stop, capacity)
        self.capacity = capacity
        self.stop -= drop
        self.drift += drop
        self.first = [first - drop for first in self.first]

    def select(self, rows: list[int]) -> None:
        """Replaces the rows of the batch by `rows` of them, any of them any number of times."""
        self.first = [self.first[row] for row in rows]
        self.sink_at = [self.sink_at[row] for row in rows]
        self.sink_ids = [self.sink_ids[row] for row in rows]
        self.recent = self.recent[rows]
        for layer in self.layers:
            layer.select(rows)

    def reorder_cache(self, beam_idx: Tensor) -> None:
        """As transformers asks for beam search."""
        self.select(beam_idx.tolist())

    def batch_repeat_interleave(self, repeats: int) -> None:
        """As transformers asks for several answers to a prompt."""
        if repeats > 1:
            self.select([row for row in range(len(self.first)) for _ in range(repeats)])

    def batch_select_indices(self, indices: Tensor) -> None:
        """As transformers asks to drop rows."""
        self.select(indices.tolist())

    def crop(self, tokens_to_remove: int) -> None:
        """Refused: what the window let go cannot be had back."""
        raise StageError("a windowed cache cannot go back, so it takes no assistant model and no prompt lookup")


def _effective(window: Window, motion: KeyMotion, own: Sequence[int | None], limit: int | None) -> Window:
    """The window that gives the same answers in the least room."""
    widest = max((one for one in own if one), default=0)
    if all(own) and widest <= window.size:  # the model sees no farther anywhere, and no sink within that
        return Window(widest, 0)
    if motion.kind != "learned" or limit is None or window.reach < limit:
        return window
    if window.sinks >= limit:
        raise InputError(f"{window.sinks} sinks leave nothing of the model's {limit} positions: give fewer")
    return Window(limit - window.sinks, window.sinks)


class _Stored(NamedTuple):
    """What a layer holds; the sinks, (B, heads, sinks, head_dim), as they lay when the last of them came."""

    keys: Buffer
    values: Buffer
    sink_keys: Tensor
    sink_values: Tensor


class WindowedLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer of a `WindowedCache`, which says where and what; `own` is the window that the model gives the layer."""

    is_sliding = False
    supports_early_init = False

    def __init__(self, cache: WindowedCache, index: int, own: int | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._cache, self._index = cache, index
        self.own = own
        self.stored: _Stored | None = None

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Makes the buffers, of the shape and dtype of the first states."""
        self.stored = self._made(key_states, value_states)

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Stores the new states and gives those that the pass's queries may see, (B, heads, keys, head_dim)."""
        step = self._cache.step
        if step is None:
            raise StageError("a windowed cache works through WindowedDecoder, which tells it what comes")
        stored = self.stored = self.stored or self._made(key_states, value_states)
        drift = self._cache.drift if self._cache.storage == "int8" else 0
        stored.keys.write(step.slot, self._turned(key_states, drift))
        stored.values.write(step.slot, value_states)
        keys = self._turned(stored.keys.read(step.start, step.stop), -drift)
        values = stored.values.read(step.start, step.stop)
        if step.sinks_arrive:
            stored = self.stored = self._with_sinks(stored, keys, values, step)
        see = self._for_one if step.count == 1 else self._for_many
        return see(stored, keys, values, step)

    def _made(self, keys: Tensor, values: Tensor) -> _Stored:
        make, capacity, sinks = BUFFERS[self._cache.storage], self._cache.capacity, self._cache.window.sinks
        shapes = ((*x.shape[:2], sinks, x.shape[3]) for x in (keys, values))
        return _Stored(make(keys, capacity), make(values, capacity), *(keys.new_zeros(shape) for shape in shapes))

    def _turned(self, keys: Tensor, shift: int) -> Tensor:
        """The keys moved by `shift`. Keys of 8 bits are stored as they stand in their columns, which do not move:
        so no key is quantized twice, or differently in chunks of another size."""
        motion = self._cache.motion
        if not shift or motion.kind != "rotary":
            return keys
        return motion.turn(keys, *motion.turning(self._index, torch.tensor(shift, device=keys.device)))

    def _with_sinks(self, stored: _Stored, keys: Tensor, values: Tensor, step: Step) -> _Stored:
        place, there = step.sink_places()  # (rows, sinks)
        there = there[:, None, :, None]

        def taken(x: Tensor, before: Tensor) -> Tensor:
            index = place[:, None, :, None].expand(x.shape[0], x.shape[1], -1, x.shape[3])
            return torch.where(there, x.gather(2, index), before)

        return stored._replace(sink_keys=taken(keys, stored.sink_keys), sink_values=taken(values, stored.sink_values))

    def _for_one(self, stored: _Stored, keys: Tensor, values: Tensor, step: Step) -> tuple[Tensor, Tensor]:
        if step.past:
            sinks = step.window.sinks
            for x, copies in ((keys, self._sink_copies(stored, step)[:, :, 0]), (values, stored.sink_values)):
                place = x[:, :, :sinks]
                place.copy_(copies if step.all_past else torch.where(step.row_is_past[..., None, None], copies, place))
        return (keys, values) if self.own is None else (keys[:, :, -self.own :], values[:, :, -self.own :])

    def _for_many(self, stored: _Stored, keys: Tensor, values: Tensor, step: Step) -> tuple[Tensor, Tensor]:
        if not step.past:
            return keys, values
        copies = self._sink_copies(stored, step)  # (B, heads, copies, sinks, head_dim)
        values_of = stored.sink_values[:, :, None].expand(-1, -1, copies.shape[2], -1, -1)
        return torch.cat((keys, copies.flatten(2, 3)), dim=2), torch.cat((values, values_of.flatten(2, 3)), dim=2)

    def _sink_copies(self, stored: _Stored, step: Step) -> Tensor:  # (B, heads, T or 1, sinks, head_dim)
        """The sinks' keys for each query, or for all alike where keys do not turn."""
        keys = stored.sink_keys[:, :, None]
        if step.motion.kind != "rotary":
            return keys
        return step.motion.turn(keys, *step.sink_turning(self._index))

    def rewrite(self, rows: Tensor, slot: int, keys: Tensor, values: Tensor) -> None:
        """Writes new states over those of some rows, from `slot` on."""
        if self.stored is not None:
            self.stored.keys.write_rows(rows, slot, keys)
            self.stored.values.write_rows(rows, slot, values)

    def move(self, drop: int, stop: int, capacity: int) -> None:
        """Drops the first `drop` of `stop` slots, makes `capacity` of them, and turns plain keys with their slots."""
        if self.stored is None:
            return
        self.stored.keys.move(drop, stop, capacity)
        self.stored.values.move(drop, stop, capacity)
        if self._cache.storage == "model":
            kept = self.stored.keys.read(0, stop - drop)
            kept.copy_(self._turned(kept, -drop))

    def tensors(self, start: int, stop: int) -> dict[str, Tensor]:
        """What the layer holds of the slots, and its sinks, by name."""
        if self.stored is None:
            return {}
        keys, values = self.stored.keys.tensors(start, stop), self.stored.values.tensors(start, stop)
        held = {**{f"keys{name}": x for name, x in keys.items()}, **{f"values{name}": x for name, x in values.items()}}
        return {**held, "sink_keys": self.stored.sink_keys, "sink_values": self.stored.sink_values}

    def restore(self, tensors: Mapping[str, Tensor], slot: int, stop: int, dtype: torch.dtype) -> None:
        """Takes in what `tensors` gave, from `slot` up to `stop`."""
        make, capacity = BUFFERS[self._cache.storage], self._cache.capacity
        held = {name: x[:, :, : stop - slot] for name, x in tensors.items()}

        def side(name: str) -> Buffer:
            mine = {key.removeprefix(name): x for key, x in held.items() if key.startswith(name)}
            return make.restored(mine, slot, capacity, dtype)

        keys, values = side("keys"), side("values")
        self.stored = _Stored(keys, values, tensors["sink_keys"].clone(), tensors["sink_values"].clone())

    def select(self, rows: list[int]) -> None:
        """Replaces the rows of the batch by `rows` of them."""
        if self.stored is None:
            return
        self.stored.keys.select(rows)
        self.stored.values.select(rows)
        self.stored = self.stored._replace(
            sink_keys=self.stored.sink_keys[rows], sink_values=self.stored.sink_values[rows]
        )

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Those of the new tokens alone: the decoder gives the masks, and the model's own are not used."""
        return query_length, self._cache.seen

    def get_seq_length(self) -> int:
        """The columns read so far, padding and what the window let go included."""
        return self._cache.seen

    def get_max_length(self) -> int:
        """No limit."""
        return -1
