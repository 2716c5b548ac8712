"""Speed and peak memory on a file that need not fit memory."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from book import run
from chunking_peers import available
from datasets import records
from table import markdown, publish

# What is measured imports nothing else, so that the peak is longdoc's own.
_CHILD = """
import json, sys, time
from importlib import import_module
kind, path = sys.argv[1:]
make = getattr(import_module(f"longdoc.chunkers.{kind.lower()}"), f"{kind}Chunker")
chunker = make(512, tokenizer="o200k_base")
count = longest = end = 0
whole = "".join(chunk.page_content for chunk in chunker.split("One. Two.")) == "One. Two."
began = time.perf_counter()
for chunk in chunker.split_file(path) if path else ():
    whole = whole and chunk.metadata["start_index"] == end
    end, count = chunk.metadata["end_index"], count + 1
    longest = max(longest, chunk.metadata["token_count"])
seconds = time.perf_counter() - began
# A process inherits its parent's `ru_maxrss` with the fork; the high-water mark is its own.
peak = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
found = {"chunks": count, "longest": longest, "whole": whole, "end": end, "seconds": seconds, "peak": peak}
print(json.dumps(found))
"""


def _write(path: Path, size: float) -> int:
    """The novels again and again, until there are so many bytes; returns the characters."""
    novels = "".join(record["document"] + "\n\n" for record in records("books"))
    times = int(size // len(novels.encode())) + 1
    with path.open("wb") as file:
        for _ in range(times):
            file.write(novels.encode())
    return times * len(novels)


def stream(given: argparse.Namespace) -> None:
    """A row for each of longdoc's chunkers, each in a process of its own; peers read a text whole."""
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "books.txt"
        characters, size = _write(path, given.stream_gb * 1e9), path.stat().st_size / 1e6
        alone = json.loads(run([sys.executable, "-c", _CHILD, "Token", ""])[2])["peak"]
        for system in available(given.systems or ("longdoc",)):
            if system.ours and not system.embeds:
                seen = json.loads(run([sys.executable, "-c", _CHILD, system.name.split()[1], str(path)])[2])
                whole = "yes" if seen["whole"] and seen["end"] == characters else "no"
                speed = f"{size / seen['seconds']:.1f}"
                rows.append([system.name, speed, f"{seen['peak']:,.0f}", f"{seen['chunks']:,}", seen["longest"], whole])
    headers = ("system", "MB/s", "peak MB", "chunks", "longest, tokens", "spans tile the file")
    said = (
        f"A text file of {size:,.0f} MB (the novels again and again), by `split_file` in a fresh process, chunks of "
        f"512 tokens of o200k_base. Peak: the resident set, {alone:,.0f} MB of which are there before the file is "
        "opened (imports, and tiktoken's vocabulary). Longest: the most tokens of a chunk, as the chunker counts. "
        f"longdoc Meaning is left out: it embeds. {len(os.sched_getaffinity(0))} cores to use."
    )
    publish("chunking_stream", "A huge file, streamed", f"{said}\n\n{markdown(headers, rows)}")
