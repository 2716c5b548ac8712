"""The documents of a server and what is made of them: the index that is asked, summaries, conversations."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.errors import InputError
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.disk import write_whole
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.ask.answer import Citation
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.digest.make import questions_of
from longdoc.pipelines.render.render import render
from longdoc.pipelines.routing.at_hand import Chat, OneModel, at_hand
from longdoc.pipelines.summarize.map_reduce import Event
from longdoc.pipelines.summarize.summarize import Settings
from longdoc.server.drawing import Drawer, ShelfPages
from longdoc.server.settings import ServerSettings
from longdoc.server.shelf import Held, Records, Shelf
from longdoc.server.worker import Reader

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_log = logging.getLogger(__name__)
_BATCH = 64  # texts that are embedded between two looks at the clock
_ASKS = "questions.json"


class Library:
    """All that a server keeps in its folder: the shelf, the index, summaries, conversations and their names, notes.

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
        limits = settings.limits
        self.talks = Records(settings.folder / "talks", limits.conversations)
        self.notes = Records(settings.folder / "notes", limits.notes, limits.note_bytes)
        self._digests = Records(settings.folder / "digests", limits.digests)
        self.places = ShelfPages(self.shelf, self.drawer)
        self._cache = EncodingCache(settings.folder / "cache")
        self._reader = Reader(settings.limits.reading_seconds, settings.ocr)
        self._suggesting = threading.Lock()
        self._closed = threading.Event()
        self._reading = ThreadPoolExecutor(1, "longdoc-reading")
        self._recover()

    def close(self) -> None:
        """Stops reading; what is not read yet is read after the next start."""
        self._closed.set()
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
        held = self.shelf.get(id)
        if held is None or not self.shelf.remove(id):
            return False
        self._reader.skip(self.shelf.folder(held))
        self.index.delete([id])
        for one in self._digests.all():
            if id in one["documents"]:
                self._digests.remove(one["id"])
        return True

    def summarize(
        self, held: Sequence[Held], max_tokens: int, query: str | None, on_event: Callable[[Event], object]
    ) -> bytes:
        """The JSON of a new summary of documents together, which is kept.

        Raises `LongdocError`, and what `on_event` raises.
        """
        documents = [self.shelf.document(one) for one in held]
        wanted = Settings(max_tokens=max_tokens, query=query, cache=self._cache)
        tree = self._models.tree(documents, wanted, on_event)
        if tree.run is not None:
            tree = replace(tree, run=replace(tree.run, places=self.places))
        shown = render(tree, "json")
        ids = [one.id for one in held]
        if len(ids) == 1:
            self.shelf.keep_summary(ids[0], shown)
        else:
            self._digests.remove(_key(ids))  # a new one is the latest
            while not self._digests.put(_key(ids), {"documents": ids, "summary": json.loads(shown)}):
                self._digests.remove(self._digests.all()[0]["id"])
        if any(self.shelf.get(id) is None for id in ids):
            self._digests.remove(_key(ids))
            raise InputError("a document was deleted while it was summarized")
        if query is None and len(ids) == 1:
            self.index.put(documents, {ids[0]: tree})
            self._forget_if_deleted(ids[0])
        return shown.encode()

    def summary(self, ids: Sequence[str]) -> dict[str, Any] | None:
        """The latest summary of a document, or of several together; None where there is none."""
        if len(ids) > 1:
            kept = self._digests.get(_key(ids))
            return None if kept is None else dict(kept["summary"])
        held = self.shelf.get(ids[0])
        shown = None if held is None else self.shelf.summary(held)
        return None if shown is None else dict(json.loads(shown))

    def questions(self, held: Held) -> list[str]:
        """Questions that a document answers, made of its own facts; found once, and kept with it."""
        path = self.shelf.folder(held) / _ASKS
        with self._suggesting:
            try:
                return list(json.loads(path.read_bytes()))
            except (OSError, ValueError):
                pass
            chat = DocumentChat(self.index, places=self.places)

            def places(asked: str) -> Sequence[Citation]:
                return () if self._closed.is_set() else chat.ask(asked, documents=[held.id]).citations

            found = questions_of(self.shelf.document(held), places)
            if self.shelf.get(held.id) is not None and not self._closed.is_set():
                write_whole(path, json.dumps(found).encode())
            return found

    def chat(self, history: ChatHistory | None) -> Chat:
        """A chat over the documents that goes on with a conversation, if there is one."""

        def chat_with(model: str | BaseChatModel) -> DocumentChat:
            return DocumentChat(self.index, model=model, places=self.places, history=history)

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
            late = f"reading and indexing the file took longer than {seconds:g} s"
            with self._embedder.until(end, late, partial(self._look_up_from, id)):
                self.index.put([self.shelf.document(held)])
            self.shelf.mark_ready(id)
        except InputError as error:
            if not self._reader.closed:
                self._fail(id, str(error))
        except Exception:  # noqa: BLE001  the edge of the thread: torch and others have errors of their own
            _log.exception("the document %s could not be indexed", id)
            self._fail(id, "the document could not be indexed; the server's log says why")
        self._forget_if_deleted(id)

    def _look_up_from(self, id: str, part: float) -> None:
        """Tells how much of a document is indexed, and stops where it has been deleted."""
        if self.shelf.get(id) is None:
            raise InputError("the document was deleted")
        self.shelf.mark_progress(id, part)

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
    """The bundled encoder, which tells its thread how far it is and stops where there is no time left."""

    def __init__(self) -> None:
        super().__init__()
        self._mine = threading.local()

    @contextmanager
    def until(self, end: float, late: str, told: Callable[[float], None]) -> Iterator[None]:
        """Has this thread's calls raise `InputError` after the monotonic time `end`, or what `told` raises.

        `told` is given the part, from 0 to 1, that is done.
        """
        self._mine.end, self._mine.late, self._mine.told = end, late, told
        try:
            yield
        finally:
            del self._mine.end, self._mine.told

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The texts' vectors, a batch after the other."""
        parts = []
        for start in range(0, len(texts), _BATCH):
            if time.monotonic() > getattr(self._mine, "end", math.inf):
                raise InputError(f"{self._mine.late}; give a smaller one")
            if told := getattr(self._mine, "told", None):
                told(start / len(texts))
            parts.append(super().encode(texts[start : start + _BATCH]))
        return np.concatenate(parts) if parts else super().encode([])


def _key(ids: Sequence[str]) -> str:
    """By which a summary of these documents, whatever their order, is known."""
    return blake2b(" ".join(sorted(ids)).encode(), digest_size=16).hexdigest()
