"""Claims on keys, across threads and processes: who holds a key computes it, the others wait for the value.

A claim on many keys is one small file that lists them, locked while its maker lives: the operating system lets go of
a killed process's lock, and the next to look removes the file. Of several keys a caller takes those that are free and
never waits while it claims others, so callers whose keys overlap cannot wait for one another. POSIX only; on a
network disk the locks are as good as the disk's. A child forked in the middle of a claim keeps it alive until it ends.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import numpy as np
import xxhash
from numpy.typing import NDArray

from longdoc.memory.cache.errors import CacheError, in_words

Places = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Claim:
    path: Path
    descriptor: int


class KeyClaims:
    """Claims on keys among all who name the folder, threads and processes alike."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mine = threading.local()

    @contextmanager
    def take(self, keys: Sequence[str]) -> Iterator[list[str]]:
        """Holds those of the keys that nobody holds, perhaps none. Never waits for a computation."""
        before: frozenset[str] = getattr(self._mine, "held", frozenset())
        if not before.isdisjoint(keys):
            raise CacheError(f"computing {next(key for key in keys if key in before)!r} asked the cache for itself")
        wanted = places(keys)
        with self._exclusively():
            free = ~np.isin(wanted, self._held())
            claim = self._written(wanted[free]) if free.any() else None
        taken = [key for key, is_free in zip(keys, free.tolist(), strict=True) if is_free]
        self._mine.held = before.union(taken)
        try:
            yield taken
        finally:
            self._mine.held = before
            if claim is not None:
                claim.path.unlink(missing_ok=True)
                os.close(claim.descriptor)

    def wait(self, key: str) -> None:
        """Returns when the one who holds the key has done with it, failed or been killed."""
        with self._exclusively():
            holder = self._holder(places([key]))
        if holder is not None:
            try:
                fcntl.flock(holder, fcntl.LOCK_SH)
            finally:
                os.close(holder)

    def _held(self) -> Places:
        """All places that somebody holds; what killed processes left is removed."""
        held = [np.empty(0, np.uint64)]
        for claim in self._claims():
            if _is_free(claim.descriptor):
                claim.path.unlink(missing_ok=True)
            else:
                held.append(_read(claim.descriptor))
            os.close(claim.descriptor)
        return np.concatenate(held)

    def _holder(self, place: Places) -> int | None:
        """The open file of the claim that holds the place."""
        found = None
        for claim in self._claims():
            if found is None and np.isin(place, _read(claim.descriptor)).any():
                found = claim.descriptor
            else:
                os.close(claim.descriptor)
        return found

    def _claims(self) -> Iterator[_Claim]:
        for path in sorted(self.folder.glob("*.claim")):
            with suppress(FileNotFoundError):  # its maker removes its own without asking
                yield _Claim(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC))

    def _written(self, held: Places) -> _Claim:
        path = self.folder / f"{token_hex(16)}.claim"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            data = memoryview(held.tobytes())
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return _Claim(path, descriptor)

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """One at a time: looking at the claims and adding one are a single step."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            mutex = os.open(self.folder / "mutex", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(mutex, fcntl.LOCK_EX)
                yield
            finally:
                os.close(mutex)
        except OSError as error:
            raise CacheError(in_words(self.folder.parent, error.errno or 0, str(error))) from error


def places(keys: Sequence[str]) -> Places:
    """64 bits of each key's digest: two keys that share them by chance wait for one another, no more."""
    return np.array([xxhash.xxh3_64_intdigest(key.encode("utf-8", "surrogatepass")) for key in keys], np.uint64)


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> Places:
    size = os.fstat(descriptor).st_size // 8 * 8
    return np.frombuffer(os.pread(descriptor, size, 0), np.uint64)
