"""What a person waits for in a fresh process, with two installations of longdoc turn by turn in one run.

python benchmarks/fresh.py --before PYTHON [--repeats 5] [--book 0.1] [--threads 1]

PYTHON is that of an environment with the longdoc to compare with. Processor seconds are what a command costs on a
machine that others use; wall seconds are what a person waits, and only tell anything on a quiet one.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from book import book
from table import markdown, publish

PAGES = 20
QUESTION = "Who is Mr. Bingley's sister?"
_FLOOR = """
import sys
from longdoc.chunkers.text.sections import split_sections
from longdoc.chunkers.text.sentences import split_sentences
try:
    from longdoc.models.encoder.encoder import SentenceEncoder as Embedder
except ImportError:
    from longdoc.models.encoder.embedder import Embedder
text = open(sys.argv[1], encoding="utf-8").read()
spans = [s for p in split_sections(text) for s in split_sentences(text, p.body, p.span.end)]
Embedder().encode([span.of(text) for span in spans])
"""


def taken(command: list[str], cache: Path, threads: int) -> tuple[float, float]:
    """Processor and wall seconds of a process with a cache folder of its own."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "OMP_NUM_THREADS": str(threads)}
    before, began = os.times(), time.monotonic()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    now = os.times()
    spent = now.children_user + now.children_system - before.children_user - before.children_system
    return spent, time.monotonic() - began


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", required=True)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--book", type=float, default=0.1, help="of a book of 560,000 words; 0 for none")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    pythons = {"before": given.before, "now": sys.executable}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pages, long = folder / "pages.txt", folder / "book.txt"
        pages.write_text(" ".join(book(0.03).split(" ")[: PAGES * 500]), encoding="utf-8")
        longdoc = ["-m", "longdoc.cli"]
        commands = {
            "python -c pass": ["-c", "pass"],
            "longdoc --help": [*longdoc, "--help"],
            f"floor: the encoder alone on the sentences of {PAGES} pages": ["-c", _FLOOR, str(pages)],
            f"longdoc summarize, {PAGES} pages": [*longdoc, "summarize", str(pages), "--no-cache"],
            "longdoc ask, of what is in the index": [*longdoc, "ask", str(pages), QUESTION],
        }
        if given.book:
            long.write_text(book(given.book), encoding="utf-8")
            words = len(long.read_text(encoding="utf-8").split())
            commands[f"longdoc chunk, {words:,} words"] = [*longdoc, "chunk", str(long), "--max-tokens", "256"]
            commands[f"longdoc summarize, {words:,} words"] = [*longdoc, "summarize", str(long), "--no-cache"]
            commands["the same, a second time"] = [*longdoc, "summarize", str(long)]
        times: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        for turn in range(given.repeats + 1):  # the first fills caches and the index, and is not counted
            for what in commands:
                if turn == 0 and "words" in what:
                    continue
                for which in random.sample(list(pythons), 2):
                    one = taken([pythons[which], *commands[what]], folder / which, given.threads)
                    times[what, which] += [one] if turn else []
    rows = []
    for what in commands:
        cells = []
        for at in (0, 1):
            old, new = (statistics.median(one[at] for one in times[what, which]) for which in pythons)
            cells += [f"{old:.2f}", f"{new:.2f}", f"{new / old:.2f}"]
        rows.append([what, *cells])
    headers = ("what", "before, processor s", "now", "ratio", "before, wall s", "now", "ratio")
    load = os.getloadavg()[2]
    note = f"Medians of {given.repeats}; {given.threads} threads; the load beside was {load:.1f}."
    body = f"{markdown(headers, rows)}\n\n{note}"
    sys.argv[1:] = [word if word != given.before else "PYTHON" for word in sys.argv[1:]]
    publish("fresh", "Fresh processes, before and now", body)


if __name__ == "__main__":
    main()
