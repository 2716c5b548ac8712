"""Windowed decoding: is it exact, what does it cost, does it keep its wits over 100,000 tokens, what do sessions save.

python benchmarks/decoder.py exact|speed|perplexity|sessions [--device cpu] [--decoder FOLDER]

`perplexity` and the KL of `sessions` need the decoder that benchmarks/train_decoder.py makes.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from table import HERE, markdown, publish
from torch import Tensor
from train_decoder import FOLDER, books
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache, LlamaConfig, LlamaForCausalLM

from longdoc.models.decoder.decoder import WindowedDecoder
from longdoc.models.decoder.sessions import KVSessions

PLOT = HERE.parent / "docs" / "decoder_perplexity.png"
BLOCK, SCORED, DENSE = 2_000, 100_000, 30_000
DOCUMENT, QUESTION, REPEATS = 8_192, 32, 9


def llama_80m(device: str) -> LlamaForCausalLM:
    """A random Llama of 81 million weights: 8 layers, width 768, 12 heads, 32,000 words."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 32_000, "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 8}
    config = LlamaConfig(**sizes, num_attention_heads=12, tie_word_embeddings=True, max_position_embeddings=65_536)
    model = LlamaForCausalLM(config).to(device).eval()
    model.generation_config.eos_token_id = None
    return model


def clock(call: Callable[[], object], device: str) -> float:
    """Seconds that the call takes."""
    began = time.perf_counter()
    call()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def exact(device: str, _: Path) -> None:
    """The largest difference from masks and positions written out query by query."""
    sys.path.append(str(HERE.parent / "tests"))
    from windowed_reference import CONFIGS, VOCABULARY, reference_logits, tiny

    window, sinks, rows = 8, 4, []
    for family in CONFIGS:
        decoder, worst = WindowedDecoder(tiny(family)), {}
        for length in (7, 12, 160):
            ids = torch.randint(1, VOCABULARY, (2, length), generator=torch.Generator().manual_seed(length))
            single = [
                reference_logits(family, ids[0], window, sinks),
                reference_logits(family, ids[1, 3:], window, sinks),
            ]
            worst[length] = 0.0
            for chunk in (*range(1, 9), 16, 64, length):
                alone = decoder.logits(decoder.cache(window, sinks), ids[:1], chunk)[0]
                both = decoder.logits(decoder.cache(window, sinks, first=(0, 3)), ids, chunk)
                pairs = ((alone, single[0]), (both[0], single[0]), (both[1, 3:], single[1]))
                worst[length] = max(worst[length], *((mine - theirs).abs().max().item() for mine, theirs in pairs))
        rows.append([family, decoder.motion.kind, *(f"{value:.1e}" for value in worst.values())])
    headers = ("family", "positions", "7 tokens (below)", "12 tokens (at)", "160 tokens (20 times)")
    said = (
        f"Largest difference of a logit, float32, window {window}, {sinks} sinks; chunks of 1 to 8, 16, 64 and all "
        "tokens, one text and a batch of two with left padding. Tiny random weights."
    )
    publish(
        "decoder_exact",
        "Windowed decoding against masks and positions written out",
        f"{said}\n\n{markdown(headers, rows)}",
    )


