"""The router as a stage: a text of any length read by the model at hand that fits it, and the reason for the choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableConfig

from longdoc.arguments import checked
from longdoc.errors import InputError, UnknownNameError
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.ask.chat import DocumentChat
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.pipelines.route import WAYS, ModelAtHand, Request, Route, Task
from longdoc.pipelines.routing.attempts import Attempts
from longdoc.pipelines.routing.chat import RoutedChat
from longdoc.pipelines.routing.models import RoutedModel, models_of
from longdoc.pipelines.routing.windows import Merge, classified
from longdoc.pipelines.sources import Sources, load_sources
from longdoc.pipelines.summarize.map_reduce import OnEvent
from longdoc.pipelines.summarize.plan import Plan, Prices
from longdoc.pipelines.summarize.stage import Summarization
from longdoc.pipelines.summarize.summarize import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_CHAT_CHUNK = 2048  # tokens that a chat model reads at once in a summary, as `Summarization` has it
_INSTRUCTIONS = 600  # tokens of a summary's prompt beside its text, with room for counting in parts


@dataclass(frozen=True)
class Assignment:
    """What is to be done with which sources.

    `question` is what is asked of them ("answer", "chat"), or what a summary is to be about. `max_tokens` bounds what
    is written, and `merge` says how the windows of "classify" are put together.
    """

    task: Task
    sources: Sources
    question: str | None = None
    max_tokens: int = 300
    merge: Merge = "mean"

    def __post_init__(self) -> None:
        if self.task not in WAYS:
            raise UnknownNameError(f"unknown task {self.task!r}; give one of {', '.join(WAYS)}")
        if self.task in ("answer", "chat") and not (self.question or "").strip():
            raise InputError(f"the question is {self.question!r}; say in words what you want to know")
        if self.merge not in ("mean", "max"):
            raise UnknownNameError(f"unknown merge {self.merge!r}; give mean or max")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of an assignment, the route by which it was read, and a word for each model that failed before.

    As the task was, `result` is a `SummaryTree`, an `Answer`, a tuple of `Classified`, one a source, a tuple of
    vectors, or the text that was generated.
    """

    route: Route
    result: Any
    failures: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The failures and the route, as sentences."""
        return " ".join([*(f"{one}." for one in self.failures), str(self.route)])


@checked
class Router(Runnable[Assignment, Reading]):
    """Reads with the model at hand that fits best, and with the next where one fails.

    `models` are names (`longformer:FOLDER`, `led:FOLDER`, `hf:FOLDER`, `openai:…`, `extractive`), chat models, or
    `RoutedModel`s; weights are read when a model is first chosen. `settings` and `chat` say how summaries and answers
    are made, model and budget aside. `free_bytes` None measures the memory that is free.
    """

    def __init__(
        self,
        models: Sequence[str | BaseChatModel | RoutedModel],
        *,
        settings: Settings | None = None,
        chat: ChatSettings | None = None,
        free_bytes: int | None = None,
        on_event: OnEvent | None = None,
    ) -> None:
        self.models = models_of(models)
        self._settings = settings or Settings()
        self._chat = chat or ChatSettings()
        self._free_bytes = free_bytes
        self._on_event = on_event

    def invoke(self, input: Assignment, config: RunnableConfig | None = None, **kwargs: Any) -> Reading:
        """What comes of an assignment, traced as a LangChain run."""
        return self._call_with_config(self.read, input, config, run_type="chain", **kwargs)

    def read(self, assignment: Assignment) -> Reading:
        """What comes of an assignment.

        Raises `UnavailableError` where no model can do the task, `BudgetError` where each is too small, and what the
        last model raised where all fail.
        """
        documents = load_sources(assignment.sources)
        if assignment.task in ("answer", "chat"):
            return self._answered(assignment, documents)
        attempts = self._attempts(assignment, documents)
        route, result = attempts.run(lambda route, model: self._done(assignment, documents, route, model))
        if isinstance(result, _Told):
            route, result = result.route, result.tree
        return Reading(route, result, tuple(attempts.words))

    def route(self, assignment: Assignment) -> Route:
        """The route alone: nothing is read but the text, and no weights."""
        documents = load_sources(assignment.sources)
        if assignment.task in ("answer", "chat"):
            return self._chat_of(assignment, documents).route(str(assignment.question))
        return self._attempts(assignment, documents).next()[0]

    def plan(self, assignment: Assignment, prices: Prices | None = None) -> tuple[Route, Plan]:
        """What a summary will take by the route that is chosen; the model's tokenizer and limits are loaded."""
        documents = load_sources(assignment.sources)
        attempts = self._attempts(assignment, documents)
        return attempts.run(lambda route, model: self._wanted(assignment, model).plan(documents, prices))

    def _attempts(self, assignment: Assignment, documents: Sequence[Document]) -> Attempts:
        def asked(model: RoutedModel, facts: ModelAtHand) -> Request:
            return _request(assignment, documents, model, facts, self._settings)

        context = self._chat.context_tokens if assignment.task == "chat" else self._settings.context_tokens
        return Attempts(assignment.task, self.models, context, asked, self._free_bytes)

    def _done(self, assignment: Assignment, documents: list[Document], route: Route, model: RoutedModel) -> Any:
        match assignment.task:
            case "summarize":
                return self._summarized(assignment, documents, route, model)
            case "classify":
                return tuple(classified(model.opened(), one, assignment.merge) for one in documents)
            case "encode":
                return tuple(model.opened().encode(one.page_content) for one in documents)
        text = "\n\n".join(one.page_content for one in documents)
        return "".join(model.opened().stream_text(text, max_tokens=assignment.max_tokens))

    def _wanted(self, assignment: Assignment, model: RoutedModel) -> Settings:
        """The settings of the summary that is asked for, with this model; LED reads as much at once as it can."""
        opened = model.opened()
        chunk = self._settings.chunk_tokens
        if chunk is None and model.facts.kind == "led":
            chunk = opened.max_input_tokens
        return replace(
            self._settings,
            model=opened,
            max_tokens=assignment.max_tokens,
            query=assignment.question,
            chunk_tokens=chunk,
        )

    def _summarized(self, assignment: Assignment, documents: list[Document], route: Route, model: RoutedModel) -> _Told:
        """The tree, and the route as it was taken: counted with all that stands in the prompt."""
        taken: list[Route] = []
        stage = Summarization(self._wanted(assignment, model), self._on_event, taken.append)
        tree = stage.run(documents)
        exact = taken[0] if taken else route
        if exact.strategy == route.strategy:
            return _Told(route, tree)
        return _Told(replace(exact, model=route.model), tree)

    def _answered(self, assignment: Assignment, documents: list[Document]) -> Reading:
        chat = self._chat_of(assignment, documents)
        answer = chat.ask(str(assignment.question))
        assert chat.taken is not None  # noqa: S101  an answer has been given
        return Reading(chat.taken, answer, chat.failures)

    def _chat_of(self, assignment: Assignment, documents: list[Document]) -> RoutedChat:
        settings = replace(self._chat, max_tokens=assignment.max_tokens)
        task: Literal["answer", "chat"] = "chat" if assignment.task == "chat" else "answer"
        return RoutedChat(
            self.models,
            lambda _: documents,
            lambda model: _chat_over(documents, model, settings),
            settings=settings,
            free_bytes=self._free_bytes,
            task=task,
        )


