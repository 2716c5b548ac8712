"""How long the command line takes to begin, and to summarize twenty pages, in fresh processes.

python benchmarks/startup.py [--repeats 9]
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from pathlib import Path

from book import book, run
from table import markdown, publish

PAGES = 20
_FLOOR = "import torch, transformers; from longdoc import Embedder; Embedder().encode(['loaded'])"


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages.txt"
        pages.write_text(" ".join(book(0.03).split(" ")[: PAGES * 500]), encoding="utf-8")
        longdoc = [str(Path(sys.executable).parent / "longdoc")]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "longdoc --help": [*longdoc, "--help"],
            "import torch and transformers, load the encoder": [sys.executable, "-c", _FLOOR],
            f"longdoc summarize, {PAGES} pages": [*longdoc, "summarize", str(pages), "--no-cache"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(repeats):
            for name in random.sample(list(commands), len(commands)):
                times[name].append(run(commands[name])[0])
    rows = [[name, f"{statistics.median(taken):.2f}", f"{min(taken):.2f}"] for name, taken in times.items()]
    floor, whole = (statistics.median(times[name]) for name in list(commands)[2:])
    body = (
        markdown(("what", "median, s", "best, s"), rows) + f"\n\nTwenty pages take {whole / floor:.2f} times the floor."
    )
    publish("startup", "Fresh processes", body)


if __name__ == "__main__":
    main()
