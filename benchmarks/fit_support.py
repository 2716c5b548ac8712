"""Fits how the check weighs the reader's voice, shared words, likeness and rules, on claims of ../shared/data/train.

    python benchmarks/fit_support.py RUN [--each 100]

Writes pipelines/checks/weights.json. RUN is the folder of train_reader.py, whose file of examples says which claims
the reader was trained on: these are left out, for it is surer of them than of others, and so are rows whose licence
lets no weights ship. Each set counts alike, and so do right and wrong claims in it, but a right one is worth one and
a half: a check that doubts every third right sentence is not read. Of a claim the sentence counts that is least sure.
Claims that a firm rule stops are left out: nothing is weighed on them. No voice is turned round, no rule speaks for a
claim.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from claims import Remembering, Row, sample, sentences
from numpy.typing import NDArray

from longdoc.chunkers.text.span import Span
from longdoc.models.cross_encoder.reader import Reader
from longdoc.pipelines.checks.alignment import Match
from longdoc.pipelines.checks.checker import Checker, Ruled
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.checks.finding import FirmRule, Rule
from longdoc.pipelines.summarizers.protocol import Passage

READ = 50_901  # examples that the reader was trained on
VOICES = ("read", "not denied", "shared", "cosine", "told")
RULES = tuple(rule for rule in get_args(Rule) if rule not in get_args(FirmRule))
PULL = 2.0  # towards what is thought before: nothing of a voice, so much of a rule
RULE = 0.5
RIGHT = 1.5  # what a right claim counts beside a wrong one
TARGET = Path(__file__).resolve().parents[1] / "pipelines" / "checks" / "weights.json"
Floats = NDArray[np.float64]
Heard = Mapping[str, float]


class Listening(Checker):
    """Keeps what is weighed of each sentence, and whether a claim is stopped before anything is."""

    def __init__(self) -> None:
        super().__init__(Remembering(), Reader.load())
        self.heard: list[Heard] = []
        self.stopped = False

    def _ruled(self, match: Match, evidence: Evidence) -> Ruled:
        ruled = super()._ruled(match, evidence)
        self.stopped |= not ruled.open and not ruled.finding.supported
        return ruled

    def _weigh(self, heard: Heard) -> float:
        self.heard.append(heard)
        return super()._weigh(heard)

    def listen(self, row: Row) -> list[Heard]:
        """What is weighed of a claim's sentences; nothing where the claim is stopped."""
        self.heard, self.stopped = [], False
        document = row["document"]
        self.check_all(sentences(row["claim"]), Evidence([Passage(document, (Span(0, len(document)),))]))
        return [] if self.stopped else self.heard


def read_claims(run: Path) -> set[str]:
    """The claims that the reader was trained on."""
    found: set[str] = set()
    count = 0
    with (run / "units_0.jsonl").open(encoding="utf-8") as file:
        for line in file:
            unit = json.loads(line)
            count += len(unit)
            if count > READ:
                break
            found |= {one["first"].strip() for one in unit}
    return found


def fresh(row: Row, read: set[str]) -> bool:
    """Whether weights that ship may rest on the row, and the reader has not seen it."""
    claim = row["claim"].strip()
    asked = f"{row.get('question')} {claim}"
    return row["use"] in ("any", "sharealike") and read.isdisjoint((claim, asked, *sentences(claim)))


def vector(heard: Heard) -> list[float]:
    """What is weighed as a row, so that no weight should be below nought."""
    return [heard.get(name, 0.0) for name in VOICES] + [-heard.get(name, 0.0) for name in RULES]


def logistic(x: Floats, y: Floats, weight: Floats) -> Floats:
    """Weights of a logistic by Newton's method, none below nought but the last, which is the bias."""
    x = np.hstack([x, np.ones((len(x), 1))])
    before = np.array([0.0] * len(VOICES) + [RULE] * len(RULES) + [0.0])
    pull = np.array([PULL] * (len(before) - 1) + [1e-3])
    w, free = before.copy(), np.ones(len(before), np.bool_)
    for _ in range(60):
        p = 1 / (1 + np.exp(-x @ w))
        slope = x.T @ (weight * (y - p)) - pull * (w - before)
        curve = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(pull)
        w[free] += np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        below = free & (w < 0)
        below[-1] = False
        w[below], free = 0.0, free & ~below
    return w


def fitted(claims: Sequence[tuple[str, int, list[list[float]]]]) -> Floats:
    """The weights, of each claim the sentence that they are least sure of."""
    count: dict[tuple[str, int], int] = defaultdict(int)
    for name, label, _ in claims:
        count[name, label] += 1
    weight = np.array([(RIGHT if label else 1) / max(8, count[name, label]) for name, label, _ in claims])
    weight *= len(claims) / weight.sum()
    y = np.array([label for _, label, _ in claims], float)
    w = np.array([0.5] * (len(VOICES) + len(RULES)) + [0.0])
    for _ in range(8):
        x = np.array([min(rows, key=lambda row: float(np.dot(row, w[:-1]))) for _, _, rows in claims])
        w = logistic(x, y, weight)
    return w


def written(w: Floats) -> str:
    """The weights by name, those of rules below nought."""
    signed = [*w[: len(VOICES)], *(-w[len(VOICES) : -1])]
    weights = dict(zip((*VOICES, *RULES), signed, strict=True))
    return json.dumps(
        {"bias": round(w[-1], 2), **{name: round(value, 2) + 0.0 for name, value in weights.items()}}, indent=1
    )


def claims_of(each: int, read: set[str]) -> Iterator[tuple[str, int, list[list[float]]]]:
    """Set, label and what is weighed of each claim that has something to weigh."""
    listener = Listening()
    for name, group in sample("train", 10**9):
        rows = [row for row in group if fresh(row, read)]
        rows = random.Random(name).sample(rows, min(each, len(rows)))
        kept = [(name, int(row["label"]), [vector(one) for one in listener.listen(row)]) for row in rows]
        yield from (one for one in kept if one[2])
        print(name, len(group), len(rows), sum(bool(one[2]) for one in kept), flush=True)


def main() -> None:
    """Writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--each", type=int, default=100)
    given = parser.parse_args()
    claims = list(claims_of(given.each, read_claims(given.run)))
    w = fitted(claims)
    TARGET.write_text(f"{written(w)}\n", encoding="utf-8")
    right = [label for _, label, _ in claims]
    sure = [
        min(1 / (1 + math.exp(-float(np.dot(row, w[:-1]) + w[-1]))) for row in rows) >= 0.5 for _, _, rows in claims
    ]
    held = [sum(s for s, one in zip(sure, right, strict=True) if one == label) / right.count(label) for label in (1, 0)]
    print(f"{len(claims)} claims; held: {held[0]:.2f} of the right ones, {held[1]:.2f} of the wrong ones")


if __name__ == "__main__":
    main()
