"""What a server keeps on disk: documents, each a folder, and small records; there as a whole or not at all."""

from __future__ import annotations

import filecmp
import json
import logging
import math
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Literal

from langchain_core.documents import Document

from longdoc.errors import InputError
from longdoc.memory.disk import claimed, sync_folder, write_whole
from longdoc.server.worker import ABOUT, ENCODING, FILE, KEPT, READ, TEXT

_log = logging.getLogger(__name__)
Status = Literal["reading", "ready", "failed"]
_FAILED, _SUMMARY = "failed.json", "summary.json"
_WRONG = (OSError, ValueError, KeyError, TypeError, AttributeError)  # what reading a damaged file raises
_WIDTH = 4  # bytes of a character on disk
_PART = re.compile(r".+\.json\.\d+")  # a file that was not written to its end


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a document: its id, which is ours, and its name, which is the client's and only ever shown."""

    id: str
    name: str
    bytes: int
    added: int
    status: Status = "reading"
    error: str | None = None
    words: int = 0
    characters: int = 0
    pages: tuple[int, ...] | None = None
    labels: tuple[str, ...] = ()
    pictures: bool = False
    summarized: bool = False
    progress: float | None = None  # from 0 to 1 while it is indexed
    watched: bool = False  # it goes when a file that is watched does

    def json(self) -> dict[str, Any]:
        """The JSON object of the HTTP interface."""
        pages = None if self.pages is None else len(self.pages)
        shown = ("id", "name", "bytes", "words", "status", "error", "pictures", "summarized", "progress")
        return {**{key: getattr(self, key) for key in shown}, "pages": pages}


