"""How well claims are told that follow from their document from claims that do not, set by set.

    python benchmarks/claims.py [--each 100] [--split dev] [--only NAME ...] [--name claims]

Sets of ../shared/data whose labels people gave: summaries, cited sentences, checked claims. Of each set (of SummEdits,
each domain) a sample with a fixed seed. A claim holds where each of its sentences does. Balanced accuracy is the
mean of what is let through of the right and what is stopped of the wrong: 50 is chance.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from datasets import DATA, records
from numpy.typing import NDArray
from table import markdown, publish

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.models.cross_encoder.reader import Reader
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.checks.alignment import matches
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.checks.entailment import voices
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.summarizers.protocol import Passage

FILES = ("faith_summaries", "faith_citations", "claim_checks")
LEFT_OUT = {"wice_tokens", "halueval_qa", "longsciverify", "longeval_pubmed"}
MOST_KNOWN = 20_000  # sentence vectors that are kept
Row = dict[str, Any]
Judge = Callable[[Sequence[str], str], bool]  # the claim's sentences and the document: does all of it hold


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


def judges() -> dict[str, Judge]:
    """The checks that are compared, by name."""
    encoder, reader = Remembering(), Reader.load()
    rules, both = Checker(encoder), Checker(encoder, reader)

    def with_check(checker: Checker) -> Judge:
        def judge(parts: Sequence[str], document: str) -> bool:
            evidence = Evidence([Passage(document, (Span(0, len(document)),))])
            return all(one.supported for one in checker.check_all(parts, evidence))

        return judge

    def alone(parts: Sequence[str], document: str) -> bool:
        evidence = Evidence([Passage(document, (Span(0, len(document)),))])
        found = list(matches(parts, evidence, encoder))
        said = voices(reader, parts, [one.rows for one in found], evidence)
        return all(sum(voice.supports) >= 1 for voice in said)

    return {"rules alone": with_check(rules), "model alone": alone, "both": with_check(both)}


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--name", default="claims")
    given = parser.parse_args()
    if not DATA.exists():
        raise SystemExit(f"{DATA} is not there: no claims to check")
    known = judges()
    table: list[list[object]] = []
    figures: dict[str, list[list[float]]] = {"SummEdits": [], "all sets": []}
    spent = dict.fromkeys(known, 0.0)
    count = 0
    for name, rows in sample(given.split, given.each):
        if given.only and not any(one in name for one in given.only):
            continue
        line: list[float] = []
        shown: list[str] = []
        for judge_name, judge in known.items():
            began = time.monotonic()
            judged = [(row["label"] == 1, judge(sentences(row["claim"]), row["document"])) for row in rows]
            spent[judge_name] += time.monotonic() - began
            line.append(balanced(judged))
            passed = sum(said for label, said in judged if not label)
            doubted = sum(not said for label, said in judged if label)
            wrong = sum(not label for label, _ in judged)
            shown.append(f"{line[-1]:.1f} ({passed}/{wrong}, {doubted}/{len(rows) - wrong})")
        count += len(rows)
        figures["SummEdits" if name.startswith("summedits") else "all sets"].append(line)
        table.append([name, len(rows), *shown])
        print(*table[-1], flush=True)
    edits = [sum(column) / len(column) for column in zip(*figures["SummEdits"], strict=True)]
    every = [*([edits] if edits else []), *figures["all sets"]]
    mean = [sum(column) / len(column) for column in zip(*every, strict=True)]
    table += [["SummEdits, mean of domains", "", *(f"{value:.1f}" for value in edits)]] if edits else []
    table.append(["mean of sets, SummEdits as one", "", *(f"{value:.1f}" for value in mean)])
    table.append(["milliseconds a claim", "", *(f"{1000 * value / count:.0f}" for value in spent.values())])
    said = (
        f"Balanced accuracy in percent ({given.split}, at most {given.each} rows a set); in brackets wrong claims let "
        "through and right ones doubted. Chance is 50. Published for SummEdits as a whole: GPT-4 82, people 91 "
        "(Laban et al., 2023), not measured here. The check before this one, on the same rows: claims_before.md."
    )
    publish(given.name, "Claims against their documents", f"{said}\n\n{markdown(['set', 'rows', *known], table)}")


if __name__ == "__main__":
    main()
