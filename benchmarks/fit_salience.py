"""Prints the weights of the salience, fitted on the training sets whose licences allow any use.

    python benchmarks/fit_salience.py

Ridge regression on the features of each sentence against how much of the reference it holds: half its unigram
precision plus twice its bigram precision, standardized within the document. About ten minutes on two cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from datasets import grams, tasks
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.summarizers.salience import FEATURES, features, readable
from longdoc.pipelines.summarizers.sentence_table import TableMaker

DOCUMENTS = 200
RIDGE = 5e-3


def rows(name: str, encoder: Embedder) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Features and label of the readable sentences of each document, centred within it."""
    made: dict[str, TableMaker] = {}
    for task in islice(tasks(name, "train"), DOCUMENTS * (1 if name in ("scisumm", "techspec") else 2)):
        if task.id not in made:
            table = TableMaker(Document(page_content=task.text), [0], encoder).make()
            made = {task.id: table}
        table = made[task.id]
        query = None if task.query is None else encoder.encode([task.query])[0]
        prose = readable(table)
        if prose.sum() < 10:
            continue
        sentences = [task.text[a:b] for a, b in zip(table.starts[prose], table.ends[prose], strict=True)]
        label = np.array([precision(sentence, task.references) for sentence in sentences])
        values = features(table, query)[prose]
        yield values - values.mean(axis=0), (label - label.mean()) / (label.std() + 1e-6)


def precision(sentence: str, references: list[str]) -> float:
    """How much of a sentence the references hold."""
    ones, twos = grams(sentence)
    shares = []
    for reference in references:
        ref_ones, ref_twos = grams(reference)
        one = (ones & ref_ones).total() / max(1, ones.total())
        two = (twos & ref_twos).total() / max(1, twos.total())
        shares.append(0.5 * one + 2 * two)
    return float(np.mean(shares))


def fit(names: tuple[str, ...], encoder: Embedder) -> NDArray[np.float64]:
    """The ridge weights; each document counts by the square root of its length."""
    pairs = [pair for name in names for pair in rows(name, encoder)]
    x = np.concatenate([values for values, _ in pairs])
    y = np.concatenate([label for _, label in pairs])
    weight = np.concatenate([np.full(len(label), len(label) ** -0.5) for _, label in pairs])
    scale = x.std(axis=0) + 1e-9
    scaled = x / scale * weight[:, None]
    normal = scaled.T @ (x / scale) + np.eye(x.shape[1]) * RIDGE * weight.sum()
    solution: NDArray[np.float64] = np.linalg.solve(normal, scaled.T @ y) / scale
    return solution


def main() -> None:
    """Prints one row of weights for texts without a query and one for texts with."""
    encoder = Embedder()
    print("features ", FEATURES)
    print("GENERAL =", tuple(np.round(fit(("scisumm", "techspec"), encoder), 3).tolist()))
    print("QUERIED =", tuple(np.round(fit(("qmsum", "squality"), encoder), 3).tolist()))


if __name__ == "__main__":
    main()
