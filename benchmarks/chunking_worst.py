"""Seconds on texts that splitters find hard, as they grow: a table, and a plot."""

from __future__ import annotations

import argparse
import os
import random
import resource
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from chunking_peers import SYSTEMS, HashEmbeddings, Setting, available, versions
from datasets import records
from table import HERE, markdown, publish

SIZES = (1, 2, 5, 10, 20, 40, 80)  # megabytes
MEMORY = 8 << 30  # bytes of address space that each process may take
START = 120.0  # seconds to import and warm up
SISTERS = ("LangChain Markdown", "LangChain Recursive, unstripped", "text-splitter Text")
RAW = "tiktoken encode_ordinary"
PLOT = HERE.parent / "docs" / "chunking_worst.png"


def _filled(unit: str, size: int) -> str:
    data = unit.encode()
    return (data * (size // len(data) + 1))[:size].decode("utf-8", "ignore")


def _drawn(units: Sequence[str], size: int) -> str:
    """Units at random, all of as many bytes: said again, a text would serve those who remember counts."""
    table = np.array([list(unit.encode()) for unit in units], np.uint8)  # (units, bytes)
    drawn: bytes = table[np.random.default_rng(0).integers(len(units), size=size // table.shape[1])].tobytes()
    return drawn.decode()


def _words(size: int) -> str:
    words = next(records("books"))["document"].split()
    return " ".join(random.Random(0).choices(words, k=size // 4))[:size]


KINDS: dict[str, Callable[[int], str]] = {
    "no line break": _words,
    "only line breaks": lambda size: "\n" * size,
    "one word": lambda size: _drawn("abcdefghijklmnopqrstuvwxyz", size),
    "one letter, no end": lambda size: "a" * size,
    "only emoji": lambda size: _drawn("😀🎉🔥🚀🌍🫠👍🏽", size),
    "only combining marks": lambda size: _filled("\u0301", size),
    "one-letter lines": lambda size: _filled("a\n", size),
}


def one_worst(name: str, kind: str, sizes: Sequence[str]) -> None:
    """In a process of its own: prints the seconds for each size, one a line."""
    import logging

    logging.disable(logging.CRITICAL)
    setting = Setting(embeddings=HashEmbeddings())
    system = next((one for one in SYSTEMS if one.name == name), None)
    print("ready", flush=True)
    for size in sizes:
        split = system.make(setting) if system else setting.tokenizer.encode_ordinary
        split("A word to warm up. And another one.\n\n" * 50)
        text = KINDS[kind](int(size) * 1_000_000)
        print("made", flush=True)
        began = time.perf_counter()
        split(text)
        print(time.perf_counter() - began, flush=True)


def _lines(process: subprocess.Popen[bytes], cap: float) -> str | None:
    """The next line of the process's output; None if it ends, empty if it does not come in time."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], cap)
    return (process.stdout.readline().decode().strip() or None) if ready else ""


def curve(name: str, kind: str, sizes: Sequence[int], cap: float) -> list[str]:
    """Seconds for each size; `over` from the size on that took longer than the cap, `fails` from an error on."""
    command = [sys.executable, __file__, name, kind, *map(str, sizes)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
    found: list[str] = []
    try:
        line = _lines(process, START)
        while line and len(found) < len(sizes):
            if _lines(process, START) != "made":
                line = None
                break
            line = _lines(process, cap)
            if line:
                found.append(f"{float(line):.2f}")
    finally:
        process.kill()
        process.wait()
    return found + ["over" if line == "" else "fails"] * (len(sizes) - len(found))


def _plot(curves: dict[tuple[str, str], list[str]], sizes: Sequence[int], names: Sequence[str]) -> None:
    try:
        from matplotlib import pyplot
    except ImportError:
        print("matplotlib is not installed: no plot", file=sys.stderr)
        return
    figure, axes = pyplot.subplots(2, 4, figsize=(18, 8.5), sharex=True, sharey=True, layout="constrained")
    colors = pyplot.get_cmap("tab20").colors  # type: ignore[attr-defined]
    for axis, kind in zip(axes.flat, KINDS, strict=False):
        for index, name in enumerate(names):
            points = [
                (size, float(cell)) for size, cell in zip(sizes, curves[name, kind], strict=True) if cell[0].isdigit()
            ]
            ours, raw = name.startswith("longdoc"), name == RAW
            axis.plot(
                [size for size, _ in points], [max(seconds, 1e-3) for _, seconds in points], label=name, marker=".",
                color="black" if raw else colors[index % 20], linestyle="-" if ours or raw else ":",
                linewidth=2 if ours or raw else 1.2,
            )  # fmt: skip
        axis.set(title=kind, xscale="log", yscale="log")
        axis.set_xticks(sizes, labels=[str(size) for size in sizes])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    axes.flat[-1].axis("off")
    axes.flat[-1].legend(*axes.flat[0].get_legend_handles_labels(), fontsize=8, loc="center", frameon=False)
    figure.supxlabel("MB of text")
    figure.supylabel("seconds; a curve that stops went over the cap, out of memory or failed")
    figure.savefig(PLOT, dpi=80)


def worst(given: argparse.Namespace) -> None:
    """A table for each kind of text, and the plot."""
    sizes = [size for size in SIZES if size <= (given.limit or SIZES[-1])]
    systems = [system for system in available(given.systems) if system.name not in SISTERS]
    names = [RAW, *(system.name for system in systems)]
    curves: dict[tuple[str, str], list[str]] = {}
    for kind in KINDS:
        for name in names:
            curves[name, kind] = curve(name, kind, sizes, given.cap)
            print(kind, name, *curves[name, kind], sep="\t", file=sys.stderr, flush=True)
    body = [
        f"{kind}\n\n"
        + markdown(("system", *(f"{size} MB" for size in sizes)), [[name, *curves[name, kind]] for name in names])
        for kind in KINDS
    ]
    said = (
        "Seconds for texts of so many megabytes of UTF-8, chunks of 512 tokens of o200k_base, one turn each, every row "
        f"in a process of its own that is stopped after {given.cap:g} seconds at a size (`over`, as are the larger "
        f"ones) and may take {MEMORY >> 30} GB of address space; `fails`: an error, out of memory with it. One word: "
        "random small letters. Left out as slow or as quick as their sisters: LangChain Markdown and unstripped, "
        "text-splitter trimmed. chonkie Token, Sentence and Semantic drop white space that stands alone, so that only "
        "line breaks cost them nothing. Splitters by meaning have vectors made of a hash here. "
        f"{len(os.sched_getaffinity(0))} cores to use. Plot: docs/{PLOT.name}."
    )
    publish("chunking_worst", "Chunkers on hard texts", "\n\n".join([said, *body, f"{versions(systems)}."]))
    _plot(curves, sizes, names)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    one_worst(sys.argv[1], sys.argv[2], sys.argv[3:])