def _chat_over(documents: Sequence[Document], model: str | BaseChatModel, settings: ChatSettings) -> DocumentChat:
    """A chat over documents in an index that lives as long as it."""
    index = DocumentIndex()
    index.put([Document(one.page_content, id=str(one.metadata["source"]), metadata=one.metadata) for one in documents])
    texts = {str(one.metadata["source"]): one.page_content for one in documents}
    pages = {str(one.metadata["source"]): one.metadata["pages"] for one in documents if one.metadata.get("pages")}
    return DocumentChat(index, model=model, settings=settings, texts=texts, pages=pages)


@dataclass(frozen=True, slots=True)
class _Told:
    route: Route
    tree: SummaryTree


def _request(
    assignment: Assignment, documents: Sequence[Document], model: RoutedModel, facts: ModelAtHand, settings: Settings
) -> Request:
    tokens = sum(model.count(one.page_content) for one in documents)
    question = model.count(assignment.question or "")
    written = assignment.max_tokens
    if assignment.task in ("classify", "encode"):
        return Request(assignment.task, tokens, documents=len(documents))
    if assignment.task == "generate":
        return Request("generate", tokens, output_tokens=written)
    if facts.kind in ("led", "extractive"):
        return Request("summarize", tokens, question, written, len(documents), settings.chunk_tokens)
    kept = facts.tokens // 4 + facts.tokens // 32 + _INSTRUCTIONS - written  # see `ChatSummarizer.max_input_tokens`
    beside = max(0, kept) + question + settings.memory_tokens
    return Request("summarize", tokens, beside, written, len(documents), settings.chunk_tokens or _CHAT_CHUNK)
