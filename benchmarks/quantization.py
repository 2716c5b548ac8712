"""Weights in 32, 16 and 8 bits: what they weigh, how fast they read and write, and what they lose.

python benchmarks/quantization.py layers|decoders|bundled|longformer|led [--repeats 3] [--limit 20] [--sizes 80M 300M]

`layers` needs torchao (pip install torchao==0.18.0; transformers imports it too, once it is there). `decoders` takes
torchao along where it is installed. The trained decoder is the one that benchmarks/train_decoder.py makes.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import torch
from decoder import llama_80m
from quantized_encoders import FORMS, RATIOS, WRITTEN, bundled, led, longformer, loss, times_of, turns
from table import HERE, markdown, publish
from torch import Tensor, nn
from train_decoder import FOLDER, books
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
)

from longdoc.models.decoder.decoder import WindowedDecoder
from longdoc.models.int8_linear import Int8Linear
from longdoc.models.quantize import quantize, weight_bytes

WINDOW, PROMPT = 252, 1024
PLOT = HERE.parent / "docs" / "images" / "quantization.png"
SPEEDS = ((4, "writing one text"), (6, "writing eight texts"), (8, "reading a prompt"))  # columns of the table


def by_torchao(model: Any) -> Any:
    """The model in bfloat16, its inner linear layers in int8 by torchao's own weight-only form."""
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    quantize(model, "bfloat16")
    quantize_(getattr(model, "base_model", model), Int8WeightOnlyConfig())
    return model


def layers(given: argparse.Namespace) -> None:
    """Our linear layer beside torchao's, as it is and compiled, which its documentation advises."""
    if find_spec("torchao") is None:
        raise SystemExit("torchao is not installed: pip install torchao==0.18.0")
    torch.manual_seed(0)
    stack = nn.Sequential(*(part for _ in range(4) for part in (nn.Linear(1024, 2816), nn.Linear(2816, 1024))))
    stack.requires_grad_(False)
    peer = by_torchao(copy.deepcopy(stack))
    compiled, half = torch.compile(peer, dynamic=False), copy.deepcopy(stack).bfloat16()
    mine = nn.Sequential(*(Int8Linear(part.weight, part.bias) for part in stack))
    systems = {"float32": stack, "bfloat16": half, "int8": mine, "torchao int8": peer, "compiled": compiled}
    rows, first, slower = [], dict.fromkeys(systems, 0.0), []
    for count in (1, 4, 8, 16, 64, 256, 1024):
        x = torch.randn(count, 1024)
        calls = {name: _on(system, x if name == "float32" else x.bfloat16()) for name, system in systems.items()}
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            first[name] += time.perf_counter() - began
        found = turns(calls, given.repeats)
        slower += [str(count)] if found["int8"] > found["bfloat16"] else []
        rows.append([count, *(f"{1000 * one:.2f}" for one in found.values())])
    said = (
        f"Milliseconds of eight linear layers, 1,024 to 2,816 and back, by rows (tokens at once). {RATIOS} "
        f"torchao 0.18 weight-only int8 over bfloat16, as it is and with torch.compile for each number of rows, which "
        f"took {first['compiled']:.0f} s in all. int8 is ours: torch's kernel for fewer than 12 rows, else codes "
        f"widened to bfloat16 first. It is slower than bfloat16, and does not pay, at {', '.join(slower) or 'no'} rows."
    )
    headers = ("rows", "float32", "bfloat16", "int8", "torchao int8", "torchao int8, compiled")
    publish("quantization_layers", "int8 linear layers", f"{said}\n\n{markdown(headers, rows)}")


def _on(model: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], Tensor]:
    return lambda: model(x)


