"""Bytes by key in an LMDB file capped in bytes: for many threads and processes."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from longdoc.errors import InputError
from longdoc.memory.cache.lmdb_environment import LmdbEnvironment, opened_or_anew

GIB = 1 << 30
MAX_KEY_BYTES = 500
_USE = struct.Struct(">QQ?")  # when it was used, as `_moment` counts; bytes charged; whether a file belongs to it
_ENTRY = 128  # what an entry takes beside its value: its key in two tables, their headers
_FAR = 1 << 60  # no time and no size
_TOUCHED = 100_000  # keys read since the last write, kept in memory at most
_PAGE = 4096
_ROOM = 0.9  # the share of the cap that is left when something had to go


def _nothing(_: Sequence[str]) -> None:
    return None


class LmdbStore:
    """Values on disk before `mset` returns; when they take more than `max_bytes` the least recently used go.

    What is read counts as used, in batches: the order is exact to a batch. The cap counts the entries; the file was
    measured at 1.2 to 3.4 times that, the most with many small values, and does not shrink: its pages are seldom
    full, and a write copies the pages that it changes before their old places are free. `on_leave` is told, inside
    the transaction, of keys written with `file_bytes` that leave. Keys take at most 500 bytes of UTF-8. Raises
    `CacheError` where the disk is full (nothing is damaged), the file has another format or LMDB finds it damaged.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int = 4 * GIB,
        *,
        map_bytes: int | None = None,
        on_leave: Callable[[Sequence[str]], None] = _nothing,
    ) -> None:
        if max_bytes < 1:
            raise InputError(f"a cache of {max_bytes} bytes holds nothing; give 1 or more")
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._map_bytes = map_bytes or max(GIB, 4 * max_bytes)
        self._on_leave = on_leave
        self._held = opened_or_anew(self.folder, self._map_bytes)

    @property
    def environment(self) -> LmdbEnvironment:
        """The open file; opened again in a forked child, and where the file was deleted."""
        if not self._held.is_current():
            self._held = opened_or_anew(self.folder, self._map_bytes)
        return self._held

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values, None where there is none, all from one moment."""
        names = encoded(keys)
        here = self.environment
        with here.reading() as transaction:
            found = dict(transaction.cursor(here.values).getmulti(names))
        self._touch(here, found)
        return list(map(found.get, names))

    @contextmanager
    def view(self, keys: Sequence[str]) -> Iterator[list[memoryview | None]]:
        """The values where they lie in the file's memory map, not copied; read-only, gone when the block ends."""
        names = encoded(keys)
        here = self.environment
        with here.reading(buffers=True) as transaction:
            yield [transaction.get(name, None, here.values) for name in names]
        self._touch(here, names)

    def each(self, names: Sequence[bytes]) -> Iterator[memoryview | None]:
        """As `view`, one value after the other, each gone when the next is asked for; run it to its end."""
        here = self.environment
        with here.reading(buffers=True) as transaction:
            get, table = transaction.get, here.values
            for name in names:
                yield get(name, None, table)
        self._touch(here, names)

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Stores the values, all or none."""
        self.write(key_value_pairs)

    def write(
        self, pairs: Sequence[tuple[str, bytes]], file_bytes: int = 0, within: Callable[[], object] = lambda: None
    ) -> None:
        """Stores the values and calls `within` in one transaction; `file_bytes` lie outside, in a file of the key's."""
        values = dict(zip(encoded([key for key, _ in pairs]), (value for _, value in pairs), strict=True))
        here = self.environment
        with_file = bool(file_bytes)
        items = sorted(values.items())
        charges = [_charge(name, value) + file_bytes for name, value in items]

        def change(transaction: Any) -> None:
            stamp = _moment(transaction, here)
            packed = (_USE.pack(stamp, charge, with_file) for charge in charges)
            uses = [(name, use) for (name, _), use in zip(items, packed, strict=True)]
            total = self._total(transaction, here) - self._charged(transaction, here, [name for name, _ in items])
            transaction.cursor(here.values).putmulti(items)
            transaction.cursor(here.uses).putmulti(uses)
            total += sum(charges)
            self._flush(transaction, here, stamp, values)
            if total > self.max_bytes:
                total -= self._evict(transaction, here, total - int(self.max_bytes * _ROOM))
            transaction.put(b"bytes", b"%d" % total, db=here.facts)
            within()

        if values:
            here.write(change)

    def mdelete(self, keys: Sequence[str]) -> None:
        """Forgets the keys; those not there are left out."""
        self.delete_if(keys, None)

    def delete_if(self, keys: Sequence[str], values: Sequence[bytes] | None) -> None:
        """Forgets each key, if values are given only where it still holds that very value."""
        here = self.environment
        names = encoded(keys)
        wanted = dict(zip(names, values, strict=True)) if values is not None else None

        def change(transaction: Any) -> None:
            gone = names
            if wanted is not None:
                held = dict(transaction.cursor(here.values).getmulti(names))
                gone = [name for name in names if held.get(name) == wanted[name]]
            total = self._total(transaction, here) - self._remove(transaction, here, gone)
            transaction.put(b"bytes", b"%d" % total, db=here.facts)

        if names:
            here.write(change)

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        """The keys that start with the prefix, sorted by their bytes."""
        start = (prefix or "").encode("utf-8", "surrogatepass")
        here = self.environment
        after = start
        while True:  # a page of keys a transaction: one that is never run to its end holds no transaction open
            with here.reading() as transaction:
                names = _page_of_names(transaction.cursor(here.values), after, start)
            yield from map(_key, names)
            if len(names) < _PAGE:
                return
            after = names[-1] + b"\0"

    def used(self) -> tuple[int, int]:
        """Entries, and the bytes they are charged."""
        here = self.environment
        with here.reading() as transaction:
            return transaction.stat(here.values)["entries"], self._total(transaction, here)

    def keys_with_files(self) -> set[str]:
        """The keys to which a file belongs."""
        here = self.environment
        with here.reading() as transaction:
            return {_key(name) for name, use in transaction.cursor(here.uses) if _use(use)[2]}

    def close(self) -> None:
        """Writes down what was used since the last write. The file closes with the last store that has it open."""
        here = self.environment
        if here.touched:
            here.write(lambda transaction: self._flush(transaction, here, _moment(transaction, here), ()))
        here.note_whole()

    def _touch(self, here: LmdbEnvironment, names: Any) -> None:
        here.touched.update(names)
        if len(here.touched) > _TOUCHED:
            here.write(lambda transaction: self._flush(transaction, here, _moment(transaction, here), ()))

    def _flush(self, transaction: Any, here: LmdbEnvironment, stamp: int, written: Iterable[bytes]) -> None:
        touched, here.touched = here.touched, set()
        held = transaction.cursor(here.uses).getmulti(sorted(touched.difference(written)))
        fresh = [(name, _USE.pack(max(stamp, old[0]), *old[1:])) for name, old in ((n, _use(u)) for n, u in held)]
        transaction.cursor(here.uses).putmulti(fresh)

    def _total(self, transaction: Any, here: LmdbEnvironment) -> int:
        held = _counted(transaction, here, b"bytes")
        return sum(_use(use)[1] for _, use in transaction.cursor(here.uses)) if held is None else held

    def _charged(self, transaction: Any, here: LmdbEnvironment, names: Sequence[bytes]) -> int:
        return sum(_use(use)[1] for _, use in transaction.cursor(here.uses).getmulti(names))

    def _evict(self, transaction: Any, here: LmdbEnvironment, bytes_over: int) -> int:
        """Removes the least recently used until at least so many bytes are free; reads the table of uses once."""
        oldest = sorted((use[:8], name, _use(use)[1]) for name, use in transaction.cursor(here.uses))
        gone, freed = [], 0
        for _, name, charge in oldest:
            if freed >= bytes_over:
                break
            gone.append(name)
            freed += charge
        return self._remove(transaction, here, gone)

    def _remove(self, transaction: Any, here: LmdbEnvironment, names: Sequence[bytes]) -> int:
        """Removes the names and says how many bytes they were charged."""
        uses = {name: _use(use) for name, use in transaction.cursor(here.uses).getmulti(list(names))}
        for name in uses:
            transaction.delete(name, db=here.values)
            transaction.delete(name, db=here.uses)
        with_files = [_key(name) for name, use in uses.items() if use[2]]
        if with_files:
            self._on_leave(with_files)
        return sum(use[1] for use in uses.values())


