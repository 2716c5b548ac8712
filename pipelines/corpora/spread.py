"""One long document over several workers: each embeds some of its pieces, and one makes its summary of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from longdoc.memory.disk import write_whole
from longdoc.models.encoder.encoder import WIDTH
from longdoc.pipelines.corpora.recipe import Task
from longdoc.pipelines.summarizers.sentence_table import Encoder

_LEAST = 64_000  # bytes of a document that is spread, in pieces of some 16,000 characters
_EACH = 32_000  # bytes of it for a worker at the least
_SHARE = 4  # it is spread where it is more than a quarter of what each worker has to do
_CHECK = 8  # bytes


class Spread:
    """Which documents are spread over `jobs` workers, `total` bytes being to be done, and what has come back of them.

    Tasks are asked for in one thread and told as landed in another.
    """

    def __init__(self, jobs: int, total: int, least: int = _LEAST) -> None:
        self._jobs, self._total, self._least = jobs, total, least
        self._open: dict[str, tuple[Task, int]] = {}
        self._ready: deque[Task] = deque()
        self._seconds: dict[str, float] = {}

    def tasks(self, makes: Iterable[Task]) -> Iterator[Task]:
        """The tasks in their order, before each spread one its parts; it comes when they have landed, or is `left`."""
        for make in makes:
            yield from self._landed()
            parts = self._parts(make)
            if parts < 2:
                yield make
                continue
            self._open[make.name] = make, parts
            for part in range(parts):
                yield replace(make, kind="embed", share=(part, parts))
        yield from self._landed()

    def landed(self, part: Task, seconds: float) -> None:
        """A part is done, or has failed: then whoever makes the document embeds it."""
        make, parts = self._open.pop(part.name)
        self._seconds[part.name] = self._seconds.get(part.name, 0.0) + seconds
        if parts > 1:
            self._open[part.name] = make, parts - 1
        else:
            self._ready.append(make)

    def left(self) -> list[Task]:
        """The documents whose last part landed when no more tasks were asked for."""
        return list(self._landed())

    def seconds(self, name: str) -> float:
        """What the parts of a document took."""
        return self._seconds.pop(name, 0.0)

    def _parts(self, make: Task) -> int:
        if make.size < self._least or make.size * _SHARE * self._jobs <= self._total:
            return 1
        return min(self._jobs, make.size // min(_EACH, self._least))

    def _landed(self) -> Iterator[Task]:
        while self._ready:
            yield self._ready.popleft()


class Pieces:
    """An encoder that takes from `folder` what other workers have embedded of the same document.

    A piece is what is embedded in one call, so that its vectors are the same to the bit whoever made them. With a
    `share` (i, n) every n-th piece, from the i-th on, is embedded and kept, and the others are zeros.
    """

    def __init__(self, encoder: Encoder, folder: Path, share: tuple[int, int] | None = None) -> None:
        self._encoder, self._folder, self._share = encoder, folder, share
        self._count = 0

    @property
    def fingerprint(self) -> str:
        """That of the encoder: the vectors are the same."""
        return self._encoder.fingerprint

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:  # (texts, width)
        """Unit vectors of the texts, in order."""
        number, self._count = self._count, self._count + 1
        if self._share is not None and number % self._share[1] != self._share[0]:
            return np.zeros((len(texts), WIDTH), np.float32)
        path = self._folder / f"{_digest(texts)}.vectors"
        if (found := _kept(path, len(texts))) is not None:
            return found
        vectors = self._encoder.encode(texts)
        if self._share is not None:
            data = vectors.astype("<f4").tobytes()
            write_whole(path, xxhash.xxh3_64_digest(data) + data)
        return vectors


def _digest(texts: Sequence[str]) -> str:
    made = blake2b(digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        made.update(len(data).to_bytes(8) + data)
    return made.hexdigest()


def _kept(path: Path, count: int) -> NDArray[np.float32] | None:
    """The vectors in a file; None where there is none that is whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if count and len(data) > _CHECK and xxhash.xxh3_64_digest(data[_CHECK:]) == data[:_CHECK]:
        return np.frombuffer(data[_CHECK:], "<f4").reshape(count, -1).astype(np.float32)
    return None
