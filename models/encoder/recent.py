"""Vectors of the texts that an encoder was last asked for: questions about one document look at the same sentences."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_MOST = 16_384  # vectors, of 1.5 kB each

Floats = NDArray[np.float32]


class Recent:
    """Vectors as `encode` makes them, those of the last `most` texts only once. Safe to use from many threads.

    Two threads that miss the same text at once both have it made.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Floats], fingerprint: str, most: int = _MOST) -> None:
        self.fingerprint = fingerprint
        self._encode, self._most = encode, most
        self._kept: OrderedDict[bytes, Floats] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Floats:  # (texts, width)
        """Vectors of the texts, in order."""
        keys = [blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing or not texts:
            made = self._encode(list(missing.values()))
            if not texts:
                return made
            found.update((key, row.copy()) for key, row in zip(missing, made, strict=True))
        with self._lock:
            for key in keys:
                self._kept[key] = found[key]
                self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return np.stack([found[key] for key in keys])
