"""What a change costs: the same commands with two installations of longdoc, turn by turn in one run.

python benchmarks/before_after.py --before PYTHON [--repeats 5] [--words 0.1]

PYTHON is that of an environment with the longdoc to compare with.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from book import book
from datasets import DATA
from table import markdown, publish


def seconds(command: list[str], cache: Path) -> float:
    """Processor seconds of a process with a cache folder of its own: on a machine that others use, what it costs."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "OMP_NUM_THREADS": "1"}
    before = os.times()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    now = os.times()
    return now.children_user + now.children_system - before.children_user - before.children_system


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", required=True)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--words", type=float, default=0.1, help="millions of words of the book, as benchmarks/book.py")
    given = parser.parse_args()
    if not DATA.exists():
        raise SystemExit(f"{DATA} is not there: no book to read")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        long, pages = folder / "book.txt", folder / "pages.txt"
        long.write_text(book(given.words), encoding="utf-8")
        pages.write_text(" ".join(book(0.03).split(" ")[:10000]), encoding="utf-8")
        rows = []
        for what, arguments in (
            ("longdoc --help", ["--help"]),
            ("longdoc chunk, the book", ["chunk", str(long), "--max-tokens", "256"]),
            ("longdoc summarize, 20 pages, cold", ["summarize", str(pages), "--no-cache"]),
            ("longdoc summarize, the book, cold", ["summarize", str(long), "--no-cache"]),
            ("longdoc summarize, the book, a second time", ["summarize", str(long)]),
        ):
            times: dict[str, list[float]] = {"before": [], "now": []}
            for turn in range(given.repeats + 1):  # the first fills caches, and is not counted
                for which in random.sample(list(times), 2):
                    python = given.before if which == "before" else sys.executable
                    style = ["--style", "sentences"] if which == "now" and arguments[0] == "summarize" else []
                    taken = seconds([python, "-m", "longdoc.cli", *arguments, *style], folder / which)
                    if turn:
                        times[which].append(taken)
            old, new = (statistics.median(times[which]) for which in ("before", "now"))
            ratios = sorted(b / a for a, b in zip(times["before"], times["now"], strict=True))
            rows.append([what, f"{old:.2f}", f"{new:.2f}", f"{new / old:.2f}", f"{ratios[0]:.2f} to {ratios[-1]:.2f}"])
            print(rows[-1], flush=True)
    heads = ("what", "before, processor s", "now, processor s", "ratio of medians", "ratios of turns")
    publish("before_after", "The same commands before and now", markdown(heads, rows))


if __name__ == "__main__":
    main()
