"""The shelf of a folder that is watched: what the tools see is what its files are, from one call to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from langchain_core.documents import Document

from longdoc.chunkers.readers.base import Ocr
from longdoc.errors import BusyError, InputError
from longdoc.mcp.shelf import Shelf
from longdoc.pipelines.ask.library import Library
from longdoc.pipelines.living.folder import LivingFolder
from longdoc.pipelines.living.scan import keep_up

R = TypeVar("R")
_AT_ONCE = 8  # servers on one folder


def _living(root: Path, out: Path, ocr: Ocr) -> LivingFolder:
    for number in range(_AT_ONCE):
        try:
            return LivingFolder(root, out / str(number), digests=False, ocr=ocr)
        except BusyError:
            continue
    raise InputError(f"{_AT_ONCE} servers watch {str(root)!r} already; end one of them")


class WatchedShelf:
    """Calls and changes take turns: no call sees a document and an index that do not belong together.

    What is kept lies in `out`, in a folder for each of the servers that watch the same files at once.
    """

    def __init__(self, root: Path, out: Path, ocr: Ocr = "auto") -> None:
        self._living = _living(root, out, ocr)
        self._documents: dict[str, Document] = {}
        self._shelf: Shelf | None = None
        self._turn = threading.Lock()
        self._living.catch_up()
        threading.Thread(target=keep_up, args=(root, self._catch_up), name="longdoc-watching", daemon=True).start()

    def use(self, work: Callable[[Shelf], R]) -> R:
        """The result of `work` on the documents as they now are."""
        with self._turn:
            if self._shelf is None:
                self._shelf = self._made()
            return work(self._shelf)

    def _catch_up(self, touched: Collection[str]) -> None:
        with self._turn:
            if told := self._living.catch_up(touched):
                self._shelf = None
                for one in told:
                    self._documents.pop(one.name, None)

    def _made(self) -> Shelf:
        names = self._living.names()
        read = ((name, self._documents.get(name) or self._living.as_kept(name)) for name in names)
        self._documents = {name: one for name, one in read if one is not None}
        kept = tuple(self._documents)
        return Shelf(Library(self._living.index, kept, tuple(self._documents.values()), kept), kept)
