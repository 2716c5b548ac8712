"""Layers of BERT (Devlin et al., 2019) in the shape of MiniLM, which OpenVINO runs on the processor without torch."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import openvino

HEADS, WIDTH = 12, 384
_TELLS = "openvino_telemetry"
_importing = threading.Lock()
_EPSILON = 1e-12
_ROWS = 32  # rows of the matrix are a multiple of this, since each new shape has kernels made and kept for it
_LENGTHS = 16  # and tokens of a text in attention, so that a sum over them is the same whatever stands beside it
_KERNELS = 1000  # that are kept
_GROUP = 384  # states that share a scale where they too are multiplied in 8 bits
_OUT = -1e9

Floats = NDArray[np.float32]


class Linear(NamedTuple):
    """A linear layer: `weight` (out, in) and `bias` (out)."""

    weight: Floats
    bias: Floats


class Norm(NamedTuple):
    """A layer norm."""

    weight: Floats
    bias: Floats


class Layer(NamedTuple):
    """The weights of one layer."""

    qkv: Linear
    mix: Linear
    mix_norm: Norm
    up: Linear
    down: Linear
    down_norm: Norm


class Layers:
    """States of tokens from their embeddings: a norm, then the layers, computed in `dtype` on the processor.

    With `int8` the weights are kept in 8 bits, a scale for each row; with `coded` the states they are multiplied with
    are made 8 bits too, a scale for each 384 of a token's. As many threads as OMP_NUM_THREADS says, else as there are
    cores. What a text's tokens become does not depend on the texts beside it.
    """

    def __init__(
        self, norm: Norm, layers: Sequence[Layer], dtype: str, *, int8: bool = False, coded: bool = False
    ) -> None:
        settings = {
            "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[dtype],
            "INFERENCE_NUM_THREADS": _threads(),
            "PERFORMANCE_HINT": "LATENCY",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(_GROUP if coded else 0),
            "CPU_RUNTIME_CACHE_CAPACITY": str(_KERNELS),
        }
        compiled = _core().compile_model(_graph(norm, layers, int8 or coded), "CPU", settings)
        self._request, self._one_at_a_time = compiled.create_infer_request(), threading.Lock()

    def __call__(self, x: Floats, lengths: Sequence[int]) -> Floats:  # (rows, width)
        """The last states of tokens that lie one after the other, `lengths` of them for each text."""
        rows, sizes = len(x), np.asarray(lengths)
        filled = np.zeros((-rows % _ROWS, WIDTH), np.float32)
        starts = np.cumsum(sizes) - sizes
        places = np.arange(-(-sizes.max() // _LENGTHS) * _LENGTHS)
        there = places < sizes[:, None]  # (B, T)
        given: dict[str, NDArray[Any]] = {
            "x": np.concatenate([x, filled]),
            "spread": np.where(there, starts[:, None] + places, 0).astype(np.int32),
            "packed": np.concatenate([np.flatnonzero(there), np.zeros(len(filled))]).astype(np.int32),
            "mask": np.where(there, 0, _OUT).astype(np.float32)[:, None, None],
        }
        with self._one_at_a_time:
            states: Floats = self._request.infer(given, share_inputs=True, share_outputs=True)[0][:rows].copy()
        return states


def _threads() -> str:
    given = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return given if given.isdecimal() else "0"


def _quiet() -> Any:
    """OpenVINO without the package by which its converter tells over the network that it was imported.

    That package also keeps a number of the user in the home folder. The converter does without it where it is missing.
    """
    with _importing:
        known = _TELLS in sys.modules or "openvino" in sys.modules
        if not known:
            sys.modules[_TELLS] = None  # type: ignore[assignment]  # an import of it fails
        try:
            return import_module("openvino")
        finally:
            if not known:
                del sys.modules[_TELLS]


@lru_cache(maxsize=1)
def _core() -> openvino.Core:
    core: openvino.Core = _quiet().Core()
    return core


def _graph(norm: Norm, layers: Sequence[Layer], int8: bool) -> openvino.Model:
    """The network: all tokens in one matrix, in which texts need no padding; attention alone has them in rows."""
    openvino = _quiet()
    ops = openvino.opset13

    def constant(values: object, dtype: type = np.float32) -> Any:
        return ops.constant(np.ascontiguousarray(values, dtype))

    def whole(*values: int) -> Any:
        return constant(values, np.int64)

    def normed(x: Any, own: Norm) -> Any:
        even = ops.mvn(x, whole(-1), True, _EPSILON, "inside_sqrt")
        return ops.add(ops.multiply(even, constant(own.weight)), constant(own.bias))

    def linear(x: Any, own: Linear) -> Any:
        if not int8:
            return ops.add(ops.matmul(x, constant(own.weight), False, True), constant(own.bias))
        scale = np.maximum(np.abs(own.weight).max(axis=1, keepdims=True) / 127, np.finfo(np.float32).tiny)
        codes = ops.convert(constant(np.rint(own.weight / scale), np.int8), np.float32)
        weight = ops.multiply(codes, constant(scale))
        return ops.add(ops.matmul(x, weight, False, True), constant(own.bias))

    def by_head(x: Any) -> Any:
        rows = ops.gather(x, spread, whole(0))  # (B, T, width)
        split = ops.reshape(rows, whole(0, 0, HEADS, WIDTH // HEADS), True)
        return ops.transpose(split, whole(0, 2, 1, 3))  # (B, heads, T, head_dim)

    def attended(x: Any, own: Linear) -> Any:
        parts = [Linear(own.weight[at : at + WIDTH], own.bias[at : at + WIDTH]) for at in range(0, 3 * WIDTH, WIDTH)]
        q, k, v = (by_head(linear(x, part)) for part in parts)
        mixed = ops.transpose(ops.scaled_dot_product_attention(q, k, v, mask), whole(0, 2, 1, 3))
        return ops.gather(ops.reshape(mixed, whole(-1, WIDTH), False), packed, whole(0))  # (rows, width)

    x = ops.parameter([-1, WIDTH], np.float32, name="x")
    spread = ops.parameter([-1, -1], np.int32, name="spread")  # (B, T), the row of each text's tokens
    packed = ops.parameter([-1], np.int32, name="packed")  # (rows,), each row's place among B * T
    mask = ops.parameter([-1, 1, 1, -1], np.float32, name="mask")
    states = normed(x, norm)
    for layer in layers:
        states = normed(ops.add(linear(attended(states, layer.qkv), layer.mix), states), layer.mix_norm)
        between = ops.gelu(linear(states, layer.up), "erf")
        states = normed(ops.add(linear(between, layer.down), states), layer.down_norm)
    return openvino.Model([ops.result(states)], [x, spread, packed, mask], "layers")


def bert_layers(named: Mapping[str, NDArray[Any]], count: int) -> tuple[Norm, list[Layer]]:
    """The norm of the embeddings and the layers of a BERT by the names of transformers."""

    def linear(*names: str) -> Linear:
        return Linear(*(np.concatenate([named[f"{name}.{part}"] for name in names]) for part in ("weight", "bias")))

    def norm(name: str) -> Norm:
        return Norm(named[f"{name}.LayerNorm.weight"], named[f"{name}.LayerNorm.bias"])

    layers = []
    for at in (f"encoder.layer.{index}." for index in range(count)):
        qkv = linear(*(f"{at}attention.self.{name}" for name in ("query", "key", "value")))
        mix, up, down = (linear(at + name) for name in ("attention.output.dense", "intermediate.dense", "output.dense"))
        layers.append(Layer(qkv, mix, norm(f"{at}attention.output"), up, down, norm(f"{at}output")))
    return norm("embeddings"), layers
