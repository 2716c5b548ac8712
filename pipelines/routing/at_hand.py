"""One model or several behind one interface, which summarizes, plans and answers questions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from langchain_core.chat_history import BaseChatMessageHistory
    from langchain_core.language_models import BaseChatModel

    from longdoc.memory.summaries.tree import SummaryTree
    from longdoc.pipelines.ask.answer import Answer
    from longdoc.pipelines.ask.settings import ChatSettings
    from longdoc.pipelines.route import Route
    from longdoc.pipelines.routing.chat import ChatWith, Documents
    from longdoc.pipelines.routing.models import RoutedModel
    from longdoc.pipelines.sources import Sources
    from longdoc.pipelines.summarize.map_reduce import OnEvent
    from longdoc.pipelines.summarize.plan import Plan, Prices
    from longdoc.pipelines.summarize.summarize import Settings

OnRoute = Callable[["Route"], object] | None
OnWord = Callable[[str], object] | None


class Chat(Protocol):
    """Answers questions about documents: a `DocumentChat` or a `RoutedChat`."""

    def ask(self, question: str, *, documents: Collection[str] | None = None) -> Answer:
        """The checked answer."""

    def stream_answer(self, question: str, *, documents: Collection[str] | None = None) -> Iterator[str | Answer]:
        """Pieces of text as they are written, then the checked answer."""

    def astream_answer(self, question: str, *, documents: Collection[str] | None = None) -> AsyncIterator[str | Answer]:
        """The same, without blocking the event loop."""


@dataclass(frozen=True)
class OneModel:
    """One model, which is used for everything; `settings` are used with it."""

    model: str | BaseChatModel

    def chat(
        self,
        chat_with: ChatWith,
        documents: Documents,
        settings: ChatSettings | None = None,
        history: BaseChatMessageHistory | None = None,
    ) -> Chat:
        """A chat over documents; `documents` and `chat_with` are those of `RoutedChat`."""
        return chat_with(self.model)

    def tree(
        self,
        sources: Sources,
        settings: Settings,
        on_event: OnEvent | None = None,
        on_route: OnRoute = None,
        on_word: OnWord = None,
    ) -> SummaryTree:
        """A summary; `on_route` is told how the text is read, `on_word` of each model that failed before."""
        from longdoc.pipelines.summarize.summarize import Summarizing

        return Summarizing(replace(settings, model=self.model), on_event, on_route).run(sources)

    def plan(self, sources: Sources, settings: Settings, prices: Prices | None = None) -> Plan:
        """The calls, tokens and money that the summary will take."""
        return replace(settings, model=self.model).plan(sources, prices)


@dataclass(frozen=True)
class SeveralModels:
    """Models among which a router chooses, each time anew."""

    models: Sequence[RoutedModel]

    def chat(
        self,
        chat_with: ChatWith,
        documents: Documents,
        settings: ChatSettings | None = None,
        history: BaseChatMessageHistory | None = None,
    ) -> Chat:
        """See `OneModel`."""
        from longdoc.pipelines.routing.chat import RoutedChat

        return RoutedChat(self.models, documents, chat_with, history=history, settings=settings)

    def tree(
        self,
        sources: Sources,
        settings: Settings,
        on_event: OnEvent | None = None,
        on_route: OnRoute = None,
        on_word: OnWord = None,
    ) -> SummaryTree:
        """See `OneModel`."""
        from longdoc.pipelines.routing.router import Assignment, Router

        asked = Assignment("summarize", sources, settings.query, settings.max_tokens)
        reading = Router(self.models, settings=settings, on_event=on_event).read(asked)
        if on_word is not None:
            for word in reading.failures:
                on_word(word)
        if on_route is not None:
            on_route(reading.route)
        tree: SummaryTree = reading.result
        return tree

    def plan(self, sources: Sources, settings: Settings, prices: Prices | None = None) -> Plan:
        """See `OneModel`."""
        from longdoc.pipelines.routing.router import Assignment, Router

        asked = Assignment("summarize", sources, settings.query, settings.max_tokens)
        return Router(self.models, settings=settings).plan(asked, prices)[1]


AtHand = OneModel | SeveralModels


def at_hand(names: Sequence[str], *, chats: bool = False) -> AtHand:
    """The models by these names. Several, or one that only reads, have the extractive default as the last resort.

    With `chats` a single chat model is loaded now. Raises as `models_of` does.
    """
    if len(names) == 1 and not names[0].startswith(("longformer:", "led:") if chats else "longformer:"):
        if not chats or names[0] == "extractive":
            return OneModel(names[0])
        from longdoc.pipelines.ask.library import answering

        return OneModel(answering(names[0]))
    from longdoc.pipelines.routing.models import EXTRACTIVE, models_of

    return SeveralModels(models_of(tuple(dict.fromkeys((*names, EXTRACTIVE)))))
