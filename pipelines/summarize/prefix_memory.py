"""The memory that each chunk is read with, of the chunks before it: made here before all calls, so that none waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from longdoc.memory.summaries.running import RunningMemory
from longdoc.memory.summaries.summary import EMPTY, Summary
from longdoc.pipelines.summarize.extractive_tree import sentence_maker
from longdoc.pipelines.summarize.job import Job
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.sentence_table import SentenceTable, TableMaker

if TYPE_CHECKING:
    from langchain_core.stores import ByteStore

_REACH = 2  # chunks that a memory tells of: an edit changes what these many chunks after it are given, no more
_SHARE = 2  # of the memory's tokens, what one chunk may add, unless none of its sentences is so short
_ALL = 2**62


def memories(job: Job, cache: ByteStore | None = None) -> list[str]:
    """For each chunk, in reading order, the sentences that matter most of the two chunks before it.

    A chunk's own share depends on that chunk alone, so that an edit changes the memory of few others. Empty texts
    where the job gives memory no tokens, or has one chunk only.
    """
    leaves = list(job.outline.leaves)
    if not job.memory_tokens or len(leaves) == 1:
        return [""] * len(leaves)
    empty = RunningMemory(job.memory_tokens, job.summarizer.tokenizer)
    told = list(_told(job, cache))
    return [reduce(RunningMemory.update, told[max(0, at - _REACH) : at], empty).text() for at in range(len(told))]


def _told(job: Job, cache: ByteStore | None) -> Iterator[Summary]:
    """A few tokens' worth of each chunk, chosen as if it were a text of its own."""
    extractive = ExtractiveSummarizer(tokenizer=job.summarizer.tokenizer, cache=cache)
    budgets = (max(1, job.memory_tokens // _SHARE), job.memory_tokens)
    for document in job.documents:
        source = str(document.metadata["source"])
        spans = [leaf.span for leaf in job.outline.leaves if leaf.span.source == source]
        table = TableMaker(
            document, [span.start for span in spans], extractive.encoder, kept=_ALL, tokenizer=extractive.tokenizer
        ).make()
        for span in spans:
            alone = _alone(table.cut(table.rows(span)))
            sentence = sentence_maker([alone], job.texts)
            chosen = (extractive.choose([alone], sentence, budget, None) for budget in budgets)
            yield next((summary for summary in chosen if summary.sentences), EMPTY)


def _alone(table: SentenceTable) -> SentenceTable:
    """The rows without what they owe to the text around them."""
    rows = len(table)
    return replace(table, topicality=np.zeros(rows, np.float32), leads=np.arange(rows), total=rows)
