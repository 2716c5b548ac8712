"""An index on disk: records in LMDB, segments in folders beside it, and one manifest that says which are valid.

A change writes its segments first and names them in the LMDB transaction that also holds its records: readers, and
whoever opens the index after a kill, see all of a change or nothing. Segments grow as a log-structured merge tree
(O'Neil et al., 1996): what a change adds is merged with the segments before it that are not larger, so that a text is
rewritten about log2 of all times.
"""

from __future__ import annotations

import errno
import json
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from longdoc.errors import CacheError, DamagedError, InputError, LongdocError
from longdoc.memory.cache.errors import in_words
from longdoc.memory.cache.lmdb_environment import LmdbEnvironment, opened
from longdoc.memory.index.entries import Entry
from longdoc.memory.index.segment import (
    BrokenSegmentError,
    Live,
    Part,
    Segment,
    joined,
    open_segment,
    write_segment,
)
from longdoc.memory.index.settings import IndexSettings
from longdoc.memory.index.sound import why_unsound
from longdoc.memory.index.view import (
    KINDS,
    Manifest,
    Noted,
    Record,
    Snapshot,
    View,
    digest_key,
    document_key,
    id_key,
    row_key,
    tie_of,
)
from longdoc.memory.index.words import Postings
from longdoc.memory.seal import Seal, framed, unframed
from longdoc.memory.words import words

Edit = Callable[[View], Mapping[str, Sequence[Entry | int]]]
"""What each document is to hold from now on: entries, or rows that stay. Run more than once."""
Vectors = Mapping[str, NDArray[np.float32]]

_MAP_BYTES = 16 << 30  # address space, not disk
_MANIFEST, _OLDER = b"manifest", b"index"
_LAST_ROW = (1 << 32) - 1


class MissingVectorsError(LongdocError):
    """Texts that a change needs, by digest, and that were deleted while others were embedded."""

    def __init__(self, digests: Sequence[str]) -> None:
        super().__init__(f"{len(digests)} texts have no vector: embed them and try again")
        self.digests = digests


@dataclass
class _Open:
    """A segment during a change: its live rows, and the seals of its files."""

    segment: Segment
    live: Live
    files: Mapping[str, Seal]

    @property
    def count(self) -> int:
        """The number of live rows."""
        return len(self.segment.rows) if self.live is None else int(np.count_nonzero(self.live))


class IndexStore:
    """The folder of an index: many readers, each of one moment, beside one writer at a time, over all processes."""

    def __init__(self, folder: Path, settings: IndexSettings, lasting: bool) -> None:
        self.folder, self.settings, self._lasting = folder, settings, lasting
        self._root = folder / "segments"
        self._last: Snapshot | None = None
        self._held = self._opened()

    @property
    def environment(self) -> LmdbEnvironment:
        """The open file; opened again in a forked child, and where another has taken its place."""
        if not self._held.is_current():
            self._last = None
            self._held = self._opened()
        return self._held

    def _opened(self) -> LmdbEnvironment:
        """The file, read through where it is not as the last change left it: a kill, or damage."""
        here = opened(self.folder, _MAP_BYTES, "index")
        if not here.was_noted:
            with here.reading() as transaction:
                view = View(transaction, here.values, self._snapshot(transaction, here), here.damaged)
                if why := why_unsound(view):
                    raise here.damaged(why)
            here.was_noted = True
            here.note_whole()
        return here

    @contextmanager
    def view(self) -> Iterator[View]:
        """The index at this moment, for as long as the block lasts."""
        here = self.environment
        while True:
            with here.reading() as transaction:
                try:
                    snapshot = self._snapshot(transaction, here)
                except FileNotFoundError:  # merged away between this transaction's beginning and now
                    if _manifest(transaction, here).generation == self._generation():
                        raise here.damaged("a segment is gone") from None
                    continue
                yield View(transaction, here.values, snapshot, here.damaged)
                return

    def change(self, edit: Edit, vectors: Vectors, fingerprint: str) -> None:
        """Makes the documents that `edit` names hold what it says; on disk when this returns.

        Every new entry needs its text's vector, in `vectors` by digest or in the index: else `MissingVectorsError`.
        """
        here = self.environment
        made: list[bool] = []

        def run(transaction: Any) -> None:  # again, where the map had to grow
            view = View(transaction, here.values, self._snapshot(transaction, here), here.damaged)
            made.append(_Change(self, here, transaction, view).run(edit(view), vectors, fingerprint))

        here.write(run)
        if made[-1]:
            here.write(lambda transaction: self._clean(_manifest(transaction, here)))
        here.note_whole()

    def write_part(self, part: Part) -> _Open:
        """The part as a new segment, on disk."""
        name = secrets.token_hex(8)
        try:
            layout, files = write_segment(self._root, name, part, self.settings, self._lasting)
        except (RuntimeError, SafetensorError, OSError) as error:  # FAISS raises the first
            code = getattr(error, "errno", None) or errno.EIO
            raise CacheError(in_words(self.folder, code, str(error), "index")) from error
        return _Open(open_segment(self._root, name, layout, {}), None, files)

    def _clean(self, manifest: Manifest) -> None:
        """Deletes the folders of no segment. Inside a write transaction, so that nobody is just writing one."""
        known = {noted.name for noted in manifest.segments}
        for path in self._root.iterdir() if self._root.exists() else ():
            if path.name not in known:
                shutil.rmtree(path, ignore_errors=True)  # a reader that has it open keeps it until it is done

    def _generation(self) -> int:
        here = self.environment
        with here.reading() as transaction:
            return _manifest(transaction, here).generation

    def _snapshot(self, transaction: Any, here: LmdbEnvironment) -> Snapshot:
        last, manifest = self._last, _manifest(transaction, here)
        if last is not None and last.manifest.generation == manifest.generation:
            return last
        known = {segment.name: segment for segment in last.segments} if last is not None else {}
        try:
            segments = tuple(
                known.get(n.name) or open_segment(self._root, n.name, n.layout, n.files) for n in manifest.segments
            )
        except BrokenSegmentError as error:
            raise here.damaged(str(error)) from None
        live = tuple(_live(transaction, here, noted) for noted in manifest.segments)
        firsts = np.array([noted.first for noted in manifest.segments], np.int64)
        self._last = Snapshot(manifest, segments, live, firsts)
        return self._last


