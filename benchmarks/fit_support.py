"""Fits how the check weighs the model's voice beside shared words and likeness, on claims of ../shared/data/train.

    python benchmarks/fit_support.py [--each 100]

Prints the weights for pipelines/checks/entailment.py. Each set counts alike, and so do right and wrong claims in it;
of a claim the sentence counts that is least sure. Claims that a rule stops are left out: no voice is heard on them.
"""

from __future__ import annotations

import argparse

import numpy as np
from claims import Remembering, sample, sentences
from datasets import DATA

from longdoc.chunkers.text.span import Span
from longdoc.models.cross_encoder.reader import Reader
from longdoc.pipelines.checks.alignment import Match
from longdoc.pipelines.checks.checker import Checker, Ruled
from longdoc.pipelines.checks.entailment import together
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.summarizers.protocol import Passage

PENALTY = 0.01


def logistic(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weights of a logistic by Newton's method, the last for the bias."""
    x = np.hstack([x, np.ones((len(x), 1))])
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ w))
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + PENALTY * np.eye(len(w))
        w += np.linalg.solve(hessian, x.T @ (weight * (y - p)) - PENALTY * w)
    return w


def main() -> None:
    """Prints the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=100)
    given = parser.parse_args()
    if not DATA.exists():
        raise SystemExit(f"{DATA} is not there: nothing to fit on")
    heard: list[tuple[float, ...]] = []

    class Listening(Checker):
        """Keeps what the voices say, and whether a rule stops the claim."""

        stopped = False

        def _ruled(self, match: Match, evidence: Evidence) -> Ruled:
            ruled = super()._ruled(match, evidence)
            self.stopped |= not ruled.open and not ruled.finding.supported
            return ruled

        def _weigh(self, told: tuple[float, ...]) -> float:
            heard.append(told)
            return super()._weigh(told)

    checker = Listening(Remembering(), Reader.load())
    rows: list[tuple[float, ...]] = []
    labels: list[int] = []
    weights: list[float] = []
    for name, group in sample("train", given.each):
        kept: list[tuple[tuple[float, ...], int]] = []
        for row in group:
            heard.clear()
            checker.stopped = False
            document = row["document"]
            checker.check_all(sentences(row["claim"]), Evidence([Passage(document, (Span(0, len(document)),))]))
            if heard and not checker.stopped:
                kept.append((min(heard, key=together), row["label"]))
        count = {label: sum(one == label for _, one in kept) for label in (0, 1)}
        for told, label in kept:
            rows.append(told)
            labels.append(label)
            weights.append(1 / count[label] if all(count.values()) else 0.0)
        print(name, len(group), len(kept), flush=True)
        if min(count.values()) > 5:
            made = logistic(np.array(rows), np.array(labels), np.array(weights) * 10)
            print(made.round(3), flush=True)


if __name__ == "__main__":
    main()