def _use(data: bytes) -> tuple[int, int, bool]:
    """When a key was used, its size, and whether it has a file; zeros where the note is damaged: its value stays."""
    used, charge, with_file = _USE.unpack(data) if len(data) == _USE.size else (0, 0, False)
    return (used, charge, with_file) if max(used, charge) < _FAR else (0, 0, with_file)


def _counted(transaction: Any, here: LmdbEnvironment, name: bytes) -> int | None:
    held = bytes(transaction.get(name, b"", db=here.facts))
    return int(held) if held.isdigit() and len(held) < 19 else None


def encoded(keys: Sequence[str]) -> list[bytes]:
    """The keys as UTF-8. `InputError` for one of no bytes or more than 500."""
    try:
        names = [key.encode() for key in keys]
    except UnicodeEncodeError:  # half a surrogate pair, as JSON may hold
        names = [key.encode("utf-8", "surrogatepass") for key in keys]
    sizes = set(map(len, names))
    if sizes and not 0 < min(sizes) <= max(sizes) <= MAX_KEY_BYTES:
        raise InputError(f"cache keys of {min(sizes)} to {max(sizes)} bytes; give 1 to {MAX_KEY_BYTES}")
    return names


def _key(name: bytes) -> str:
    try:
        return name.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:  # damaged: what it names is not found
        return name.decode("utf-8", "backslashreplace")


def _charge(name: bytes, value: bytes) -> int:
    size = len(value)
    if size > _PAGE // 2:
        size = -(-(size + 16) // _PAGE) * _PAGE  # LMDB gives a large value whole pages
    return size + 2 * len(name) + _ENTRY


def _moment(transaction: Any, here: LmdbEnvironment) -> int:
    """Milliseconds since 1970, or one more than the latest use where the clock was set back behind that."""
    last = _counted(transaction, here, b"latest")
    if last is None:  # written before this was noted
        last = max((_use(use)[0] for _, use in transaction.cursor(here.uses)), default=0)
    stamp = max(time.time_ns() // 1_000_000, last + 1)
    transaction.put(b"latest", b"%d" % stamp, db=here.facts)
    return stamp


def _page_of_names(cursor: Any, after: bytes, prefix: bytes) -> list[bytes]:
    names: list[bytes] = []
    if not (cursor.set_range(after) if after else cursor.first()):
        return names
    for name in cursor.iternext(values=False):
        if len(names) == _PAGE or not name.startswith(prefix):
            break
        names.append(name)
    return names
