"""The Performer beside exact attention: time and memory by length, error by number of features.

python benchmarks/performer.py length|error [--longest 65536] [--repeats 3] [--seeds 3]
"""

from __future__ import annotations

import argparse
import ctypes
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from datasets import records
from table import HERE, markdown, publish
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertConfig, BertModel

from longdoc.bundled import bundled_file
from longdoc.models.encoder.embedder import Embedder
from longdoc.models.performer.favor import FeatureMap, attend, attend_causal
from longdoc.models.performer.performer import PerformerEncoder

PLOT = HERE.parent / "docs" / "performer_length.png"
HEADS, HEAD_DIM, FEATURES = 12, 64, 256
SHORTEST, NAIVE_TO = 1024, 8192  # the naive form holds two matrices of tokens x tokens for each head
ATTENTION = {
    "naive": "exact, softmax(q kᵀ) v",
    "sdpa": "exact, scaled_dot_product_attention",
    "performer": "Performer",
    "sdpa causal": "exact causal, scaled_dot_product_attention",
    "performer causal": "Performer causal",
}
ENCODERS = {"bert": "exact, BERT of transformers", "encoder": "Performer", "encoder causal": "Performer causal"}
KINDS, STEPS = ("random", "calibrated", "trained"), 100
COUNTS = (64, 128, 256, 512, 1024)
PASSAGES, CALIBRATED_ON = 96, 32


def attention(way: str, length: int) -> Callable[[], object]:
    """One layer's attention over random queries, keys and values, heads 12 x 64, float32."""
    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 1, HEADS, length, HEAD_DIM, generator=generator).unbind()
    features = FeatureMap(HEADS, HEAD_DIM, FEATURES)
    features.redraw(generator)
    return {
        "naive": lambda: (q @ k.transpose(2, 3) * HEAD_DIM**-0.5).softmax(dim=-1) @ v,
        "sdpa": lambda: F.scaled_dot_product_attention(q, k, v),
        "performer": lambda: attend(q, k, v, features),
        "sdpa causal": lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        "performer causal": lambda: attend_causal(q, k, v, features),
    }[way]


def encoder(way: str, length: int) -> Callable[[], object]:
    """A random encoder of the bundled one's size (6 layers, width 384, 12 heads), BERT and its Performer."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
    config = BertConfig(vocab_size=1000, max_position_embeddings=length, attn_implementation="sdpa", **sizes)
    exact = BertModel(config, add_pooling_layer=False).eval()
    ids = torch.randint(1, 1000, (1, length))
    if way == "bert":
        return lambda: exact(ids)
    performer = PerformerEncoder.from_exact(exact, features=FEATURES, causal="causal" in way)
    return lambda: performer(ids)


def measured(way: str, length: int, repeats: int) -> tuple[float, float]:
    """Seconds, and MiB that a process of its own grows by."""
    given = [sys.executable, __file__, "one", "--way", way, "--longest", str(length), "--repeats", str(repeats)]
    done = subprocess.run(given, check=True, capture_output=True, text=True).stdout.split()
    return float(done[0]), float(done[1])


@torch.inference_mode()
def one(way: str, length: int, repeats: int) -> None:
    """What `measured` has a process of its own print."""
    make = attention if way in ATTENTION else encoder
    make(way, 512)()
    call = make(way, length)
    ctypes.CDLL(None).malloc_trim(0)  # what was freed is given back, lest it be taken again unseen
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again from here
    before, times = resident("VmRSS"), []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
        if times[0] > 20:
            break
    print(statistics.median(times), max(0, resident("VmHWM") - before) / 1024)


def resident(name: str) -> int:
    """KiB of this process's memory, now (VmRSS) or at most since the mark was set (VmHWM); Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def by_length(longest: int, repeats: int) -> None:
    """Time and peak memory at each length, the slopes, and a plot."""
    lengths = [SHORTEST * 2**power for power in range(int(math.log2(longest / SHORTEST)) + 1)]
    curves: dict[str, dict[int, tuple[float, float]]] = {}
    for way in (*ATTENTION, *ENCODERS):
        curves[way] = {}
        for length in lengths:
            if way != "naive" or length <= NAIVE_TO:
                curves[way][length] = measured(way, length, repeats)
                print(way, length, *curves[way][length], flush=True)
    parts = [
        _part(f"One layer's attention, heads {HEADS} x {HEAD_DIM}", ATTENTION, curves, "sdpa"),
        _part("A whole encoder of 6 layers, width 384, 12 heads", ENCODERS, curves, "bert"),
    ]
    said = (
        f"Float32, a text of random tokens, {FEATURES} features a head, random weights; median of {repeats} runs (of "
        "one where it takes over 20 s), each line in a process of its own. Peak is what that process grows by, the "
        "output included, inputs and weights not. The slope is of the logarithms, from 4,096 tokens on: 1 is linear, "
        "2 quadratic."
    )
    publish("performer_length", "Performer: time and memory by length", "\n\n".join([said, *parts]))
    _plot(curves)


