"""Time and memory of summarizing a book, beside the encoder alone on the same sentences.

    python benchmarks/book.py [--sizes 0.1 0.3 1] [--repeats 3] [--ours-only]

Size 1 is a book of 560,000 words (whole novels, one after the other, cut there); 10 is ten times as long. Each
measurement is a process of its own; the encoder's time leaves out its imports and loading, longdoc's has all in it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from datasets import records
from table import markdown, publish

WORDS = 560_000
_ENCODE = """
import sys, time
from longdoc.chunkers.text.sections import split_sections
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.models.encoder.embedder import Embedder
text = open(sys.argv[1], encoding="utf-8").read()
encoder = Embedder()
encoder.encode(["loaded"])
spans = [s for p in split_sections(text) for s in split_sentences(text, p.body, p.span.end)]
began = time.monotonic()
for start in range(0, len(spans), 8192):
    encoder.encode([span.of(text) for span in spans[start : start + 8192]])
print(time.monotonic() - began, len(spans))
"""


def book(size: float) -> str:
    """So much of the novels, said again where they do not reach."""
    novels = "\n\n".join(record["document"] for record in records("books"))
    words = novels.split(" ")
    wanted = int(size * len(words) * WORDS / len(novels.split()))
    return " ".join(islice((word for _ in range(20) for word in words), wanted))


def run(command: list[str]) -> tuple[float, float, str]:
    """Wall seconds, peak memory in MB, and output of a process."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return time.monotonic() - began, usage.ru_maxrss / 1024, output


def measure(size: float, repeats: int, folder: Path, ours_only: bool) -> list[object]:
    """One row: words, sentences, both times, their ratio, memory."""
    path = folder / f"book-{size}.txt"
    text = book(size)
    path.write_text(text, encoding="utf-8")
    alone, ours, peaks, sentences = [], [], [], 0
    for _ in range(repeats):
        if not ours_only:
            seconds, count = run([sys.executable, "-c", _ENCODE, str(path)])[2].split()
            alone.append(float(seconds))
            sentences = int(count)
        wall, peak, printed = run(
            [sys.executable, "-m", "longdoc.cli", "summarize", str(path), "--no-cache", "--format", "json"]
        )
        ours.append(wall)
        peaks.append(peak)
        assert json.loads(printed)["tokens"] <= 300
    rate = len(text.split()) / statistics.median(ours)
    floor, ratio = "not run", ""
    if alone:
        floor = f"{statistics.median(alone):.1f}"
        ratio = f"{statistics.median(one / other for one, other in zip(ours, alone, strict=True)):.2f}"
    times = (floor, f"{statistics.median(ours):.1f}", ratio, f"{rate:,.0f}")
    return [f"{len(text.split()):,}", f"{sentences:,}" if sentences else "", *times, f"{max(peaks):,.0f}"]


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.1, 0.3, 1])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ours-only", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(size, given.repeats, Path(folder), given.ours_only) for size in given.sizes]
    headers = ("words", "sentences", "encoder alone, s", "longdoc, cold, s", "ratio", "words a second", "peak MB")
    publish("book_long" if max(given.sizes) > 1 else "book", "A book, cold", markdown(headers, rows))


if __name__ == "__main__":
    main()
