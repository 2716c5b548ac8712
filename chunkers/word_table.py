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
        self._sizes = np.zeros(0, np.int64)  # tokens of each word
        self._firsts = np.zeros(0, np.int64)  # where they begin among the pairs
        self._pairs = np.zeros((0, 2), np.int64)  # start and end of each token in its word

    def sizes(self, words: Sequence[str]) -> NDArray[np.int64]:
        """How many tokens each word has."""
        with self._lock:
            rows = self._known(words)
            return self._sizes[rows]

    def offsets(self, words: Sequence[str]) -> NDArray[np.int64]:  # (tokens, 2)
        """Start and end of each token in the text that the words join to."""
        with self._lock:
            rows = self._known(words)
            sizes, firsts, pairs = self._sizes[rows], self._firsts[rows], self._pairs
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
            if len(self._rows) + len(fresh) > _MOST:
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
        self._rows.update((word, len(self._sizes) + at) for at, word in enumerate(words))
        self._firsts = np.concatenate((self._firsts, len(self._pairs) + np.cumsum(sizes) - sizes))
        self._sizes = np.concatenate((self._sizes, sizes))
        self._pairs = np.concatenate((self._pairs, flat))