def _part(title: str, names: dict[str, str], curves: dict[str, Any], exact: str) -> str:
    lengths = list(curves[exact])
    rows = []
    for unit, place in (("seconds", 0), ("peak, MiB", 1)):
        for way, name in names.items():
            found = {length: pair[place] for length, pair in curves[way].items()}
            cells = [f"{found[length]:.3g}" if length in found else "" for length in lengths]
            rows.append([name, unit, *cells, _slope(found)])
    performer = [way for way in names if way.startswith(("performer", "encoder"))]
    for way in performer:
        against = f"{exact} causal" if f"{exact} causal" in curves and "causal" in way else exact
        ratios = [f"{curves[against][length][0] / curves[way][length][0]:.2f}" for length in lengths]
        rows.append([names[way], f"times faster than {names[against]}", *ratios, ""])
    return f"## {title}\n\n{markdown(['', '', *(f'{one:,}' for one in lengths), 'slope'], rows)}"


def _slope(found: dict[int, float]) -> str:
    some = [(math.log(length), math.log(value)) for length, value in found.items() if length >= 4096 and value > 0]
    if len(some) < 2:
        return ""
    return f"{statistics.linear_regression(*zip(*some, strict=True)).slope:.2f}"


def _plot(curves: dict[str, Any]) -> None:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        print("No plot: pip install matplotlib==3.11.2")
        return
    figure, both = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axes, place, label in zip(both, (0, 1), ("seconds", "peak memory, MiB"), strict=True):
        for way, name in ATTENTION.items():
            style = {"color": "C1" if "performer" in way else "C0", "linestyle": "--" if "causal" in way else "-"}
            style |= {"color": "C7"} if way == "naive" else {}
            found = curves[way]
            axes.plot(list(found), [pair[place] for pair in found.values()], label=name, marker=".", **style)
        axes.set(xscale="log", yscale="log", xlabel="tokens", ylabel=label)
        axes.set_xticks(list(curves["sdpa"]), [f"{one // 1024}k" for one in curves["sdpa"]])
        axes.minorticks_off()
    both[0].legend(frameon=False, fontsize=8)
    figure.savefig(PLOT, dpi=130)


def passages() -> Iterator[str]:
    """Pieces of 800 characters, one from each document, two kinds in turns."""
    for paper, spec in zip(records("scisumm"), records("techspec"), strict=False):
        yield " ".join(" ".join(section["sentences"]) for section in paper["sections"])[3000:3800]
        yield spec["document"][2000:2800]


def read() -> tuple[list[str], Tensor, Tensor]:
    """The passages, their token ids and their mask."""
    texts = [text for _, text in zip(range(PASSAGES), (one for one in passages() if len(one) == 800), strict=False)]
    tokenizer = Tokenizer.from_str(bundled_file("tokenizer.json").decode())
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    rows = tokenizer.encode_batch(texts)
    return texts, torch.tensor([row.ids for row in rows]), torch.tensor([row.attention_mask for row in rows])


