"""Trains the reader that comes with longdoc and writes its weights into models/cross_encoder.

    python benchmarks/train_reader.py RUN [--tokens MILLIONS] [--seed N] [--export]

RUN is a folder outside the project for the checkpoint, from which an interrupted run goes on, and for the log. Rows
whose licences allow weights that ship are read (see reader_data.py), once, in an order drawn from the seed, on one
thread.
`--export` writes the weights of the last checkpoint, calibrated on dev, and prints their digest.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch reader knows
from reader_data import Example, Unit
from reader_made import training_units
from reader_probe import probe, temperatures
from safetensors.torch import load, load_file, save_file
from table import markdown, publish
from tokenizers import Encoding, Tokenizer
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from longdoc.bundled import bundled_file
from longdoc.models.cross_encoder.network import CrossEncoder, Read
from longdoc.models.cross_encoder.pairs import Pair
from longdoc.models.cross_encoder.weights import FILE, packed, unpacked

BATCH, MOST, FIRST = 2048, 208, 96  # tokens of a batch, of a pair, of its first text
RATE, HEAD_RATE, DECAY = 2e-4, 1e-3, 0.01
WARMUP, COOLDOWN = 120, 0.3  # steps, and the share of all in which the rate falls to nothing
FOLDER = Path(__file__).resolve().parents[1] / "models" / "cross_encoder"
MARGIN = 1.5  # between a pair's two logits
PROBED, KEPT = 500, 50  # steps


@dataclass(frozen=True)
class Row:
    """An example in tokens. Places are rows of the pair."""

    pair: Pair
    answers: int
    verdict: int
    span: tuple[int, int] | None
    doubts: tuple[int, ...] | None  # for each token of the claim
    leads: int  # of the rows that follow it in its unit, how many it is better than


def rows_of(units: Sequence[Unit], tokenizer: Tokenizer) -> Iterator[list[Row]]:
    """The units in tokens."""
    for start in range(0, len(units), 2000):
        part = units[start : start + 2000]
        texts = [text for unit in part for one in unit for text in (one.first, one.second)]
        encoded = iter(tokenizer.encode_batch(texts, add_special_tokens=False))
        for unit in part:
            yield [
                _row(one, next(encoded), next(encoded), len(unit) - 1 if not at else 0) for at, one in enumerate(unit)
            ]


def _row(one: Example, first: Encoding, second: Encoding, leads: int) -> Row:
    ids, others = first.ids[:FIRST], second.ids
    others = others[: MOST - 3 - len(ids)]
    pair = Pair((101, *ids, 102, *others, 102), len(ids))
    span = None
    if one.span is not None:
        inside = [at for at, (a, b) in enumerate(second.offsets[: len(others)]) if a < one.span[1] and b > one.span[0]]
        span = (pair.second + inside[0], pair.second + inside[-1]) if inside else None
    doubts = None
    if one.doubts is not None:
        doubts = tuple(int(any(a < d and b > c for c, d in one.doubts)) for a, b in first.offsets[: len(ids)])
    return Row(pair, one.answers, one.verdict, span, doubts, leads)


def units(path: Path, seed: int) -> list[Unit]:
    """What is trained on, made once and kept for a run that goes on."""
    if not path.exists():
        lines = (json.dumps([asdict(one) for one in unit], ensure_ascii=False) for unit in training_units(seed))
        path.with_suffix(".part").write_text("\n".join(lines), encoding="utf-8")
        path.with_suffix(".part").rename(path)
    return [[Example(**one) for one in json.loads(line)] for line in path.read_text(encoding="utf-8").split("\n")]


def batches(units: Sequence[list[Row]], tokens: int) -> Iterator[list[Row]]:
    """Whole units in order, some 2,048 tokens together, until so many tokens are read."""
    batch: list[Row] = []
    size = total = 0
    for unit in units:
        own = sum(len(row.pair.ids) for row in unit)
        if batch and size + own > BATCH:
            yield batch
            total += size
            if total > tokens:
                return
            batch, size = [], 0
        batch += unit
        size += own
    yield batch


def loss_of(model: CrossEncoder, batch: Sequence[Row]) -> dict[str, Tensor]:
    """What each head is wrong by."""
    order = sorted(range(len(batch)), key=lambda at: -len(batch[at].pair.ids))
    with torch.autocast("cpu", torch.bfloat16):
        read = model([batch[at].pair for at in order])
    place = torch.empty(len(batch), dtype=torch.long)
    place[torch.tensor(order)] = torch.arange(len(batch))
    answers, verdicts = read.answers[place], read.verdicts[place]
    starts, at = {}, 0
    for row in order:
        starts[row] = at
        at += len(batch[row].pair.ids)
    return {**_answers(batch, answers), **_verdicts(batch, verdicts), **_places(batch, read, starts)}


def _answers(batch: Sequence[Row], logits: Tensor) -> dict[str, Tensor]:
    asked = [at for at, row in enumerate(batch) if row.answers >= 0]
    if not asked:
        return {}
    wanted = torch.tensor([float(batch[at].answers) for at in asked])
    found = {"answers": F.binary_cross_entropy_with_logits(logits[asked], wanted)}
    pairs = [(at, at + by) for at in asked for by in range(1, batch[at].leads + 1)]
    if pairs:
        better, worse = torch.tensor(pairs).T
        found["answers margin"] = 0.5 * F.softplus(MARGIN - logits[better] + logits[worse]).mean()
    return found


def _verdicts(batch: Sequence[Row], logits: Tensor) -> dict[str, Tensor]:
    asked = [at for at, row in enumerate(batch) if row.verdict >= 0]
    if not asked:
        return {}
    chances = logits.log_softmax(dim=1)
    chances = torch.cat([chances, chances[:, 1:].logsumexp(dim=1, keepdim=True)], dim=1)  # (B, 4)
    found = {"verdict": -chances[asked, [batch[at].verdict for at in asked]].mean()}
    odds = chances[:, 0] - chances[:, 3]
    pairs = [(at, at + by) for at in asked for by in range(1, batch[at].leads + 1)]
    if pairs:
        better, worse = torch.tensor(pairs).T
        found["verdict margin"] = 0.5 * F.softplus(MARGIN - odds[better] + odds[worse]).mean()
    return found


def _places(batch: Sequence[Row], read: Read, starts: dict[int, int]) -> dict[str, Tensor]:
    spans, doubts = [], []
    for at, row in enumerate(batch):
        begin = starts[at]
        if row.span is not None:
            own = slice(begin + row.pair.second, begin + len(row.pair.ids) - 1)
            for logits, place in ((read.start, row.span[0]), (read.end, row.span[1])):
                spans.append(F.cross_entropy(logits[own][None], torch.tensor([place - row.pair.second])))
        if row.doubts is not None and row.verdict >= 0:
            own = slice(begin + 1, begin + 1 + row.pair.first)
            doubts.append(F.binary_cross_entropy_with_logits(read.doubts[own], torch.tensor(row.doubts).float()))
    found = {}
    if spans:
        found["where"] = 0.3 * torch.stack(spans).mean()
    if doubts:
        found["doubts"] = 1.0 * torch.stack(doubts).mean()
    return found


def network() -> CrossEncoder:
    """The network with the bundled encoder's weights and fresh heads."""
    given = load(bundled_file("model.safetensors"))
    embeddings = "embeddings.{}_embeddings.weight".format
    model = CrossEncoder(given[embeddings("word")])
    state = model.state_dict()
    state["positions"] = given[embeddings("position")][: len(state["positions"])]
    state["sides"] = given[embeddings("token_type")]
    state["norm.weight"], state["norm.bias"] = given["embeddings.LayerNorm.weight"], given["embeddings.LayerNorm.bias"]
    names = {"mix": "attention.output.dense", "up": "intermediate.dense", "down": "output.dense",
             "mix_norm": "attention.output.LayerNorm", "down_norm": "output.LayerNorm"}  # fmt: skip
    for layer in range(len(model.layers)):
        for part in ("weight", "bias"):
            old = f"encoder.layer.{layer}."
            parts = [given[f"{old}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            state[f"layers.{layer}.qkv.{part}"] = torch.cat(parts)
            for name, source in names.items():
                state[f"layers.{layer}.{name}.{part}"] = given[f"{old}{source}.{part}"]
    model.load_state_dict(state)
    model.positions.requires_grad_(False)
    return model


def optimizer_of(model: CrossEncoder) -> torch.optim.AdamW:
    """AdamW; heads and the table of matches, which are new, learn faster."""
    new = [
        one
        for name, one in model.named_parameters()
        if name.split(".")[0] in ("tokens", "answer", "verdict", "matches")
    ]
    old = [one for one in model.parameters() if one.requires_grad and not any(one is other for other in new)]
    groups = [{"params": old, "lr": RATE}, {"params": new, "lr": HEAD_RATE}]
    return torch.optim.AdamW(groups, weight_decay=DECAY, fused=True)


def keep(path: Path, model: CrossEncoder, optimizer: torch.optim.AdamW, step: int) -> None:
    """Writes the checkpoint in one piece."""
    tensors = {f"model.{name}": one for name, one in model.state_dict().items()}
    for number, (_, state) in enumerate(sorted(optimizer.state_dict()["state"].items())):
        tensors |= {f"adam.{number}.{name}": one for name, one in state.items()}
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"step": str(step)})
    part.rename(path)


