"""Trains the salience models that come with longdoc and writes their weights beside models/salience/network.py.

    python benchmarks/train_salience.py CACHE [--context KIND ...] [--members N] [--validate] [--into FOLDER]

CACHE is a folder outside the project for sentence tables and labels. Trained on the sets whose licences allow any use
and that ask no question. With --validate a sixth of each is kept out, and the networks are measured on it and on
documents of a kind that is not trained on.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from datasets import grams
from numpy.typing import NDArray
from safetensors.torch import save_file
from salience_data import Example, examples, f1
from torch import Tensor, nn

from longdoc.memory.summaries.summary import Sentence
from longdoc.models.encoder.embedder import Embedder
from longdoc.models.salience.features import Columns, Reading, Statistics, features
from longdoc.models.salience.model import SalienceModel, overview
from longdoc.models.salience.network import SalienceConfig, SalienceMember, SalienceNetwork
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.learned_salience import LearnedSalience, columns_of
from longdoc.testing import CountingTokenizer

SETS, UNSEEN = ("scisumm", "techspec"), "pubmed_memsum"
EPOCHS, BATCH, RATE, DECAY, CROP = 8, 16, 3e-3, 5e-2, 300
RANKING = 0.5  # what the ranking loss weighs beside the squared error
HEADLESS = 0.25  # how often a document is read as if it had no headings
KEPT_OUT = 6  # of so many documents, one is for validation
FOLDER = Path(__file__).resolve().parents[1] / "models" / "salience"


@dataclass
class Prepared:
    """A document as tensors: features (T, 32) with and without headings, overview (5,), target and prose (T,)."""

    x: tuple[Tensor, Tensor]
    about: tuple[Tensor, Tensor]
    target: Tensor
    prose: Tensor


def prepare(example: Example) -> Prepared:
    """The tensors. The target is precision (half for words, twice for pairs) plus the oracle's choice, standardized."""
    bare = replace(example.table, leads=np.arange(len(example.table)))
    pairs = [_seen(columns_of(table)) for table in (example.table, bare)]
    target = _standard(example.shared @ np.array([0.5, 2.0]), example.prose) + _standard(example.oracle, example.prose)
    return Prepared(
        (pairs[0][0], pairs[1][0]),
        (pairs[0][1], pairs[1][1]),
        torch.from_numpy(np.clip(target, -3, 8)).float(),
        torch.from_numpy(example.prose).float(),
    )


def _seen(columns: Columns) -> tuple[Tensor, Tensor]:
    about = Statistics.empty(columns.vectors.shape[1]).added(columns)
    x, _ = features(columns, about, Reading.begin(columns.vectors.shape[1]))
    return torch.from_numpy(x).float(), torch.from_numpy(overview(about, None))


def _standard(values: NDArray[np.floating], over: NDArray[np.bool_]) -> NDArray[np.floating]:
    standard: NDArray[np.floating] = (values - values[over].mean()) / (values[over].std() + 1e-6)
    return standard


