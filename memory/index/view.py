"""An index at one moment: its segments, what of them is live, and its records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.memory.index.segment import Segment

KINDS = ("chunk", "summary")


@dataclass(frozen=True, slots=True)
class Noted:
    """What the manifest says of a segment."""

    name: str
    layout: str
    count: int
    live: int
    first: int  # its first row


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
        return cls(**{**fields, "segments": tuple(Noted(**one) for one in fields["segments"])})


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
        """As LangChain has it."""
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
    """A snapshot and a transaction on its records, which end together."""

    def __init__(self, transaction: Any, table: Any, snapshot: Snapshot) -> None:
        self._transaction, self._table = transaction, table
        self.snapshot = snapshot
        self._known: dict[int, Record] = {}

    def record(self, row: int) -> Record:
        """The record of a live row."""
        if row not in self._known:
            self._known[row] = Record.from_json(self._transaction.get(row_key(row), db=self._table))
        return self._known[row]

    def rows_of_ids(self, ids: Sequence[str]) -> list[int | None]:
        """The row of each id, None where there is none."""
        return self._rows([id_key(one) for one in ids])

    def rows_of_digests(self, digests: Sequence[str]) -> list[int | None]:
        """A live row that was embedded from the text with each digest, None where there is none."""
        return self._rows([digest_key(one) for one in digests])

    def rows_of_document(self, document: str) -> list[int] | None:
        """The rows of a document in order, None where there is no such document."""
        value = self._transaction.get(document_key(document), db=self._table)
        return None if value is None else list(json.loads(value)[1])

    def documents(self) -> Iterator[tuple[str, int]]:
        """The id of each document, and how many entries it has."""
        with self._transaction.cursor(self._table) as cursor:
            found = cursor.set_range(b"d")
            while found and cursor.key()[:1] == b"d":
                name, rows = json.loads(cursor.value())
                yield name, len(rows)
                found = cursor.next()

    def _rows(self, keys: list[bytes]) -> list[int | None]:
        with self._transaction.cursor(self._table) as cursor:
            found = dict(cursor.getmulti(keys))
        return [int.from_bytes(found[key], "big") if key in found else None for key in keys]


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
    """What orders entries of equal score, the same in every index."""
    return int.from_bytes(_hashed(name)[:8], "big")


def _hashed(name: str) -> bytes:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=20).digest()
