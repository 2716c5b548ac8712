"""What was computed once, kept: embeddings, states, summaries, chunkings, by the digest of all they depend on."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Self
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from longdoc.arguments import checked
from longdoc.errors import CacheError, InputError
from longdoc.memory.cache.claims import KeyClaims
from longdoc.memory.cache.errors import Damage, in_words, log_damage
from longdoc.memory.cache.lmdb_environment import FORMAT, NOTED
from longdoc.memory.cache.lmdb_store import GIB, LmdbStore, encoded
from longdoc.memory.cache.tensor_files import TensorFile, TensorFiles, tensor_bytes
from longdoc.memory.seal import CHECK, framed, unframed

if TYPE_CHECKING:
    from langchain_core.stores import ByteStore
    from torch import Tensor

    Store = ByteStore  # type checkers take it for what it does all of
else:
    Store = object

_TOGETHER = 1024  # entries deleted in a transaction
_VERIFIED = 256  # values read at a time by `verify`


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What a cache holds. `kinds` counts entries by what stands before the `/` of their keys."""

    folder: Path | None
    entries: int
    bytes: int | None
    max_bytes: int
    kinds: dict[str, int]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` read, what it found damaged and dropped, and the files it removed that belonged to nothing."""

    entries: int
    damaged: tuple[Damage, ...]
    left_over: tuple[Path, ...] = ()


@checked
class ByteCache(Store):
    """An `EncodingCache` that does not inherit LangChain's store, so that importing it loads less."""

    def __init__(
        self,
        folder: Path | str | None = None,
        *,
        max_bytes: int = 4 * GIB,
        store: ByteStore | None = None,
        on_damage: Callable[[Damage], None] = log_damage,
    ) -> None:
        self._again = partial(type(self), folder, max_bytes=max_bytes, store=store, on_damage=on_damage)
        self.max_bytes = max_bytes
        self.folder = Path(folder) if folder is not None else default_folder() if store is None else None
        self._on_damage = on_damage
        where = self.folder or Path(mkdtemp(prefix="longdoc-"))
        if self.folder is None:
            finalize(self, shutil.rmtree, where, ignore_errors=True)
        self._claims = KeyClaims(where / "claims")
        self._files = TensorFiles(where / "tensors")
        self._lmdb = LmdbStore(where, max_bytes, on_leave=self._files.remove) if store is None else None
        self._store: ByteStore = self._lmdb if store is None else store  # type: ignore[assignment]  # has what is called of it

    def __reduce__(self) -> tuple[Callable[[], ByteCache], tuple[()]]:
        return self._again, ()

    def __repr__(self) -> str:
        where = repr(str(self.folder)) if self._lmdb is not None else type(self._store).__name__
        return f"<{type(self).__name__} in {where}>"

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values, None where there is none or it was damaged."""
        return [None if frame is None else frame[CHECK:] for frame in self.frames(keys)]

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Stores the values; they are on disk when this returns."""
        self._store.mset([(key, _framed(key, value)) for key, value in key_value_pairs])

    def mdelete(self, keys: Sequence[str]) -> None:
        """Forgets the keys; those not there are left out."""
        self._store.mdelete(keys)

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        """The keys that start with the prefix."""
        yield from self._store.yield_keys(prefix=prefix)

    def get_or_compute(self, key: str, compute: Callable[[], bytes]) -> bytes:
        """The key's value, computed and stored if it is not there; see `get_or_compute_many`."""
        return self.get_or_compute_many([key], lambda _: [compute()])[0]

    def get_or_compute_many(
        self, keys: Sequence[str], compute: Callable[[list[str]], Sequence[bytes]], together: int = 1024
    ) -> list[bytes]:
        """The keys' values in order; `compute` is given those not there, at most `together`, and its result stored.

        A key that another thread or process is computing is waited for, not computed; if that one fails or is killed
        it is computed here. What `compute` raises is raised, and what it made before is stored. It may ask this cache
        for other keys.
        """
        frames = self.frames(keys)
        found = {key: frame for key, frame in zip(keys, frames, strict=True) if frame is not None}
        found |= self.computed([key for key in keys if key not in found], compute, together)
        return [found[key][CHECK:] for key in keys]

    def computed(
        self, keys: Sequence[str], compute: Callable[[list[str]], Sequence[bytes]], together: int
    ) -> dict[str, bytes]:
        """By key, the values of keys that were just looked for in vain, 8 bytes of checksum before each."""
        found: dict[str, bytes] = {}
        wanted = list(dict.fromkeys(keys))
        while wanted:
            left: list[str] = []
            for start in range(0, len(wanted), together):
                left += self._fill(wanted[start : start + together], compute, found)
            if len(left) == len(wanted):
                self._claims.wait(left[0])
            wanted = left
        return found

    def _fill(
        self, wanted: list[str], compute: Callable[[list[str]], Sequence[bytes]], found: dict[str, bytes]
    ) -> list[str]:
        """Computes the wanted keys that nobody else holds and puts them into `found`; returns the other keys."""
        with self._claims.take(wanted) as mine:
            # Another may have stored one between our look and our lock.
            again = zip(mine, self.frames(mine), strict=True)
            found.update((key, frame) for key, frame in again if frame is not None)
            missing = [key for key in mine if key not in found]
            if missing:
                values = compute(list(missing))
                if len(values) != len(missing):
                    raise CacheError(f"{len(missing)} values were to be computed and {len(values)} came back")
                frames = [(key, _framed(key, value)) for key, value in zip(missing, values, strict=True)]
                self._store.mset(frames)
                found.update(frames)
        held = set(mine)
        return [key for key in wanted if key not in held]

    def frames(self, keys: Sequence[str]) -> list[bytes | None]:
        """The stored values with the 8 bytes of their checksum before them, None where there is none undamaged."""
        frames = self._store.mget(keys)
        damaged = {
            key: frame
            for key, frame in zip(keys, frames, strict=True)
            if frame is not None and not _is_sound(key, frame)
        }
        if not damaged:
            return frames
        self._drop([(Damage(key, "its checksum differs"), frame) for key, frame in damaged.items()])
        return [None if key in damaged else frame for key, frame in zip(keys, frames, strict=True)]

    def rows(self, keys: Sequence[str]) -> tuple[NDArray[np.uint8] | None, list[int]]:
        """The values, all of one size, as the rows of one new array, copied once; and which rows are not there.

        None for no array: there is not one value. `InputError` for values of several sizes.
        """
        rows, missing, size, to_copy = None, [], 0, memoryview(b"")
        names, damaged = encoded(keys), False
        # One at a time: a list of views of all would have the garbage collector look through the heap again and again.
        frames = self._lmdb.each(names) if self._lmdb else map(_memory, self._store.mget(keys))
        for at, (name, frame) in enumerate(zip(names, frames, strict=True)):
            value = _sound(name, frame)
            if value is None:
                missing.append(at)
                damaged = damaged or frame is not None
                continue
            if rows is None:
                size = len(value)
                rows = np.empty((len(keys), size), np.uint8)
                to_copy = rows.data.cast("B")
            if len(value) != size:
                raise InputError(f"cached values of {size} and {len(value)} bytes where all should be of one size")
            to_copy[at * size : (at + 1) * size] = value
        if damaged:
            self.frames([keys[at] for at in missing])  # reports and drops them
        return rows, missing

    @contextmanager
    def view(self, keys: Sequence[str]) -> Iterator[list[memoryview | None]]:
        """The values where they lie in the memory map, checked and not copied; gone when the block ends.

        From another `store` they are copies. End the block before writing much from the same thread.
        """
        if self._lmdb is None:
            yield [_memory(value) for value in self.mget(keys)]
            return
        with self._lmdb.view(keys) as frames:
            values = [_sound(name, frame) for name, frame in zip(encoded(keys), frames, strict=True)]
            yield values
        if values.count(None) > frames.count(None):
            self.frames(keys)  # reports and drops the damaged, now that no transaction is open

    def get_tensors(self, key: str) -> dict[str, Tensor] | None:
        """The tensors stored under the key, mapped from their file; None if there are none or they were damaged."""
        (value,) = self.mget([key])
        if value is None:
            return None
        if self._lmdb is None:
            from safetensors.torch import load

            return load(value)
        noted = TensorFile.from_bytes(value)
        tensors = self._files.read(key, noted)
        if tensors is None:
            reason = self._files.why_damaged(key, noted) or "its file changed while it was read"
            self._drop([(Damage(key, reason), _framed(key, value))])
        return tensors

    def set_tensors(self, key: str, tensors: Mapping[str, Tensor]) -> None:
        """Stores tensors under the key, as one safetensors file; on disk when this returns."""
        if self._lmdb is None:
            self.mset([(key, tensor_bytes(tensors))])
            return
        part, noted = self._files.write(tensors)
        try:
            frame = _framed(key, noted.to_bytes())
            self._lmdb.write([(key, frame)], noted.size, lambda: self._files.place(part, key))
        finally:
            part.unlink(missing_ok=True)

    def get_or_compute_tensors(self, key: str, compute: Callable[[], Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """The key's tensors, computed and stored if they are not there; once among all who ask."""
        while True:
            tensors = self.get_tensors(key)
            if tensors is not None:
                return tensors
            with self._claims.take([key]) as mine:
                if mine:
                    tensors = self.get_tensors(key)
                    if tensors is None:
                        tensors = dict(compute())
                        self.set_tensors(key, tensors)
                    return tensors
            self._claims.wait(key)

    def info(self) -> CacheInfo:
        """What the cache holds; reads every key."""
        kinds = Counter(key.split("/", 1)[0] if "/" in key else "other" for key in self.yield_keys())
        size = self._lmdb.used()[1] if self._lmdb else None
        return CacheInfo(self.folder, kinds.total(), size, self.max_bytes, dict(sorted(kinds.items())))

    def verify(self) -> Verified:
        """Reads every entry and drops the damaged; also removes files over an hour old that belong to no entry."""
        damaged: list[Damage] = []
        keys = list(self.yield_keys())
        with_files = self._lmdb.keys_with_files() if self._lmdb else set()
        for start in range(0, len(keys), _VERIFIED):
            block = keys[start : start + _VERIFIED]
            held = zip(block, self._store.mget(block), strict=True)
            found = [
                (why, frame)
                for key, frame in held
                if frame is not None and (why := self._damage(key, frame, with_files))
            ]
            self._drop(found)
            damaged += [damage for damage, _ in found]
        left_over = tuple(self._files.left_over(with_files)) if self._lmdb else ()
        for path in left_over:
            path.unlink(missing_ok=True)
        return Verified(len(keys), tuple(damaged), left_over)

    def _damage(self, key: str, frame: bytes, with_files: Collection[str]) -> Damage | None:
        if not _is_sound(key, frame):
            return Damage(key, "its checksum differs")
        why = self._files.why_damaged(key, TensorFile.from_bytes(frame[CHECK:])) if key in with_files else ""
        return Damage(key, why) if why else None

    def _drop(self, damaged: Sequence[tuple[Damage, bytes]]) -> None:
        """Reports damaged entries and deletes each, unless it has been made again since."""
        keys = [damage.key for damage, _ in damaged]
        if self._lmdb is not None:
            self._lmdb.delete_if(keys, [frame for _, frame in damaged])
        else:
            self._store.mdelete(keys)
        for damage, _ in damaged:
            self._on_damage(damage)

    def clear(self, prefix: str = "") -> int:
        """Forgets all entries whose keys start with the prefix; how many there were."""
        keys = list(self.yield_keys(prefix=prefix or None))
        for start in range(0, len(keys), _TOGETHER):
            self.mdelete(keys[start : start + _TOGETHER])
        return len(keys)

    def close(self) -> None:
        """Writes down which entries were used, so that a later eviction knows. The cache stays usable."""
        if self._lmdb is not None:
            self._lmdb.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def default_folder() -> Path:
    """The user's cache folder for longdoc, as the operating system has it; not made yet."""
    from platformdirs import user_cache_path

    return user_cache_path("longdoc", appauthor=False) / "encodings"


def remove(folder: Path) -> None:
    """Deletes a cache's files, whatever their format or damage, and leaves what else is in the folder.

    A process that has the cache open goes on with a new one at its next call.
    """
    try:
        for name in (NOTED, "data.mdb", "data.mdb.damaged", "lock.mdb"):
            (folder / name).unlink(missing_ok=True)
        TensorFiles(folder / "tensors").clear()
    except OSError as error:
        raise CacheError(in_words(folder, error.errno or 0, str(error))) from error


def _name(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _framed(key: str, value: bytes) -> bytes:
    return framed(_name(key), value)


def _is_sound(key: str, frame: bytes) -> bool:
    return unframed(_name(key), frame) is not None


def _sound(name: bytes, frame: memoryview | None) -> memoryview | None:
    """The value within the frame if its checksum holds."""
    return None if frame is None else unframed(name, frame)


def _memory(value: bytes | None) -> memoryview | None:
    return None if value is None else memoryview(value)
