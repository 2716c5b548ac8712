"""The documents of a server and what is made of them: the index that is asked, summaries, conversations."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.errors import InputError
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.render.render import render
from longdoc.pipelines.routing.at_hand import Chat, OneModel, at_hand
from longdoc.pipelines.summarize.map_reduce import Event
from longdoc.pipelines.summarize.summarize import Settings
from longdoc.server.drawing import Drawer, ShelfPages
from longdoc.server.settings import ServerSettings
from longdoc.server.shelf import Held, Shelf
from longdoc.server.worker import Reader

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_log = logging.getLogger(__name__)
_BATCH = 512  # texts that are embedded between two looks at the clock


class Library:
    """All that a server keeps in its folder: the shelf, the index, the cache of summaries, the conversations.

    Documents are read and indexed one after another on a thread of their own; those that a kill left unread are read
    when the folder is opened again.
    """

    def __init__(self, settings: ServerSettings, model: str | BaseChatModel | None = None) -> None:
        self.settings = settings
        self.shelf = Shelf(settings.folder)
        self._embedder = _Clocked()
        self.index = DocumentIndex.mended(settings.folder / "index", self._embedder)
        self._models = at_hand(settings.models, chats=True) if model is None else OneModel(model)
        self.drawer = Drawer(self.shelf, settings.limits.drawing_seconds)
        self._places = ShelfPages(self.shelf, self.drawer)
        self._cache = EncodingCache(settings.folder / "cache")
        self._reader = Reader(settings.limits.reading_seconds, settings.ocr)
        self._reading = ThreadPoolExecutor(1, "longdoc-reading")
        self._recover()

    def close(self) -> None:
        """Stops reading; what is not read yet is read after the next start."""
        self._reader.interrupt()
        self._reading.shutdown(cancel_futures=True)
        self._reader.close()
        self.drawer.close()
        self._cache.close()
        self.shelf.close()

    def read_soon(self, held: Held) -> None:
        """Has a document read and indexed in the background."""
        self._reading.submit(self._read, held.id)

    def remove(self, id: str) -> bool:
        """Deletes a document, from the index too; False where there is none."""
        if not self.shelf.remove(id):
            return False
        self.index.delete([id])
        return True

    def summarize(self, held: Held, max_tokens: int, query: str | None, on_event: Callable[[Event], object]) -> bytes:
        """The JSON of a new summary, which is kept. Raises `LongdocError`, and what `on_event` raises."""
        document = self.shelf.document(held)
        wanted = Settings(max_tokens=max_tokens, query=query, cache=self._cache)
        tree = self._models.tree([document], wanted, on_event)
        if tree.run is not None:
            tree = replace(tree, run=replace(tree.run, places=self._places))
        shown = render(tree, "json")
        self.shelf.keep_summary(held.id, shown)
        if self.shelf.get(held.id) is None:
            raise InputError("the document was deleted while it was summarized")
        if query is None:
            self.index.put([document], {held.id: tree})
            self._forget_if_deleted(held.id)
        return shown.encode()

    def chat(self, history: ChatHistory | None) -> Chat:
        """A chat over the documents that goes on with a conversation, if there is one."""

        def chat_with(model: str | BaseChatModel) -> DocumentChat:
            return DocumentChat(self.index, model=model, places=self._places, history=history)

        return self._models.chat(chat_with, self._documents, history=history)

    def history(self, conversation: str) -> ChatHistory:
        """The messages of a conversation; to be closed."""
        return ChatHistory(self.settings.folder / "conversations.sqlite", conversation)

    def is_talked_out(self) -> bool:
        """Whether the conversations take all the room that they may."""
        with closing(self.history("-")) as history:
            return history.nbytes >= self.settings.limits.conversation_bytes

    def _documents(self, ids: Collection[str] | None) -> list[Document]:
        """The documents that are read, with these ids, each under the name that the index knows."""
        held = [one for one in self.shelf.all() if one.status == "ready" and (ids is None or one.id in ids)]
        return [self.shelf.document(one) for one in held]

    def _recover(self) -> None:
        """Takes up what a kill left: documents unread or not indexed, and entries of documents that are gone."""
        indexed = self.index.documents()
        held = {one.id: one for one in self.shelf.all()}
        if lost := [id for id in indexed if id not in held]:
            self.index.delete(lost)
        for one in held.values():
            if one.id in indexed and self.shelf.was_read(one):
                self.shelf.mark_ready(one.id)
            elif one.status != "failed":
                self.read_soon(one)

    def _read(self, id: str) -> None:
        """Reads and indexes a document. It is never left as one that is being read, whatever goes wrong."""
        held = self.shelf.get(id)
        if held is None:
            return
        seconds = self.settings.limits.reading_seconds
        end = time.monotonic() + seconds
        try:
            if not self.shelf.was_read(held):
                self._reader.read(self.shelf.folder(held))
            self._check_room()
            with self._embedder.until(end, f"reading and indexing the file took longer than {seconds:g} s"):
                self.index.put([self.shelf.document(held)])
            self.shelf.mark_ready(id)
        except InputError as error:
            if not self._reader.closed:
                self._fail(id, str(error))
        except Exception:  # noqa: BLE001  the edge of the thread: torch and others have errors of their own
            _log.exception("the document %s could not be indexed", id)
            self._fail(id, "the document could not be indexed; the server's log says why")
        self._forget_if_deleted(id)

    def _check_room(self) -> None:
        most = self.settings.limits.folder_bytes
        if self.shelf.nbytes() > most:
            raise InputError(f"its text is too large: all files and texts together may have {most:,} bytes")

    def _fail(self, id: str, why: str) -> None:
        try:
            self.shelf.mark_failed(id, why)
        except OSError as error:
            _log.error("that the document %s failed could not be kept: %s", id, error)

    def _forget_if_deleted(self, id: str) -> None:
        """Takes back what was put into the index while the document was deleted."""
        if self.shelf.get(id) is None:
            self.index.delete([id])


class _Clocked(Embedder):
    """The bundled encoder, which stops where its thread has no time left."""

    def __init__(self) -> None:
        super().__init__()
        self._mine = threading.local()

    @contextmanager
    def until(self, end: float, late: str) -> Iterator[None]:
        """Has this thread's calls raise `InputError` after the monotonic time `end`."""
        self._mine.end, self._mine.late = end, late
        try:
            yield
        finally:
            del self._mine.end

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The texts' vectors, a batch after the other."""
        parts = []
        for start in range(0, len(texts), _BATCH):
            if time.monotonic() > getattr(self._mine, "end", math.inf):
                raise InputError(f"{self._mine.late}; give a smaller one")
            parts.append(super().encode(texts[start : start + _BATCH]))
        return np.concatenate(parts) if parts else super().encode([])
