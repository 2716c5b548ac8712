"""ROUGE of the learned salience beside the fixed weights, and its time and state by length.

    python benchmarks/salience_quality.py [SET ...] [--context KIND ...] [--limit N] [--speed]

The same sentences, budgets, redundancy control and references for all, those of summary_quality.py. The interval is
that of the difference of the sums of the three measures from the fixed weights, task by task.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from datasets import DATA, tasks
from numpy.typing import NDArray
from rouge_score.rouge_scorer import RougeScorer
from summary_quality import MEASURES, Remembering, score
from table import markdown, publish

from longdoc import ExtractiveSummarizer, summarize
from longdoc.models.salience_features import Columns
from longdoc.models.salience_model import SalienceModel
from longdoc.pipelines.learned_salience import LearnedSalience
from longdoc.testing import CountingTokenizer

SETS = ("pubmed_memsum", "scisumm", "techspec")
KINDS = ("none", "recurrent", "performer", "window")
LENGTHS = (1_000, 10_000)


def measure(name: str, kinds: list[str], limit: int | None) -> tuple[str, list[list[str]]]:
    """A set's title and a row a scorer: the three measures, their sum, the interval of the difference."""
    given = sorted(tasks(name), key=lambda task: task.id)[:limit]
    words = round(float(np.mean([len(ref.split()) for task in given for ref in task.references])))
    encoder, rouge = Remembering(), RougeScorer(list(MEASURES), use_stemmer=True)
    scorers = {"fixed weights": None, **{kind: LearnedSalience(context=kind) for kind in kinds}}
    models = {label: ExtractiveSummarizer(encoder, CountingTokenizer(), scorer=one) for label, one in scorers.items()}
    found: dict[str, list[NDArray[np.float64]]] = {label: [] for label in models}
    for task in given:
        for label, model in models.items():
            tree = summarize(task.text, max_tokens=words, query=task.query, model=model)
            found[label].append(score(rouge, [one.text for one in tree.summary.sentences], task.references))
    base = np.array(found["fixed weights"]).sum(axis=1)
    rows = [[label, *_row(np.array(values), base)] for label, values in found.items()]
    return f"{name}, {len(given)} tasks, {words} words", rows


def _row(values: NDArray[np.float64], base: NDArray[np.float64]) -> list[str]:
    sums = values.sum(axis=1)
    apart = sums - base
    draws = np.random.default_rng(0).choice(apart, (2000, len(apart))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    means = [f"{mean:.1f}" for mean in values.mean(axis=0)]
    return [*means, f"{sums.mean():.1f}", f"{apart.mean():+.1f} ({low:+.1f} to {high:+.1f})"]


def speed(kinds: list[str]) -> list[list[str]]:
    """A row a kind: milliseconds a thousand sentences and bytes of the second pass's state, by length."""
    rows = []
    for kind in kinds:
        model = SalienceModel.load(kind)  # type: ignore[arg-type]
        cells = []
        for length in LENGTHS:
            columns = invented(length)
            about = model.statistics([columns])
            seconds = []
            for _ in range(5):
                began = time.perf_counter()
                model.score(columns)
                seconds.append(time.perf_counter() - began)
            state = model.score_chunk(columns, about)[1]
            cells += [f"{1e6 * float(np.median(seconds)) / length:.1f}", f"{state.nbytes:,}", f"{about.nbytes:,}"]
        rows.append([kind, *cells])
    return rows


def invented(count: int) -> Columns:
    """Sentences of no text, as many as asked."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(count, 384)).astype(np.float32)
    flags = (rng.random((3, count)) < 0.2).astype(np.float32)
    return Columns(
        np.arange(count) % 20,
        rng.integers(8, 40, count).astype(np.float32),
        rng.uniform(0.7, 1, count).astype(np.float32),
        *flags,
        rng.random(count).astype(np.float32),
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
    )


def main() -> None:
    """Prints the tables and writes them to results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--context", nargs="+", default=KINDS)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--speed", action="store_true")
    given = parser.parse_args()
    if given.speed:
        headers = [
            "context",
            *(f"{what}, {length:,}" for length in LENGTHS for what in ("ms/1,000", "state", "first pass")),
        ]
        publish("salience_speed", "Salience: time and bytes by sentences", markdown(headers, speed(given.context)))
        return
    if not DATA.exists():
        raise SystemExit(f"{DATA} is not there: nothing to measure on")
    for name in given.sets:
        title, rows = measure(name, list(given.context), given.limit)
        headers = ["scorer", "R-1", "R-2", "R-Lsum", "sum", "difference (95 % interval)"]
        publish(f"salience_quality_{name}", f"Learned salience, ROUGE F1: {title}", markdown(headers, rows))


if __name__ == "__main__":
    main()
