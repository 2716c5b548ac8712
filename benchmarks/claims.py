"""How well claims are told that follow from their document from claims that do not, set by set.

    python benchmarks/claims.py [--each 100] [--split dev] [--only NAME ...] [--name claims] [--jobs 1]

Sets of ../shared/data whose labels people gave: summaries, cited sentences, checked claims. Of each set (of SummEdits,
each domain) a sample with a fixed seed. A claim holds where each of its sentences does. Balanced accuracy is the
mean of what is let through of the right and what is stopped of the wrong: 50 is chance.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from datasets import records
from numpy.typing import NDArray
from table import markdown, publish

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.models.cross_encoder.reader import Reader
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.checks.alignment import matches, verbatim
from longdoc.pipelines.checks.checker import Checker, Ruled
from longdoc.pipelines.checks.entailment import Judged, voices
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.checks.finding import Finding
from longdoc.pipelines.summarizers.protocol import Passage

FILES = ("faith_summaries", "faith_citations", "claim_checks")
LEFT_OUT = {"wice_tokens", "halueval_qa", "longsciverify", "longeval_pubmed"}
MOST_KNOWN = 20_000  # sentence vectors that are kept
Row = dict[str, Any]
NAMES = ("rules alone", "model alone", "both")


def sample(split: str, each: int, seed: int = 20261129) -> Iterator[tuple[str, list[Row]]]:
    """The sets in order with their rows."""
    for file in FILES:
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in records(file, split):
            if row["label"] is not None and row["set"] not in LEFT_OUT and str(row["claim"]).strip():
                name = f"summedits {row['domain']}" if row["set"] == "summedits" else row["set"]
                groups[name].append(row)
        for name in groups:
            rows = groups[name]
            if len(rows) > each:
                rows = random.Random(f"{seed} {name}").sample(rows, each)
            yield name, rows


def balanced(judged: Sequence[tuple[bool, bool]]) -> float:
    """Balanced accuracy of pairs of label and verdict, in percent."""
    right = [said for label, said in judged if label]
    wrong = [said for label, said in judged if not label]
    return 50 * (sum(right) / max(1, len(right)) + 1 - sum(wrong) / max(1, len(wrong)))


def sentences(claim: str) -> list[str]:
    """The sentences of a claim that have words."""
    found = [" ".join(span.of(claim).split()) for span in split_sentences(claim)]
    return [one for one in found if any(map(str.isalnum, one))] or [claim]


class Remembering:
    """An encoder that reads each text once, however many checks ask for it."""

    def __init__(self) -> None:
        self._encoder = Embedder()
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of the texts."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
            new = list(dict.fromkeys(texts))
        if new:
            self._known |= dict(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


class RememberingReader:
    """A reader that reads each pair once."""

    def __init__(self) -> None:
        self._reader = Reader.load()
        self._known: dict[tuple[str, str], Judged] = {}

    def judged(self, pairs: Sequence[tuple[str, str]]) -> list[Judged]:
        """What is said of the pairs."""
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._known]
        self._known |= dict(zip(new, self._reader.judged(new) if new else [], strict=True))
        return [self._known[pair] for pair in pairs]


class Judges(Checker):
    """Three checks of one claim: rules alone, model alone, and both."""

    def __init__(self) -> None:
        self.encoder, self.reader = Remembering(), RememberingReader()
        super().__init__(self.encoder, self.reader)
        self._ruled_alone: list[bool] = []
        self.spent = 0.0  # seconds of the processor for both

    def _heard(self, ruled: Sequence[Ruled], evidence: Evidence) -> list[Finding]:
        self._ruled_alone = [one.finding.supported for one in ruled]
        return super()._heard(ruled, evidence)

    def judged(self, parts: Sequence[str], document: str) -> tuple[bool, bool, bool]:
        """Whether all of a claim's sentences hold: by the rules, by the model, by both."""
        began = time.process_time()
        evidence = Evidence([Passage(document, (Span(0, len(document)),))])
        found = self.check_all(parts, evidence)
        self.spent += time.process_time() - began
        alone = iter(self._ruled_alone)
        rules = [
            next(alone) if verbatim(part, evidence) is None else one.supported
            for part, one in zip(parts, found, strict=True)
        ]
        aligned = list(matches(parts, evidence, self.encoder))
        said = voices(self.reader, parts, [one.rows for one in aligned], evidence)
        return all(rules), all(sum(voice.supports) >= 1 for voice in said), all(one.supported for one in found)


@cache
def judges() -> Judges:
    """The checks, loaded once in each process."""
    return Judges()


def measured(rows: Sequence[Row]) -> tuple[list[float], list[str], float]:
    """Of one set the balanced accuracy of each check, what is shown of it, and the processor seconds of both."""
    checks = judges()
    began = checks.spent
    judged = [(row["label"] == 1, checks.judged(sentences(row["claim"]), row["document"])) for row in rows]
    wrong = sum(not label for label, _ in judged)
    line, shown = [], []
    for at in range(len(NAMES)):
        line.append(balanced([(label, said[at]) for label, said in judged]))
        passed = sum(said[at] for label, said in judged if not label)
        doubted = sum(not said[at] for label, said in judged if label)
        shown.append(f"{line[-1]:.1f} ({passed}/{wrong}, {doubted}/{len(rows) - wrong})")
    return line, shown, checks.spent - began


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--name", default="claims")
    parser.add_argument("--jobs", type=int, default=1, help="processes that read")
    given = parser.parse_args()
    table: list[list[object]] = []
    figures: dict[str, list[list[float]]] = {"SummEdits": [], "all sets": []}
    sets = [
        (name, rows)
        for name, rows in sample(given.split, given.each)
        if not given.only or any(one in name for one in given.only)
    ]
    spent = 0.0
    with ProcessPoolExecutor(given.jobs, multiprocessing.get_context("spawn")) as pool:
        for (name, rows), (line, shown, seconds) in zip(
            sets, pool.map(measured, [rows for _, rows in sets]), strict=True
        ):
            spent += seconds
            figures["SummEdits" if name.startswith("summedits") else "all sets"].append(line)
            table.append([name, len(rows), *shown])
            print(*table[-1], flush=True)
    count = sum(len(rows) for _, rows in sets)
    edits = [sum(column) / len(column) for column in zip(*figures["SummEdits"], strict=True)]
    every = [*([edits] if edits else []), *figures["all sets"]]
    mean = [sum(column) / len(column) for column in zip(*every, strict=True)]
    table += [["SummEdits, mean of domains", "", *(f"{value:.1f}" for value in edits)]] if edits else []
    table.append(["mean of sets, SummEdits as one", "", *(f"{value:.1f}" for value in mean)])
    table.append(["milliseconds of a processor, a claim", "", "", "", f"{1000 * spent / count:.0f}"])
    said = (
        f"Balanced accuracy in percent ({given.split}, at most {given.each} rows a set); in brackets wrong claims let "
        "through and right ones doubted. Chance is 50. Published for SummEdits as a whole: GPT-4 82, people 91 "
        "(Laban et al., 2023), not measured here. The check before this one, on the same rows: claims_before.md."
    )
    publish(given.name, "Claims against their documents", f"{said}\n\n{markdown(['set', 'rows', *NAMES], table)}")


if __name__ == "__main__":
    main()
