"""Questions about documents, each answered by the model at hand that fits it: whole, by windows, or by passages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, cast

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from longdoc.pipelines.answers.carry import standing_alone
from longdoc.pipelines.answers.kinds import asked_for
from longdoc.pipelines.ask.answer import Answer, answer_json
from longdoc.pipelines.ask.asking import Asking
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.pipelines.ask.turn import ChatRequest
from longdoc.pipelines.route import ModelAtHand, Request, Route
from longdoc.pipelines.routing.attempts import FAILURES, Attempts, models_errors
from longdoc.pipelines.routing.models import RoutedModel
from longdoc.pipelines.routing.windows import answered

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_INSTRUCTIONS = 300  # tokens of a chat's prompt beside question and passages
_OF_A_SPAN = {"definition", "yes-no", "why", "fact"}  # the kinds of question that one place in a text may answer

Documents = Callable[[Collection[str] | None], Sequence[Document]]
ChatWith = Callable[["str | BaseChatModel"], Asking]


class RoutedChat:
    """A chat over documents with several models at hand, which chooses anew for each question.

    `documents` gives the whole documents with these ids, all for None; `chat_with` the chat over them with a model.
    A Longformer answers with one span of all that they say; its turns stand in `history` as a chat model's do. Where a
    model fails before it has said anything, the next is asked; `failures` and `taken` tell how the last answer came
    about.
    """

    def __init__(
        self,
        models: Sequence[RoutedModel],
        documents: Documents,
        chat_with: ChatWith,
        *,
        history: BaseChatMessageHistory | None = None,
        settings: ChatSettings | None = None,
        free_bytes: int | None = None,
        task: Literal["answer", "chat"] = "answer",
    ) -> None:
        self._models, self._documents, self._chat_with = tuple(models), documents, chat_with
        self._history, self._settings = history, settings or ChatSettings()
        self._free_bytes = free_bytes
        self._task: Literal["answer", "chat"] = task
        self.taken: Route | None = None
        self.failures: tuple[str, ...] = ()

    def ask(self, question: str, *, documents: Collection[str] | None = None) -> Answer:
        """The checked answer; raises as `DocumentChat.ask` does, and `BudgetError` where no model fits."""
        return cast("Answer", list(self.stream_answer(question, documents=documents))[-1])

    def route(self, question: str, *, documents: Collection[str] | None = None) -> Route:
        """How a question would be answered that begins a conversation; nothing is read but the texts."""
        return self._attempts(question, question, self._documents(documents)).next()[0]

    def stream_answer(self, question: str, *, documents: Collection[str] | None = None) -> Iterator[str | Answer]:
        """Pieces of text as they are written, then the checked `Answer`, whose `route` says who read what and why."""
        request = ChatRequest(question, documents)
        texts = self._documents(documents)
        turns: Sequence[BaseMessage] = self._history.messages if self._history is not None else ()
        attempts = self._attempts(question, standing_alone(question, turns), texts)
        said = False
        while True:
            route, model = attempts.next()
            try:
                with models_errors(model.name):
                    for piece in self._pieces(request, texts, turns, route, model):
                        said = said or bool(piece)
                        yield self._told(piece, route, attempts) if isinstance(piece, Answer) else piece
                return
            except FAILURES as error:
                if said:
                    raise
                attempts.failed(model, error)

    async def astream_answer(
        self, question: str, *, documents: Collection[str] | None = None
    ) -> AsyncIterator[str | Answer]:
        """The same as `stream_answer`, without blocking the event loop; each piece is made in a thread."""
        pieces = self.stream_answer(question, documents=documents)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece

    def _attempts(self, question: str, alone: str, texts: Sequence[Document]) -> Attempts:
        settings = self._settings
        by_span = {asked_for(question).kind, asked_for(alone).kind} <= _OF_A_SPAN

        def asked(model: RoutedModel, facts: ModelAtHand) -> Request:
            tokens = sum(model.count(one.page_content) for one in texts)
            beside = model.count(alone) + (0 if facts.kind == "longformer" else _INSTRUCTIONS)
            return Request(self._task, tokens, beside, settings.max_tokens, max(1, len(texts)), settings.whole_tokens)

        able = [one for one in self._models if by_span or one.facts.kind != "longformer"]
        return Attempts(self._task, able or self._models, settings.context_tokens, asked, self._free_bytes)

    def _pieces(
        self,
        request: ChatRequest,
        texts: Sequence[Document],
        turns: Sequence[BaseMessage],
        route: Route,
        model: RoutedModel,
    ) -> Iterator[str | Answer]:
        if route.strategy != "longformer":
            yield from self._chat_with(model.opened()).stream_answer(request.question, documents=request.documents)
            return
        began = time.monotonic()
        found = answered(model.opened(), standing_alone(request.question, turns), texts)
        answer = found.model_copy(update={"seconds": time.monotonic() - began})
        yield str(answer.text)
        if self._history is not None:
            kept = AIMessage(str(answer.text), additional_kwargs={"answer": answer_json(answer)})
            self._history.add_messages([HumanMessage(request.question), kept])
        yield answer

    def _told(self, answer: Answer, route: Route, attempts: Attempts) -> Answer:
        """The answer with its route; what the extractive default took the question for stands behind it."""
        self.taken, self.failures = route, tuple(attempts.words)
        said = [*(f"{one}." for one in attempts.words), str(route), answer.route]
        return answer.model_copy(update={"route": " ".join(filter(None, said))})
