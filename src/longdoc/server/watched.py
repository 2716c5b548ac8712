"""A folder whose files are documents of the server: added, replaced and removed there as they are on the disk."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path

from longdoc.chunkers.readers.registry import left_out
from longdoc.memory.disk import write_whole
from longdoc.pipelines.living.folder import apart
from longdoc.pipelines.living.scan import Stat, keep_up, scan
from longdoc.server.bodies import seen_name
from longdoc.server.library import Library

_log = logging.getLogger(__name__)
_BEGINS = 1 << 16  # bytes that tell whether a file is text


@dataclass(frozen=True, slots=True)
class _File:
    """What a file was taken in as: the document, "" where it is left out; the digest of its bytes; if it is done."""

    id: str
    digest: str
    stat: Stat
    taken: bool = False


class WatchedFolder:
    """Keeps a library's documents as the files below `root`; those that were uploaded are left alone.

    Which document a file is, is noted before the document is on the shelf, so that a kill leaves neither one twice nor
    an old one. A document that was deleted on the page comes back when its file changes.
    """

    def __init__(self, library: Library, root: Path) -> None:
        apart(root.resolve(), library.settings.folder.resolve())
        self._library, self._root = library, root
        self._path = library.settings.folder / "watched.json"
        self._takes: list[object] = [library.settings.ocr, library.settings.limits.upload_bytes]
        self._files, self._leaving = _loaded(self._path, str(root.resolve()), self._takes)
        self._stop = threading.Event()
        given = (root, self.catch_up, self._stop)
        self._thread = threading.Thread(target=keep_up, args=given, name="longdoc-watching", daemon=True)

    def start(self) -> None:
        """Watches on a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Ends the watch."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def catch_up(self, touched: Collection[str] = ()) -> None:
        """Makes the library's documents what the files are."""
        found = scan(self._root)
        for name, stat in found.items():
            if not self._stop.is_set():
                self._take(name, stat, name in touched)
        for name in [name for name in self._files if name not in found]:
            self._leaving.append(self._files.pop(name).id)
        self._let_go()

    def _take(self, name: str, stat: Stat, touched: bool) -> None:
        """Takes a file in where it is new or another than before."""
        before = self._files.get(name)
        if before is not None and before.taken and before.stat == stat and not touched:
            return
        limits = self._library.settings.limits
        if stat.size > limits.upload_bytes:
            _log.warning("%s is left out: it is over the size that this server takes", name)
            self._leave_out(name, _File("", "", stat, taken=True), before)
            return
        try:
            data = (self._root / name).read_bytes()
        except OSError:
            return  # gone, or not for us: the next look tells
        digest = blake2b(data, digest_size=16).hexdigest()
        if before is not None and before.digest == digest and (before.taken or self._library.shelf.get(before.id)):
            self._files[name] = replace(before, stat=stat, taken=True)
            return
        file = _File("", digest, stat)
        if left_out(name, data[:_BEGINS], self._library.settings.ocr == "always"):
            self._leave_out(name, replace(file, taken=True), before)
        elif self._has_room(name, data, before):
            self._replace(name, data, file, before)
        else:
            self._leave_out(name, file, before)  # looked at again, for there may be room then

    def _leave_out(self, name: str, file: _File, before: _File | None) -> None:
        """Notes a file that is no document here, and lets go of the one that it was."""
        if before is not None:
            self._leaving.append(before.id)
        self._files[name] = file

    def _has_room(self, name: str, data: bytes, before: _File | None) -> bool:
        limits, held = self._library.settings.limits, self._library.shelf
        if held.nbytes() + len(data) > limits.folder_bytes:
            _log.warning("%s is left out: there is no room for it in what this server keeps", name)
            return False
        if len(held.all()) >= limits.documents + (before is not None and bool(before.id)):
            _log.warning("%s is left out: there are %d documents, the most that are kept", name, limits.documents)
            return False
        return True

    def _replace(self, name: str, data: bytes, file: _File, before: _File | None) -> None:
        with self._library.shelf.adding() as arriving:
            if before is not None:
                self._leaving.append(before.id)
            self._files[name] = replace(file, id=arriving.id)
            self._save()
            arriving.write(data)
            held = arriving.finish(seen_name(name), watched=True)
        self._library.read_soon(held)
        self._files[name] = replace(self._files[name], taken=True)
        self._let_go()

    def _let_go(self) -> None:
        """Removes the documents whose files are gone or others by now."""
        for id in filter(None, self._leaving):
            self._library.remove(id)
        self._leaving.clear()
        self._save()

    def _save(self) -> None:
        told = {name: asdict(one) for name, one in self._files.items()}
        root = str(self._root.resolve())
        notes = {"root": root, "takes": self._takes, "files": told, "leaving": self._leaving}
        write_whole(self._path, json.dumps(notes).encode())


def _loaded(path: Path, root: str, takes: list[object]) -> tuple[dict[str, _File], list[str]]:
    """What was noted; of another folder, its documents are to go, and where others are taken, none is left out yet."""
    try:
        told = json.loads(path.read_bytes())
        files = {name: _File(**{**row, "stat": Stat(**row["stat"])}) for name, row in told["files"].items()}
        leaving = [str(id) for id in told["leaving"]]
        other = told["root"] != root
        if told.get("takes") != takes:
            files = {name: one for name, one in files.items() if one.id}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}, []
    return ({}, [*leaving, *(one.id for one in files.values())]) if other else (files, leaving)
