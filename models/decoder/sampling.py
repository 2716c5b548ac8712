"""How the tokens of a reply are chosen, and how many there may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import GenerationConfig

from longdoc.errors import InputError

_REPLY = 1024  # tokens of a reply that nothing else bounds


@dataclass(frozen=True)
class Sampling:
    """Settings of one reply; None leaves a matter to the model's generation config.

    `temperature` 0 takes the likeliest token. A temperature above, `top_p` or `top_k` draws, from a generator begun
    with `seed`, or torch's global one. Without `max_tokens`, and where the config says nothing, it is 1,024.
    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_tokens", "top_k"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}: give 1 or more")
        if self.temperature is not None and not 0 <= self.temperature < float("inf"):
            raise InputError(f"temperature is {self.temperature}: give 0 or more")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise InputError(f"top_p is {self.top_p}: give more than 0, and 1 at most")

    def most(self, config: GenerationConfig) -> int:
        """The most tokens that a reply has."""
        return int(self.max_tokens or config.max_new_tokens or _REPLY)

    def arguments(self, config: GenerationConfig) -> dict[str, Any]:
        """What `generate` is called with, for a model of that generation config."""
        given: dict[str, Any] = {"max_new_tokens": self.most(config), "max_length": None, "seed": self.seed}
        drawn = {name: getattr(self, name) for name in ("temperature", "top_p", "top_k")}
        if self.temperature == 0:
            return given | {"do_sample": False} | dict.fromkeys(drawn)
        drawn = {name: value for name, value in drawn.items() if value is not None}
        return given | drawn | ({"do_sample": True} if drawn else {})