def set_aside(folder: Path) -> Path:
    """Renames the folder of a damaged index to FOLDER.damaged, in place of an earlier one, and gives that name."""
    aside = folder.with_name(f"{folder.name}.damaged")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        folder.rename(aside)
    except OSError as error:
        raise CacheError(f"the damaged index in {folder} cannot be set aside ({error}): delete the folder") from error
    return aside


class _Change:
    """One change, inside its write transaction."""

    def __init__(self, store: IndexStore, here: LmdbEnvironment, transaction: Any, view: View) -> None:
        self._store, self._here, self._transaction, self._view = store, here, transaction, view
        self._before = view.snapshot.manifest
        self._fresh: list[tuple[int, str, Entry]] = []
        self._dead: list[int] = []
        self._next = self._before.next_row

    def run(self, wanted: Mapping[str, Sequence[Entry | int]], vectors: Vectors, fingerprint: str) -> bool:
        """Writes everything but the commit; False where nothing changes."""
        told = [(document, *self._plan(document, entries)) for document, entries in wanted.items()]
        if self._next > _LAST_ROW:
            raise InputError(f"the index in {self._store.folder} has used up its rows: build it again in a new folder")
        part, counts = self._part(vectors)
        fewer = self._forget()
        added = [self._note(fresh, total) for fresh, total in zip(self._fresh, counts, strict=True)]
        changed = [self._keep(*one) for one in told]
        if not (any(changed) or self._fresh or self._dead):
            return False
        width = self._before.width if part is None else part.vectors.shape[1]
        segments = self._segments(part)
        manifest = replace(
            self._before,
            generation=self._before.generation + 1,
            fingerprint=fingerprint,
            width=width,
            next_row=self._next,
            entries=self._before.entries + len(self._fresh) - len(self._dead),
            words=self._before.words + sum(added) - fewer,
            segments=segments,
        )
        self._transaction.put(_MANIFEST, framed(_MANIFEST, manifest.to_json()), db=self._here.facts)
        return True

    def _plan(self, document: str, wanted: Sequence[Entry | int]) -> tuple[list[int], list[int], dict[int, Record]]:
        """The document's rows before and after, and the records that are written anew at a row that stays."""
        old = self._view.rows_of_document(document) or []
        records = {self._view.record(row).id: row for row in old}
        rows, again = [], {}
        for one in wanted:
            row = one if isinstance(one, int) else records.get(one.id)
            if row is None or (isinstance(one, Entry) and not self._same_vector(row, one)):
                self._fresh.append((self._next, document, one))  # type: ignore[arg-type]  # a row is never None
                row, self._next = self._next, self._next + 1
            elif isinstance(one, Entry):
                record = self._view.record(row)
                if record.metadata != one.metadata:
                    again[row] = replace(record, metadata=one.metadata)
            rows.append(row)
        self._dead += sorted(set(old).difference(rows))
        return old, rows, again

    def _same_vector(self, row: int, entry: Entry) -> bool:
        record = self._view.record(row)
        return (record.digest, record.kind, record.text) == (entry.digest, entry.kind, entry.text)

    def _part(self, vectors: Vectors) -> tuple[Part | None, list[int]]:
        """What the new entries are as a part of a segment, and the words of each."""
        if not self._fresh:
            return None, []
        found = _vectors(self._view, [entry.digest for _, _, entry in self._fresh], vectors)
        if self._before.entries and found.shape[1] != self._before.width:
            raise InputError(
                f"vectors of {found.shape[1]} numbers for an index of {self._before.width}: give the embeddings that "
                "it was built with, or another folder"
            )
        counted: list[Counter[str]] = [words(entry.read) for _, _, entry in self._fresh]
        rows, _, entries = zip(*self._fresh, strict=True)
        part = Part(
            np.array(rows, np.uint32),
            np.array([tie_of(entry.id) for entry in entries], np.uint64),
            np.array([KINDS.index(entry.kind) for entry in entries], np.uint8),
            found,
            Postings.of(counted),
        )
        return part, [counts.total() for counts in counted]

    def _forget(self) -> int:
        """Deletes the records of the dead rows; says how many words they had."""
        fewer = 0
        for row in self._dead:
            record, number = self._view.record(row), row.to_bytes(4, "big")
            fewer += record.words
            self._transaction.delete(row_key(row), db=self._here.values)
            for key in (id_key(record.id), digest_key(record.digest)):
                if self._transaction.get(key, db=self._here.values) == framed(key, number):
                    self._transaction.delete(key, db=self._here.values)
        return fewer

    def _note(self, fresh: tuple[int, str, Entry], total: int) -> int:
        row, document, entry = fresh
        record = Record(entry.id, document, entry.kind, entry.text, entry.metadata, entry.digest, total, entry.part)
        self._put(row_key(row), record.to_json())
        for key in (id_key(entry.id), digest_key(entry.digest)):
            self._put(key, row.to_bytes(4, "big"))
        return total

    def _keep(self, document: str, old: list[int], rows: list[int], again: dict[int, Record]) -> bool:
        """Writes down the rows of a document, and its records that changed."""
        for row, record in again.items():
            self._put(row_key(row), record.to_json())
        if rows and rows != old:
            self._put(document_key(document), json.dumps([document, rows]).encode())
        elif not rows:
            self._transaction.delete(document_key(document), db=self._here.values)
        return bool(again) or rows != old

    def _segments(self, part: Part | None) -> tuple[Noted, ...]:
        """The segments after the change: without those that died, the last ones merged with the new part."""
        before = self._view.snapshot
        files = [noted.files for noted in before.manifest.segments]
        held = [_Open(*one) for one in zip(before.segments, before.live, files, strict=True)]
        for number, rows in before.by_segment(self._dead):
            one = held[number]
            live = np.ones(len(one.segment.rows), np.bool_) if one.live is None else one.live.copy()
            live[one.segment.places(rows)] = False
            one.live = live
        held = [one for one in held if one.count]
        if part is not None:
            parts, total = [part], len(part.rows)
            while held and held[-1].count <= total:
                last = held.pop()
                parts.insert(0, last.segment.part(last.live))
                total += len(parts[0].rows)
            held.append(self._store.write_part(joined(parts)))
        thin = [one for one in held if 2 * one.count < len(one.segment.rows)]
        held = [self._store.write_part(one.segment.part(one.live)) if one in thin else one for one in held]
        self._write_live(held)
        return tuple(_noted(one) for one in held)

    def _write_live(self, held: Sequence[_Open]) -> None:
        for segment in self._view.snapshot.segments:
            self._transaction.delete(_live_key(segment.name), db=self._here.facts)
        for one in held:
            if one.live is not None:
                key, bits = _live_key(one.segment.name), np.packbits(one.live, bitorder="little").tobytes()
                self._transaction.put(key, framed(key, bits), db=self._here.facts)

    def _put(self, key: bytes, value: bytes) -> None:
        self._transaction.put(key, framed(key, value), db=self._here.values)


