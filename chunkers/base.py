"""The interface that every chunker has to LangChain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.runnables import Runnable, RunnableConfig

from longdoc.arguments import checked
from longdoc.chunkers.cutter import Cutter

ChunkerInput = str | Document | Sequence[Document]


@checked
class Chunker(Cutter, Runnable[ChunkerInput, list[Document]], BaseDocumentTransformer):
    """Splits text into `Document`s of at most `max_tokens` tokens that, overlap aside, join to the text.

    `overlap` tokens at most are said again at the start of the next chunk, inside the limit. Each chunk's metadata
    has `source`, `start_index`, `end_index`, `token_count` (as counted on the chunk alone) and `headings`, the path to
    where it starts; where there are pages `page`, the one it starts on, and `page_breaks`, where in the text further
    ones begin; and `table_header` where it starts below the header of a table: what its columns are called. As a
    Runnable it takes a text, a `Document` or a list of them. Time grows with the text, memory does not. Raises
    `BudgetError` for limits that cannot hold.
    """

    def invoke(self, input: ChunkerInput, config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:
        """The chunks of a text, a `Document` or a list of them, traced as a LangChain run."""
        return self._call_with_config(self._split_any, input, config, run_type="chain", **kwargs)

    def _split_any(self, given: ChunkerInput) -> list[Document]:
        return self.transform_documents([given] if isinstance(given, str | Document) else given)
