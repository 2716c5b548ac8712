"""The main pipeline: sources in, a tree of summaries out, every sentence with its spans."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableConfig

from longdoc.chunkers.tokenizer import BUNDLED, Tokenizer, load_tokenizer
from longdoc.memory.running_memory import RunningMemory
from longdoc.memory.summary_tree import Run, SummaryTree
from longdoc.pipelines.extract import Extract
from longdoc.pipelines.extractive import ExtractiveSummarizer
from longdoc.pipelines.fan_out import FanOutOptions
from longdoc.pipelines.job import Job
from longdoc.pipelines.map_reduce import MapReduce, OnEvent
from longdoc.pipelines.plan import Plan, Prices, plan_of
from longdoc.pipelines.sources import Sources, load_sources
from longdoc.pipelines.summarizer import Summarizer

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from longdoc.pipelines.chat_summarizer import CallRecord


@dataclass(frozen=True)
class Settings:
    """What a summary is to be; checked when a plan or a run begins.

    `max_tokens` bounds the summary, counted with `tokenizer`: the bundled one by default, or a chat model's own.
    `query` says what it is to be about. `model` is "extractive", a name that LangChain's `init_chat_model` takes, a
    chat model or a `Summarizer`; `context_tokens` is what a chat model holds, prompt and reply together.
    `chunk_tokens` (if None, 1,024, or 2,048 for a chat model) bounds what one call reads of the text, and
    `memory_tokens` what a chat model is told of the text before. `options` governs the calls; its
    `on_error="return"` gives a partial tree.
    """

    max_tokens: int = 300
    query: str | None = None
    model: str | BaseChatModel | Summarizer = "extractive"
    tokenizer: str | Tokenizer | None = None
    chunk_tokens: int | None = None
    memory_tokens: int = 200
    context_tokens: int = 8192
    options: FanOutOptions = field(default_factory=FanOutOptions)

    def job(self, sources: Sources, calls: _Calls | None = None) -> Job:
        """The work that these settings make of some sources. Raises `LongdocError`."""
        documents = load_sources(sources)
        texts = {str(document.metadata["source"]): document.page_content for document in documents}
        return Job(
            tuple(documents),
            self._summarizer(texts, calls or _Calls()),
            max_tokens=self.max_tokens,
            query=self.query,
            chunk_tokens=self.chunk_tokens,
            memory_tokens=self.memory_tokens,
            options=self.options,
        )

    def _summarizer(self, texts: Mapping[str, str], calls: _Calls) -> Summarizer:
        if self.model == "extractive":
            return ExtractiveSummarizer(tokenizer=self.tokenizer or BUNDLED)
        if isinstance(self.model, Summarizer):
            return self.model
        from longdoc.pipelines.chat_models import chat_model, tokenizer_for
        from longdoc.pipelines.chat_summarizer import ChatSummarizer

        chat = chat_model(self.model) if isinstance(self.model, str) else self.model
        counted = tokenizer_for(chat) if self.tokenizer is None else load_tokenizer(self.tokenizer)
        made = ChatSummarizer(chat, tokenizer=counted, context_tokens=self.context_tokens, on_call=calls)
        return made.with_originals(texts)


class Summarization(Runnable[Sources, SummaryTree]):
    """The pipeline as a LangChain stage: `SectionChunker() | Summarization(max_tokens=200)`.

    Takes what `summarize` takes, and its settings by keyword.
    """

    def __init__(self, settings: Settings | None = None, on_event: OnEvent | None = None, **changes: Any) -> None:
        self.settings = replace(settings or Settings(), **changes)
        self._on_event = on_event

    def invoke(self, input: Sources, config: RunnableConfig | None = None, **kwargs: Any) -> SummaryTree:
        """The tree of summaries over the sources, traced as a LangChain run."""
        return self._call_with_config(self.run, input, config, run_type="chain", **kwargs)

    def run(self, sources: Sources) -> SummaryTree:
        """The tree of summaries over the sources. Raises `LongdocError`."""
        began = time.monotonic()
        calls = _Calls()
        job = self.settings.job(sources, calls)
        if isinstance(job.summarizer, ExtractiveSummarizer):
            job.summarizer.preload()
        plan = plan_of(job)
        tree, retries = self._tree(job)
        run = Run(
            model=job.summarizer.name,
            max_tokens=job.max_tokens,
            calls=plan.calls,
            extra_calls=calls.extra + retries,
            seconds=time.monotonic() - began,
            planned_calls=plan.calls,
            max_calls=plan.max_calls,
            query=job.query,
            texts=job.texts,
            pages=job.pages,
        )
        return replace(tree, run=run)

    def _tree(self, job: Job) -> tuple[SummaryTree, int]:
        if isinstance(job.summarizer, ExtractiveSummarizer):
            return Extract(job, job.summarizer, self._on_event).run(), 0
        reduction = MapReduce(job, memories(job), self._on_event)
        return reduction.run(), reduction.retries


def summarize(
    source: Sources,
    *,
    max_tokens: int = 300,
    query: str | None = None,
    model: str | BaseChatModel | Summarizer = "extractive",
    on_event: OnEvent | None = None,
    **settings: Any,
) -> SummaryTree:
    """A tree of summaries over `source`: `.summary.text`, `.summary.sentences[i].text` and `.spans`.

    `source` is a text, a path, a `Document` or a list of them; further settings are those of `Settings`. Raises
    `InputError`, `BudgetError`, `UnknownNameError`, `UnavailableError` or, where a model fails, `StageError`.
    """
    stage = Summarization(max_tokens=max_tokens, query=query, model=model, on_event=on_event, **settings)
    return stage.run(source)


def plan(
    source: Sources,
    *,
    max_tokens: int = 300,
    query: str | None = None,
    model: str | BaseChatModel | Summarizer = "extractive",
    prices: Prices | None = None,
    **settings: Any,
) -> Plan:
    """What `summarize` with the same arguments will take. Reads and tokenizes the source, and calls no model."""
    wanted = Settings(max_tokens=max_tokens, query=query, model=model, **settings)
    return plan_of(wanted.job(source), prices)


def memories(job: Job) -> list[str]:
    """For each chunk, what came before it, chosen by the extractive summarizer: so the map need not wait.

    Empty texts where the job gives memory no tokens, or has one chunk only.
    """
    leaves = list(job.outline.leaves)
    if not job.memory_tokens or len(leaves) == 1:
        return [""] * len(leaves)
    extractive = ExtractiveSummarizer(tokenizer=job.summarizer.tokenizer)
    shadow = replace(job, summarizer=extractive, query=None, chunk_tokens=job.leaf_tokens)
    tree = Extract(shadow, extractive, demanded=False).run()
    memory = RunningMemory(job.memory_tokens, job.summarizer.tokenizer)
    texts = []
    for node in tree.walk():
        if not node.children:
            texts.append(memory.text())
            memory = memory.update(node.summary)
    return texts


class _Calls:
    """Counts the calls beyond the first that a node's model was given."""

    def __init__(self) -> None:
        self.extra = 0

    def __call__(self, record: CallRecord) -> None:
        self.extra += record.extra
