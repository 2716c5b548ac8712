"""How well the reader that comes with longdoc judges claims and finds windows, and how fast.

    python benchmarks/reader.py claims [--each N]
    python benchmarks/reader.py changes [--each N]
    python benchmarks/reader.py selection [--each N]
    python benchmarks/reader.py speed

`claims`: the dev sets of judged claims, each sentence of a claim against those of its document that it aligns with; the
worst sentence counts. `changes`: sentences of dev documents, as they are, said otherwise, and made false by kind of
change, against a window that has them. `selection`: the right window among twenty, beside the bundled encoder's cosine
and BM25. `speed`: pairs of 128 tokens.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from datasets import records
from reader_data import Neighbours, english, evidence_for, sentences_of, windows
from reader_made import minimal_pairs
from reader_probe import auc
from table import markdown, publish

from longdoc.models.cross_encoder.evidence import terms
from longdoc.models.cross_encoder.reader import Reader
from longdoc.models.encoder.embedder import Embedder

BUDGET = 600  # characters of evidence
KINDS = ("faith_summaries", "faith_citations", "claim_checks", "nli_probes")
SETS = ("squad2", "xquad", "qed", "clapnq", "selqa", "qamr", "ottqa", "hybridqa", "aitqa")


def balanced(scores: Sequence[float], labels: Sequence[int], threshold: float = 0.5) -> float:
    """The mean of the shares of right claims held right and of wrong ones held wrong, in per cent."""
    right = [score >= threshold for score, label in zip(scores, labels, strict=True) if label]
    wrong = [score < threshold for score, label in zip(scores, labels, strict=True) if not label]
    return 50 * (sum(right) / max(1, len(right)) + sum(wrong) / max(1, len(wrong)))


def judged_rows(each: int) -> dict[str, list[dict[str, Any]]]:
    """Dev rows with a label by set, SummEdits by domain, at most so many of each."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind in KINDS:
        for row in records(kind):
            if row["label"] is not None:
                found[f"summedits {row['domain']}" if row["set"] == "summedits" else row["set"]].append(row)
    return {name: random.Random(0).sample(rows, min(each, len(rows))) for name, rows in found.items()}


def claim_scores(reader: Reader, rows: Sequence[dict[str, Any]]) -> list[float]:
    """The least support that a sentence of the claim has."""
    pairs, owners = [], []
    for number, row in enumerate(rows):
        for sentence in sentences_of(row["claim"]):
            pairs.append((sentence, evidence_for(row, sentence, BUDGET)))
            owners.append(number)
    scores = [1.0] * len(rows)
    for number, verdict in zip(owners, reader.judged(pairs), strict=True):
        scores[number] = min(scores[number], verdict.supports)
    return scores


def claims(each: int) -> None:
    """Balanced accuracy at one half and AUC by set."""
    reader, lines, most = Reader.load(), [], []
    for name, rows in judged_rows(each).items():
        labels, scores = [int(row["label"]) for row in rows], claim_scores(reader, rows)
        if len(set(labels)) == 2:
            share = statistics.mean(labels)
            doubted = statistics.mean(score < 0.5 for score, label in zip(scores, labels, strict=True) if label)
            line = (balanced(scores, labels), auc(scores, labels), 100 * doubted)
            most.append((name, *line))
            lines.append((name, len(rows), f"{share:.2f}", 50, *(f"{value:.1f}" for value in line)))
            print(lines[-1], flush=True)
    for title, chosen in (("SummEdits", [one for one in most if one[0].startswith("summedits")]), ("all", most)):
        means = [statistics.mean(one[column] for one in chosen) for column in (1, 2, 3)]
        lines.append((f"mean of {title}", "", "", 50, *(f"{value:.1f}" for value in means)))
    headers = ("set", "claims", "share right", "chance", "reader alone, balanced", "AUC", "right ones doubted, %")
    publish("reader_claims", "Claims of the dev sets, read by the cross-encoder alone", markdown(headers, lines))


def changes(each: int) -> None:
    """How many true sentences are doubted, and how many false ones of each kind pass."""
    reader, chosen = Reader.load(), defaultdict(list)
    for unit in minimal_pairs(random.Random(3), "dev"):
        kind = unit[-1].source.removeprefix("pairs/")
        if len(unit) == 2 and len(chosen[kind]) < each:
            chosen[kind].append(unit)
    lines: list[tuple[object, ...]] = []
    true: dict[str, list[float]] = defaultdict(list)
    for kind, units in sorted(chosen.items()):
        found = reader.judged([(one.first, one.second) for unit in units for one in unit])
        rights, wrongs = [one.supports for one in found[::2]], [one.supports for one in found[1::2]]
        for unit, score in zip(units, rights, strict=True):
            true["literal" if unit[0].first in unit[0].second else "said otherwise"].append(score)
        passed = statistics.mean(score >= 0.5 for score in wrongs)
        order = statistics.mean(a > b for a, b in zip(rights, wrongs, strict=True))
        lines.append((f"{kind} changed", len(units), f"{100 * passed:.1f}", f"{100 * order:.1f}"))
    for name, scores in true.items():
        lines.append((f"true, {name}", len(scores), f"{100 * statistics.mean(one >= 0.5 for one in scores):.1f}", ""))
    headers = ("sentences", "number", "held supported, %", "the true one has the higher score, %")
    publish("reader_changes", "True and false sentences of dev documents", markdown(headers, lines))


