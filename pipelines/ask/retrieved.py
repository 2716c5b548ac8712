"""Any LangChain retriever or vector store as what a chat asks: its documents carry `source` and `start_index`."""

from __future__ import annotations

from collections.abc import Callable, Collection

from langchain_core.callbacks import CallbackManager
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables.config import ensure_config
from langchain_core.vectorstores import VectorStore

from longdoc.errors import InputError
from longdoc.memory.index.document_index import Match
from longdoc.memory.shared.ranked import RankedRetriever

_FEW_MORE = 4  # times as many, where only some of the documents are asked


class Retrieved:
    """The passages that a retriever or a vector store finds. What they belong to as a whole is not known.

    Raises `InputError` for a passage that does not say where it stands.
    """

    def __init__(self, store: BaseRetriever | VectorStore) -> None:
        self._store = store

    def __repr__(self) -> str:
        return type(self._store).__name__

    @property
    def embeddings(self) -> Embeddings | None:
        """What the store embeds with, where it says so."""
        return getattr(self._store, "embeddings", None)

    def documents(self) -> dict[str, int]:
        """None are known before something is asked."""
        return {}

    def entries(self, document: str) -> list[Document]:
        """None are known before something is asked."""
        return []

    def matches(
        self, query: str, k: int = 4, *, documents: Collection[str] | None = None, kind: str | None = None
    ) -> list[Match]:
        """The first `k` passages, best first; `documents` keeps to those sources."""
        found = self._found(query, k if documents is None else _FEW_MORE * k)
        kept = [_placed(one) for one in found if documents is None or one.metadata.get("source") in documents]
        return [Match(one, 1.0 - at / max(1, len(kept)), 0.0) for at, one in enumerate(kept[:k])]

    def diverse_matches(
        self, query: str, k: int = 4, *, documents: Collection[str] | None = None, kind: str | None = None
    ) -> list[Match]:
        """None: summaries are found in a `DocumentIndex` only."""
        return []

    def _found(self, query: str, k: int) -> list[Document]:
        if isinstance(self._store, VectorStore):
            return RankedRetriever(store=self._store, k=k).invoke(query)
        return self._store.invoke(query)


def traced(question: str, find: Callable[[], list[Match]]) -> list[Match]:
    """What `find` finds, told to the callbacks of the run that it is part of as the run of a retriever."""
    config = ensure_config()
    manager = CallbackManager.configure(
        config.get("callbacks"), inheritable_tags=config.get("tags"), inheritable_metadata=config.get("metadata")
    )
    run = manager.on_retriever_start({}, question, name="DocumentIndex")
    try:
        found = find()
    except Exception as error:
        run.on_retriever_error(error)
        raise
    run.on_retriever_end([match.document for match in found])
    return found


def _placed(document: Document) -> Document:
    start = document.metadata.get("start_index")
    if not isinstance(start, int) or not document.metadata.get("source"):
        raise InputError(
            f"a passage that was found has the metadata {sorted(document.metadata)}; cut documents with a splitter "
            "that gives them source and start_index (add_start_index=True)"
        )
    return document
