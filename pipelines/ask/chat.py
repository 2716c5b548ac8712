"""Questions about documents answered in a stream, and every sentence of the answer checked against its source."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import Any, cast

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.vectorstores import VectorStore

from longdoc.arguments import checked
from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.errors import InputError, LongdocError, StageError
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.memory.history.message_counter import MessageCounter
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.ask.answer import Answer, answer_json
from longdoc.pipelines.ask.material import Material
from longdoc.pipelines.ask.retrieved import Retrieved
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.pipelines.ask.turn import ChatRequest, Means, Turn
from longdoc.pipelines.summarizers.chat import FRAMING

_log = logging.getLogger(__name__)

Asked = str | ChatRequest | dict[str, Any]


@checked
class DocumentChat(Runnable[Asked, Answer]):
    """A chat over the documents of an index: each answer with the places that it rests on.

    `model` is "extractive", which quotes the best sentences found, a name that LangChain's `init_chat_model` takes, or
    a chat model. A chat model is given the passages found, or the whole document where it is one and fits, inside
    `settings.context_tokens`; its sentences are checked, and those that nothing supports are marked. The answer is
    "The documents do not say." where nothing found answers. With `history`, what was said before is part of the
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
        self.index = index if isinstance(index, DocumentIndex) else Retrieved(index)
        self.history = history
        self.settings = settings or ChatSettings()
        self.model = _model(model)
        self._means = self._means_with(Material(self.index, texts, pages, places))

    def __repr__(self) -> str:
        model = "extractive" if self.model is None else type(self.model).__name__
        return f"<{type(self).__name__} over {self.index!r}, model {model}>"

    def ask(self, question: str, *, documents: Collection[str] | None = None) -> Answer:
        """The checked answer; `documents` keeps to the documents with these ids.

        Raises `InputError` for a blank question and documents that are not there, `BudgetError` for a context that
        the question and one passage do not fit, `StageError` where the chat model fails.
        """
        return _last(self.stream_answer(question, documents=documents))

    async def aask(self, question: str, *, documents: Collection[str] | None = None) -> Answer:
        """The same as `ask`, without blocking the event loop."""
        return await _alast(self.astream_answer(question, documents=documents))

    def stream_answer(self, question: str, *, documents: Collection[str] | None = None) -> Iterator[str | Answer]:
        """Pieces of text as they are written, unchecked, then the checked `Answer`."""
        return self._stream(ChatRequest(question, documents))

    def astream_answer(self, question: str, *, documents: Collection[str] | None = None) -> AsyncIterator[str | Answer]:
        """The same as `stream_answer`, without blocking the event loop."""
        return self._astream(ChatRequest(question, documents))

    def invoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """The checked answer, traced as a LangChain run."""
        return self._call_with_config(
            lambda given: _last(self._stream(ChatRequest.of(given))), input, config, run_type="chain", **kwargs
        )

    async def ainvoke(self, input: Asked, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
        """The same as `invoke`, without blocking the event loop."""

        async def answered(given: Asked) -> Answer:
            return await _alast(self._astream(ChatRequest.of(given)))

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

    def _means_with(self, material: Material) -> Means:
        embeddings = self.index.embeddings
        encoder = embeddings if isinstance(embeddings, Embedder) else Embedder()
        tokenizer = load_tokenizer(self.settings.tokenizer) if self.settings.tokenizer else self._tokenizer()
        counter = MessageCounter(tokenizer, frame_tokens=FRAMING)
        return Means(self.settings, material, self.model, tokenizer, counter, encoder)

    def _tokenizer(self) -> Any:
        if self.model is None:
            return load_tokenizer()
        from longdoc.pipelines.summarizers.models import tokenizer_for

        return tokenizer_for(self.model)

    def _stream(self, request: ChatRequest) -> Iterator[str | Answer]:
        self._check(request)
        turn = Turn(request, self._means, self._recalled(request))
        condensing = turn.condensing()
        prompt = turn.prepare(None if condensing is None else self._said(condensing))
        if prompt is not None:
            with closing(self._written(prompt)) as written:
                for chunk in written:
                    if piece := turn.read(chunk):
                        yield piece
                    if turn.full:
                        break
        yield from filter(None, turn.rest())
        answer = turn.finish()
        self._remember(request, answer)
        yield answer

    async def _astream(self, request: ChatRequest) -> AsyncIterator[str | Answer]:
        await asyncio.to_thread(self._check, request)
        turn = Turn(request, self._means, await self._arecalled(request))
        condensing = await asyncio.to_thread(turn.condensing)
        condensed = None if condensing is None else await self._asaid(condensing)
        prompt = await asyncio.to_thread(turn.prepare, condensed)
        if prompt is not None:
            async with aclosing(self._awritten(prompt)) as written:
                async for chunk in written:
                    if piece := turn.read(chunk):
                        yield piece
                    if turn.full:
                        break
        for piece in filter(None, turn.rest()):
            yield piece
        answer = await asyncio.to_thread(turn.finish)
        await asyncio.to_thread(self._remember, request, answer)
        yield answer

    def _check(self, request: ChatRequest) -> None:
        if request.documents is None or isinstance(self.index, Retrieved):
            return
        known = self.index.documents()
        unknown = [name for name in request.documents if name not in known]
        if unknown:
            raise InputError(f"the index has no document {unknown[0]!r}; it has {_some(known)}")

    def _recalled(self, request: ChatRequest) -> Sequence[BaseMessage]:
        """The turns before the question: those given, else those that the history holds for it."""
        if request.history is not None:
            return request.history
        if isinstance(self.history, ChatHistory):
            budget = self._recall(request.question)
            return self.history.prompt("", request.question, budget, counting=self._means.count)[:-1]
        return self.history.messages if self.history is not None else ()

    async def _arecalled(self, request: ChatRequest) -> Sequence[BaseMessage]:
        if request.history is not None:
            return request.history
        if isinstance(self.history, ChatHistory):
            budget = self._recall(request.question)
            return (await self.history.aprompt("", request.question, budget, counting=self._means.count))[:-1]
        return await self.history.aget_messages() if self.history is not None else ()

    def _recall(self, question: str) -> int:
        """The tokens that a history may fill with the question and what was before it."""
        share = int(self._means.prompt_tokens * self.settings.history_share)
        return self._means.count([HumanMessage(question)]) + share

    def _remember(self, request: ChatRequest, answer: Answer) -> None:
        """Adds question and answer to the chat's own history; a history that came with the request is the caller's."""
        if self.history is not None and request.history is None:
            said = AIMessage(str(answer.text), additional_kwargs={"answer": answer_json(answer)})
            self.history.add_messages([HumanMessage(request.question), said])

    def _said(self, messages: list[BaseMessage]) -> AIMessage | None:
        """What the model says, None where it fails: the question can do without."""
        try:
            return _chat(self.model).invoke(messages)
        except Exception as error:  # noqa: BLE001  it is another's code, and has errors of its own
            _log.warning("the question is asked as it is, for the chat model did not rewrite it: %s", error)
            return None

    async def _asaid(self, messages: list[BaseMessage]) -> AIMessage | None:
        try:
            return await _chat(self.model).ainvoke(messages)
        except Exception as error:  # noqa: BLE001  as above
            _log.warning("the question is asked as it is, for the chat model did not rewrite it: %s", error)
            return None

    def _written(self, messages: list[BaseMessage]) -> Generator[AIMessageChunk, None, None]:
        try:
            yield from _chat(self.model).stream(messages)
        except Exception as error:
            raise _failed(error) from error

    async def _awritten(self, messages: list[BaseMessage]) -> AsyncGenerator[AIMessageChunk, None]:
        try:
            async for chunk in _chat(self.model).astream(messages):
                yield chunk
        except Exception as error:
            raise _failed(error) from error


def _model(model: str | BaseChatModel) -> BaseChatModel | None:
    """The chat model; None for the extractive default."""
    if model == "extractive":
        return None
    if not isinstance(model, str):
        return model
    from longdoc.pipelines.summarizers.models import chat_model

    return chat_model(model)


def _chat(model: BaseChatModel | None) -> BaseChatModel:
    assert model is not None  # noqa: S101  only a chat with a model has prompts
    return model


def _failed(error: Exception) -> Exception:
    if isinstance(error, LongdocError):
        return error
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return StageError(f"the chat model failed: {line}")


def _some(known: Mapping[str, int]) -> str:
    names = [repr(name) for name in list(known)[:3]]
    return ", ".join(names) + (f" and {len(known) - 3} more" if len(known) > 3 else "") if names else "none"


def _last(pieces: Iterator[str | Answer]) -> Answer:
    return cast("Answer", list(pieces)[-1])


async def _alast(pieces: AsyncIterator[str | Answer]) -> Answer:
    return cast("Answer", [piece async for piece in pieces][-1])
