"""The sources of a chat in an index on disk: read, cut and embedded once, and again only where they changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel

from longdoc.errors import InputError
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.pipelines.sources import load_sources
from longdoc.pipelines.summarizers.models import chat_model

_VERSION = 1  # of what an index has of a source


@dataclass(frozen=True)
class Library:
    """Sources that are in an index, which may have others too: their ids there, and they themselves, in order."""

    index: DocumentIndex
    ids: tuple[str, ...]
    documents: tuple[Document, ...]

    @property
    def texts(self) -> dict[str, str]:
        """The source texts by name."""
        return {str(one.metadata["source"]): one.page_content for one in self.documents}

    @property
    def pages(self) -> dict[str, tuple[int, ...]]:
        """Where the pages of each source begin, for sources that have pages."""
        named = ((str(one.metadata["source"]), tuple(one.metadata.get("pages") or ())) for one in self.documents)
        return {source: pages for source, pages in named if pages}

    def add_tree(self, name: str, tree: SummaryTree) -> None:
        """Has the summaries of the document with the id `name` found as well."""
        document = self.documents[self.ids.index(name)]
        self.index.put([_marked(document, name)], {name: tree})

    def chat(
        self, model: str | BaseChatModel, settings: ChatSettings, history: BaseChatMessageHistory | None = None
    ) -> DocumentChat:
        """A chat over these sources."""
        return DocumentChat(
            self.index, model=model, history=history, settings=settings, texts=self.texts, pages=self.pages
        )


def default_folder() -> Path:
    """The folder of the user's cache that longdoc keeps indexes and conversations in; not made yet."""
    from platformdirs import user_cache_path

    return user_cache_path("longdoc", appauthor=False) / "chats"


def library(sources: Sequence[str], folder: Path) -> Library:
    """The sources, each a path or - for stdin, in the index of `folder`, those that changed put in anew.

    A file is known by its path from the root, so that the index serves every folder that it is asked from. Raises
    `InputError` for a source that cannot be read.
    """
    documents = load_sources([Path(source) for source in sources])
    ids = [_id(source) for source in sources]
    if len(set(ids)) < len(ids):
        twice = next(source for source, name in zip(sources, ids, strict=True) if ids.count(name) > 1)
        raise InputError(f"the source {twice!r} was given twice; give each once")
    embedder = Embedder()
    index = DocumentIndex(folder / f"index-{_digest(embedder.fingerprint)}", embedder)
    marked = [_marked(document, name) for document, name in zip(documents, ids, strict=True)]
    index.put([one for one in marked if not _is_held(index, one)])
    return Library(index, tuple(ids), tuple(documents))


def answering(model: str) -> str | BaseChatModel:
    """What answers by that name: "extractive", or the chat model, loaded. Raises as `chat_model` does."""
    return model if model == "extractive" else chat_model(model)


def session_of(ids: Sequence[str]) -> str:
    """The name of the conversation about these documents, whatever their order."""
    return f"documents:{_digest(chr(0).join(sorted(ids)))}"


def _id(source: str) -> str:
    return "-" if source == "-" else os.path.realpath(source)


def _marked(document: Document, name: str) -> Document:
    """The document with a digest of itself, which its chunks carry."""
    told = document.metadata
    known = repr([_VERSION, told["source"], told.get("outline"), told.get("pages")])
    digest = _digest(f"{known}\0{document.page_content}")
    return Document(id=name, page_content=document.page_content, metadata={**told, "digest": digest})


def _is_held(index: DocumentIndex, document: Document) -> bool:
    held = index.entries(str(document.id))
    return bool(held) and held[0].metadata.get("digest") == document.metadata["digest"]


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
