"""The extractive tree: every sentence embedded once, every node's summary chosen from the sentences it covers."""

from __future__ import annotations

import logging
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import EMPTY, Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.pipelines.summarize.job import Job
from longdoc.pipelines.summarize.map_reduce import NodeDone, OnEvent, StageBegan, node_key
from longdoc.pipelines.summarize.outline import Outline, covered, steps_of
from longdoc.pipelines.summarizers.protocol import Chooser
from longdoc.pipelines.summarizers.salience import LONG, readable
from longdoc.pipelines.summarizers.sentence_table import SentenceTable, TableMaker

if TYPE_CHECKING:
    from longdoc.pipelines.digest.reading import Reading

_log = logging.getLogger(__name__)
_LONG = 10 * LONG  # sentences from which no network says what they are worth


class Extract:
    """Runs a job whose summarizer chooses sentences.

    A parent chooses from all sentences below it, not from its children's choices, so that nothing that matters to
    the whole is lost to a chunk's small budget. A budget for the top that holds no sentence is refused.
    """

    def __init__(self, job: Job, chooser: Chooser, on_event: OnEvent | None = None) -> None:
        self.job = job
        self._chooser = chooser
        self._steps = steps_of(job.outline)
        self._on_event = on_event or (lambda event: None)
        self._done = 0
        self._begun: dict[str, Reading] = {}  # by source, what is read of it before there are vectors

    def run(self) -> SummaryTree:
        """The tree of summaries. Raises `BudgetError` where no sentence fits the top's budget."""
        began = time.monotonic()
        self._on_event(StageBegan("embedding"))
        tables = self.tables()
        _log.info("embedded %d sentences in %.1f s", sum(map(len, tables.values())), time.monotonic() - began)
        began = time.monotonic()
        self._on_event(StageBegan("choosing"))
        query = self._chooser.query_vector(self.job.query)
        made: list[SummaryTree] = []
        for step in self._steps:
            node, children = step.node, tuple(made[at] for at in step.children)
            whole = node is self.job.outline
            summary = self._digest(tables) if whole else EMPTY
            if not summary.sentences:
                tables = self.tables(whole=True) if whole and self._begun else tables
                summary = self._chosen(node, tables, query)
            made.append(SummaryTree(node.title, covered(node), summary, node_key(self.job, node, children), children))
            if children:
                self._advance(node.title, 1)
        _log.info("chose %d summaries in %.1f s", len(made), time.monotonic() - began)
        return made[-1]

    def _digest(self, tables: dict[str, SentenceTable]) -> Summary:
        """The digest of the whole; empty where bare sentences are asked for, or where it has no room."""
        if self.job.style != "digest":
            return EMPTY
        from longdoc.pipelines.digest.make import digest_of

        job = self.job
        return digest_of(job.documents, tables, self._chooser, job.max_tokens, job.query, self._begun)

    def _wanted(self, document: Document) -> Callable[[SentenceTable], NDArray[np.bool_]] | None:
        """What tells the sentences that a digest or the node of a chunk may show; None where any may be."""
        job = self.job
        if job.style != "digest" or job.query is not None:
            return None
        from longdoc.pipelines.digest.kinds import Kind
        from longdoc.pipelines.digest.make import begin, shown

        def wanted(table: SentenceTable) -> NDArray[np.bool_]:
            reading = self._begun[table.source] = begin(document, table)
            if reading.kind is not Kind.NARRATIVE and len(table) < _LONG:
                return np.ones(len(table), np.bool_)  # a network that reads all of them says what each is worth
            alone: NDArray[np.bool_] = readable(table) & (table.loose == 0)
            return shown(reading) | alone

        return wanted

    def _chosen(self, node: Outline, tables: dict[str, SentenceTable], query: NDArray[np.float32] | None) -> Summary:
        """The node's own sentences that fit its budget best."""
        within = list(_within(covered(node), tables))
        sentence, budget = sentence_maker(within, self.job.texts), self.job.node_budget(node)
        return self._chooser.choose(within, sentence, budget, query, demanded=node is self.job.outline)

    def tables(self, whole: bool = False) -> dict[str, SentenceTable]:
        """Each source's sentences. Its chunks are done, for whoever watches, once they are embedded.

        Those that can be shown nowhere are embedded only if `whole` is asked for.
        """
        tables = {}
        leaves, tokenizer = list(self.job.outline.leaves), self._chooser.tokenizer
        for document in self.job.documents:
            source = str(document.metadata["source"])
            edges = [leaf.span.start for leaf in leaves if leaf.span.source == source]
            told = (lambda chunks: None) if whole else self._progress(source)
            maker = TableMaker(document, edges, self._chooser.encoder, told, tokenizer=tokenizer)
            tables[source] = maker.make(None if whole else self._wanted(document))
        return tables

    def _progress(self, source: str) -> Callable[[int], None]:
        before = 0

        def advance(chunks: int) -> None:
            nonlocal before
            self._advance(source, chunks - before)
            before = chunks

        return advance

    def _advance(self, title: str, nodes: int) -> None:
        if nodes:
            self._done += nodes
            self._on_event(NodeDone(title, self._done, len(self._steps)))


def _within(spans: tuple[Span, ...], tables: dict[str, SentenceTable]) -> Iterator[SentenceTable]:
    for span in spans:
        table = tables[span.source]
        rows = table.rows(span)
        if rows.start < rows.stop:
            yield table.cut(rows)


def sentence_maker(tables: Sequence[SentenceTable], texts: Mapping[str, str]) -> Callable[[int], Sentence]:
    """A function from a row to its sentence, rows numbered over all tables; `texts` are the sources by name."""
    bounds = list(accumulate((len(table) for table in tables), initial=0))

    def sentence(row: int) -> Sentence:
        index = bisect_right(bounds, row) - 1
        table, local = tables[index], row - bounds[index]
        span = Span(int(table.starts[local]), int(table.ends[local]), table.source)
        return Sentence(span.of(texts[span.source]), (span,))

    return sentence