class Shelf:
    """Documents by id, in `folder`/documents.

    A document is put together in `folder`/incoming and then renamed, and deleted the other way round: whatever a kill
    leaves in incoming belongs to no document, and is removed when the folder is next opened. One process at a time
    has the folder. Raises `InputError` where another has it.
    """

    def __init__(self, folder: Path) -> None:
        self._root, self._incoming = folder / "documents", folder / "incoming"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        served = InputError(f"another server has the folder {str(folder)!r}; end it, or give another --folder")
        self._claim = claimed(folder, served)
        shutil.rmtree(self._incoming, ignore_errors=True)
        for made in (self._root, self._incoming):
            made.mkdir(exist_ok=True)
        self._mutex = threading.Lock()
        self._admitting = threading.Lock()
        found = sorted(filter(None, map(_found, self._root.iterdir())), key=lambda one: one.added)
        self._held = {one.id: one for one in found}

    def close(self) -> None:
        """Lets another process have the folder."""
        self._claim.release()

    def all(self) -> list[Held]:
        """The documents, in the order they came in."""
        with self._mutex:
            return list(self._held.values())

    def get(self, id: str) -> Held | None:
        """The document with this id; None where there is none."""
        with self._mutex:
            return self._held.get(id)

    def folder(self, held: Held) -> Path:
        """Where a document's files are."""
        return self._root / held.id

    @contextmanager
    def adding(self) -> Iterator[Arriving]:
        """A file on its way in, gone again unless it was `finish`ed."""
        arriving = Arriving(self, self._incoming / secrets.token_hex(16))
        try:
            yield arriving
        finally:
            arriving.discard()

    def admit(
        self, folder: Path, name: str, size: int, room: Callable[[], None] | None = None, *, watched: bool = False
    ) -> Held:
        """Makes a folder in incoming a document; it is on disk when this returns.

        With `room` a file that is here already, under whatever name of its format, stays the one that it is, and
        `room` is called before another is made, which it may prevent by an error.
        """
        with self._admitting:
            if room is not None:
                for twin in self.alike(name, size):
                    with suppress(OSError):  # it is being deleted
                        if filecmp.cmp(folder / FILE, self.folder(twin) / FILE, shallow=False):
                            return twin
                room()
            return self._admitted(folder, name, size, watched)

    def alike(self, name: str, size: int) -> list[Held]:
        """The documents that a file of this name and size may be; none that goes with a file that is watched."""
        suffix = Path(name).suffix.lower()
        same = (one for one in self.all() if one.bytes == size and Path(one.name).suffix.lower() == suffix)
        return [one for one in same if one.status != "failed" and not one.watched]

    def _admitted(self, folder: Path, name: str, size: int, watched: bool) -> Held:
        added = 1 + max((one.added for one in self.all()), default=0)
        about = {"name": name, "bytes": size, "added": added, "watched": watched}
        write_whole(folder / ABOUT, json.dumps(about).encode())
        held = Held(folder.name, name, size, added, watched=watched)
        folder.rename(self.folder(held))
        sync_folder(self._root)
        with self._mutex:
            self._held[held.id] = held
        return held

    def remove(self, id: str) -> bool:
        """Deletes a document and all that was made of it; False where there is none."""
        with self._mutex:
            held = self._held.pop(id, None)
        if held is None:
            return False
        gone = self._incoming / f"{id}-gone"
        self.folder(held).rename(gone)
        sync_folder(self._root)
        shutil.rmtree(gone, ignore_errors=True)
        return True

    def mark_ready(self, id: str) -> None:
        """The document has been read and can be asked."""
        held = self.get(id)
        if held is not None:
            self._set(replace(held, status="ready", progress=None, **_facts(self.folder(held))))

    def mark_progress(self, id: str, part: float) -> None:
        """So much of the document, from 0 to 1, is in the index."""
        held = self.get(id)
        if held is not None:
            self._set(replace(held, progress=part))

    def mark_failed(self, id: str, error: str) -> None:
        """The document cannot be read. Known at once, also where the disk is full; `OSError` then."""
        held = self.get(id)
        if held is not None:
            self._set(replace(held, status="failed", progress=None, error=error))
            write_whole(self.folder(held) / _FAILED, json.dumps(error).encode())

    def keep_summary(self, id: str, summary: str) -> None:
        """Keeps the JSON of a document's summary, in place of an older one."""
        held = self.get(id)
        if held is not None:
            write_whole(self.folder(held) / _SUMMARY, summary.encode())
            self._set(replace(held, summarized=True))

    def summary(self, held: Held) -> bytes | None:
        """The JSON of the document's summary; None where there is none yet."""
        try:
            return (self.folder(held) / _SUMMARY).read_bytes()
        except FileNotFoundError:
            return None

    def text(self, held: Held, start: int, end: int) -> str:
        """The characters of a document from `start` to before `end`, without reading the others."""
        with (self.folder(held) / TEXT).open("rb") as file:
            file.seek(start * _WIDTH)
            return file.read(max(end - start, 0) * _WIDTH).decode(ENCODING, "surrogatepass")

    def document(self, held: Held) -> Document:
        """The document as a whole, its id as its source and, where it has no title, its name as that."""
        told = json.loads((self.folder(held) / READ).read_bytes())
        known = {key: told[key] for key in KEPT if key in told}
        metadata = {**known, "source": held.id, "title": told.get("title") or held.name}
        text = self.text(held, 0, told["characters"])
        return Document(id=held.id, page_content=text, metadata=metadata)

    def nbytes(self) -> int:
        """What the files and their texts take of the disk."""
        return sum(one.bytes + _size(self.folder(one) / TEXT) for one in self.all())

    def was_read(self, held: Held) -> bool:
        """True where the file has been turned into text."""
        return (self.folder(held) / READ).exists()

    def _set(self, held: Held) -> None:
        with self._mutex:
            if held.id in self._held:  # else it was deleted while we worked on it
                self._held[held.id] = held