def _vectors(view: View, digests: Sequence[str], given: Vectors) -> NDArray[np.float32]:
    """The vectors of the texts: those given, else those of rows with the same text."""
    lacking = [digest for digest in dict.fromkeys(digests) if digest not in given]
    rows = dict(zip(lacking, view.rows_of_digests(lacking), strict=True))
    missing = [digest for digest, row in rows.items() if row is None]
    if missing:
        raise MissingVectorsError(missing)
    known = view.snapshot.vectors([row for row in rows.values() if row is not None])
    found = [given[digest] if digest in given else known[rows[digest] or 0] for digest in digests]
    if len({vector.shape for vector in found}) > 1:
        raise InputError("the embeddings give vectors of another width than those that the index holds")
    return np.stack(found)


def _noted(one: _Open) -> Noted:
    segment = one.segment
    return Noted(segment.name, segment.vectors.layout, len(segment.rows), one.count, int(segment.rows[0]), one.files)


def _manifest(transaction: Any, here: LmdbEnvironment) -> Manifest:
    if transaction.get(_OLDER, db=here.facts) is not None:
        raise DamagedError(f"the index in {here.folder} was written by longdoc 0.1.0: put its documents into a new one")
    value = _fact(transaction, here, _MANIFEST)
    return Manifest() if value is None else Manifest.from_json(value)


def _live(transaction: Any, here: LmdbEnvironment, noted: Noted) -> Live:
    bits = _fact(transaction, here, _live_key(noted.name))
    if bits is None:
        return None
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=noted.count, bitorder="little").astype(np.bool_)


def _fact(transaction: Any, here: LmdbEnvironment, key: bytes) -> bytes | None:
    frame = transaction.get(key, db=here.facts)
    value = None if frame is None else unframed(key, frame)
    if frame is not None and value is None:
        raise here.damaged("a checksum differs")
    return None if value is None else bytes(value)


def _live_key(name: str) -> bytes:
    return b"live:" + name.encode()
