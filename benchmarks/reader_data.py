"""What the reader is trained on: questions with windows and claims with evidence, from the sets beside the checkout.

Only rows whose licence allows weights that ship: `use` any or sharealike, question sets of tiers A and S, English.
"""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from datasets import records
from reader_changes import EITHER, SILENT, Spans, doubted

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.models.cross_encoder.evidence import aligned, terms

SUPPORTS = 0
_LABELS = {"supported": SUPPORTS, "refuted": 1, "neutral": SILENT, "partial": SILENT, "unsupported": EITHER}
# rows of a claim set that are read in one pass at most, and passes
CLAIMS = {
    "summedits": (9999, 3), "bump": (9999, 2), "defacto": (9999, 2), "attributionbench": (9999, 2), "begin": (1000, 1),
    "citation_integrity": (1600, 1), "expertqa": (9999, 2), "halueval_qa": (900, 1), "wice_tokens": (9999, 2),
    "contractnli": (9999, 1), "fm2": (9999, 3), "fever": (3000, 1), "mnli": (6500, 1), "med": (9999, 1),
    "clcd": (1200, 1),
}  # fmt: skip
QUESTIONS = {
    "squad2": 9999, "xquad": 9999, "expmrc_squad": 9999, "qed": 9999, "clapnq": 9999, "selqa": 9999, "qamr": 3000,
    "ottqa": 9999, "hybridqa": 9999, "fetaqa": 1200, "aitqa": 9999, "medquad": 1500,
}  # fmt: skip


@dataclass(frozen=True)
class Example:
    """A pair of texts and what is to be said of it. A label of -1 means that a head is not asked."""

    source: str
    first: str
    second: str
    answers: int = -1  # 1 or 0
    verdict: int = -1  # 0 to 2 as the head says, 3: contradicts or silent
    span: tuple[int, int] | None = None  # characters of `second` that answer
    doubts: Spans | None = None  # characters of `first` that the evidence does not bear out; None: not known


Unit = list[Example]  # read in one batch: the first holds or answers, those after it do not; or one alone


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, a line's end being one."""
    found = [text[a:b].strip() for line in _lines(text) for a, b in _spans(text, *line)]
    return [one for one in found if one]


def _lines(text: str) -> Iterator[tuple[int, int]]:
    for match in re.finditer(r"[^\n]+", text):
        yield match.span()


def _spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for span in split_sentences(text, start, end):
        yield span.start, span.end


def english(name: str, part: str) -> list[dict[str, Any]]:
    """The rows of a question set that are in English."""
    return [row for row in records(f"qa_{name}", part) if row.get("lang", "en") == "en"]


# Questions


def windows(row: dict[str, Any], budget: int) -> list[tuple[str, int]]:
    """The parts of a row's text, each of whole sentences or of a table's rows, and where they begin."""
    text = row["context"]
    pieces = [span for line in _lines(text) for span in (_spans(text, *line) if row["kind"] != "table" else [line])]
    found, start, end = [], 0, 0
    for a, b in pieces:
        if end > start and b - start > budget:
            found.append((text[start:end], start))
            start = a
        end = b
    if end > start:
        found.append((text[start:end], start))
    return found


def headed(row: dict[str, Any], window: tuple[str, int], rng: random.Random) -> tuple[str, int]:
    """The window under its headings and where its own text begins."""
    text, start = window
    head = ""
    if row["kind"] == "table" and start:
        head = "\n".join(row["context"].split("\n")[:2]) + "\n"
    elif row.get("title") and rng.random() < 0.5:
        head = str(row["title"]).replace(" / ", " > ") + "\n"
    return head + text, len(head)


