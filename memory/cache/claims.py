"""Claims on keys, across threads and processes: who holds a key computes it, the others wait for the value.

A claim on many keys is one small file that lists them, and a lock beside it that is held while its maker lives: the
operating system lets go of a killed process's lock, and the next to look removes both files. Of several keys a caller
takes those that are free and never waits while it claims others, so callers whose keys overlap cannot wait for one
another. The locks are `filelock`'s: on a network disk they are as good as the disk's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import numpy as np
import xxhash
from numpy.typing import NDArray

from longdoc.errors import CacheError
from longdoc.memory.cache.errors import in_words

if TYPE_CHECKING:
    from filelock import BaseFileLock

Places = NDArray[np.uint64]
_LOOKED = 0.005  # seconds between two looks at a lock that another holds


@dataclass(frozen=True, slots=True)
class _Claim:
    """A file of places, and the lock that its maker holds."""

    path: Path

    @property
    def lock(self) -> BaseFileLock:
        """The lock, not taken."""
        return _lock(self.path.with_suffix(".lock"))

    def remove(self) -> None:
        """Deletes both files; the lock's too where no one has it open, on Windows."""
        for path in (self.path, self.path.with_suffix(".lock")):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def is_free(self) -> bool:
        """Whether its maker has done with it or has been killed."""
        from filelock import Timeout

        lock = self.lock
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        return True


class KeyClaims:
    """Claims on keys among all who name the folder, threads and processes alike."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mine = threading.local()

    @cached_property
    def _mutex(self) -> BaseFileLock:
        return _lock(self.folder / "mutex")

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
                held, lock = claim
                held.path.unlink(missing_ok=True)
                lock.release()
                held.remove()

    def wait(self, key: str) -> None:
        """Returns when the one who holds the key has done with it, failed or been killed."""
        with self._exclusively():
            holder = self._holder(places([key]))
        if holder is not None:
            with self._in_words(), holder.lock:
                pass
            holder.remove()

    def _held(self) -> Places:
        """All places that somebody holds; what killed processes left is removed."""
        held = [np.empty(0, np.uint64)]
        for claim in self._claims():
            if claim.is_free():
                claim.remove()
            else:
                held.append(_read(claim.path))
        return np.concatenate(held)

    def _holder(self, place: Places) -> _Claim | None:
        """The claim that holds the place."""
        return next((claim for claim in self._claims() if np.isin(place, _read(claim.path)).any()), None)

    def _claims(self) -> list[_Claim]:
        return [_Claim(path) for path in sorted(self.folder.glob("*.claim"))]

    def _written(self, held: Places) -> tuple[_Claim, BaseFileLock]:
        claim = _Claim(self.folder / f"{token_hex(16)}.claim")
        lock = claim.lock
        lock.acquire()
        try:
            claim.path.write_bytes(held.tobytes())
        except BaseException:
            lock.release()
            claim.remove()
            raise
        return claim, lock

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """Holds the mutex: looking at the claims and adding one are a single step."""
        with self._in_words():
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._mutex:
                yield

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CacheError(in_words(self.folder.parent, error.errno or 0, str(error))) from error


def places(keys: Sequence[str]) -> Places:
    """64 bits of each key's digest: two keys that share them by chance wait for one another, no more."""
    return np.array([xxhash.xxh3_64_intdigest(key.encode("utf-8", "surrogatepass")) for key in keys], np.uint64)


def _read(path: Path) -> Places:
    """The places of a claim; none where its maker has just removed it."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    return np.frombuffer(data[: len(data) // 8 * 8], np.uint64)


def _lock(path: Path) -> BaseFileLock:
    from filelock import FileLock  # its import takes as long as reading a summary from the cache

    return FileLock(path, poll_interval=_LOOKED)
