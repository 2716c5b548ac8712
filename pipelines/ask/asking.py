"""Questions about documents answered in a stream, and every sentence of the answer checked against its source."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, cast

from longdoc.arguments import checked
from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer
from longdoc.errors import InputError, LongdocError, StageError
from longdoc.memory.index.passage_index import PassageIndex
from longdoc.models.encoder.encoder import SentenceEncoder
from longdoc.pipelines.ask.answer import Answer, answer_json
from longdoc.pipelines.ask.material import Material, Searched
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.pipelines.ask.turn import ChatRequest, Means, Turn

if TYPE_CHECKING:
    from langchain_core.chat_history import BaseChatMessageHistory
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
    from typing_extensions import TypeIs

    from longdoc.memory.history.chat_history import ChatHistory

_log = logging.getLogger(__name__)


@checked
class Asking:
    """A `DocumentChat` that is no LangChain `Runnable`, so that it can be had without what those load."""

    def __init__(
        self,
        index: Searched,
        *,
        model: str | BaseChatModel = "extractive",
        history: ChatHistory | BaseChatMessageHistory | None = None,
        settings: ChatSettings | None = None,
        texts: Mapping[str, str] | None = None,
        pages: Mapping[str, Sequence[int]] | None = None,
        places: SourcePages | None = None,
    ) -> None:
        self.index = index
        self.history = history
        self.settings = settings or ChatSettings()
        self.model = _model(model)
        self._means = self._means_with(Material(index, texts, pages, places))

    def __repr__(self) -> str:
        model = "extractive" if self.model is None else type(self.model).__name__
        return f"<{type(self).__name__} over {self.index!r}, model {model}>"

    def ask(self, question: str, *, documents: Collection[str] | None = None) -> Answer:
        """The checked answer; `documents` keeps to the documents with these ids.

        Raises `InputError` for a blank question and documents that are not there, `BudgetError` for a context that
        the question and one passage do not fit, `StageError` where the chat model fails.
        """
        return last(self.stream_answer(question, documents=documents))

    async def aask(self, question: str, *, documents: Collection[str] | None = None) -> Answer:
        """The same as `ask`, without blocking the event loop."""
        return await last_of(self.astream_answer(question, documents=documents))

    def stream_answer(self, question: str, *, documents: Collection[str] | None = None) -> Iterator[str | Answer]:
        """Pieces of text as they are written, unchecked, then the checked `Answer`."""
        return self._stream(ChatRequest(question, documents))

    def astream_answer(self, question: str, *, documents: Collection[str] | None = None) -> AsyncIterator[str | Answer]:
        """The same as `stream_answer`, without blocking the event loop."""
        return self._astream(ChatRequest(question, documents))

    def _means_with(self, material: Material) -> Means:
        given = self.index.encoder
        encoder = given if isinstance(given, SentenceEncoder) else SentenceEncoder()
        tokenizer = load_tokenizer(self.settings.tokenizer) if self.settings.tokenizer else self._tokenizer()
        small = self.model if getattr(self.model, "small", False) else None
        return Means(self.settings, material, None if small is not None else self.model, tokenizer, encoder, small)

    def _tokenizer(self) -> Tokenizer:
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
        if request.documents is None or not isinstance(self.index, PassageIndex):
            return
        known = self.index.documents()
        unknown = [name for name in request.documents if name not in known]
        if unknown:
            raise InputError(f"the index has no document {unknown[0]!r}; it has {_some(known)}")

    def _recalled(self, request: ChatRequest) -> Sequence[BaseMessage]:
        """The turns before the question: those given, else those that the history holds for it."""
        if request.history is not None:
            return request.history
        if self._own_history(self.history):
            budget = self._recall(request.question)
            return self.history.prompt("", request.question, budget, counting=self._means.count)[:-1]
        return self.history.messages if self.history is not None else ()

    async def _arecalled(self, request: ChatRequest) -> Sequence[BaseMessage]:
        if request.history is not None:
            return request.history
        if self._own_history(self.history):
            budget = self._recall(request.question)
            return (await self.history.aprompt("", request.question, budget, counting=self._means.count))[:-1]
        return await self.history.aget_messages() if self.history is not None else ()

    def _recall(self, question: str) -> int:
        """The tokens that a history may fill with the question and what was before it."""
        share = int(self._means.prompt_tokens * self.settings.history_share)
        from langchain_core.messages import HumanMessage

        return self._means.count([HumanMessage(question)]) + share

    @staticmethod
    def _own_history(history: object) -> TypeIs[ChatHistory]:
        if history is None:
            return False
        from longdoc.memory.history.chat_history import ChatHistory

        return isinstance(history, ChatHistory)

    def _remember(self, request: ChatRequest, answer: Answer) -> None:
        """Adds question and answer to the chat's own history; a history that came with the request is the caller's."""
        if self.history is not None and request.history is None:
            from langchain_core.messages import AIMessage, HumanMessage

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


def last(pieces: Iterator[str | Answer]) -> Answer:
    """The answer, which comes behind its pieces."""
    return cast("Answer", list(pieces)[-1])


async def last_of(pieces: AsyncIterator[str | Answer]) -> Answer:
    """The same of a stream."""
    return cast("Answer", [piece async for piece in pieces][-1])
