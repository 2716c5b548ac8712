"""Where conversations are kept: one SQLite file for many sessions, safe for many threads and processes."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from langchain_core.messages import BaseMessage

from longdoc.errors import InputError, UnavailableError
from longdoc.memory.history.message_json import from_json, to_json
from longdoc.memory.history.words import Posting, said
from longdoc.memory.words import words

_APPLICATION = 0x4C444348  # LDCH, in the header of the file
_VERSION = 1
_PATIENCE = 30.0  # seconds to wait for another process's write
_SCHEMA = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, so nothing of a cleared session can join a new one
    name TEXT NOT NULL UNIQUE,
    last INTEGER NOT NULL,  -- place of the latest message, from 1
    words INTEGER NOT NULL  -- of all messages
);
CREATE TABLE messages (
    session INTEGER NOT NULL, place INTEGER NOT NULL, message TEXT NOT NULL, UNIQUE (session, place)
);
CREATE TABLE postings (
    session INTEGER NOT NULL, word TEXT NOT NULL, place INTEGER NOT NULL, times INTEGER NOT NULL,
    length INTEGER NOT NULL, PRIMARY KEY (session, word, place)
) WITHOUT ROWID;
CREATE TABLE summaries (
    session INTEGER NOT NULL, upto INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (session, upto)
) WITHOUT ROWID;
"""
_ADVANCE = """
INSERT INTO sessions (name, last, words) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET last = last + excluded.last, words = words + excluded.words RETURNING id, last
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it stood when it was read: its number, the place of its latest message, the words of all."""

    number: int
    last: int
    words: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A message and its place in the session, from 1."""

    place: int
    message: BaseMessage


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """A summary of the messages up to and with the place `upto`; "" up to 0 before the first."""

    upto: int
    text: str


class HistoryStore:
    """Messages, their summaries and their words, by session, in the SQLite file at `path`, which is made if absent.

    A message counts once it is on disk. Raises `InputError` for another program's database,
    `UnavailableError` for what cannot be read or written: no database, a full disk, a newer version, an endless writer.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()
        self._idle: deque[sqlite3.Connection] = deque()
        self._process = os.getpid()
        self._inherited: list[deque[sqlite3.Connection]] = []
        self._finalizer = weakref.finalize(self, _close_all, self._idle)
        with self._connection():
            pass

    def close(self) -> None:
        """Closes the connections that no thread is using; the store opens new ones where it is used again."""
        _close_all(self._idle)

    def session(self, name: str) -> Session | None:
        """The session called `name`; None where it has no message."""
        with self._connection() as connection:
            return _session(connection, name)

    @property
    def nbytes(self) -> int:
        """What all sessions take of the disk; the file is larger by what was cleared and not yet used again."""
        with self._snapshot() as connection:
            size, pages, free = (
                connection.execute(f"PRAGMA {what}").fetchone()[0]
                for what in ("page_size", "page_count", "freelist_count")
            )
        return int(size * (pages - free))

    def add(self, name: str, messages: Sequence[BaseMessage]) -> int | None:
        """Appends the messages to the session, all or none; the place of the last, None where there is none."""
        rows = [(to_json(message), words(said(message))) for message in messages]
        if not rows:
            return None
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            given = (name, len(rows), sum(counts.total() for _, counts in rows))
            number, last = connection.execute(_ADVANCE, given).fetchone()
            for place, (message, counts) in enumerate(rows, start=last - len(rows) + 1):
                length = counts.total()
                connection.execute("INSERT INTO messages VALUES (?, ?, ?)", (number, place, message))
                postings = ((number, word, place, times, length) for word, times in counts.items())
                connection.executemany("INSERT INTO postings VALUES (?, ?, ?, ?, ?)", postings)
            connection.execute("COMMIT")
        return int(last)

    def read(self, session: Session, first: int, last: int) -> list[Stored]:
        """The messages from place `first` to place `last`, both included, in order."""
        query = "SELECT place, message FROM messages WHERE session = ? AND place BETWEEN ? AND ? ORDER BY place"
        with self._connection() as connection:
            return _stored(connection.execute(query, (session.number, first, last)).fetchall())

    def read_places(self, session: Session, places: Sequence[int]) -> list[Stored]:
        """The messages at these places, in the order of `places`; a place that is not there is left out."""
        query = "SELECT place, message FROM messages WHERE session = ? AND place = ?"
        with self._snapshot() as connection:
            rows = [row for place in places for row in connection.execute(query, (session.number, place))]
        return _stored(rows)

    def postings(self, session: Session, words: Iterable[str], before: int, most: int) -> list[list[Posting]]:
        """For each word the latest `most` places before `before` whose messages hold it, latest first."""
        query = (
            "SELECT place, times, length FROM postings WHERE session = ? AND word = ? AND place < ? "
            "ORDER BY place DESC LIMIT ?"
        )
        with self._snapshot() as connection:
            found = [connection.execute(query, (session.number, word, before, most)).fetchall() for word in words]
        return [list(map(Posting._make, rows)) for rows in found]

    def summary(self, session: Session) -> StoredSummary:
        """The summary that reaches farthest."""
        query = "SELECT upto, text FROM summaries WHERE session = ? ORDER BY upto DESC LIMIT 1"
        with self._connection() as connection:
            row = connection.execute(query, (session.number,)).fetchone()
        try:
            return StoredSummary(row[0], str(json.loads(row[1]))) if row else StoredSummary(0, "")
        except (TypeError, ValueError) as error:
            raise UnavailableError(f"a kept summary cannot be read, the file is damaged: {error}") from error

    def add_summary(self, session: Session, older: StoredSummary, newer: StoredSummary) -> bool:
        """Keeps `newer`, made from `older`; False where another writer went on from `older`, or cleared the session."""
        query = (
            "INSERT INTO summaries SELECT id, ?, ? FROM sessions WHERE id = ? "
            "AND (SELECT coalesce(max(upto), 0) FROM summaries WHERE session = id) = ?"
        )
        given = (newer.upto, json.dumps(newer.text), session.number, older.upto)
        with self._connection() as connection:
            return connection.execute(query, given).rowcount == 1

    def clear(self, name: str) -> None:
        """Deletes the session's messages, words and summaries."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            session = _session(connection, name)
            if session is not None:
                for table in ("messages", "postings", "summaries"):
                    connection.execute(f"DELETE FROM {table} WHERE session = ?", (session.number,))  # noqa: S608
                connection.execute("DELETE FROM sessions WHERE id = ?", (session.number,))
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection that no other thread has meanwhile; what is not committed is undone."""
        self._leave_parent()
        with _explained(self.path):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = _opened(self.path)
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.rollback()
                self._idle.append(connection)

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """One read transaction for many queries: SQLite's locks cost more than what it finds."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield connection

    def _leave_parent(self) -> None:
        """Leaves the parent's connections alone in a forked child, which may neither use nor close them."""
        if os.getpid() != self._process:
            self._finalizer.detach()
            self._inherited.append(self._idle)
            self._idle, self._process = deque(), os.getpid()
            self._finalizer = weakref.finalize(self, _close_all, self._idle)