def speed(device: str, _: Path) -> None:
    """Milliseconds a token at 1k and 64k of context, dense and by recomputing the window."""
    model = llama_80m(device)
    decoder, count = WindowedDecoder(model), 16
    rows, said = [], []
    for window in (256, 1024):
        states, prefill, peaks = {}, {}, {}
        for length in (1024, 65_536):
            ids = torch.randint(1, 32_000, (1, length), device=device)
            cache = decoder.cache(window, 4)
            prefill[length] = clock(lambda: decoder.prefill(cache, ids[:, :-1]), device)  # noqa: B023 - called here
            states[length] = (cache, ids)
            peaks[length] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        times: dict[Any, list[float]] = {1024: [], 65_536: [], "again": []}
        for _turn in range(7):
            for length, (cache, ids) in list(states.items()):
                out: Any = None

                def go() -> None:
                    nonlocal out
                    out = decoder.generate(ids, cache=cache, max_new_tokens=count, do_sample=False)  # noqa: B023

                times[length].append(clock(go, device) / count * 1000)
                states[length] = (cache, out)
            last = states[1024][1][:, -(window + 4) :]
            times["again"].append(clock(lambda: _recompute(model, last, 2), device) / 2 * 1000)  # noqa: B023
        middle = {key: statistics.median(value) for key, value in times.items()}
        for length in states:
            speed_in = f"{length / prefill[length]:,.0f}"
            sizes = f"{states[length][0].nbytes / 2**20:.0f}", f"{peaks[length]:.0f}"
            rows.append([f"window {window}, {length:,} tokens", f"{middle[length]:.1f}", speed_in, *sizes])
        rows.append([f"the last {window + 4} tokens recomputed for each", f"{middle['again']:.1f}", "", "", ""])
        said.append(
            f"Window {window}: {middle[65_536] / middle[1024]:.2f} times the time at 1k; "
            f"{middle['again'] / middle[65_536]:.0f} times faster than recomputing."
        )
    for length in (1024, 16_384):
        dense = _dense(model, length, count, device)
        rows.append([f"dense, {length:,} tokens", f"{dense:.1f}", "", f"{length * 8 * 2 * 768 * 4 / 2**20:.0f}", ""])
    headers = (
        "80M random Llama, float32",
        "ms a token",
        "prompt tokens a second",
        "cache, MiB",
        "peak of process, MiB",
    )
    publish("decoder_speed", "Windowed decoding: time and memory", f"{markdown(headers, rows)}\n\n{' '.join(said)}")


@torch.no_grad()
def _recompute(model: Any, ids: Tensor, count: int) -> None:
    for _ in range(count):
        token = model(ids, use_cache=False, logits_to_keep=1).logits[:, -1].argmax(dim=-1)
        ids = torch.cat((ids[:, 1:], token[:, None]), dim=1)


@torch.no_grad()
def _dense(model: Any, length: int, count: int, device: str) -> float:
    """Milliseconds a token of `generate` after `length` tokens; what the keys are does not change the time."""
    cache = DynamicCache()
    for layer in range(8):
        cache.update(*torch.randn(2, 1, 12, length - 1, 64, device=device), layer)
    ids = torch.randint(1, 32_000, (1, length), device=device)
    times = []
    for _ in range(5):
        given = {"attention_mask": torch.ones_like(ids), "past_key_values": cache, "do_sample": False}
        taken = clock(lambda: model.generate(ids, max_new_tokens=count, **given), device)  # noqa: B023
        times.append(taken / count * 1000)
        cache.crop(-count + (cache.get_seq_length() - (length - 1) - count))
    return statistics.median(times)


def perplexity(device: str, folder: Path) -> None:
    """Perplexity over 100,000 tokens of a book not trained on."""
    model, tokenizer = _trained(folder, device)
    decoder = WindowedDecoder(model, tokenizer)
    ids = tokenizer(books()[-1], verbose=False)["input_ids"][:SCORED]
    settings = {
        "4 sinks, window 252": (252, 4, SCORED),
        "1 sink, window 255": (255, 1, SCORED),
        "no sinks, window 256": (256, 0, SCORED),
        "no window (dense)": (SCORED, 0, DENSE),
    }
    rows, curves = [], {}
    for order, turns in {"in the book's order": 1, "begun at each tenth in turn": 10}.items():
        for name, (window, sinks, tokens) in settings.items():

            def score(read: Tensor, window: int = window, sinks: int = sinks) -> Tensor:
                return -decoder.score(read, attention_window=window, sinks=sinks)

            curves[order, name] = _turned(score, ids[:tokens], tokenizer.bos_token_id, turns, device)
            rows.append([order, name, *_tenths(curves[order, name])])
        afresh = _turned(lambda read: _afresh(model, read), ids, tokenizer.bos_token_id, turns, device)
        rows.append([order, "read afresh every 128 tokens", *_tenths(afresh)])
    said = (
        f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f}M weights, trained on windows of "
        f"{model.config.max_position_embeddings} tokens of two books, scored on a third. A book is harder in some "
        f"places than in others: the line read afresh, with 128 to 255 tokens before each, no cache and no drift, "
        f"shows by how much. So the text is also read ten times, each time begun at another tenth and gone round: "
        f"every tenth of the stream then holds the whole text once, and what differs between them is the distance "
        f"read. The dense line stops at {DENSE:,} tokens (its cost is quadratic) and its tenths are of those."
    )
    headers = ("text", "what is seen", "tokens", "perplexity", "second tenth", "last tenth", "last / second")
    publish("decoder_perplexity", "Perplexity over 100,000 tokens", f"{said}\n\n{markdown(headers, rows)}")
    _plot({name: curve.exp() for (order, name), curve in curves.items() if order != "in the book's order"})


