"""The index as LangChain has it: a `VectorStore` on disk, and a retriever over it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, Self, cast

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from pydantic import ConfigDict

from longdoc.arguments import checked
from longdoc.chunkers.section import SectionChunker
from longdoc.memory.index.passage_index import CHUNK_TOKENS, Cuts, Match, PassageIndex
from longdoc.memory.index.settings import IndexSettings
from longdoc.models.encoder.embedder import Embedder

__all__ = ["CHUNK_TOKENS", "DocumentIndex", "IndexRetriever", "Match"]


@checked
class DocumentIndex(PassageIndex, VectorStore):
    """Chunks of documents, and the nodes of their summary trees, in a folder that many processes may read at once.

    `put` takes whole documents, cuts them with `chunker` and replaces what they were before; only texts that are new
    are embedded. `add_documents` and `add_texts` take passages as they are. Every change is on disk when it returns,
    and a kill leaves each document as it was or as it is to be. One process writes at a time, the others wait; readers
    wait for nobody, and each search sees one moment of the index.

    `folder` None keeps the index in a temporary folder for as long as this object lives. `embeddings` is any LangChain
    `Embeddings` (the bundled encoder by default); give `fingerprint`, a name that changes when its vectors may, where
    it has none of its own, and an index built with another model is refused. Vectors are kept at unit length.
    `chunker` is any LangChain splitter.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        embeddings: Embeddings | None = None,
        *,
        chunker: BaseDocumentTransformer | None = None,
        settings: IndexSettings | None = None,
        fingerprint: str | None = None,
    ) -> None:
        super().__init__(
            folder, embeddings, chunker=cast("Cuts | None", chunker), settings=settings, fingerprint=fingerprint
        )

    @staticmethod
    def _cutter() -> Cuts:
        return SectionChunker(CHUNK_TOKENS)

    @staticmethod
    def _encoder() -> Embeddings:
        return Embedder()

    @property
    def embeddings(self) -> Embeddings:
        """What turns texts into vectors."""
        return cast("Embeddings", self._embeddings)

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The documents of `matches`, which takes the same options."""
        return [one.document for one in self.matches(query, k, **kwargs)]

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> list[tuple[Document, float]]:
        """The documents of `matches` and their scores: higher is better, comparable within one question only."""
        return [(one.document, one.score) for one in self.matches(query, k, **kwargs)]

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        """The documents of `matches_by_vector`."""
        return [one.document for one in self.matches_by_vector(embedding, k, **kwargs)]

    def _similarity_search_with_relevance_scores(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The documents of `matches` and their cosines, 0 for those below: what a threshold can be set on."""
        kwargs.pop("score_threshold", None)
        return [(one.document, min(1.0, max(0.0, one.cosine))) for one in self.matches(query, k, **kwargs)]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """The documents of `diverse_matches`."""
        found = self.diverse_matches(query, k, fetch_k=fetch_k, lambda_mult=lambda_mult, **kwargs)
        return [one.document for one in found]

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        """The documents of `diverse_matches` for a vector."""
        found = self.diverse_matches(embedding, k, fetch_k=fetch_k, lambda_mult=lambda_mult, **kwargs)
        return [one.document for one in found]

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings | None = None,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """An index of passages, with the bundled encoder where none is given; further arguments go to the class."""
        index = cls(embeddings=embedding, **kwargs)
        index.add_texts(texts, metadatas, ids=ids)
        return index


class IndexRetriever(BaseRetriever):
    """The `k` best entries of an index for a question; each option may be given to `invoke` too.

    `diverse` takes them by maximal marginal relevance. The other options are those of `DocumentIndex.matches`.
    """

    index: DocumentIndex
    k: int = 4
    diverse: bool = False
    filter: Mapping[str, Any] | Callable[[Document], bool] | None = None
    documents: Collection[str] | None = None
    kind: str | None = None

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        options = {name: getattr(self, name) for name in ("k", "filter", "documents", "kind")} | kwargs
        diverse = options.pop("diverse", self.diverse)
        find = self.index.diverse_matches if diverse else self.index.matches
        return [one.document for one in find(query, **options)]
