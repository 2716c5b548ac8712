"""Longformer and LED by blocks: the same outputs, how fast beside transformers and beside the linear layers alone.

python benchmarks/longformer.py longformer|led|document [--repeats 3] [--layers N]

Random weights of the released base sizes: what a weight is does not change the time.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from table import HERE, markdown, publish
from torch import Tensor, nn
from transformers import (
    LEDConfig,
    LongformerConfig,
    LongformerForQuestionAnswering,
    LongformerForSequenceClassification,
    LongformerModel,
)
from transformers.models.led.modeling_led import LEDEncoder

from longdoc.models.longformer.fast import fast_longformer
from longdoc.models.longformer.reader import LongformerReader, windows_over

LENGTHS = {"longformer": 4_096, "led": 16_384}
BATCHES = {"longformer": (1, 4), "led": (1,)}
CASES = ("plain", "global", "padded", "global and padded")
DOCUMENT = (12_500, 25_000, 50_000)


def longformer_config(layers: int | None, **changes: Any) -> LongformerConfig:
    """Longformer base: 12 layers, width 768, 12 heads, windows of 512, 4,096 positions."""
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "sep_token_id": 2}
    sizes = {"num_hidden_layers": layers or 12, "max_position_embeddings": 4098, "attention_window": 512}
    return LongformerConfig(vocab_size=1000, layer_norm_eps=1e-5, type_vocab_size=1, **ids, **sizes, **changes)


def make(family: str, layers: int | None) -> Any:
    """A random encoder in evaluation mode."""
    torch.manual_seed(0)
    if family == "longformer":
        return LongformerModel(longformer_config(layers), add_pooling_layer=False).eval()
    sizes = {"d_model": 768, "encoder_ffn_dim": 3072, "encoder_attention_heads": 12, "encoder_layers": layers or 6}
    return LEDEncoder(LEDConfig(vocab_size=1000, attention_window=1024, **sizes)).eval()


def inputs(family: str, batch: int, case: str) -> dict[str, Tensor]:
    """Random ids; 16 global tokens, of which one is the first; the last text half padding."""
    length = LENGTHS[family]
    ids = torch.randint(3, 1000, (batch, length), generator=torch.Generator().manual_seed(1))
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "global_attention_mask": torch.zeros_like(ids)}
    if "global" in case:
        given["global_attention_mask"][:, :16] = 1
    if "padded" in case:
        given["attention_mask"][-1, length // 2 :] = 0
    return given


def clock(call: Callable[[], object]) -> float:
    """Seconds that the call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def linear_calls(model: nn.Module, given: dict[str, Tensor]) -> tuple[list[tuple[nn.Module, Tensor]], Tensor]:
    """Every linear layer that transformers runs, with random input of the same shape; and all hidden states."""
    calls: list[tuple[nn.Module, Tensor]] = []
    by_shape: dict[tuple[int, ...], Tensor] = {}

    def note(module: nn.Module, args: tuple[Tensor, ...]) -> None:
        shape = tuple(args[0].shape)
        calls.append((module, by_shape.setdefault(shape, torch.randn(shape))))

    hooks = [one.register_forward_pre_hook(note) for one in model.modules() if isinstance(one, nn.Linear)]
    states = torch.stack(model(**given, output_hidden_states=True).hidden_states)
    for hook in hooks:
        hook.remove()
    return calls, states