def _stored(rows: Sequence[tuple[int, str]]) -> list[Stored]:
    messages = from_json([message for _, message in rows])
    return [Stored(place, message) for (place, _), message in zip(rows, messages, strict=True)]


def _session(connection: sqlite3.Connection, name: str) -> Session | None:
    row = connection.execute("SELECT id, last, words FROM sessions WHERE name = ?", (name,)).fetchone()
    return Session(*row) if row else None


def _close_all(idle: deque[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")  # a commit is on disk, not on its way
        connection.execute("PRAGMA cache_size = -16384")  # 16 MiB: a question's words lie all over a long history
        _check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if _header(connection) == (0, 0):
        _make(connection)
    application, version = _header(connection)
    if application != _APPLICATION:
        raise InputError(f"{str(path)!r} is an SQLite file of another program; give a path of its own to the history")
    if version > _VERSION:
        raise UnavailableError(
            f"{str(path)!r} has version {version} and this longdoc reads {_VERSION}: install a newer"
        )
    _write_ahead(connection)


def _make(connection: sqlite3.Connection) -> None:
    """Lays out an empty file; leaves one alone that another process has laid out meanwhile, or another program."""
    connection.execute("BEGIN IMMEDIATE")
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _header(connection: sqlite3.Connection) -> tuple[int, int]:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    return application, connection.execute("PRAGMA user_version").fetchone()[0]


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turns on write-ahead logging, and waits for the lock, for which SQLite itself does not wait here."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """SQLite's errors as one sentence that names the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        remedy = "check that the folder exists, is a local disk with room, and that the file is a chat history"
        raise UnavailableError(f"the chat history {str(path)!r} cannot be used: {error}; {remedy}") from error
