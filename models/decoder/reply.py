"""One reply of a decoder: how its tokens are chosen, its text as it is written, and why it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from transformers import GenerationConfig

from longdoc.errors import InputError
from longdoc.models.decoder.decoder import WindowedDecoder
from longdoc.models.decoder.text_stream import Stops, TextStream
from longdoc.models.decoder.token_stream import end_tokens, stream_tokens

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


class Reply:
    """What `decoder` writes after the prompt `ids`, (1, T), up to one of `stops`; `given` goes to its `generate`.

    `tokens` counts what has been written, tokens of the stop sequence and the end of text among them.
    """

    def __init__(
        self, decoder: WindowedDecoder, ids: Tensor, sampling: Sampling, stops: Stops, given: dict[str, Any]
    ) -> None:
        self._decoder, self._ids, self._stops = decoder, ids, stops
        self._given = given | sampling.arguments(decoder.model.generation_config)
        self._ends = end_tokens(decoder)
        self._ended = False
        self.tokens = 0

    def pieces(self) -> Iterator[str]:
        """The text in pieces, none of them empty, each when it is certain; to be run through once."""
        return self._stops.pass_on(self._text())

    @property
    def finish_reason(self) -> str:
        """`stop` where the model or a stop sequence ended the reply, `length` where the limit did."""
        return "stop" if self._ended or self._stops.found is not None else "length"

    def _text(self) -> Iterator[str]:
        assert self._decoder.tokenizer is not None  # noqa: S101 - nobody makes a reply without
        text = TextStream(self._decoder.tokenizer)
        given = self._given | {"eos_token_id": self._ends or None}
        for token in stream_tokens(self._decoder, self._ids, **given):
            self.tokens += 1
            self._ended = token in self._ends
            if not self._ended:
                yield text.push(token)
        yield text.end()
