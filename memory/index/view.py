"""An index at one moment: its segments, what of them is live, and its records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.errors import DamagedError
from longdoc.memory.index.segment import Segment
from longdoc.memory.seal import Seal, unframed

KINDS = ("chunk", "summary")


@dataclass(frozen=True, slots=True)
class Noted:
    """What the manifest says of a segment."""

    name: str
    layout: str
    count: int
    live: int
    first: int  # its first row
    files: Mapping[str, Seal]

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Noted:
        """The note of which `asdict` made these fields."""
        return cls(**{**fields, "files": {name: Seal(**seal) for name, seal in fields["files"].items()}})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index is at one moment: the same for every reader that has this generation."""

    generation: int = 0
    fingerprint: str = ""
    width: int = 0
    next_row: int = 0
    entries: int = 0
    words: int = 0
    segments: tuple[Noted, ...] = ()

    def to_json(self) -> bytes:
        """JSON, read again by `from_json`."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """The manifest that `to_json` wrote."""
        fields = json.loads(data)
        return cls(**{**fields, "segments": tuple(map(Noted.from_json, fields["segments"]))})


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as it is stored."""

    id: str
    document: str
    kind: str
    text: str
    metadata: dict[str, Any]
    digest: str
    words: int
    part: str = ""

    @classmethod
    def from_json(cls, data: bytes) -> Record:
        """The record that `to_json` wrote."""
        return cls(*json.loads(data))

    def to_json(self) -> bytes:
        """JSON, in ASCII."""
        told = [self.id, self.document, self.kind, self.text, self.metadata, self.digest, self.words, self.part]
        return json.dumps(told, separators=(",", ":")).encode()

    def as_document(self) -> Document:
        """The record as a LangChain document."""
        return Document(id=self.id, page_content=self.text, metadata=self.metadata)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The segments of a generation, with what of each is live (None: all)."""

    manifest: Manifest
    segments: tuple[Segment, ...]
    live: tuple[NDArray[np.bool_] | None, ...]
    firsts: NDArray[np.int64] = field(repr=False)

    def by_segment(self, rows: Iterable[int]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """The rows, in order, grouped by the number of their segment."""
        every = np.sort(np.fromiter(rows, np.int64))
        of = np.searchsorted(self.firsts, every, side="right") - 1
        for number in np.unique(of):
            yield int(number), every[of == number]

    def vectors(self, rows: Sequence[int]) -> Mapping[int, NDArray[np.float32]]:
        """The unit vector of each row."""
        found: dict[int, NDArray[np.float32]] = {}
        for number, here in self.by_segment(rows):
            segment = self.segments[number]
            found.update(zip(here.tolist(), segment.vectors.take(segment.places(here)), strict=True))
        return found


class View:
    """A snapshot and a transaction on its records, which end together.

    Raises what `damaged` makes of a reason where a record is not the one that was written.
    """

    def __init__(
        self, transaction: Any, table: Any, snapshot: Snapshot, damaged: Callable[[str], DamagedError]
    ) -> None:
        self._transaction, self._table, self._damaged = transaction, table, damaged
        self.snapshot = snapshot
        self._known: dict[int, Record] = {}

    def record(self, row: int) -> Record:
        """The record of a live row."""
        if row not in self._known:
            value = self._value(row_key(row))
            if value is None:
                raise self._damaged("an entry is missing")
            self._known[row] = Record.from_json(value)
        return self._known[row]

    def rows_of_ids(self, ids: Sequence[str]) -> list[int | None]:
        """The row of each id, None where there is none."""
        return self._rows([id_key(one) for one in ids])

    def rows_of_digests(self, digests: Sequence[str]) -> list[int | None]:
        """A live row that was embedded from the text with each digest, None where there is none."""
        return self._rows([digest_key(one) for one in digests])

    def rows_of_document(self, document: str) -> list[int] | None:
        """The rows of a document in order, None where there is no such document."""
        value = self._value(document_key(document))
        return None if value is None else list(json.loads(value)[1])

    def documents(self) -> Iterator[tuple[str, int]]:
        """The id of each document, and how many entries it has."""
        for _, value in self.values(b"d"):
            name, rows = json.loads(value)
            yield name, len(rows)

    def values(self, kind: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The keys with this prefix, and their values."""
        with self._transaction.cursor(self._table) as cursor:
            found = cursor.set_range(kind)
            while found and cursor.key().startswith(kind):
                yield cursor.key(), self._checked(cursor.key(), cursor.value())
                found = cursor.next()

    def _rows(self, keys: list[bytes]) -> list[int | None]:
        with self._transaction.cursor(self._table) as cursor:
            found = {key: self._checked(key, frame) for key, frame in cursor.getmulti(keys)}
        return [int.from_bytes(found[key], "big") if key in found else None for key in keys]

    def _value(self, key: bytes) -> bytes | None:
        frame = self._transaction.get(key, db=self._table)
        return None if frame is None else self._checked(key, frame)

    def _checked(self, key: bytes, frame: bytes) -> bytes:
        value = unframed(key, frame)
        if value is None:
            raise self._damaged("a record's checksum differs")
        return bytes(value)


def row_key(row: int) -> bytes:
    """The key of a row's record."""
    return b"c" + row.to_bytes(4, "big")


def id_key(name: str) -> bytes:
    """The key of an entry's row."""
    return b"i" + _hashed(name)


def document_key(name: str) -> bytes:
    """The key of a document's rows."""
    return b"d" + _hashed(name)


def digest_key(digest: str) -> bytes:
    """The key of a row that was embedded from a text."""
    return b"v" + bytes.fromhex(digest)


def tie_of(name: str) -> int:
    """A number that orders entries of equal score, the same in every index."""
    return int.from_bytes(_hashed(name)[:8], "big")


def _hashed(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=20).digest()
