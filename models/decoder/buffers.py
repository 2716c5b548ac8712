"""Room for the keys or the values of one layer, written once a token and read as one run of slots."""

from __future__ import annotations

from typing import Literal, Self

import torch
from torch import Tensor

Storage = Literal["model", "int8"]
_SMALLEST_SCALE = 1e-7


class PlainBuffer:
    """Slots in the dtype of what is written; `read` gives a view, so that writing into it writes the buffer."""

    def __init__(self, like: Tensor, capacity: int) -> None:  # like: (B, heads, T, head_dim)
        self._data = like.new_empty((*like.shape[:2], capacity, like.shape[3]))

    def write(self, slot: int, x: Tensor) -> None:
        """Puts `x`, (B, heads, T, head_dim), into the slots from `slot` on."""
        self._data[:, :, slot : slot + x.shape[2]] = x

    def write_rows(self, rows: Tensor, slot: int, x: Tensor) -> None:
        """As `write`, but into the `rows` of the batch alone."""
        self._data[rows, :, slot : slot + x.shape[2]] = x.to(self._data.dtype)

    def read(self, start: int, stop: int) -> Tensor:
        """The slots [start, stop), (B, heads, stop - start, head_dim)."""
        return self._data[:, :, start:stop]

    def move(self, drop: int, stop: int, capacity: int) -> None:
        """Drops the first `drop` slots of [0, stop); what stays begins at slot 0 of `capacity` slots."""
        kept = self._data[:, :, drop:stop]
        if capacity != self._data.shape[2]:
            self._data = self._data.new_empty((*kept.shape[:2], capacity, kept.shape[3]))
        elif drop < stop - drop:
            kept = kept.clone()  # source and target overlap
        self._data[:, :, : stop - drop] = kept

    def select(self, rows: list[int]) -> None:
        """Replaces the rows of the batch by `rows` of them."""
        self._data = self._data[rows]

    def tensors(self, start: int, stop: int) -> dict[str, Tensor]:
        """The slots as they are stored, by name."""
        return {"": self._data[:, :, start:stop]}

    @classmethod
    def restored(cls, tensors: dict[str, Tensor], slot: int, capacity: int, dtype: torch.dtype) -> Self:
        """A buffer that holds what `tensors` gave, from `slot` on."""
        buffer = cls(tensors[""], capacity)
        buffer.write(slot, tensors[""])
        return buffer


class Int8Buffer:
    """Slots of 8-bit integers with one float16 scale for each head and token; `read` gives new tensors.

    A token is quantized when it is written and never again: error at most half a step of its own largest value
    over 127. head_dim + 2 bytes a head and token.
    """

    def __init__(self, like: Tensor, capacity: int) -> None:
        self._dtype = like.dtype
        self._codes = PlainBuffer(like.new_empty((*like.shape[:2], 0, like.shape[3]), dtype=torch.int8), capacity)
        self._scales = PlainBuffer(like.new_empty((*like.shape[:2], 0, 1), dtype=torch.float16), capacity)

    def write(self, slot: int, x: Tensor) -> None:
        """As `PlainBuffer.write`, quantized."""
        codes, scales = _quantized(x)
        self._codes.write(slot, codes)
        self._scales.write(slot, scales)

    def write_rows(self, rows: Tensor, slot: int, x: Tensor) -> None:
        """As `PlainBuffer.write_rows`, quantized."""
        codes, scales = _quantized(x)
        self._codes.write_rows(rows, slot, codes)
        self._scales.write_rows(rows, slot, scales)

    def read(self, start: int, stop: int) -> Tensor:
        """As `PlainBuffer.read`, but a copy."""
        return self._codes.read(start, stop).to(self._dtype) * self._scales.read(start, stop).to(self._dtype)

    def move(self, drop: int, stop: int, capacity: int) -> None:
        """As `PlainBuffer.move`; nothing is quantized again."""
        self._codes.move(drop, stop, capacity)
        self._scales.move(drop, stop, capacity)

    def select(self, rows: list[int]) -> None:
        """As `PlainBuffer.select`."""
        self._codes.select(rows)
        self._scales.select(rows)

    def tensors(self, start: int, stop: int) -> dict[str, Tensor]:
        """Codes and scales of the slots."""
        return {".codes": self._codes.read(start, stop), ".scales": self._scales.read(start, stop)}

    @classmethod
    def restored(cls, tensors: dict[str, Tensor], slot: int, capacity: int, dtype: torch.dtype) -> Self:
        """As `PlainBuffer.restored`; reads give `dtype`."""
        buffer = cls(torch.empty((*tensors[".codes"].shape[:2], 0, 0), dtype=dtype), 0)
        buffer._codes = PlainBuffer.restored({"": tensors[".codes"]}, slot, capacity, dtype)
        buffer._scales = PlainBuffer.restored({"": tensors[".scales"]}, slot, capacity, dtype)
        return buffer


Buffer = PlainBuffer | Int8Buffer
BUFFERS: dict[Storage, type[PlainBuffer] | type[Int8Buffer]] = {"model": PlainBuffer, "int8": Int8Buffer}


def _quantized(x: Tensor) -> tuple[Tensor, Tensor]:  # (..., head_dim) -> codes, scales (..., 1)
    x = x.float()
    scales = (x.abs().amax(dim=-1, keepdim=True) / 127).clamp(min=_SMALLEST_SCALE).to(torch.float16)
    return (x / scales.float()).round().clamp(-127, 127).to(torch.int8), scales