def bm25(question: str, texts: Sequence[str]) -> list[float]:
    """BM25 of a few texts, the rarity of words taken from them."""
    bags = [Counter(terms(text)) for text in texts]
    mean = statistics.mean(bag.total() for bag in bags) or 1
    scores = []
    for bag in bags:
        score = 0.0
        for term in set(terms(question)):
            seen = sum(term in other for other in bags)
            weight = np.log(1 + (len(bags) - seen + 0.5) / (seen + 0.5))
            score += weight * bag[term] * 2.2 / (bag[term] + 1.2 * (0.25 + 0.75 * bag.total() / mean))
        scores.append(float(score))
    return scores


def choices(name: str, each: int) -> list[tuple[str, list[str]]]:
    """Questions with twenty windows, the right one first: of the same text, then the most alike of the set."""
    rng, rows = random.Random(1), english(name, "dev")
    near = Neighbours(list(dict.fromkeys(text for row in rows for text, _ in windows(row, 500))))
    found: list[tuple[str, list[str]]] = []
    for row in rng.sample(rows, len(rows)):
        spans = [(one["start"], one["start"] + len(one["text"])) for one in row["answers"] if one["start"] >= 0]
        parts = windows(row, 500)
        right = [text for text, at in parts if any(at <= a and b <= at + len(text) for a, b in spans)]
        if not right:
            continue
        said = [one["text"].lower() for one in row["answers"]]
        others = [text for text, _ in parts] + near(row["question"], 60)
        others = [text for text in dict.fromkeys(others) if not any(one in text.lower() for one in said)]
        if len(others) >= 19:
            found.append((row["question"], [right[0], *others[:19]]))
        if len(found) == each:
            break
    return found


def selection(each: int) -> None:
    """How often the right window comes first, and whether questions with an answer are told from those without."""
    reader, embedder = Reader.load(), Embedder()

    def cosine(question: str, texts: Sequence[str]) -> list[float]:
        vectors = embedder.encode([question, *texts])
        return [float(one) for one in vectors[1:] @ vectors[0]]

    def read(question: str, texts: Sequence[str]) -> list[float]:
        return [one.score for one in reader.answers(question, texts)]

    ways: dict[str, Callable[[str, Sequence[str]], list[float]]] = {"BM25": bm25, "cosine": cosine, "reader": read}
    lines: list[tuple[object, ...]] = []
    for name in SETS:
        asked = choices(name, each)
        if len(asked) < 10:
            continue
        firsts = []
        for way in ways.values():
            scores = [way(question, texts) for question, texts in asked]
            firsts.append(statistics.mean(max(one) == one[0] and one.count(one[0]) == 1 for one in scores))
        lines.append((name, len(asked), "right window first, %", *(f"{100 * one:.1f}" for one in firsts)))
        print(lines[-1], flush=True)
    for name in ("squad2", "clapnq", "mtrag_un"):
        rows = random.Random(2).sample(english(name, "dev"), min(2 * each, len(english(name, "dev"))))
        found = []
        for way in ways.values():
            scores = [max(way(row["question"], [text for text, _ in windows(row, 500)])) for row in rows]
            found.append(f"{auc(scores, [int(row['answerable']) for row in rows]):.1f}")
        lines.append((name, len(rows), "has an answer, AUC", *found))
        print(lines[-1], flush=True)
    headers = ("set", "questions", "measure", *ways)
    publish("reader_selection", "Windows and questions of the dev sets", markdown(headers, lines))


def speed() -> None:
    """Milliseconds of a processor for a pair of 128 tokens; OMP_NUM_THREADS says on how many cores."""
    question, sentence = "How many ships did the fleet lose in the storm?", "The fleet lost eleven ships in the storm. "
    pairs = [(question, sentence * 13)] * 96
    readers = {name: Reader.load(name) for name in ("float32", "bfloat16")}  # type: ignore[arg-type]
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(6):
        for name, reader in readers.items():
            began = time.process_time()
            reader.readings(pairs)
            times[name].append((time.process_time() - began) / len(pairs) * 1000)
    lines = [
        (said, f"{min(times[name][1:]):.1f}", f"{statistics.median(times[name][1:]):.1f}")
        for name, said in {"float32": "float32", "bfloat16": "bfloat16, products in 8 bits"}.items()
    ]
    headers = ("computed in", "least ms a pair", "median")
    publish("reader_speed", "Reading pairs of 128 tokens", markdown(headers, lines))


def main() -> None:
    """Runs one measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measure", choices=["claims", "changes", "selection", "speed"])
    parser.add_argument("--each", type=int, default=200)
    given = parser.parse_args()
    if given.measure == "speed":
        speed()
    else:
        {"claims": claims, "changes": changes, "selection": selection}[given.measure](given.each)


if __name__ == "__main__":
    main()
