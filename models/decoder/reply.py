"""One reply of a decoder: its text as it is written, then how many tokens it took and why it ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from longdoc.models.decoder.decoder import WindowedDecoder
from longdoc.models.decoder.sampling import Sampling
from longdoc.models.decoder.text_stream import Stops, TextStream
from longdoc.models.decoder.token_stream import end_tokens, stream_tokens


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
