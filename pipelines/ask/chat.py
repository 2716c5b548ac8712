"""A chat over documents as a stage of LangChain, over an index of ours or any store or retriever."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.vectorstores import VectorStore

from longdoc.arguments import checked
from longdoc.chunkers.readers.pages import SourcePages
from longdoc.errors import InputError
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.index.passage_index import Match, PassageIndex
from longdoc.memory.shared.ranked import RankedRetriever
from longdoc.pipelines.ask.answer import Answer
from longdoc.pipelines.ask.asking import Asking, last, last_of
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.pipelines.ask.turn import ChatRequest

Asked = str | ChatRequest | dict[str, Any]
_FEW_MORE = 4  # times as many, where only some of the documents are asked


@checked
class DocumentChat(Asking, Runnable[Asked, Answer]):
    """A chat over the documents of an index: each answer with the places that it rests on.

    `model` is "extractive", which quotes the best sentences found, a name that LangChain's `init_chat_model` takes, or
    a chat model. A chat model is given the passages found, or the whole document where it is one and fits, inside
    `settings.context_tokens`; its sentences are checked, and those that nothing supports are marked. The answer is
    "The documents do not say." where nothing found answers. A small one (`WindowedChatModel.small`) is told only what
    the extractive answer found, to put it into a sentence. With `history`, what was said before is part of the
    question, and each question and answer is added to it; a question that needs it is first rewritten by the model, in
    one call.

    `index` may also be any LangChain retriever or vector store whose documents carry `source` and `start_index`; a chat
    then knows passages only, and answers from those.

    `texts` and `pages` give whole sources, and where their pages begin, by name; else they are taken from the index.
    `places` tells where on its page a citation stands; the index knows the page and its label alone.
    As a Runnable it takes a question, a `ChatRequest`, or a dict with "question" and, if there are, "documents" and
    "history" (messages); `chat | answer_json` is what `RunnableWithMessageHistory` can hold.
    """

    def __init__(
        self,
        index: DocumentIndex | BaseRetriever | VectorStore,
        *,
        model: str | BaseChatModel = "extractive",
        history: ChatHistory | BaseChatMessageHistory | None = None,
        settings: ChatSettings | None = None,
        texts: Mapping[str, str] | None = None,
        pages: Mapping[str, Sequence[int]] | None = None,
        places: SourcePages | None = None,
    ) -> None:
        super().__init__(
            index if isinstance(index, PassageIndex) else Retrieved(index),
            model=model,
            history=history,
            settings=settings,
            texts=texts,
            pages=pages,
            places=places,
        )

    def invoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """The checked answer, traced as a LangChain run."""
        return self._call_with_config(
            lambda given: last(self._stream(ChatRequest.of(given))), input, config, run_type="chain", **kwargs
        )

    async def ainvoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """The same as `invoke`, without blocking the event loop."""

        async def answered(given: Asked) -> Answer:
            return await last_of(self._astream(ChatRequest.of(given)))

        return await self._acall_with_config(answered, input, config, run_type="chain", **kwargs)

    def stream(  # type: ignore[override]  # pieces of text come before the answer
        self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[str | Answer]:
        """Pieces of text as they are written, then the checked answer, traced as a LangChain run."""

        def pieces(given: Iterator[Asked]) -> Iterator[Any]:
            return self._stream(ChatRequest.of(next(given)))

        yield from self._transform_stream_with_config(iter([input]), pieces, config, run_type="chain", **kwargs)

    async def astream(  # type: ignore[override]
        self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[str | Answer]:
        """The same as `stream`, without blocking the event loop."""

        async def given() -> AsyncIterator[Asked]:
            yield input

        async def pieces(inputs: AsyncIterator[Asked]) -> AsyncIterator[Any]:
            async for one in inputs:
                async for piece in self._astream(ChatRequest.of(one)):
                    yield piece

        async for piece in self._atransform_stream_with_config(given(), pieces, config, run_type="chain", **kwargs):
            yield piece

    @property
    def InputType(self) -> type[str]:  # noqa: N802  LangChain's name
        """A question in words: what a tool made of the chat is given."""
        return str


class Retrieved:
    """The passages that a retriever or a vector store finds. What they belong to as a whole is not known.

    Raises `InputError` for a passage that does not say where it stands.
    """

    def __init__(self, store: BaseRetriever | VectorStore) -> None:
        self._store = store

    def __repr__(self) -> str:
        return type(self._store).__name__

    @property
    def encoder(self) -> Embeddings | None:
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


def _placed(document: Document) -> Document:
    start = document.metadata.get("start_index")
    if not isinstance(start, int) or not document.metadata.get("source"):
        raise InputError(
            f"a passage that was found has the metadata {sorted(document.metadata)}; cut documents with a splitter "
            "that gives them source and start_index (add_start_index=True)"
        )
    return document
