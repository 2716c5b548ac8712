"""The main pipeline: sources in, a tree of summaries out, every sentence with its spans."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from longdoc.arguments import checked
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.summaries.store import SummaryStore
from longdoc.memory.summaries.summary import Summary
from longdoc.memory.summaries.tree import Run, SummaryTree
from longdoc.pipelines.calls.executor import Executor, FanOutOptions
from longdoc.pipelines.calls.local import LocalExecutor
from longdoc.pipelines.route import Route
from longdoc.pipelines.sources import Sources, load_sources
from longdoc.pipelines.summarize.extractive_tree import Extract
from longdoc.pipelines.summarize.job import Job, Style
from longdoc.pipelines.summarize.map_reduce import Calls, MapReduce, OnEvent, StageBegan
from longdoc.pipelines.summarize.plan import Plan, Prices, plan_of
from longdoc.pipelines.summarize.prefix_memory import memories
from longdoc.pipelines.summarize.refine import Refine
from longdoc.pipelines.summarizers.protocol import Chooser, Summarizer
from longdoc.pipelines.summarizers.registry import summarizer_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.stores import ByteStore

_log = logging.getLogger(__name__)


class MoreSettings(TypedDict, total=False):
    """The settings that `summarize` and `plan` have no arguments of their own for; what each is, `Settings` says."""

    tokenizer: str | Tokenizer | None
    chunk_tokens: int | None
    memory_tokens: int
    context_tokens: int
    options: FanOutOptions | None
    cache: ByteStore | None
    executor: Executor | None
    strategy: Literal["map-reduce", "refine"]
    style: Style


class AllSettings(MoreSettings, total=False):
    """The settings of `Settings`, by name."""

    max_tokens: int
    query: str | None
    model: str | BaseChatModel | Summarizer


@checked
@dataclass(frozen=True)
class Settings:
    """What a summary is to be; checked when a plan or a run begins.

    `max_tokens` bounds the summary, counted with `tokenizer`: the bundled one by default, or a chat model's own.
    `query` says what it is to be about. `model` is "extractive", "extractive:centrality" (without the learned
    salience), a name that LangChain's `init_chat_model` takes, a chat model or a `Summarizer`; `context_tokens` is what
    a chat model holds, prompt and reply together. `chunk_tokens` (if None, 1,024, or 2,048 for a chat model) bounds
    what one call reads of the text, and `memory_tokens` what a chat model is told of the text before. `options` governs
    the calls (by default a model on this machine makes one at a time, without a time limit); its `on_error="return"`
    gives a partial tree. `executor` says where they run, here if None. `cache`, any
    LangChain `ByteStore`, keeps each finished summary: a run that was killed goes on from there, and after an edit only
    what the edit touches is made again.
    `strategy` is "map-reduce", all chunks at once and then level by level, or "refine", one summary rewritten chunk by
    chunk: as many calls as chunks, each waiting for the one before; it needs a model, and takes no `memory_tokens`.
    `style` is what an extractive summary is to be: a "digest", with the title, key facts and parts of the text, or the
    bare "sentences".
    """

    max_tokens: int = 300
    query: str | None = None
    model: str | BaseChatModel | Summarizer = "extractive"
    tokenizer: str | Tokenizer | None = None
    chunk_tokens: int | None = None
    memory_tokens: int = 200
    context_tokens: int = 8192
    options: FanOutOptions | None = None
    cache: ByteStore | None = None
    executor: Executor | None = None
    strategy: Literal["map-reduce", "refine"] = "map-reduce"
    style: Style = "digest"

    def job(self, sources: Sources) -> Job:
        """The work that these settings make of some sources. Raises `LongdocError`."""
        documents = load_sources(sources)
        texts = {str(document.metadata["source"]): document.page_content for document in documents}
        return Job(
            tuple(documents),
            self._summarizer(texts),
            max_tokens=self.max_tokens,
            query=self.query,
            chunk_tokens=self.chunk_tokens,
            memory_tokens=self.memory_tokens,
            strategy=self.strategy,
            style=self.style,
        )

    def plan(self, sources: Sources, prices: Prices | None = None) -> Plan:
        """What the work that these settings make of some sources takes. Raises `LongdocError`."""
        job = self.job(sources)
        return plan_of(job, self.calls_of(job).max_attempts, prices)

    def calls_of(self, job: Job) -> FanOutOptions:
        """How the calls of a job are made: as `options` say, else as suits the model."""
        if self.options is not None:
            return self.options
        return FanOutOptions(max_concurrency=1, timeout=None) if job.summarizer.traits.local else FanOutOptions()

    def _summarizer(self, texts: Mapping[str, str]) -> Summarizer:
        return summarizer_of(self.model, self.tokenizer, self.context_tokens, self.cache, texts)


@checked
class Summarizing:
    """A `Summarization` that does not inherit LangChain's `Runnable`, so that importing it loads less."""

    def __init__(
        self,
        settings: Settings | None = None,
        on_event: OnEvent | None = None,
        on_route: Callable[[Route], object] | None = None,
        **changes: Unpack[AllSettings],
    ) -> None:
        self.settings = replace(settings or Settings(), **changes)
        self._on_event = on_event
        self._on_route = on_route

    def __repr__(self) -> str:
        set_ = ", ".join(f"{one.name}={value!r}" for one in fields(self.settings)
                         if (value := getattr(self.settings, one.name)) != one.default)  # fmt: skip
        return f"{type(self).__name__}({set_})"

    def run(self, sources: Sources) -> SummaryTree:
        """The tree of summaries over the sources. Raises `LongdocError`."""
        began = time.monotonic()
        if self._on_event is not None:
            self._on_event(StageBegan("reading"))
        job = self.settings.job(sources)
        _log.info("read %d sources and cut them in %.1f s", len(job.documents), time.monotonic() - began)
        store = None if self.settings.cache is None else SummaryStore(self.settings.cache)
        made = (None if store is None else self._found(job, store)) or self._made(job, store)
        run = Run(
            model=job.summarizer.name,
            max_tokens=job.max_tokens,
            calls=made.planned - made.found,
            extra_calls=made.extra_calls,
            seconds=time.monotonic() - began,
            planned_calls=made.planned,
            max_calls=made.most,
            query=job.query,
            texts=job.texts,
            pages=job.pages,
            reused=made.found,
            writes=job.summarizer.traits.writes,
            places=job.places,
        )
        return replace(made.tree, run=run)

    def _found(self, job: Job, store: SummaryStore) -> _Made | None:
        """What an earlier run of the same job made, if no one wants to be told of the way."""
        if self._on_route is not None or (found := store.get_run(job.key)) is None:
            return None
        tree, planned, most = found
        return _Made(tree, planned, most, planned)

    def _made(self, job: Job, store: SummaryStore | None) -> _Made:
        job.summarizer.preload()
        plan = plan_of(job, self.settings.calls_of(job).max_attempts)
        _log.info("planned %d calls over %d chunks with %s", plan.calls, plan.chunks, plan.model)
        if self._on_route is not None:
            self._on_route(job.route)
        with self.settings.executor or LocalExecutor() as executor:
            calls = Calls(executor, self.settings.calls_of(job))
            work = _Work(job, calls, self._on_event, store, self.settings.cache)
            tree = job.summarizer.tree(work)
        made = _Made(tree, plan.calls, plan.max_calls, work.found, work.extra_calls)
        _log.info("made %d summaries: %d found, %d extra calls", plan.calls, work.found, work.extra_calls)
        if store is not None and not any(node.error for node in made.tree.walk()):
            store.put_run(job.key, made.tree, made.planned, made.most)
        return made


