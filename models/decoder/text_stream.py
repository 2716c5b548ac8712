"""From a stream of tokens to a stream of text: whole characters only, and cut before a stop sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from transformers import PreTrainedTokenizerBase

from longdoc.errors import InputError

_HALF = "\N{REPLACEMENT CHARACTER}"  # what a tokenizer makes of a character whose last bytes are still to come


class TextStream:
    """The text of tokens as they come: what `push` and `end` give joins to the decoded whole.

    A character of several tokens is given when it is complete. Special tokens are left out. Text that has been given
    is not decoded again; two runs of tokens decide what is next, so that a tokenizer that puts blanks between words,
    or takes one off the front of a text, does so as in the whole.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._before: list[int] = []  # the last run whose text was complete
        self._run: list[int] = []
        self._given = 0  # characters of the run that have been given

    def push(self, token: int) -> str:
        """The text that is certain once `token` is known."""
        self._run.append(token)
        text = self._text()
        certain = text.rstrip(_HALF)
        given, self._given = self._given, max(self._given, len(certain))
        if text and certain == text:
            self._before, self._run, self._given = self._run, [], 0
        return certain[given:]

    def end(self) -> str:
        """What is left, with replacement characters for bytes that were never completed."""
        return self._text()[self._given :]

    def _text(self) -> str:
        before = self._decoded(self._before)
        both = self._decoded(self._before + self._run)
        # Bytes that are not UTF-8 can spoil what was decoded before them; that has been given and stays.
        return both[len(before) :] if both.startswith(before) else self._decoded(self._run)

    def _decoded(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))


class Stops:
    """Passes text on up to the first stop sequence, which it swallows; what may become one waits.

    Of several, the one that ends first is taken, then the longest: so the cut does not depend on the pieces that the
    text comes in.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        if not all(stops):
            raise InputError("a stop sequence is empty: leave it out, or give its text")
        self._stops = tuple(stops)
        self._held = ""
        self.found: str | None = None

    def pass_on(self, pieces: Iterable[str]) -> Iterator[str]:
        """The pieces up to the first stop sequence; the one that was found is in `found`."""
        for piece in pieces:
            yield from filter(None, [self._feed(piece)])
            if self.found is not None:
                return
        yield from filter(None, [self._held])

    def _feed(self, piece: str) -> str:
        text = self._held + piece
        places = [(text.find(stop) + len(stop), -len(stop), stop) for stop in self._stops if stop in text]
        if places:
            end, _, self.found = min(places)
            return text[: end - len(self.found)]
        waiting = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - waiting :]
        return text[: len(text) - waiting]


def _overlap(text: str, stop: str) -> int:
    """The length of the longest end of `text` that `stop` begins with."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
