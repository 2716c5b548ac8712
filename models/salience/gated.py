"""The recurrent salience network without torch: what `network` and `context` compute, all members at once."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longdoc.models.tensors import arrays_of

Floats = NDArray[np.float32]
_SEEN = 4.0  # standard deviations, as in `network`
_EPSILON = 1e-5
_ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)  # Abramowitz and Stegun (1964), 7.1.26
_ERF_STEP = 0.3275911


class Gated:
    """Scores by the members in `data`, whose context is a gated recurrent unit (Cho et al., 2014)."""

    def __init__(self, data: bytes | memoryview) -> None:
        arrays, said = arrays_of(data)
        members = range(int(json.loads(said["config"])["members"]))
        names = [name.removeprefix("members.0.") for name in arrays if name.startswith("members.0.")]
        self._own: dict[str, Floats] = {
            name: np.stack([arrays[f"members.{member}.{name}"] for member in members]) for name in names
        }

    def read(self, x: Floats, about: Floats, states: tuple[Any, ...] | None) -> tuple[Floats, tuple[Any, ...]]:
        """See `Scores`."""
        own = self._own
        seen = np.clip((x - own["centre"][:, None]) / own["spread"][:, None], -_SEEN, _SEEN)  # (members, T, 32)
        hidden = self._linear(_gelu(self._linear(seen, "inward")), "second")  # (members, T, width)
        whole = np.tanh(self._linear(np.broadcast_to(about, (len(hidden), 1, len(about))), "about"))
        before = np.tanh(self._linear(whole, "context.begin")) if states is None else states[0][0]
        context, after = self._carried(self._normed(hidden), before)
        scores = self._linear(seen, "plain") + self._linear(_gelu(hidden + context), "outward")
        return scores[..., 0].mean(axis=0), ((after,),)

    def _carried(self, x: Floats, state: Floats) -> tuple[Floats, Floats]:  # (members, T, width), (members, 1, width)
        given = x @ self._turned("context.gru.weight_ih_l0") + self._own["context.gru.bias_ih_l0"][:, None]
        weight, bias = self._turned("context.gru.weight_hh_l0"), self._own["context.gru.bias_hh_l0"][:, None]
        width, states = x.shape[2], np.empty_like(x)
        for at in range(x.shape[1]):
            new, old = given[:, at : at + 1], state @ weight + bias
            gates = 1 / (1 + np.exp(-(new[..., : 2 * width] + old[..., : 2 * width])))
            reset, kept = gates[..., :width], gates[..., width:]
            fresh = np.tanh(new[..., 2 * width :] + reset * old[..., 2 * width :])
            state = fresh + kept * (state - fresh)
            states[:, at : at + 1] = state
        return states, state

    def _normed(self, x: Floats) -> Floats:
        even = (x - x.mean(axis=2, keepdims=True)) / np.sqrt(x.var(axis=2, keepdims=True) + _EPSILON)
        normed: Floats = even * self._own["norm.weight"][:, None] + self._own["norm.bias"][:, None]
        return normed

    def _linear(self, x: Floats, name: str) -> Floats:
        y: Floats = x @ self._turned(f"{name}.weight") + self._own[f"{name}.bias"][:, None]
        return y

    def _turned(self, name: str) -> Floats:
        return self._own[name].transpose(0, 2, 1)


def _gelu(x: Floats) -> Floats:
    size = np.abs(x) / np.float32(np.sqrt(2))
    step = 1 / (1 + np.float32(_ERF_STEP) * size)
    series = np.zeros_like(step)
    for coefficient in reversed(_ERF):
        series = (series + np.float32(coefficient)) * step
    error = np.sign(x) * (1 - series * np.exp(-size * size))
    curved: Floats = (x * (1 + error) / 2).astype(np.float32)
    return curved