def batches(sets: Sequence[Sequence[Prepared]], rng: random.Random) -> Iterator[tuple[Tensor, ...]]:
    """Batches with as many documents of each set: features, target and prose (B, T), overview (B, 5)."""
    for _ in range(EPOCHS * max(map(len, sets)) * len(sets) // BATCH):
        rows = []
        for place in range(BATCH):
            one, bare = rng.choice(sets[place % len(sets)]), int(rng.random() < HEADLESS)
            start = rng.randrange(max(1, len(one.target) - CROP))
            cut = slice(start, start + CROP)
            rows.append((one.x[bare][cut], one.target[cut], one.prose[cut], one.about[bare]))
        padded = [nn.utils.rnn.pad_sequence([row[i] for row in rows], batch_first=True) for i in range(3)]
        yield *padded, torch.stack([row[3] for row in rows])


def loss(scores: Tensor, target: Tensor, prose: Tensor) -> Tensor:
    """Squared error, a document counting by the root of its length, and ListNet's ranking loss (Cao et al., 2007)."""
    weight = prose * prose.sum(dim=1, keepdim=True).clamp(min=1).rsqrt()
    error = (weight * (scores - target).square()).sum() / weight.sum()
    wanted = target.masked_fill(prose == 0, -1e4).softmax(dim=-1)
    ranking = -(wanted * scores.masked_fill(prose == 0, -1e4).log_softmax(dim=-1)).sum(dim=-1).mean()
    total: Tensor = error + RANKING * ranking
    return total


def train(config: SalienceConfig, sets: Sequence[Sequence[Prepared]], seed: int) -> SalienceMember:
    """One member of the network."""
    torch.manual_seed(seed)
    member = SalienceMember(config)
    rows = torch.cat([x for one in sets for document in one for x in document.x])
    member.centre, member.spread = rows.mean(dim=0), rows.std(dim=0) + 1e-3
    optimizer = torch.optim.AdamW(member.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * max(map(len, sets)) * len(sets) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1, pct_start=0.1)
    for x, target, prose, about in batches(sets, random.Random(seed)):
        optimizer.zero_grad()
        loss(member(x, about)[0], target, prose).backward()
        nn.utils.clip_grad_norm_(member.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return member.train(False)


def network_of(config: SalienceConfig, members: Sequence[SalienceMember]) -> SalienceNetwork:
    """The members as one network."""
    network = SalienceNetwork(config)
    network.members = nn.ModuleList(members)
    return network.train(False)


def quality(given: Sequence[Example], scorer: LearnedSalience | None) -> float:
    """Twice the unigram and once the bigram F1 of summaries as long as the set's references, in per cent, the mean."""
    summarizer = ExtractiveSummarizer(None, CountingTokenizer(), scorer=scorer)
    words = round(float(np.mean([len(one.task.references[0].split()) for one in given])))
    total = []
    for one in given:
        summary = summarizer.choose([one.table], lambda row, one=one: Sentence(one.sentences[row], ()), words, None)
        own, gold = grams(" ".join(sentence.text for sentence in summary.sentences)), grams(one.task.references[0])
        total.append(2 * f1(own[0], gold[0]) + f1(own[1], gold[1]))
    return 100 * float(np.mean(total))


def write(network: SalienceNetwork, folder: Path) -> str:
    """Writes the weights; the line for `DIGESTS`."""
    name = f"salience_{network.config.context}.safetensors"
    tensors = {key: one.contiguous() for key, one in network.state_dict().items()}
    save_file(tensors, folder / name, metadata={"config": json.dumps(asdict(network.config), sort_keys=True)})
    return f'    "{name}": "{sha256((folder / name).read_bytes()).hexdigest()}",'


def main() -> None:
    """Trains each kind that is asked for and prints the digests to put into models/salience/weights.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--context", nargs="+", default=["none", "recurrent", "performer", "window"])
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--documents", type=int, help="of each set, at most")
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--into", type=Path, default=FOLDER)
    given = parser.parse_args()
    torch.set_num_threads(1)  # the tensors are small, and the weights are then the same on any machine of a kind
    began, encoder = time.perf_counter(), Embedder()
    sets = {name: list(examples(name, "train", given.cache, encoder, given.documents)) for name in SETS}
    held = {name: found[::KEPT_OUT] for name, found in sets.items()}
    if given.validate:
        sets = {name: [one for row, one in enumerate(found) if row % KEPT_OUT] for name, found in sets.items()}
        held[UNSEEN] = list(examples(UNSEEN, "train", given.cache, encoder, given.documents))
    ready = [[prepare(one) for one in found if one.prose.sum() >= 10] for found in sets.values()]
    print({name: len(found) for name, found in sets.items()}, f"after {time.perf_counter() - began:.0f} s", flush=True)
    if given.validate:
        print("fixed weights", {name: round(quality(found, None), 2) for name, found in held.items()}, flush=True)
    for context in given.context:
        config = SalienceConfig(context, members=given.members)
        network = network_of(config, [train(config, ready, seed) for seed in range(given.members)])
        print(context, write(network, given.into).strip(), f"{time.perf_counter() - began:.0f} s", flush=True)
        if given.validate:
            scorer = LearnedSalience(SalienceModel(network, "trying"))
            print(context, {name: round(quality(found, scorer), 2) for name, found in held.items()}, flush=True)


if __name__ == "__main__":
    main()
