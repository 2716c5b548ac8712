"""The tokens of words, each tokenized once: a long text says the same words again and again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import tokenizers

_MOST = 1 << 17  # words known at once
_MOST_TOKENS = 1 << 20
_LONGEST = 64  # characters of a word worth knowing


class WordTable:
    """How many tokens each word has and where they lie in it, for a tokenizer that reads words one by one.

    Threads may share it.
    """

    def __init__(self, backend: tokenizers.Tokenizer) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._rows: dict[str, int] = {}
        self._sizes = _Growing(np.zeros(0, np.int64))  # tokens of each word
        self._firsts = _Growing(np.zeros(0, np.int64))  # where they begin among the pairs
        self._pairs = _Growing(np.zeros((0, 2), np.int64))  # start and end of each token in its word

    def sizes(self, words: Sequence[str]) -> NDArray[np.int64]:
        """How many tokens each word has."""
        with self._lock:
            rows = self._known(words)
            return self._sizes.filled[rows]

    def offsets(self, words: Sequence[str]) -> NDArray[np.int64]:  # (tokens, 2)
        """Start and end of each token in the text that the words join to."""
        with self._lock:
            rows = self._known(words)
            sizes, firsts, pairs = self._sizes.filled[rows], self._firsts.filled[rows], self._pairs.filled
        ends = np.cumsum(sizes)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - sizes, sizes)
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        begins = np.cumsum(lengths) - lengths
        found: NDArray[np.int64] = pairs[np.repeat(firsts, sizes) + within] + np.repeat(begins, sizes)[:, None]
        return found

    def _known(self, words: Sequence[str]) -> NDArray[np.int64]:
        """The row of each word, after those not known have been read."""
        fresh = [word for word in dict.fromkeys(words) if word not in self._rows]
        if fresh:
            if self._sizes.rows + len(fresh) > _MOST or self._pairs.rows > _MOST_TOKENS:
                self._forget()
                fresh = list(dict.fromkeys(words))
            self._read(fresh)
        rows = np.fromiter(map(self._rows.__getitem__, words), np.int64, len(words))
        for word in fresh:
            if len(word) > _LONGEST:
                del self._rows[word]
        return rows

    def _read(self, words: Sequence[str]) -> None:
        encodings = self._backend.encode_batch(words, add_special_tokens=False)
        pairs = [encoding.offsets for encoding in encodings]
        sizes = np.fromiter(map(len, pairs), np.int64, len(pairs))
        flat = np.array([pair for some in pairs for pair in some], np.int64).reshape(-1, 2)
        self._rows.update((word, self._sizes.rows + at) for at, word in enumerate(words))
        self._firsts.add(self._pairs.rows + np.cumsum(sizes) - sizes)
        self._sizes.add(sizes)
        self._pairs.add(flat)


class _Growing:
    """An array with room for more rows, so that adding a few does not copy them all."""

    def __init__(self, held: NDArray[np.int64]) -> None:
        self._held, self.rows = held, len(held)

    @property
    def filled(self) -> NDArray[np.int64]:
        """The rows so far."""
        return self._held[: self.rows]

    def add(self, more: NDArray[np.int64]) -> None:
        """Puts rows at the end."""
        rows = self.rows + len(more)
        if rows > len(self._held):
            room = np.empty((2 * rows, *self._held.shape[1:]), np.int64)
            room[: self.rows] = self.filled
            self._held = room
        self._held[self.rows : rows] = more
        self.rows = rows