def _turned(score: Callable[[Tensor], Tensor], ids: list[int], first: int, turns: int, device: str) -> Tensor:
    """Minus the mean log-probability of each block of the stream, over readings that begin at each of `turns` parts."""
    part = len(ids) // turns
    found = [
        score(torch.tensor([first, *ids[start:], *ids[:start]], device=device))
        for start in range(0, part * turns, part)
    ]
    return torch.stack(found).mean(dim=0).view(-1, BLOCK).mean(dim=1).cpu()


@torch.no_grad()
def _afresh(model: Any, ids: Tensor) -> Tensor:  # (T + 1) -> (T)
    """Minus the log-probability of each token, in passes of 256 tokens from position 0, whose last half counts."""
    half = model.config.max_position_embeddings // 2
    padded = torch.cat((ids[:1].expand(half), ids[1:], ids[:1].expand(-(len(ids) - 1) % half)))
    passes = torch.cat((ids[:1].expand(len(padded) // half - 1, 1), padded.unfold(0, 2 * half, half)), dim=1)
    found = []
    for some in passes.split(64):
        logits = model(some[:, :-1], use_cache=False).logits[:, half:].log_softmax(dim=-1)  # (passes, half, vocabulary)
        found.append(-logits.gather(2, some[:, half + 1 :, None]).flatten())
    return torch.cat(found)[: len(ids) - 1]


def _tenths(curve: Tensor) -> list[object]:
    tenth = max(1, len(curve) // 10)
    second, last = curve[tenth : 2 * tenth].mean().exp(), curve[-tenth:].mean().exp()
    return [len(curve) * BLOCK, f"{curve.mean().exp():.1f}", f"{second:.1f}", f"{last:.1f}", f"{last / second:.3f}"]


def _plot(curves: dict[str, Tensor]) -> None:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        print("No plot: pip install matplotlib==3.11.2")
        return
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, curve in curves.items():
        axes.plot([(place + 0.5) * BLOCK for place in range(len(curve))], curve, label=name)
    axes.set(yscale="log", xlabel="tokens read", ylabel=f"perplexity of {BLOCK:,} tokens", xlim=(0, SCORED))
    axes.legend(frameon=False)
    figure.savefig(PLOT, dpi=130)


def sessions(device: str, folder: Path) -> None:
    """Time to the first token of a second question over the same 8k tokens, and what 8 bits lose."""
    model = llama_80m(device)
    decoder = WindowedDecoder(model)
    document = torch.randint(1, 32_000, (1, DOCUMENT), device=device)
    kinds = [(storage, window) for storage in ("model", "int8") for window in (DOCUMENT + 1024, 1024)]
    rows = [_session_row(decoder, document, storage, window, device) for storage, window in kinds]
    headers = (
        "state",
        "no cache, s",
        "memory, s",
        "disk, s",
        "memory",
        "disk",
        "largest logit difference",
        "state, MiB",
    )
    body = (
        f"Document of {DOCUMENT:,} tokens, question of {QUESTION}, 80M random Llama in float32. Time to first token; "
        f"ratios to no cache; medians of {REPEATS} (no cache: of 2). Files are in the page cache."
    )
    loss = _int8_loss(folder, device)
    publish("decoder_sessions", "KV sessions: the second question", f"{body}\n\n{markdown(headers, rows)}\n\n{loss}")


def _session_row(decoder: WindowedDecoder, document: Tensor, storage: Any, window: int, device: str) -> list[object]:
    ask = {"attention_window": window, "storage": storage}
    first = {"max_new_tokens": 1, "do_sample": False, "output_logits": True, "return_dict_in_generate": True}
    times: dict[str, list[float]] = {"none": [], "memory": [], "disk": []}
    apart = 0.0
    with tempfile.TemporaryDirectory() as folder:
        kept = {"none": KVSessions(None), "memory": KVSessions(None, memory_bytes=8 << 30), "disk": KVSessions(folder)}
        for name in ("memory", "disk"):
            kept[name].read(decoder, document, **ask)
        for turn in range(REPEATS):
            question = torch.randint(1, 32_000, (1, QUESTION), device=device)
            prompt, logits = torch.cat((document, question), dim=1), {}
            for name in times if turn < 2 else ("memory", "disk"):  # in turns: a stall of the machine hits both
                began = time.perf_counter()
                output: Any = kept[name].generate(decoder, prompt, keep=False, **ask, **first)
                times[name].append(time.perf_counter() - began)
                logits[name] = output.logits[0]
                del output
            plain = logits.get("none", logits["memory"])
            apart = max(apart, *((mine - plain).abs().max().item() for mine in logits.values()))
        size = sum(path.stat().st_size for path in kept["disk"].files()) / 2**20
    none, held, stored = (statistics.median(times[name]) for name in times)
    seconds = f"{none:.2f}", f"{held:.3f}", f"{stored:.3f}"
    ratios = f"{none / held:.0f}x", f"{none / stored:.0f}x"
    return [f"{storage}, window {window:,}", *seconds, *ratios, f"{apart:.1e}", f"{size:.0f}"]


def _int8_loss(folder: Path, device: str) -> str:
    """What 8-bit keys and values lose on the trained decoder, and what they weigh."""
    model, tokenizer = _trained(folder, device)
    decoder = WindowedDecoder(model, tokenizer)
    ids = torch.tensor([tokenizer(books()[-1][:20_000], verbose=False)["input_ids"][:4096]], device=device)
    found = {}
    for storage in ("model", "int8"):
        cache = decoder.cache(252, 4, storage=storage)  # type: ignore[arg-type]
        found[storage] = decoder.logits(cache, ids)[0].log_softmax(dim=-1), cache.nbytes
    exact, near = found["model"][0], found["int8"][0]
    loss = (exact.exp() * (exact - near)).sum(dim=-1)
    width = model.config.hidden_size // model.config.num_attention_heads
    return (
        f"int8 on the trained decoder, 4,096 tokens, window 252 and 4 sinks: mean KL {loss.mean():.1e} nats, largest "
        f"{loss.max():.1e}; the same next token in {(exact.argmax(-1) == near.argmax(-1)).float().mean():.2%}. Keys "
        f"and values of heads of {width}: {width + 2} bytes for {2 * width} of float16, {(width + 2) / 2 / width:.3f}."
    )


def _trained(folder: Path, device: str) -> tuple[Any, Any]:
    if not (folder / "config.json").exists():
        raise SystemExit(f"{folder} holds no decoder: python benchmarks/train_decoder.py makes it")
    model = AutoModelForCausalLM.from_pretrained(folder).to(device).eval()
    return model, AutoTokenizer.from_pretrained(folder)


def main() -> None:
    """Runs one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {"exact": exact, "speed": speed, "perplexity": perplexity, "sessions": sessions}
    parser.add_argument("part", choices=parts)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--decoder", type=Path, default=FOLDER)
    given = parser.parse_args()
    parts[given.part](given.device, given.decoder)


if __name__ == "__main__":
    main()