@torch.inference_mode()
def by_features(seeds: int) -> None:
    """Error of the attention, and how near the bundled encoder's vectors are, by number of features."""
    texts, ids, mask = read()
    exact = torch.from_numpy(Embedder("float32").encode(texts[CALIBRATED_ON:]))
    rows = []
    for count in COUNTS:
        for kind in KINDS:
            some = range(1 if kind == "trained" else seeds)
            found = [_scores(count, seed, kind, ids, mask, exact) for seed in some]
            apart, mean, least, same = (statistics.mean(column) for column in zip(*found, strict=True))
            normal = "" if kind == "trained" else f"{statistics.mean(_normal(count, seed, kind) for seed in some):.3f}"
            rows.append([count, kind, f"{apart:.3f}", f"{mean:.3f}", f"{least:.3f}", f"{same:.0%}", normal])
            print(rows[-1], flush=True)
    between = (exact @ exact.T)[~torch.eye(len(exact), dtype=torch.bool)].mean()
    said = (
        f"The bundled encoder's weights, {len(exact)} passages of 800 characters, calibrated on {CALIBRATED_ON} "
        f"others, and trained on them by {STEPS} steps; means over {seeds} seeds (trained: one). Attention error: root "
        "mean square against exact attention's output, relative to it, over all layers, each given exact attention's "
        "input, on 16 of the passages. Cosine: of the sentence vector with that of exact attention "
        f"({between:.2f} between different passages). Neighbour: how often the nearest other passage is the one that "
        "exact attention finds. Normal: the attention error for queries and keys of normal numbers of deviation 1/2, "
        "512 tokens, heads of 64."
    )
    headers = ("features", "kind", "attention error", "cosine, mean", "cosine, least", "neighbour", "normal")
    publish("performer_error", "Performer: error by number of features", f"{said}\n\n{markdown(headers, rows)}")


def _scores(
    count: int, seed: int, kind: str, ids: Tensor, mask: Tensor, exact: Tensor
) -> tuple[float, float, float, float]:
    performer = PerformerEncoder.from_pretrained(features=count, seed=seed)
    if kind != "random":
        given = ids[:CALIBRATED_ON], mask[:CALIBRATED_ON]
        performer.calibrate(*given, steps=STEPS if kind == "trained" else 0)
    ids, mask = ids[CALIBRATED_ON:], mask[CALIBRATED_ON:]
    batches = zip(ids.split(16), mask.split(16), strict=True)
    vectors = torch.cat([performer.vectors(*batch) for batch in batches])
    near = (vectors * exact).sum(dim=1)
    same = (_nearest(vectors) == _nearest(exact)).double().mean()
    return _apart(performer, ids[:16], mask[:16]), near.mean().item(), near.min().item(), same.item()


def _nearest(vectors: Tensor) -> Tensor:
    return (vectors @ vectors.T).fill_diagonal_(-1).argmax(dim=1)


def _apart(performer: PerformerEncoder, ids: Tensor, mask: Tensor) -> float:
    """The attention's error: queries, keys and values are those of a pass with exact attention, `calibrate`'s."""
    seen: dict[Any, Tensor] = {}
    reader = PerformerEncoder.from_pretrained()
    for layer, mine in zip(reader.layers, performer.layers, strict=True):
        layer.qkv.register_forward_hook(lambda _, __, out, mine=mine: seen.__setitem__(mine, out))
    reader.calibrate(ids, mask)
    wrong = whole = 0.0
    for layer, qkv in seen.items():
        q, k, v = qkv.unflatten(-1, (3, layer.heads, -1)).permute(2, 0, 3, 1, 4)
        exact = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.bool()[:, None, None]).transpose(1, 2)
        found = attend(q, k, v, layer.features, mask.bool()).transpose(1, 2)
        wrong += (found - exact)[mask.bool()].square().sum().item()
        whole += exact[mask.bool()].square().sum().item()
    return math.sqrt(wrong / whole)


def _normal(count: int, seed: int, kind: str) -> float:
    generator = torch.Generator().manual_seed(seed)
    q, k, v = torch.randn(3, 1, 4, 512, 64, generator=generator).unbind()
    q, k = q / 2, k / 2
    features = FeatureMap(4, 64, count)
    features.redraw(generator)
    if kind != "random":
        features.calibrate(q[0].transpose(0, 1), k[0].transpose(0, 1))
    exact = F.scaled_dot_product_attention(q, k, v)
    return ((attend(q, k, v, features) - exact).square().sum() / exact.square().sum()).sqrt().item()


def main() -> None:
    """Runs one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["length", "error", "one"])
    parser.add_argument("--longest", type=int, default=65_536, help="tokens")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--way", default="", help="for the part that `length` calls")
    given = parser.parse_args()
    if given.part == "one":
        one(given.way, given.longest, given.repeats)
    elif given.part == "length":
        by_length(given.longest, given.repeats)
    else:
        by_features(given.seeds)


if __name__ == "__main__":
    main()
