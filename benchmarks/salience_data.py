"""Sentence tables and labels of the documents beside the checkout, made once and kept outside the project as .npz."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Task, grams, tasks
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.summarize.summarize import Settings
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.salience import readable
from longdoc.pipelines.summarizers.sentence_table import SentenceTable, TableMaker
from longdoc.testing import CountingTokenizer

_CONSIDERED = 60  # sentences that the oracle chooses among
Grams = tuple[Counter[Any], Counter[Any]]


@dataclass(frozen=True)
class Example:
    """A task with its sentence table, what each sentence shares with the references, and the oracle's choice."""

    task: Task
    table: SentenceTable
    shared: NDArray[np.float32]  # (rows, 2): unigram and bigram precision
    oracle: NDArray[np.float32]  # (rows,)

    @cached_property
    def sentences(self) -> list[str]:
        """The table's sentences."""
        return [self.task.text[a:b] for a, b in zip(self.table.starts, self.table.ends, strict=True)]

    @cached_property
    def prose(self) -> NDArray[np.bool_]:
        """Which of them read as prose."""
        return readable(self.table)


def examples(name: str, split: str, cache: Path, encoder: Embedder, most: int | None = None) -> Iterator[Example]:
    """The first tasks of a set that asks no questions."""
    given = list(tasks(name, split))
    limit = round(float(np.mean([len(reference.split()) for task in given for reference in task.references])))
    for number, task in enumerate(given[:most]):
        folder = cache / f"{name}_{split}"
        table = _table(task, folder / f"{number}.npz", encoder)
        shared, oracle = _labels(task, table, limit, folder / f"{number}_labels.npz")
        yield Example(task, table, shared, oracle)


def _table(task: Task, path: Path, encoder: Embedder) -> SentenceTable:
    names = [field.name for field in fields(SentenceTable) if field.name not in ("source", "total")]
    if not path.exists():
        tokenizer = CountingTokenizer()
        job = Settings(model=ExtractiveSummarizer(encoder, tokenizer)).job(task.text)
        edges = [leaf.span.start for leaf in job.outline.leaves]
        made = TableMaker(Document(page_content=task.text), edges, encoder, tokenizer=tokenizer).make()
        _keep(path, {name: getattr(made, name) for name in names})
    with np.load(path) as kept:
        arrays = {name: kept[name] for name in names if name in kept} | {"embedded": np.ones(len(kept["starts"]), bool)}
    return SentenceTable(source="", total=len(arrays["starts"]), **arrays)


def _labels(
    task: Task, table: SentenceTable, limit: int, path: Path
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if not path.exists():
        bags = [grams(task.text[a:b]) for a, b in zip(table.starts, table.ends, strict=True)]
        gold = [grams(reference) for reference in task.references]
        shared = np.mean([_precision(bags, one) for one in gold], axis=0)
        limits = [max(limit, len(reference.split())) for reference in task.references]
        prose = readable(table)
        chosen = [oracle(bags, prose, table.tokens, one, most) for one, most in zip(gold, limits, strict=True)]
        _keep(path, {"shared": shared.astype(np.float32), "oracle": np.mean(chosen, axis=0).astype(np.float32)})
    with np.load(path) as kept:
        return kept["shared"], kept["oracle"]


def _keep(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.npz")  # two may fill a cache at once
    np.savez(part, **arrays)  # type: ignore[arg-type]
    part.rename(path)


def _precision(bags: Sequence[Grams], gold: Grams) -> NDArray[np.float64]:  # (rows, 2)
    pairs = [[(own & ref).total() / max(1, own.total()) for own, ref in zip(bag, gold, strict=True)] for bag in bags]
    return np.array(pairs).reshape(-1, 2)


def oracle(
    bags: Sequence[Grams], prose: NDArray[np.bool_], lengths: NDArray[np.integer], gold: Grams, limit: int
) -> NDArray[np.float64]:
    """1 for the sentences that a greedy search for twice the unigram and once the bigram F1 takes within the limit."""
    alone = np.array([_worth(bag, gold, (1, 1)) for bag in bags])
    pool = set(np.argsort(-np.where(prose, alone, -1))[:_CONSIDERED].tolist())
    labels, taken, best, left = np.zeros(len(bags)), grams(""), 0.0, limit
    while True:
        gains = {row: _worth(_sum(taken, bags[row]), gold, (2, 1)) for row in pool if lengths[row] <= left}
        row = max(gains, key=gains.__getitem__, default=-1)
        if row < 0 or gains[row] <= best:
            return labels
        taken, best, left = _sum(taken, bags[row]), gains[row], left - int(lengths[row])
        labels[row] = 1
        pool.remove(row)


def _sum(one: Grams, other: Grams) -> Grams:
    return one[0] + other[0], one[1] + other[1]


def _worth(own: Grams, gold: Grams, weights: tuple[int, int]) -> float:
    return sum(weight * f1(mine, ref) for weight, mine, ref in zip(weights, own, gold, strict=True))


def f1(own: Counter[Any], gold: Counter[Any]) -> float:
    """ROUGE F1 of two bags."""
    return 2 * (own & gold).total() / max(1, own.total() + gold.total())
