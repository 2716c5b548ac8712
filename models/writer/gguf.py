"""Files in GGUF, the format of llama.cpp: what is told of a model, and its tensors widened to float32."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _LIST = 8, 9
_BLOCK = 32  # values that share a scale


class GGUFFile:
    """The metadata and tensors of a file's bytes, little-endian, version 2 or 3; bytes that were compared by digest.

    `told` is the metadata by key. Tensors are in float32, float16, Q8_0 or Q4_1 (8 and 4 bits with a scale for each 32
    values, Q4_1 with an offset too). The package gguf reads the same in forty times the time.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0
        _, _, tensors, keys = self._numbers("<4sIQQ")
        self.told: dict[str, Any] = {self._string(): self._value() for _ in range(keys)}
        self._places = dict(self._place() for _ in range(tensors))
        align = self.told.get("general.alignment", 32)
        self._start = -(-self._at // align) * align

    @property
    def tensors(self) -> Sequence[str]:
        """The names of the tensors."""
        return tuple(self._places)

    def tensor(self, name: str) -> Array:
        """A tensor in float32, the fastest-moving axis last."""
        shape, kind, offset = self._places[name]
        size, per, widen = _KINDS[kind]
        begin, count = self._start + offset, prod(shape)
        data = self._data[begin : begin + count // per * size]
        return widen(np.frombuffer(data, np.uint8).reshape(-1, size)).reshape(shape)

    def _numbers(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return found

    def _string(self) -> str:
        length = self._numbers("<Q")[0]
        self._at += length
        return bytes(self._data[self._at - length : self._at]).decode()

    def _value(self, kind: int | None = None) -> Any:
        kind = self._numbers("<I")[0] if kind is None else kind
        if kind == _STRING:
            return self._string()
        if kind != _LIST:
            return self._numbers("<" + _NUMBERS[kind])[0]
        kind, count = self._numbers("<IQ")
        if kind in (_STRING, _LIST):
            return [self._value(kind) for _ in range(count)]
        return list(self._numbers(f"<{count}{_NUMBERS[kind]}"))

    def _place(self) -> tuple[str, tuple[tuple[int, ...], int, int]]:
        name, axes = self._string(), self._numbers("<I")[0]
        shape = self._numbers(f"<{axes}Q")[::-1]
        kind, offset = self._numbers("<IQ")
        return name, (shape, kind, offset)


def _half(block: NDArray[np.uint8]) -> Array:
    return np.ascontiguousarray(block).view(np.float16).astype(np.float32)


def _q8_0(blocks: NDArray[np.uint8]) -> Array:  # (blocks, 34)
    return _half(blocks[:, :2]) * np.ascontiguousarray(blocks[:, 2:]).view(np.int8).astype(np.float32)


def _q4_1(blocks: NDArray[np.uint8]) -> Array:  # (blocks, 20): scale, offset, the low halves of 16 bytes, the high ones
    codes = np.concatenate([blocks[:, 4:] & 15, blocks[:, 4:] >> 4], axis=1).astype(np.float32)
    return codes * _half(blocks[:, :2]) + _half(blocks[:, 2:4])


_KINDS: dict[int, tuple[int, int, Callable[[NDArray[np.uint8]], Array]]] = {  # bytes of a block, its values
    0: (4, 1, lambda blocks: blocks.view(np.float32).copy()),
    1: (2, 1, _half),
    3: (20, _BLOCK, _q4_1),
    8: (34, _BLOCK, _q8_0),
}
