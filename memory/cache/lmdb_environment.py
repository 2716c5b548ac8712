"""An LMDB file as this process has it open: transactions, a map that grows, the file's format, its errors in words."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import lmdb

from longdoc.errors import CacheError, DamagedError, LongdocError
from longdoc.memory.cache.errors import Kind, in_words
from longdoc.memory.cache.lmdb_pages import Meta, WrongPagesError, check, metas

FORMAT = 1
_READERS = 1024
_TABLES = (b"values", b"uses", b"facts")
_SMALL = 64 << 20  # bytes of a file whose pages are walked whenever it is opened: 40 ms
NOTED = "noted"
_log = logging.getLogger(__name__)
_opened: WeakValueDictionary[Path, LmdbEnvironment] = WeakValueDictionary()
_opening = threading.Lock()


def opened(folder: Path, map_bytes: int, of: Kind = "cache") -> LmdbEnvironment:
    """The folder's environment, one a process: LMDB may not be opened twice by one, nor used across a fork."""
    with _opening:
        where = folder.resolve()
        found = _opened.get(where)
        if found is None or not found.is_current():
            if found is not None:
                found.close_after_fork()
            found = _opened[where] = LmdbEnvironment(where, map_bytes, of)
        return found


def opened_or_anew(folder: Path, map_bytes: int) -> LmdbEnvironment:
    """As `opened`; a damaged file is set aside as data.mdb.damaged, with a word in the log, and a new one is begun."""
    try:
        return opened(folder, map_bytes)
    except DamagedError:
        pass
    from filelock import FileLock

    with FileLock(folder / "aside.lock"):
        try:
            return opened(folder, map_bytes)  # another process may have been quicker
        except DamagedError as error:
            aside = folder / "data.mdb.damaged"
            try:
                if (folder / "data.mdb").exists():
                    (folder / "data.mdb").replace(aside)
                (folder / NOTED).unlink(missing_ok=True)
            except OSError as refused:
                raise CacheError(in_words(folder, refused.errno or 0, str(refused))) from refused
            _log.warning("%s; it is now %s, and a new one is begun", error, aside.name)
            return opened(folder, map_bytes)


