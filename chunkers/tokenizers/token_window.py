"""Stretches of a text that are tokenized ahead, on whatever core is free."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray

from longdoc.chunkers.tokenizers.base import JointedTokenizer


def cores() -> int:
    """How many cores this process may use; where a system cannot say (macOS, Windows), how many there are."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


HELPERS = max(1, min(2, cores() - 1))  # beside the reader's own thread, which has more to do

Offsets = NDArray[np.int64]  # (tokens, 2)
Starts = NDArray[np.int64]


def token_starts(offsets: Offsets, start: int) -> Starts:
    """Where the tokens begin of a stretch that begins at `start` itself."""
    starts = np.ascontiguousarray(offsets[:, 0])
    return starts + start if start else starts


class Window:
    """A stretch whose tokens are found by a helper or, where that is sooner, by whoever asks for them."""

    def __init__(self, start: int, text: str, tokenizer: JointedTokenizer) -> None:
        self._start, self._text, self._tokenizer = start, text, tokenizer
        self._found: Future[Callable[[], Offsets]] = Future()
        self.end = start + len(text)
        _waiting.append(self)
        _pool().submit(_help)

    def starts(self) -> Starts:
        """Where the tokens begin; whoever would have to wait works on other windows meanwhile."""
        while not self._found.done() and (window := _next()) is not None:
            window.work(apart=False)
        return token_starts(self._found.result()(), self._start)

    def work(self, apart: bool) -> None:
        """Finds the tokens, or the error that `starts` is to raise; `apart` in a helper's thread."""
        try:
            if apart:
                self._found.set_result(self._tokenizer.begin_offsets(self._text))
            else:
                offsets = self._tokenizer.offsets(self._text)
                self._found.set_result(lambda: offsets)
        except BaseException as error:
            self._found.set_exception(error)
            if not isinstance(error, Exception):  # an interrupt is not the window's alone
                raise


_waiting: deque[Window] = deque()  # those that nobody has begun


def _next() -> Window | None:
    try:
        return _waiting.popleft()
    except IndexError:
        return None


def _help() -> None:
    window = _next()
    if window is not None:
        window.work(apart=True)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(HELPERS, thread_name_prefix="longdoc-tokens")