class Neighbours:
    """Which texts share the rare words of a question: BM25 without lengths, over all texts of the question sets."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self._places: dict[str, list[int]] = defaultdict(list)
        for row, text in enumerate(texts):
            for term in dict.fromkeys(terms(text)):
                self._places[term].append(row)

    def __call__(self, question: str, most: int) -> list[str]:
        """The most alike, the best first."""
        scores: dict[int, float] = defaultdict(float)
        for term in dict.fromkeys(terms(question)):
            places = self._places.get(term, [])
            if len(places) < len(self.texts) / 20:
                for row in places:
                    scores[row] += math.log(len(self.texts) / len(places))
        return [self.texts[row] for row in sorted(scores, key=lambda row: (-scores[row], row))[:most]]


def questions(rng: random.Random, part: str = "train") -> Iterator[Unit]:
    """A window that answers and one or two that do not, of the same text or alike; what has no answer alone."""
    rows = {name: english(name, part) for name in QUESTIONS if name != "medquad"}
    contexts = list(dict.fromkeys(row["context"] for found in rows.values() for row in found if row["kind"] != "table"))
    neighbours = Neighbours(contexts)
    for name, found in rows.items():
        for at in sorted(rng.sample(range(len(found)), min(len(found), QUESTIONS[name]))):
            near = [found[other] for other in range(max(0, at - 12), min(len(found), at + 12))]
            yield from _question(found[at], near, neighbours, rng)
    found = english("medquad", part)
    for row in rng.sample(found, min(len(found), QUESTIONS["medquad"])):
        cut = rng.choice([300, 400, 500])
        texts = [rng.choice(row["positives"]), *rng.sample(row["negatives"], min(1, len(row["negatives"])))]
        yield [Example("medquad", row["question"], text[:cut], answers=int(not at)) for at, text in enumerate(texts)]


def _question(
    row: dict[str, Any], near: Sequence[dict[str, Any]], neighbours: Neighbours, rng: random.Random
) -> Iterator[Unit]:
    name, question, budget = row["set"], row["question"], rng.choice([200, 300, 400, 500])
    parts, answers = windows(row, budget), [(one["start"], one["start"] + len(one["text"])) for one in row["answers"]]
    if not answers:
        best = max(parts, key=lambda part: len(set(terms(part[0])) & set(terms(question))))
        yield [Example(name, question, headed(row, best, rng)[0], answers=0)]
        return
    holding = [part for part in parts if any(part[1] <= a and b <= part[1] + len(part[0]) for a, b in answers)]
    if not holding:
        return
    part = rng.choice(holding)
    text, begin = headed(row, part, rng)
    a, b = next((a, b) for a, b in answers if part[1] <= a and b <= part[1] + len(part[0]))
    exact = row["kind"] == "span" or (row["kind"] == "table" and len(answers) == 1)
    span = (a - part[1] + begin, b - part[1] + begin) if exact and b - a < 150 else None
    unit = [Example(name, question, text, answers=1, span=span)]
    said = [one["text"].lower() for one in row["answers"]]
    others = [headed(row, one, rng)[0] for one in parts if one not in holding]
    others += [text[:budget] for text in row.get("near_misses") or []]
    others += [
        window[0] for other in near if other["context"] != row["context"] for window in windows(other, budget)[:2]
    ]
    alike = [text[:budget] for text in neighbours(question, 6) if text != row["context"]]
    for kind in rng.sample([others, others, alike], 1 if rng.random() < 0.75 else 2):
        kind = [text for text in kind if not any(one in text.lower() for one in said)]
        if kind:
            kind.sort(key=lambda text: -len(set(terms(text)) & set(terms(question))))
            unit.append(Example(name, question, rng.choice(kind[:4]), answers=0))
    yield unit


# Claims that people judged


def claims(rng: random.Random, part: str = "train") -> Iterator[Unit]:
    """The judged claims, each against the sentences that it aligns with, or with those that annotators named."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name in ("faith_summaries", "faith_citations", "claim_checks", "nli_probes"):
        for row in records(name, part):
            if row["use"] in ("any", "sharealike") and row["label"] is not None and row["set"] in CLAIMS:
                found[row["set"]].append(row)
    for name, (most, passes) in CLAIMS.items():
        partners = _partners(name, found[name])
        for _ in range(passes):
            for row in rng.sample(found[name], min(most, len(found[name]))):
                yield from _claim(row, partners.get(row["id"]), rng)


def _partners(name: str, rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """For a claim that is wrong, the text that it was made from or mended to, where the set has one."""
    if name == "summedits":
        return {row["id"]: row["original"] for row in rows if row.get("original")}
    right: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["label"] == 1:
            right[row["doc_id"]].append(row["claim"])
    pairs = {}
    for row in rows:
        if name in ("bump", "defacto") and row["label"] == 0 and right[row["doc_id"]]:
            words = set(row["claim"].split())
            nearest = max(right[row["doc_id"]], key=lambda text: len(words & set(text.split())))
            if len(words & set(nearest.split())) > len(words) / 3:
                pairs[row["id"]] = nearest
    return pairs


def _claim(row: dict[str, Any], partner: str | None, rng: random.Random) -> Iterator[Unit]:
    claim, label = row["claim"], _LABELS[row["label3"]]
    spans = _spans_of_row(row, partner)
    if row["set"] == "halueval_qa" or (row.get("question") and row["kind"] == "answer" and rng.random() < 0.2):
        shift = len(row["question"]) + 1
        claim, spans = f"{row['question']} {claim}", spans and tuple((a + shift, b + shift) for a, b in spans)
    parts = [(a, b) for a, b in _spans(claim, 0, len(claim))] if row["kind"] == "summary" else []
    if len(parts) > 1 and spans is not None and rng.random() < 0.6:
        for a, b in parts:
            own = tuple((max(a, c) - a, min(b, d) - a) for c, d in spans if c < b and d > a)
            yield [_held(row, claim[a:b].strip(), label if own else SUPPORTS, own, rng)]
        return
    unit = [_held(row, claim, label, spans, rng)]
    if partner and label != SUPPORTS and rng.random() < 0.5:
        unit.insert(0, Example(row["set"], partner, unit[0].second, verdict=SUPPORTS, doubts=()))
    yield unit


def _spans_of_row(row: dict[str, Any], partner: str | None) -> Spans | None:
    if row["label"] == 1:
        return ()
    if partner is not None:
        return doubted(partner, row["claim"]) or None
    if row.get("bad_tokens") is None:
        return None
    found, at = [], 0
    for number, token in enumerate(row["claim_tokens"]):
        at = row["claim"].find(token, at)
        if at < 0:
            return None
        if number in row["bad_tokens"]:
            found.append((at, at + len(token)))
        at += len(token)
    return tuple(found)


def _held(row: dict[str, Any], claim: str, label: int, spans: Spans | None, rng: random.Random) -> Example:
    evidence = evidence_for(row, claim, rng.choice([200, 300, 400, 500]), named=rng.random() < 0.5)
    return Example(row["set"], claim, evidence, verdict=label, doubts=spans)


def evidence_for(row: dict[str, Any], claim: str, budget: int, named: bool = False) -> str:
    """The sentences of a row's document that its claim aligns with; `named`: those that annotators gave, if any."""
    if named and row["evidence"]:
        lines = row["document"].split("\n")
        text = " ".join(lines[at] for at in sorted(row["evidence"][0]) if at < len(lines))
        if 20 < len(text) < 2 * budget:
            return text
    found = sentences_of(row["document"])
    if sum(map(len, found)) <= budget:
        return " ".join(found)
    return " ".join(found[at] for at in aligned(claim, found, budget))