class LmdbEnvironment:
    """Three tables: `values` by key, `uses` (when a key was last used, and its size), `facts` about the file.

    `map_bytes` is address space, not memory or disk; it doubles by itself when the file outgrows it, for which
    every transaction of this process has to end.
    """

    def __init__(self, folder: Path, map_bytes: int, of: Kind = "cache") -> None:
        self.folder, self.of = folder, of
        self.touched: set[bytes] = set()
        self._gate = threading.Condition()
        self._running = 0
        self._growing = False
        self._mine = threading.local()
        self._process = os.getpid()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CacheError(in_words(folder, error.errno or 0, str(error), of)) from error
        first = self._metas()
        self.was_noted = not first or self._is_noted()
        with said_in_words(folder, of):
            self.lmdb = lmdb.open(str(folder), map_size=map_bytes, max_dbs=3, max_readers=_READERS, readahead=False)
            try:
                self.lmdb.reader_check()
                if first:
                    self._check_pages()
                self._file = _inode(folder)
                self.values, self.uses, self.facts = (self.lmdb.open_db(name) for name in _TABLES)
            except BaseException:
                self.lmdb.close()
                raise
        self._check_format()

    def _metas(self) -> list[Meta]:
        """The file's first pages; none where it is new. LMDB believes them, and would wait or end for wrong ones."""
        try:
            size = self.file.stat().st_size if self.file.exists() else 0
            found = metas(self.file) if size else []
        except WrongPagesError as error:
            raise self.damaged(str(error)) from None
        except OSError as error:
            raise CacheError(in_words(self.folder, error.errno or 0, str(error), self.of)) from error
        if not size and (self.folder / NOTED).exists():
            raise DamagedError(f"the file {self.file} is damaged: nothing is left of it")
        return found

    def _check_pages(self) -> None:
        """Walks the file's trees, unless it is large and as it was when it was last closed."""
        if self.was_noted and self.file.stat().st_size > _SMALL:
            return
        while True:  # until no writer took the first page while it was read
            with lmdb.Transaction(self.lmdb) as transaction:  # keeps the pages of its moment from being used again
                found = [meta for meta in self._metas() if meta.transaction == transaction.id()]
                if found:
                    try:
                        check(self.file, found[0])
                    except WrongPagesError as error:
                        raise self.damaged(str(error)) from None
                    return

    def note_whole(self) -> None:
        """Notes that the file is as we left it, so that it need not be read through when it is next opened."""
        with suppress(OSError):
            stat = self.file.stat()
            (self.folder / NOTED).write_text(json.dumps([stat.st_size, stat.st_mtime_ns]))

    def _is_noted(self) -> bool:
        with suppress(OSError, ValueError):
            stat = self.file.stat()
            return bool(json.loads((self.folder / NOTED).read_bytes()) == [stat.st_size, stat.st_mtime_ns])
        return False

    def damaged(self, why: str) -> DamagedError:
        """The error to raise where something in the file is not as it was written."""
        with suppress(OSError):
            (self.folder / NOTED).unlink(missing_ok=True)
        return DamagedError(f"the file {self.file} is damaged: {why}")

    @property
    def file(self) -> Path:
        """The file itself."""
        return self.folder / "data.mdb"

    def is_current(self) -> bool:
        """Whether this process opened it, and its file is the one in the folder: `longdoc cache clear` deletes it."""
        return self._process == os.getpid() and _inode(self.folder) == self._file

    def close_after_fork(self) -> None:
        """Closes what was opened before a fork: the child's copy, which it may not use."""
        if self._process != os.getpid():
            self.lmdb.close()

    @contextmanager
    def reading(self, buffers: bool = False) -> Iterator[Any]:
        """A read transaction: one moment of the file, whoever writes meanwhile."""
        with said_in_words(self.folder, self.of), self._transaction(write=False, buffers=buffers) as transaction:
            yield transaction

    def write(self, change: Callable[[Any], object]) -> None:
        """Runs `change` in a write transaction, again if the map had to grow: all of it is on disk, or nothing."""
        while True:
            size = self.lmdb.info()["map_size"]
            with said_in_words(self.folder, self.of):
                try:
                    with self._transaction(write=True) as transaction:
                        change(transaction)
                    return
                except lmdb.MapFullError:
                    pass
                except LongdocError:
                    raise
                except OSError as error:  # of a file that the change wrote beside this one
                    raise CacheError(in_words(self.folder, error.errno or 0, str(error), self.of)) from error
            self._grow(2 * size)

    @contextmanager
    def _transaction(self, write: bool, buffers: bool = False) -> Iterator[Any]:
        transaction = self._begin(write, buffers)
        try:
            with transaction:
                yield transaction
        finally:
            self._leave()

    def _begin(self, write: bool, buffers: bool) -> Any:
        while True:
            self._enter()
            try:
                return lmdb.Transaction(self.lmdb, write=write, buffers=buffers)  # type: ignore[call-overload]
            except lmdb.MapResizedError:  # another process made the file larger than this one's map
                self._leave()
            except BaseException:
                self._leave()
                raise
            self._grow(0)

    def _enter(self) -> None:
        depth = getattr(self._mine, "depth", 0)
        with self._gate:
            self._gate.wait_for(lambda: depth or not self._growing)
            self._running += 1
        self._mine.depth = depth + 1

    def _leave(self) -> None:
        self._mine.depth -= 1
        with self._gate:
            self._running -= 1
            if self._growing:
                self._gate.notify_all()

    def _grow(self, size: int) -> None:
        if getattr(self._mine, "depth", 0):
            raise CacheError(f"the {self.of} in {self.folder} must grow while this thread still views it; end the view")
        with self._gate:
            self._gate.wait_for(lambda: not self._growing)
            self._growing = True
            self._gate.wait_for(lambda: not self._running)
            try:
                if size == 0 or size > self.lmdb.info()["map_size"]:
                    self.lmdb.set_mapsize(size)
            finally:
                self._growing = False
                self._gate.notify_all()

    def _check_format(self) -> None:
        with self.reading() as transaction:
            found = transaction.get(b"format", db=self.facts)
        if found is None:
            self.write(lambda transaction: transaction.put(b"format", b"%d" % FORMAT, db=self.facts, overwrite=False))
        elif found != b"%d" % FORMAT:
            told, remedy = found.decode("ascii", "replace"), "empty it with `longdoc cache clear`"
            remedy = remedy if self.of == "cache" else "delete it"
            raise CacheError(
                f"the {self.of} in {self.folder} has format {told}, this version reads {FORMAT}: {remedy}, or give "
                f"another folder with --{self.of}"
            )


def _inode(folder: Path) -> int:
    """The inode of the folder's data file; 0 where there is none."""
    try:
        return os.stat(folder / "data.mdb").st_ino
    except FileNotFoundError:
        return 0


@contextmanager
def said_in_words(folder: Path, of: Kind) -> Iterator[None]:
    """Turns errors of LMDB and of the file system into a `CacheError` with the remedy."""
    try:
        yield
    except lmdb.MapFullError:
        raise
    except lmdb.Error as error:
        raise CacheError(in_words(folder, error.code, str(error), of)) from error