def llama(size: str) -> Any:
    """A random Llama: 81 or 303 million weights."""
    if size == "80M":
        return llama_80m("cpu")
    torch.manual_seed(0)
    sizes = {"vocab_size": 32_000, "hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 21}
    config = LlamaConfig(**sizes, num_attention_heads=16, tie_word_embeddings=True, max_position_embeddings=65_536)
    model = LlamaForCausalLM(config).eval()
    model.generation_config.eos_token_id = None
    return model


def decoders(given: argparse.Namespace) -> None:
    """Speed, bytes and KL of random Llamas, and KL and perplexity of the trained decoder."""
    rows = [row for size in given.sizes for row in _llama_rows(size, given.repeats)]
    headers = (
        "random Llama",
        "weights",
        "MiB",
        "of float32",
        "tokens a second, one text",
        "ratio",
        "eight texts",
        "ratio",
        "prompt",
        "ratio",
        "mean KL, nats",
        "largest KL",
        "same next token",
    )
    said = (
        f"Through WindowedDecoder, window {WINDOW} and 4 sinks, after {PROMPT:,} tokens; {WRITTEN} tokens written; the "
        f"prompt in chunks of 256. {RATIOS} KL of the next token's distribution from that of float32. Random "
        "weights give nearly even distributions: the KL of the trained decoder below says more, its smallness (width "
        "192) less. Heads and embeddings are left in bfloat16: of the 80M, they are a third of the weights."
    )
    body = f"{said}\n\n{markdown(headers, rows)}\n\n{_where_it_pays(rows)}\n\n{_trained()}"
    _plot(rows)
    publish("quantization_decoders", "Decoders in 16 and 8 bits", body)


def _llama_rows(size: str, repeats: int) -> list[list[object]]:
    original = llama(size)
    models = {form: quantize(copy.deepcopy(original), form) for form in FORMS}
    if find_spec("torchao") is not None:
        models["int8, torchao"] = by_torchao(copy.deepcopy(original))
    del original
    made = {name: WindowedDecoder(model) for name, model in models.items()}
    prompts = {texts: torch.randint(1, 32_000, (texts, PROMPT)) for texts in (1, 8)}
    found = [turns({name: _writing(of, ids) for name, of in made.items()}, repeats) for ids in prompts.values()]
    reads = {name: _reading(of, prompts[1]) for name, of in made.items()}
    found.append(turns(reads, repeats))
    tokens = (WRITTEN, 8 * WRITTEN, PROMPT)
    exact, rows = _log_probabilities(made["float32"], prompts[1]), []
    for name, model in models.items():
        speeds = [
            cell
            for count, seconds in zip(tokens, found, strict=True)
            for cell in (f"{count / seconds[name]:,.1f}", times_of(seconds["float32"], seconds[name]))
        ]
        share = f"{_bytes(model) / _bytes(models['float32']):.2f}"
        lost = loss(exact, _log_probabilities(made[name], prompts[1]))
        rows.append([size, name, f"{_bytes(model) / 2**20:.0f}", share, *speeds, *lost])
    return rows


def _bytes(model: nn.Module) -> int:
    """torchao's tensors hold theirs inside."""
    inside = [one.qdata for one in model.parameters() if hasattr(one, "qdata")]
    scales = [one.scale for one in model.parameters() if hasattr(one, "qdata")]
    if not inside:
        return weight_bytes(model)
    plain = [one for one in [*model.parameters(), *model.buffers()] if not hasattr(one, "qdata")]
    return sum(one.numel() * one.element_size() for one in [*inside, *scales, *plain])


def _writing(decoder: WindowedDecoder, ids: Tensor) -> Callable[[], None]:
    """Writes on from where it was; what is written does not change the time."""
    cache = decoder.cache(WINDOW, 4, first=(0,) * len(ids))
    decoder.prefill(cache, ids[:, :-1])
    text: Any = ids

    def go() -> None:
        nonlocal text
        text = decoder.generate(text, cache=cache, max_new_tokens=WRITTEN, do_sample=False, pad_token_id=0)

    return go


def _reading(decoder: WindowedDecoder, ids: Tensor) -> Callable[[], None]:
    return lambda: decoder.prefill(decoder.cache(WINDOW, 4), ids)


def _log_probabilities(decoder: WindowedDecoder, ids: Tensor) -> Tensor:  # (T, vocabulary)
    return decoder.logits(decoder.cache(WINDOW, 4), ids)[0].float().log_softmax(dim=-1)


def _where_it_pays(rows: Sequence[Sequence[object]]) -> str:
    """What the table shows against float32 and against bfloat16, in words."""
    said = []
    for place, what in SPEEDS:
        for size in dict.fromkeys(row[0] for row in rows):
            speeds = {row[1]: float(str(row[place]).replace(",", "")) for row in rows if row[0] == size}
            over = speeds["int8"] / speeds["bfloat16"]
            said.append(f"{what}, {size}: {over:.2f} times bfloat16{'' if over >= 1 else ' (does not pay)'}")
    return f"int8 {'; '.join(said)}."


def _plot(rows: Sequence[Sequence[object]]) -> None:
    """How many times float32's speed each form has."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        print("No plot: pip install matplotlib==3.11.2")
        return
    sizes = list(dict.fromkeys(row[0] for row in rows))
    figure, every = plt.subplots(1, len(sizes), figsize=(9, 3.5), layout="constrained", sharey=True, squeeze=False)
    for axes, size in zip(every[0], sizes, strict=True):
        forms = [row for row in rows if row[0] == size]
        for at, row in enumerate(forms):
            ratios = [float(str(row[place + 1]).rstrip("x")) for place, _ in SPEEDS]
            where = [group + (at - len(forms) / 2) * 0.2 for group in range(len(SPEEDS))]
            axes.bar(where, ratios, 0.18, align="edge", label=row[1])
        axes.axhline(1, color="C7", linewidth=0.8)
        axes.set_xticks(range(len(SPEEDS)), [what.replace(" ", "\n", 1) for _, what in SPEEDS])
        axes.set_title(f"random Llama, {size}", fontsize=10)
    every[0][0].set_ylabel("times the speed of float32")
    every[0][0].legend(frameon=False, fontsize=8)
    figure.savefig(PLOT, dpi=130)


def _trained() -> str:
    """KL and perplexity of the trained decoder."""
    if not (FOLDER / "config.json").exists():
        return f"{FOLDER} holds no trained decoder: python benchmarks/train_decoder.py makes it."
    model, tokenizer = AutoModelForCausalLM.from_pretrained(FOLDER).eval(), AutoTokenizer.from_pretrained(FOLDER)
    ids = torch.tensor([tokenizer(books()[-1][:40_000], verbose=False)["input_ids"][:8192]])
    made = {form: WindowedDecoder(quantize(copy.deepcopy(model), form)) for form in FORMS}
    exact, rows = _log_probabilities(made["float32"], ids), []
    for form, decoder in made.items():
        near = _log_probabilities(decoder, ids)
        worse = (-near[:-1].gather(1, ids[0, 1:, None]).mean()).exp()
        rows.append([form, f"{weight_bytes(decoder.model) / 2**20:.1f}", f"{worse:.3f}", *loss(exact, near)])
    headers = ("trained decoder", "MiB", "perplexity", "mean KL, nats", "largest KL", "same next token")
    return f"{ids.shape[1]:,} tokens of a book not trained on:\n\n{markdown(headers, rows)}"


def main() -> None:
    """Runs one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {one.__name__: one for one in (layers, decoders, bundled, longformer, led)}
    parser.add_argument("part", choices=parts)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=int, default=20, help="of questions a document, and of papers")
    parser.add_argument("--sizes", nargs="+", choices=("80M", "300M"), default=("80M", "300M"))
    parser.add_argument("--layers", type=int, help="of Longformer and LED, instead of those of the base models")
    parser.add_argument("--led-tokens", type=int, default=16_384)
    given = parser.parse_args()
    parts[given.part](given)


if __name__ == "__main__":
    main()
