"""The manifest: what is known of each document of a corpus, in a database that a kill leaves whole."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from longdoc.errors import CacheError

State = Literal["waiting", "done", "failed", "gone"]
_FORMAT = 2
_PAGE = 500  # rows that are read at once


@dataclass(frozen=True, slots=True)
class Entry:
    """A document: where it is, what its bytes are, and what became of it.

    `key` is what its summary is kept under, `result` the name of its result's file, `indexed` the index that it is in,
    `likeness` what documents are grouped by. `seconds` is what it took; `error` says in one sentence why it failed,
    `cause` the kind of that. `run` is the last run that found it.
    """

    name: str
    path: str
    offset: int = 0
    length: int = 0
    size: int = 0
    changed: int = 0  # nanoseconds, 0 where the file is too young to be known by them
    digest: str = ""
    key: str = ""
    state: State = "waiting"
    result: str = ""
    indexed: str = ""
    seconds: float = 0.0
    error: str = ""
    cause: str = ""
    characters: int = 0
    sentences: int = 0
    likeness: str = ""
    run: int = 0


_COLUMNS = tuple(field.name for field in fields(Entry))
_SQL = {"offset": "INTEGER", "length": "INTEGER", "size": "INTEGER", "changed": "INTEGER", "characters": "INTEGER"} | {
    "sentences": "INTEGER",
    "run": "INTEGER",
    "seconds": "REAL",
}
_TABLE = ", ".join(f"{name} {_SQL.get(name, 'TEXT')} NOT NULL" for name in _COLUMNS)


@dataclass(frozen=True, slots=True)
class Status:
    """How many documents are in each state, and sums over those that are done."""

    done: int
    failed: int
    waiting: int
    gone: int
    bytes: int
    characters: int
    seconds: float

    def __str__(self) -> str:
        gone = f", {self.gone:,} gone" if self.gone else ""
        return f"{self.done:,} done, {self.failed:,} failed, {self.waiting:,} waiting{gone}"


class Manifest:
    """The entries of a corpus, by name. Safe to use from many threads; a change is one transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        with self._used():
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        try:
            with self._used():
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")  # a result is on disk before it is entered here
                self._db.execute(f"CREATE TABLE IF NOT EXISTS documents ({_TABLE}, PRIMARY KEY (name)) WITHOUT ROWID")
                self._db.execute("CREATE INDEX IF NOT EXISTS by_state ON documents (state, size DESC, name)")
                self._db.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            if self.fact("format") is None:
                self.tell("format", _FORMAT)
            if self.fact("format") != _FORMAT:
                raise CacheError(f"{str(path)!r} is of another version's format; give another --out")
        except CacheError:
            self._db.close()
            raise

    @contextmanager
    def _used(self) -> Iterator[None]:
        """Holds the database for one thread. Raises `CacheError` where it is damaged, or the disk refuses."""
        with self._lock:
            try:
                yield
            except sqlite3.ProgrammingError:  # ours, and no fault of the file
                raise
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    told = f"the manifest {str(self._path)!r} is in use by another program ({error})"
                    raise CacheError(f"{told}; wait for it, and run this again") from error
                told = f"the manifest {str(self._path)!r} cannot be written ({error})"
                raise CacheError(f"{told}; make room, or give yourself permission for its folder") from error
            except sqlite3.DatabaseError as error:
                told = f"{str(self._path)!r} is no manifest of a corpus, or damaged ({error}); delete it and its -wal"
                raise CacheError(f"{told}, and run the corpus again: what is kept is not made again") from error

    def close(self) -> None:
        """Lets go of the database."""
        self._db.close()

    def fact(self, name: str) -> Any:
        """What was told by that name; None where nothing was."""
        with self._used():
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def tell(self, name: str, value: Any) -> None:
        """Keeps a value of JSON by that name."""
        with self._used():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def get(self, name: str) -> Entry | None:
        """The entry of that name."""
        with self._used():
            row = self._db.execute("SELECT * FROM documents WHERE name = ?", (name,)).fetchone()
        return None if row is None else Entry(*row)

    def put(self, *entries: Entry) -> None:
        """Has the entries as they are given, in one transaction."""
        marks = ", ".join("?" * len(_COLUMNS))
        with self._used():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                f"INSERT OR REPLACE INTO documents VALUES ({marks})",  # noqa: S608  question marks
                [astuple(one) for one in entries],
            )
            self._db.execute("COMMIT")

    def remove(self, name: str) -> None:
        """Forgets the entry of that name."""
        with self._used():
            self._db.execute("DELETE FROM documents WHERE name = ?", (name,))

    def found(self, names: list[str], run: int) -> None:
        """Has entries seen by a run, in one transaction."""
        with self._used():
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("UPDATE documents SET run = ? WHERE name = ?", [(run, name) for name in names])
            self._db.execute("COMMIT")

    def gone(self, run: int) -> int:
        """Marks what that run did not find; how many there are."""
        with self._used():
            self._db.execute("UPDATE documents SET state = 'gone' WHERE run < ?", (run,))
            row = self._db.execute("SELECT COUNT(*) FROM documents WHERE state = 'gone'").fetchone()
        return int(row[0])

    def again(self) -> int:
        """Has what failed wait again; how many there were."""
        with self._used():
            return self._db.execute(
                "UPDATE documents SET state = 'waiting' WHERE state = 'failed' AND key != ''"
            ).rowcount

    def waiting(self) -> Iterator[Entry]:
        """What waits, the longest first. What stops waiting meanwhile may be given still, what begins to may not."""
        at = (2**62, "")
        while rows := self._rows("state = 'waiting' AND (-size, name) > (-?, ?) ORDER BY size DESC, name", at):
            yield from rows
            at = (rows[-1].size, rows[-1].name)

    def entries(self, state: State | None = None) -> Iterator[Entry]:
        """The entries by name; those of one state, or all."""
        at: tuple[Any, ...] = ("",)
        where = "name > ? ORDER BY name" if state is None else f"name > ? AND state = '{state}' ORDER BY name"
        while rows := self._rows(where, at):
            yield from rows
            at = (rows[-1].name,)

    def slowest(self, most: int) -> list[Entry]:
        """What took longest of what is done."""
        return self._rows("state = 'done' AND seconds > 0 ORDER BY seconds DESC, name", (), most)

    def left(self) -> dict[str, tuple[int, int]]:
        """Of what waits, by the suffix of its path: how many, and bytes."""
        made: dict[str, tuple[int, int]] = {}
        with self._used():
            rows = self._db.execute("SELECT path, size FROM documents WHERE state = 'waiting'")
            for path, size in rows:
                suffix = Path(path).suffix.lower()
                count, total = made.get(suffix, (0, 0))
                made[suffix] = (count + 1, total + size)
        return made

    def values(self, column: Literal["key", "result"]) -> set[str]:
        """What the entries have in that column."""
        with self._used():
            return {value for (value,) in self._db.execute(f"SELECT DISTINCT {column} FROM documents")}  # noqa: S608

    def status(self) -> Status:
        """How many entries are in each state, and sums over what is done."""
        asked = "COUNT(*), COALESCE(SUM(size), 0), COALESCE(SUM(characters), 0), COALESCE(SUM(seconds), 0.0)"
        with self._used():
            rows = self._db.execute(f"SELECT state, {asked} FROM documents GROUP BY state").fetchall()  # noqa: S608  ours
        found = {state: numbers for state, *numbers in rows}
        done, *sums = found.get("done", (0, 0, 0, 0.0))
        return Status(done, *(found.get(state, (0,))[0] for state in ("failed", "waiting", "gone")), *sums)

    def _rows(self, where: str, values: tuple[Any, ...], most: int = _PAGE) -> list[Entry]:
        with self._used():
            asked = f"SELECT * FROM documents WHERE {where} LIMIT {most}"  # noqa: S608  no name or text is in it
            rows = self._db.execute(asked, values).fetchall()
        return [Entry(*row) for row in rows]