class _Work:
    """A job's tree, in the way that its summarizer wants it made; counts what was found and what was asked again."""

    def __init__(
        self, job: Job, calls: Calls, on_event: OnEvent | None, store: SummaryStore | None, cache: ByteStore | None
    ) -> None:
        self._job, self._calls, self._on_event, self._store, self._cache = job, calls, on_event, store, cache
        self.found = self.extra_calls = 0

    def written(self) -> SummaryTree:
        """See `TreeWork`."""
        job, calls = self._job, self._calls
        if self._on_event is not None:
            self._on_event(StageBegan("writing"))
        maker = (
            Refine(job, calls, self._on_event, self._store)
            if job.refines
            else MapReduce(job, calls, memories(job, self._cache), self._on_event, self._store)
        )
        tree = maker.run()
        self.found, self.extra_calls = maker.found, maker.extra_calls + maker.retries
        return tree

    def chosen(self, chooser: Chooser, finish: Callable[[Summary], Summary] | None = None) -> SummaryTree:
        """See `TreeWork`."""
        tree = Extract(self._job, chooser, self._on_event).run()
        if finish is None:
            return tree
        if self._on_event is not None:
            self._on_event(StageBegan("writing"))
        return replace(tree, summary=finish(tree.summary))


@checked
def summarize(
    source: Sources,
    *,
    max_tokens: int = 300,
    query: str | None = None,
    model: str | BaseChatModel | Summarizer = "extractive",
    on_event: OnEvent | None = None,
    **settings: Unpack[MoreSettings],
) -> SummaryTree:
    """A tree of summaries over `source`: `.summary.text`, `.summary.sentences[i].text` and `.spans`.

    `source` is a text (a string), a `Path`, a `Document` or a list of them; further settings are those of `Settings`.
    Raises `InputError`, `BudgetError`, `UnknownNameError`, `UnavailableError` or, where a model fails, `StageError`.
    """
    stage = Summarizing(max_tokens=max_tokens, query=query, model=model, on_event=on_event, **settings)
    return stage.run(source)


@checked
def plan(
    source: Sources,
    *,
    max_tokens: int = 300,
    query: str | None = None,
    model: str | BaseChatModel | Summarizer = "extractive",
    prices: Prices | None = None,
    **settings: Unpack[MoreSettings],
) -> Plan:
    """What `summarize` with the same arguments will take. Reads and tokenizes the source, and calls no model."""
    wanted = Settings(max_tokens=max_tokens, query=query, model=model, **settings)
    return wanted.plan(source, prices)


@dataclass(frozen=True, slots=True)
class _Made:
    """A tree, the calls planned for it and the most there could be, the nodes found finished, the calls made again."""

    tree: SummaryTree
    planned: int
    most: int
    found: int = 0
    extra_calls: int = 0