@torch.inference_mode()
def speed(family: str, repeats: int, layers: int | None) -> None:
    """Seconds for transformers, its linear layers alone, and the fast model in float32 and bfloat16."""
    plain = make(family, layers)
    fast = fast_longformer(copy.deepcopy(plain))
    half = copy.deepcopy(fast).bfloat16()
    rows = []
    for batch in BATCHES[family]:
        for case in CASES:
            given = inputs(family, batch, case)
            calls, states = linear_calls(plain, given)
            found = torch.stack(fast(**given, output_hidden_states=True).hidden_states)
            apart = float((found - states).abs().max())
            del states, found
            half(**given)
            ways: dict[str, Callable[[], object]] = {
                "transformers": lambda: plain(**given),  # noqa: B023 - called here
                "linear": lambda: [layer(x) for layer, x in calls] and None,  # noqa: B023
                "fast": lambda: fast(**given),  # noqa: B023
                "half": lambda: half(**given),  # noqa: B023
            }
            times: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(repeats):  # in turns: a stall of the machine hits all
                for name, way in ways.items():
                    times[name].append(clock(way))
            theirs, linear, ours, halved = (statistics.median(one) for one in times.values())
            peaks = [peak(family, kind, batch, case, layers) for kind in ("transformers", "fast")]
            seconds = (f"{one:.2f}" for one in (theirs, linear, ours, halved))
            ratios = f"{theirs / ours:.2f}", f"{ours / linear:.2f}", f"{theirs / halved:.1f}"
            rows.append([f"batch {batch}, {case}", *seconds, *ratios, f"{apart:.0e}", *(f"{one:,}" for one in peaks)])
            print(rows[-1], flush=True)
    headers = [
        *("input", "transformers, s", "linear layers alone, s", "fast, s", "fast bf16, s"),
        *("times faster", "of the linear layers", "bf16: times faster", "largest difference"),
        *("transformers peak, MiB", "fast peak, MiB"),
    ]
    count = len(plain.encoder.layer if family == "longformer" else plain.layers)
    said = (
        f"{count} layers, {LENGTHS[family]:,} tokens, medians of {repeats} runs in turns, float32 but where bf16 is "
        "said. The linear layers are all that transformers runs for the input, each alone on contiguous input; the "
        "fast model may do with fewer. The difference is of all hidden states. Peaks are what a process of its own "
        "grows by."
    )
    publish(f"longformer_{family}", f"{family}: attention by blocks", f"{said}\n\n{markdown(headers, rows)}")


def peak(family: str, kind: str, batch: int, case: str, layers: int | None) -> int:
    """MiB that one pass adds to a process that holds the model."""
    given = [sys.executable, __file__, "peak", "--of", f"{family}/{kind}/{batch}/{case}", "--layers", str(layers or 0)]
    return int(subprocess.run(given, check=True, capture_output=True, text=True).stdout)


@torch.inference_mode()
def grown(of: str, layers: int | None) -> int:
    """What `peak` has a process of its own measure."""
    family, kind, batch, case = of.split("/")
    model = make(family, layers)
    given = inputs(family, int(batch), case)
    (fast_longformer(model) if kind == "fast" else model)(**{name: one[:1, :512] for name, one in given.items()})
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again from here
    before = resident("VmRSS")
    model(**given)
    return (resident("VmHWM") - before) // 1024


def resident(name: str) -> int:
    """KiB of this process's memory, now (VmRSS) or at most since the mark was set (VmHWM); Linux only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def document(layers: int | None) -> None:
    """A long document classified and questioned: time, memory, tokens seen, answers at their place."""
    sys.path.append(str(HERE.parent / "tests"))
    from longformer_tiny import WORDS, tokenizer

    words = tokenizer()
    config = longformer_config(layers)
    classifier = LongformerReader(LongformerForSequenceClassification(longformer_config(layers, num_labels=3)), words)
    answerer = LongformerReader(LongformerForQuestionAnswering(config), words)
    classifier.classify(" ".join(WORDS[:10] * 500))
    rows = []
    for count in DOCUMENT:
        text = " ".join(WORDS[(place * place) % 10] for place in range(count))
        windows = list(windows_over(count, classifier.window - 2, classifier.overlap))
        seen = {place for one in windows for place in range(one.start, one.stop)}
        classified = clock(lambda: classifier.classify(text))  # noqa: B023 - called here
        began = time.perf_counter()
        answers = answerer.answers("alpha beta gamma ?", text, 5)
        asked = time.perf_counter() - began
        exact = all(text[one.start_index : one.end_index] == one.text != "" for one in answers)
        high = resident("VmHWM") // 1024
        seconds = f"{classified:.1f}", f"{asked:.1f}", f"{1000 * classified / len(windows):.0f}"
        rows.append([f"{count:,}", len(windows), *seconds, f"{high:,}", f"{len(seen):,}", "all" if exact else "no"])
        print(rows[-1], flush=True)
    headers = [
        *("tokens", "windows", "classified, s", "questioned, s", "ms a window", "peak of process, MiB"),
        *("tokens seen", "answers that are the text at their place"),
    ]
    said = f"Longformer base of {config.num_hidden_layers} layers, random weights, float32, windows of 4,096 tokens."
    publish("longformer_document", "Longformer over long documents", f"{said}\n\n{markdown(headers, rows)}")


def main() -> None:
    """Runs one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["longformer", "led", "document", "peak"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--layers", type=int, default=0, help="fewer layers than the released model has")
    parser.add_argument("--of", default="", help="for the part that the others call")
    given = parser.parse_args()
    if given.part == "peak":
        print(grown(given.of, given.layers or None))
    elif given.part == "document":
        document(given.layers or None)
    else:
        speed(given.part, given.repeats, given.layers or None)


if __name__ == "__main__":
    main()