def resume(path: Path, model: CrossEncoder, optimizer: torch.optim.AdamW) -> int:
    """The step that a checkpoint stands at, 0 where there is none."""
    from safetensors import safe_open

    if not path.exists():
        return 0
    with safe_open(path, "pt") as file:
        step = int(file.metadata()["step"])
    tensors = load_file(path)
    model.load_state_dict({name[6:]: one for name, one in tensors.items() if name.startswith("model.")})
    state = optimizer.state_dict()
    numbers = sorted({int(name.split(".")[1]) for name in tensors if name.startswith("adam.")})
    state["state"] = {
        number: {name: tensors[f"adam.{number}.{name}"] for name in ("step", "exp_avg", "exp_avg_sq")}
        for number in numbers
    }
    optimizer.load_state_dict(state)
    return step


def export(run: Path) -> str:
    """Writes the weights as they are shipped, with temperatures found on them; their digest."""
    state = {
        name[6:]: one for name, one in load_file(run / "checkpoint.safetensors").items() if name.startswith("model.")
    }
    model = network()
    model.load_state_dict(state)
    tensors = packed(model)
    model.load_state_dict(unpacked(tensors))
    about = {name: str(one) for name, one in temperatures(model, _tokenizer()).items()}
    save_file(tensors, FOLDER / FILE, metadata=about)
    return f"{about} {sha256((FOLDER / FILE).read_bytes()).hexdigest()}"


