"""A short look at the reader on dev rows: AUC by set while it trains, and the temperatures of its scores after."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from datasets import records
from reader_data import english, evidence_for, windows
from tokenizers import Tokenizer
from torch import Tensor

from longdoc.models.cross_encoder.network import CrossEncoder
from longdoc.models.cross_encoder.windows import windows as windows_of

CLAIMS = {"summedits": 240, "faithbench": 100, "wice": 100, "defacto": 140, "bump": 120, "fm2": 120, "anli": 120}
CALIBRATED = {
    "summedits": 120, "wice": 60, "defacto": 60, "bump": 60, "fm2": 60, "mnli": 60, "fever": 60, "contractnli": 60,
    "attributionbench": 60, "begin": 60, "citation_integrity": 60,
}  # fmt: skip
ANSWERABLE = "squad2 answerable"


def auc(scores: Sequence[float], labels: Sequence[int]) -> float:
    """How often one that is right has the higher score than one that is wrong, in per cent; ties count half."""
    right = [score for score, label in zip(scores, labels, strict=True) if label]
    wrong = [score for score, label in zip(scores, labels, strict=True) if not label]
    wins = sum((a > b) + 0.5 * (a == b) for a in right for b in wrong)
    return 100 * wins / max(1, len(right) * len(wrong))


@lru_cache(maxsize=2)
def _asked(calibrated: bool) -> list[tuple[str, str, str, int]]:
    rng, found, sets = random.Random(7), [], CALIBRATED if calibrated else CLAIMS
    rows = defaultdict(list)
    for name in ("faith_summaries", "faith_citations", "claim_checks", "nli_probes"):
        for row in records(name):
            if row["set"] in sets and row["label"] is not None:
                rows[row["set"]].append(row)
    for name, most in sets.items():
        drawn = rng.sample(rows[name], min(most, len(rows[name])))
        found += [(name, row["claim"], evidence_for(row, row["claim"], 550), int(row["label"])) for row in drawn]
    for row in rng.sample(english("squad2", "dev"), 200):
        best = windows(row, 700)[0][0]
        if row["answers"]:
            begin = row["answers"][0]["start"]
            best = next((text for text, start in windows(row, 700) if start <= begin < start + len(text)), best)
        found.append((ANSWERABLE, row["question"], best, int(bool(row["answers"]))))
    return found


@torch.inference_mode()
def logits(model: CrossEncoder, tokenizer: Tokenizer, calibrated: bool) -> dict[str, tuple[Tensor, list[int]]]:
    """By set, the logits of verdicts (N, 3) or answers (N,), and what is right."""
    asked = _asked(calibrated)
    encoded = [tokenizer.encode_batch([one, other], add_special_tokens=False) for _, one, other, _ in asked]
    pairs = [next(windows_of(*both)).pair for both in encoded]
    order = sorted(range(len(pairs)), key=lambda at: -len(pairs[at].ids))
    rows: dict[str, list[Tensor]] = defaultdict(list)
    labels: dict[str, list[int]] = defaultdict(list)
    for start in range(0, len(order), 16):
        part = order[start : start + 16]
        with torch.autocast("cpu", torch.bfloat16):
            read = model([pairs[at] for at in part])
        for place, at in enumerate(part):
            name, _, _, label = asked[at]
            rows[name].append((read.answers if name == ANSWERABLE else read.verdicts)[place])
            labels[name].append(label)
    return {name: (torch.stack(found), labels[name]) for name, found in rows.items()}


def probe(model: CrossEncoder, tokenizer: Tokenizer) -> dict[str, float]:
    """AUC in per cent, by set."""
    found = {}
    for name, (given, labels) in logits(model, tokenizer, calibrated=False).items():
        scores = given if name == ANSWERABLE else given.softmax(dim=1)[:, 0]
        found[name] = round(auc(scores.tolist(), labels), 1)
    return found


def temperatures(model: CrossEncoder, tokenizer: Tokenizer) -> dict[str, float]:
    """What the logits are divided by, so that the scores are the likeliest of dev, for answers and for verdicts."""
    found = logits(model, tokenizer, calibrated=True)
    asked, wanted = found.pop(ANSWERABLE)
    verdicts = torch.cat([given for given, _ in found.values()])
    right = torch.tensor([label for _, labels in found.values() for label in labels]).float()
    steps = [round(0.4 * 1.05**step, 3) for step in range(60)]

    def supports(temperature: float) -> float:
        chances = (verdicts / temperature).softmax(dim=1)[:, 0].clamp(1e-6, 1 - 1e-6)
        return float(F.binary_cross_entropy(chances, right))

    def answers(temperature: float) -> float:
        return float(F.binary_cross_entropy_with_logits(asked / temperature, torch.tensor(wanted).float()))

    return {"answers": min(steps, key=answers), "verdict": min(steps, key=supports)}