class Arriving:
    """A file that is being written: `write`, then `finish`."""

    def __init__(self, shelf: Shelf, folder: Path) -> None:
        self._shelf, self._folder = shelf, folder
        self.id = folder.name  # of the document that it becomes
        folder.mkdir()
        self._file: BinaryIO = (folder / FILE).open("wb")
        self._ending = threading.Lock()  # a cancelled upload is discarded while a thread still finishes it
        self.bytes = 0

    def write(self, data: bytes) -> None:
        """Appends to the file."""
        self._file.write(data)
        self.bytes += len(data)

    def finish(self, name: str, room: Callable[[], None] | None = None, *, watched: bool = False) -> Held:
        """Makes the file a document, on disk when this returns; with `room` it may be one that is here already."""
        with self._ending:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            return self._shelf.admit(self._folder, name, self.bytes, room, watched=watched)

    def discard(self) -> None:
        """Removes what was written, unless it is a document by now."""
        with self._ending:
            self._file.close()
            shutil.rmtree(self._folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Record:
    """An object, its place among the others, and the bytes of its file."""

    place: int
    id: str
    told: dict[str, Any]
    bytes: int


class Records:
    """Small JSON objects by id, in the order in which they were first put; a file each, written whole.

    There are at most `most` of them, with `most_bytes` together.
    """

    def __init__(self, folder: Path, most: int, most_bytes: float = math.inf) -> None:
        self._folder, self._most, self._most_bytes = folder, most, most_bytes
        folder.mkdir(exist_ok=True)
        self._mutex = threading.Lock()
        found = sorted(filter(None, map(_record, folder.iterdir())), key=lambda one: one.place)
        self._held = {one.id: one for one in found}

    def all(self) -> list[dict[str, Any]]:
        """The objects, each with its `id`."""
        with self._mutex:
            return [{"id": id, **one.told} for id, one in self._held.items()]

    def get(self, id: str) -> dict[str, Any] | None:
        """The object with this id; None where there is none."""
        with self._mutex:
            return self._held[id].told if id in self._held else None

    def put(self, id: str, told: dict[str, Any]) -> bool:
        """Keeps an object, in place of an older one, on disk when this returns; False where there is no room for it."""
        with self._mutex:
            before = self._held.get(id)
            place = before.place if before else 1 + max((one.place for one in self._held.values()), default=0)
            data = json.dumps({"place": place, "id": id, "told": told}).encode()
            grows = len(data) - (before.bytes if before else 0)
            if before is None and len(self._held) >= self._most:
                return False
            if grows > 0 and sum(one.bytes for one in self._held.values()) + grows > self._most_bytes:
                return False
            write_whole(self._path(id), data)
            self._held[id] = _Record(place, id, told, len(data))
        return True

    def remove(self, id: str) -> bool:
        """Deletes an object; False where there is none."""
        with self._mutex:
            if self._held.pop(id, None) is None:
                return False
            self._path(id).unlink(missing_ok=True)
            sync_folder(self._folder)
        return True

    def _path(self, id: str) -> Path:
        """An id tells letters by their case, which not every disk does."""
        return self._folder / f"{blake2b(id.encode(), digest_size=16).hexdigest()}.json"


def _record(path: Path) -> _Record | None:
    """What a file holds; None for one that a kill left, which is removed, and for what is not ours."""
    if _PART.fullmatch(path.name) and path.is_file():
        path.unlink(missing_ok=True)
    if path.suffix != ".json":
        return None
    try:
        data = path.read_bytes()
        held = json.loads(data)
        return _Record(int(held["place"]), str(held["id"]), dict(held["told"]), len(data))
    except _WRONG as error:
        _log.warning("%s is damaged and is left alone (%s)", path, error)
        return None


def _found(folder: Path) -> Held | None:
    """The document in a folder; None, with a word in the log, for what is none, such as a system's own files."""
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        held = Held(folder.name, str(about["name"]), int(about["bytes"]), int(about["added"]))
        held = replace(held, watched=bool(about.get("watched")))
    except _WRONG as error:
        _log.warning("%s is no document and is left alone (%s)", folder, error)
        return None
    try:
        if (folder / _FAILED).exists():
            return replace(held, status="failed", error=str(json.loads((folder / _FAILED).read_bytes())))
        facts = _facts(folder) if (folder / READ).exists() else {}
    except _WRONG as error:
        _log.warning("the document in %s is read again: what was kept of it is damaged (%s)", folder, error)
        for name in (_FAILED, READ):
            (folder / name).unlink(missing_ok=True)
        facts = {}
    return replace(held, summarized=(folder / _SUMMARY).exists(), **facts)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _facts(folder: Path) -> dict[str, Any]:
    told = json.loads((folder / READ).read_bytes())
    pages = None if told.get("pages") is None else tuple(told["pages"])
    labels, pictures = tuple(told.get("page_labels") or ()), told.get("format") in ("pdf", "image")
    counts = {"words": told["words"], "characters": told["characters"]}
    return {**counts, "pages": pages, "labels": labels, "pictures": pictures}