def curve(run: Path) -> None:
    """Publishes what the log says: losses by head over the steps, and the AUC of dev rows."""
    said = re.findall(r"^(step|probe) (\d+) ({.*?})", (run / "log.txt").read_text(), re.MULTILINE)
    found = {kind: {int(step): json.loads(line.replace("'", '"')) for other, step, line in said if other == kind}
             for kind in ("step", "probe")}  # fmt: skip
    heads = ["verdict", "verdict margin", "doubts", "answers", "answers margin", "where"]
    losses = [(step, *(line.get(head, "") for head in heads)) for step, line in sorted(found["step"].items())]
    sets = list(next(iter(found["probe"].values())))
    probed = [(step, *(line[name] for name in sets)) for step, line in sorted(found["probe"].items())]
    every = [line for line in losses if not line[0] % 150] + losses[-1:] * bool(losses[-1][0] % 150)
    body = f"Mean losses of the last 50 steps:\n\n{markdown(('step', *heads), every)}\n\n"
    publish("reader_training", "Training the reader", body + f"AUC on dev rows:\n\n{markdown(('step', *sets), probed)}")


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_str(bundled_file("tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def train(run: Path, tokens: int, seed: int) -> None:
    """The whole run, or what is left of it."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    tokenizer, model = _tokenizer(), network()
    optimizer = optimizer_of(model)
    done = resume(run / "checkpoint.safetensors", model, optimizer)
    found = list(batches(list(rows_of(units(run / f"units_{seed}.jsonl", seed), tokenizer)), tokens))
    began, sums, log = time.perf_counter(), dict.fromkeys(["tokens"], 0.0), (run / "log.txt").open("a", buffering=1)
    print(f"{len(found)} steps, {sum(map(len, found))} examples", file=log)
    for step in range(done, len(found)):
        share = min((step + 1) / WARMUP, 1.0, (len(found) - step) / (COOLDOWN * len(found)))
        for group, rate in zip(optimizer.param_groups, (RATE, HEAD_RATE), strict=True):
            group["lr"] = rate * share
        with sdpa_kernel(SDPBackend.MATH):  # of short texts its way back is some 1.5 times as fast on a processor
            losses = loss_of(model, found[step])
            torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        for name, one in losses.items():
            sums[name] = sums.get(name, 0.0) + float(one.detach())
            sums[f"{name} n"] = sums.get(f"{name} n", 0.0) + 1
        sums["tokens"] += sum(len(row.pair.ids) for row in found[step])
        if (step + 1) % KEPT == 0 or step + 1 == len(found):
            means = {name: round(sums[name] / sums[f"{name} n"], 4) for name in sums if f"{name} n" in sums}
            speed = sums["tokens"] / (time.perf_counter() - began)
            print(f"step {step + 1} {means} {speed:.0f} tokens/s", file=log)
            keep(run / "checkpoint.safetensors", model, optimizer, step + 1)
            began, sums = time.perf_counter(), dict.fromkeys(["tokens"], 0.0)
        if (step + 1) % PROBED == 0 or step + 1 == len(found):
            print(f"probe {step + 1} {probe(model, tokenizer)}", file=log)
            began = time.perf_counter()


def main() -> None:
    """Trains, or exports what was trained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--tokens", type=float, default=2.7, help="millions that are read")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--export", action="store_true")
    given = parser.parse_args()
    given.run.mkdir(parents=True, exist_ok=True)
    if given.export:
        print(export(given.run))
        curve(given.run)
    else:
        train(given.run, int(given.tokens * 1e6), given.seed)


if __name__ == "__main__":
    main()
