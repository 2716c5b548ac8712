"""Fits the salience of stories and talk that comes with longdoc, and says how well it ranks sentences not fitted on.

    python benchmarks/fit_told.py [--export]

Fitted on the stories of SQuALITY's and the meetings of QMSum's training part, by ridge regression on how much of what
a sentence says is in what people wrote of its document: of its plot or of the whole first, of single questions half.
Measured on the development part, beside the general salience. `--export` writes the weights into models/salience and
prints their digest, which belongs into models/salience/weights.py.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from datasets import records
from langchain_core.documents import Document
from numpy.typing import NDArray
from safetensors.numpy import save
from table import markdown, publish

from longdoc.models.encoder.embedder import Embedder
from longdoc.models.salience.told import FILE, SPREAD, Told, ToldSalience
from longdoc.pipelines.digest.points import forms
from longdoc.pipelines.digest.reading import Candidate, Reading
from longdoc.pipelines.summarize.summarize import Settings
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.learned_salience import LearnedSalience
from longdoc.pipelines.summarizers.salience import scores_of
from longdoc.pipelines.summarizers.sentence_table import TableMaker
from longdoc.pipelines.wording.words import content_words
from longdoc.testing import CountingTokenizer

SETS: dict[Told, str] = {"story": "squality", "talk": "qmsum"}
MOST = {"train": 60, "dev": 20}  # documents of a set
WORDS = range(5, 51)  # of a sentence that is learned from
STRENGTH = 0.01  # of the ridge, for each sentence
SHORT = 16.0  # what a sentence of few words counts as beside them, so that the shortest are not the best
SINGLE = 0.5  # what an answer to a single question weighs
BEST = 12  # sentences, about a digest's
FOLDER = Path(__file__).resolve().parents[1] / "models" / "salience"


@dataclass(frozen=True)
class Example:
    """A document's sentences: forms, centred vectors, how much people retold of each, and its general salience."""

    forms: NDArray[np.float64]
    vectors: NDArray[np.float64]
    target: NDArray[np.float64]
    general: NDArray[np.float64]


def text_of(record: dict[str, Any]) -> str:
    """The document as a reader would be given it."""
    return record.get("document") or "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in record["turns"])


def retold(record: dict[str, Any]) -> dict[str, float]:
    """The stems of what people wrote of a document, each with the weight of where it stands."""
    whole, single = [], []
    if "questions" in record:
        first, *others = record["questions"]
        whole, single = [first["references"]], [one["references"] for one in others]
    else:
        whole = [[one["answer"]] for one in record["general_queries"]]
        single = [[one["answer"]] for one in record["specific_queries"]]
    weights: defaultdict[str, float] = defaultdict(float)
    for groups, share in ((whole, 1.0), (single, SINGLE)):
        for references in groups:
            said = Counter(word for reference in references for word in content_words(reference))
            for word, times in said.items():
                weights[word] = max(weights[word], share * times / len(references))
    return weights


def examples(kind: Told, split: str, encoder: Embedder) -> Iterator[Example]:
    """The documents of a set."""
    tokenizer = CountingTokenizer()
    for number, record in enumerate(records(SETS[kind], split)):
        if number == MOST[split]:
            return
        text = text_of(record)
        edges = [
            leaf.span.start
            for leaf in Settings(model=ExtractiveSummarizer(encoder, tokenizer)).job(text).outline.leaves
        ]
        table = TableMaker(Document(page_content=text), edges, encoder, tokenizer=tokenizer).make()
        document = Document(page_content=text, metadata={"source": ""})
        reading = Reading(document, table, scores_of([table], None, LearnedSalience()), True)
        said = [one for one in reading.said if one.row >= 0 and len(one.raw.split()) in WORDS]
        if len(said) > BEST:
            yield _example(reading, said, retold(record))


def _example(reading: Reading, said: Sequence[Candidate], weights: dict[str, float]) -> Example:
    bags = [one.unit.words for one in said]
    held = Counter(word for bag in bags for word in bag)
    rare = {word: math.log(len(bags) / (1 + times)) + 0.5 for word, times in held.items()}
    told = [sum(rare[w] * weights.get(w, 0.0) for w in bag) for bag in bags]
    target = np.array([one / (sum(rare[w] for w in bag) + SHORT) for one, bag in zip(told, bags, strict=True)])
    vectors = reading.table.vectors[[one.row for one in said]].astype(np.float64)
    general = np.array([one.score for one in said])
    return Example(forms(reading, said), vectors - vectors.mean(0), (target - target.mean()) / target.std(), general)


def fitted(given: Sequence[Example]) -> ToldSalience:
    """The ridge regression on all sentences of the examples."""
    shapes = np.concatenate([one.forms for one in given])
    middle, spread = shapes.mean(0), shapes.std(0) + 1e-9
    seen = np.hstack([(shapes - middle) / spread, SPREAD * np.concatenate([one.vectors for one in given])])
    target = np.concatenate([one.target for one in given])
    weights = np.linalg.solve(seen.T @ seen + STRENGTH * len(seen) * np.eye(seen.shape[1]), seen.T @ target)
    scaled = weights[: shapes.shape[1]] / spread
    told = np.append(scaled, -middle @ scaled).astype(np.float32)
    return ToldSalience(told, weights[shapes.shape[1] :].astype(np.float32))


def measured(given: Sequence[Example], scores: Sequence[NDArray[np.float64]]) -> list[str]:
    """The rank correlation with what people retold, and how much of it the best sentences have, in mean deviations."""
    ranks = [
        float(np.corrcoef(np.argsort(np.argsort(score)), np.argsort(np.argsort(one.target)))[0, 1])
        for one, score in zip(given, scores, strict=True)
    ]
    best = [float(one.target[np.argsort(-score)[:BEST]].mean()) for one, score in zip(given, scores, strict=True)]
    return [f"{np.mean(ranks):.2f}", f"{np.mean(best):.2f}"]


def main() -> None:
    """Fits, measures and publishes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--export", action="store_true")
    given = parser.parse_args()
    encoder = Embedder()
    rows, weights = [], {}
    for kind in SETS:
        model = fitted(list(examples(kind, "train", encoder)))
        weights |= {f"{kind}.forms": model.forms, f"{kind}.vector": model.vector}
        unseen = list(examples(kind, "dev", encoder))
        for name, scores in (
            ("general salience", [one.general for one in unseen]),
            ("form alone", [model.score(one.forms, None) for one in unseen]),
            ("form and vector", [model.score(one.forms, one.vectors) for one in unseen]),
        ):
            rows.append([SETS[kind], len(unseen), name, *measured(unseen, scores)])
            print(rows[-1], flush=True)
    if given.export:
        data = save(weights)
        (FOLDER / FILE).write_bytes(data)
        print(sha256(data).hexdigest())
    heads = ("set", "documents", "sentences ranked by", "rank correlation", f"of the best {BEST}, deviations")
    publish("told", "Which sentences of stories and meetings people retell", markdown(heads, rows))


if __name__ == "__main__":
    main()
