"""The sources of a chat in an index on disk: read, cut and embedded once, and again only where they changed."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from langchain_core.documents import Document

from longdoc.chunkers.readers.base import Ocr
from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.text.span import Span
from longdoc.errors import InputError
from longdoc.memory.cache.keys import code_digest
from longdoc.memory.disk import write_whole
from longdoc.memory.index.passage_index import PassageIndex
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.models.encoder.encoder import SentenceEncoder
from longdoc.pipelines.ask.answer import Answer
from longdoc.pipelines.ask.asking import Asking
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.pipelines.readings import kept_reading
from longdoc.pipelines.sources import load_sources

if TYPE_CHECKING:
    from langchain_core.chat_history import BaseChatMessageHistory
    from langchain_core.language_models import BaseChatModel

_MOST = 200_000  # entries: with their vectors some 500 MB
_CODE = ("longdoc.chunkers", "longdoc.memory.index")  # which makes what an index has of a source


@dataclass(frozen=True)
class Library:
    """Sources that are in an index, which may have others too: their ids there, and they themselves, in order.

    A document's `source` is the name by which it was given when the index first read it, as the index has it; `names`
    are those by which they were given now.
    """

    index: PassageIndex
    ids: tuple[str, ...]
    documents: tuple[Document, ...]
    names: tuple[str, ...]

    @property
    def texts(self) -> dict[str, str]:
        """The source texts by the names that the index knows."""
        return {str(one.metadata["source"]): one.page_content for one in self.documents}

    @property
    def pages(self) -> dict[str, tuple[int, ...]]:
        """Where the pages of each source begin, for sources that have pages."""
        named = ((str(one.metadata["source"]), tuple(one.metadata.get("pages") or ())) for one in self.documents)
        return {source: pages for source, pages in named if pages}

    def of(self, ids: Collection[str] | None) -> list[Document]:
        """The documents with these ids, all for None."""
        return [one for id, one in zip(self.ids, self.documents, strict=True) if ids is None or id in ids]

    def named(self, answer: Answer) -> Answer:
        """The answer with the sources called as they were given now."""
        given = dict(zip(self.texts, self.names, strict=True))
        citations = [replace(one, source=given.get(one.source, one.source)) for one in answer.citations]
        sentences = [
            replace(one, spans=tuple(Span(s.start, s.end, given.get(s.source, s.source)) for s in one.spans))
            for one in answer.sentences
        ]
        return answer.model_copy(update={"citations": tuple(citations), "sentences": tuple(sentences)})

    def add_tree(self, name: str, tree: SummaryTree) -> None:
        """Has the summaries of the document with the id `name` found as well."""
        document = self.documents[self.ids.index(name)]
        self.index.put([_marked(document, name)], {name: tree})

    def chat(
        self, model: str | BaseChatModel, settings: ChatSettings, history: BaseChatMessageHistory | None = None
    ) -> Asking:
        """A chat over these sources."""
        return Asking(
            self.index,
            model=model,
            history=history,
            settings=settings,
            texts=self.texts,
            pages=self.pages,
            places=SourcePages(self.documents),
        )


def default_folder() -> Path:
    """The folder of the user's cache that longdoc keeps indexes and conversations in; not made yet."""
    from platformdirs import user_cache_path

    return user_cache_path("longdoc", appauthor=False) / "chats"


def library(sources: Sequence[str], folder: Path, ocr: Ocr = "auto") -> Library:
    """The sources, each a path or - for stdin, in the index of `folder`, those that changed put in anew.

    A file is known by its path from the root, so that the index serves every folder that it is asked from, and what
    comes in over stdin by its text. Where the index grows over 200,000 entries, what was asked least recently leaves
    it. Raises `InputError` for a source that cannot be read.
    """
    documents = load_sources([_read(Path(source), folder / "read", ocr) for source in sources], ocr)
    ids = [_id(source, document) for source, document in zip(sources, documents, strict=True)]
    if len(set(ids)) < len(ids):
        twice = next(source for source, name in zip(sources, ids, strict=True) if ids.count(name) > 1)
        raise InputError(f"the source {twice!r} was given twice; give each once")
    encoder = SentenceEncoder()
    where = folder / f"index-{_digest(encoder.fingerprint)}"
    index = PassageIndex.mended(where, encoder)
    marked = [_marked(document, name) for document, name in zip(documents, ids, strict=True)]
    held = [_held_name(index, one) for one in marked]
    fresh = [name is None or held.count(name) > 1 for name in held]
    index.put([one for one, is_fresh in zip(marked, fresh, strict=True) if is_fresh])
    names = [str(one.metadata["source"]) for one in documents]
    known = [new if old is None or is_fresh else old for new, old, is_fresh in zip(names, held, fresh, strict=True)]
    if len(set(known)) < len(known):  # a name of now is another document's of before
        index.put(marked)
        known = names
    keep_recent(index, where / "asked.json", ids)
    called = [
        one.model_copy(update={"metadata": {**one.metadata, "source": name}})
        for one, name in zip(documents, known, strict=True)
    ]
    return Library(index, tuple(ids), tuple(called), tuple(names))


def keep_recent(index: PassageIndex, noted: Path, ids: Sequence[str], most: int = _MOST) -> None:
    """Notes that these documents were asked; deletes those asked least recently while there are too many entries."""
    with FileLock(noted.with_suffix(".lock")):
        try:
            asked = [str(one) for one in json.loads(noted.read_bytes())]
        except (OSError, ValueError, TypeError):
            asked = []
        order = [*(one for one in asked if one not in ids), *ids]
        counts = index.documents()
        unknown = [one for one in counts if one not in order]
        total, gone = sum(counts.values()), list[str]()
        for name in [*unknown, *order[: -len(ids)]]:
            if total <= most:
                break
            total -= counts.get(name, 0)
            gone.append(name)
        if gone:
            index.delete(gone)
        with suppress(OSError):
            write_whole(noted, json.dumps([one for one in order if one in counts and one not in gone]).encode())


def answering(model: str) -> str | BaseChatModel:
    """What answers by that name: "extractive", or the chat model, loaded. Raises as `chat_model` does."""
    if model == "extractive":
        return model
    from longdoc.pipelines.summarizers.models import chat_model

    return chat_model(model)


def session_of(ids: Sequence[str]) -> str:
    """The name of the conversation about these documents, whatever their order."""
    return f"documents:{_digest(chr(0).join(sorted(ids)))}"


def _read(source: Path, folder: Path, ocr: Ocr) -> Document | Path:
    return source if str(source) == "-" else kept_reading(source, folder, ocr)


def _id(source: str, document: Document) -> str:
    return f"-:{_digest(document.page_content)}" if source == "-" else os.path.realpath(source)


def _marked(document: Document, name: str) -> Document:
    """The document with a digest of itself, which its chunks carry."""
    told = document.metadata
    known = repr([code_digest(*_CODE), {name: told[name] for name in sorted(told) if name != "source"}])
    digest = _digest(f"{known}\0{document.page_content}")
    return document.model_copy(update={"id": name, "metadata": {**told, "digest": digest}})


def _held_name(index: PassageIndex, document: Document) -> str | None:
    """The source by which the index has this very document; None where it has not."""
    held = index.first(str(document.id))
    if held is None or held.metadata.get("digest") != document.metadata["digest"]:
        return None
    return str(held.metadata["source"])


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
