"""A LangChain retriever over a `DocumentIndex`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from longdoc.memory.index.document_index import DocumentIndex


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
