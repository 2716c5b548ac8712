"""A living folder of many small documents: to index it, to look at it unchanged, and one edit until it is found.

    python benchmarks/watch.py [DOCUMENTS] [--digests]

Ten thousand documents unless another number is given. The documents are made here, by a seed. An edit is a file written
by another process as far as the watch is concerned: the seconds are from the end of the write to when a search finds
the new words, the time for the change to settle (0.2 s) among them.
"""

from __future__ import annotations

import argparse
import os
import random
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from table import markdown, publish

from longdoc.memory.index.document_index import DocumentIndex
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.living.folder import Change, LivingFolder, follow

WORDS = ("harbour", "mill", "gate", "river", "bridge", "council", "market", "timber", "salt", "winter", "ship", "bread")
PAUSE = 0.01  # seconds between two looks of the reader
EDITS = 5


class Counting(Embedder):
    """The bundled encoder, which counts the texts that it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0

    def encode(self, texts: list[str]) -> NDArray[np.float32]:  # type: ignore[override]
        """As the encoder does."""
        self.texts += len(texts)
        return super().encode(texts)


def document(number: int, drawn: random.Random) -> str:
    """A heading and three sentences, of words drawn by chance and the document's number."""
    said = [" ".join(drawn.choices(WORDS, k=9)).capitalize() for _ in range(3)]
    return f"# Report {number}\n\n{'. '.join(said)}, number {number}.\n"


def found(index: DocumentIndex, word: str, name: str) -> bool:
    """Whether a search has the document first."""
    best = index.matches(word, k=1)
    return bool(best) and best[0].document.metadata["source"] == name and word in best[0].document.page_content


def main() -> None:
    """Prints and keeps the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("documents", nargs="?", type=int, default=10_000)
    parser.add_argument("--digests", action="store_true")
    given = parser.parse_args()
    rows: list[list[object]] = []
    with TemporaryDirectory() as base:
        root, drawn = Path(base) / "docs", random.Random(1)
        for number in range(given.documents):
            path = root / str(number % 100) / f"{number}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(document(number, drawn))
            os.utime(path, ns=(0, 10**9))
        encoder = Counting()
        with LivingFolder(root, Path(base) / "out", embeddings=encoder, digests=given.digests) as folder:
            began = time.perf_counter()
            told = folder.catch_up()
            seconds = time.perf_counter() - began
            rows.append([f"first look at {given.documents:,} documents", f"{seconds:.1f}", len(told), encoder.texts])
            encoder.texts = 0
            began = time.perf_counter()
            told = folder.catch_up()
            rows.append(["a look at them unchanged", f"{time.perf_counter() - began:.2f}", len(told), encoder.texts])
            changed: list[Change] = []
            stop = threading.Event()
            watching = threading.Thread(target=follow, args=(folder, changed.append, stop))
            watching.start()
            pause = threading.Event()
            reader = DocumentIndex(Path(base) / "out" / "index", encoder)
            pause.wait(3)  # until the watch has begun and looked
            taken, texts = [], []
            for at in range(EDITS):
                name = f"{at}/{at + 500 if given.documents > 600 else at}.md"
                word, before = f"zanzibar{at}", encoder.texts
                path = root / name
                path.write_text(f"{path.read_text()}The {word} is shut.\n")
                began = time.perf_counter()
                while word not in "".join(one.page_content for one in reader.entries(name)):
                    pause.wait(PAUSE)
                taken.append(time.perf_counter() - began)
                texts.append(encoder.texts - before)
                if not found(reader, word, name):
                    raise SystemExit(f"{word!r} is in the index and a search does not find it")
            stop.set()
            watching.join()
            worst = f"{sorted(taken)[len(taken) // 2]:.2f} (worst {max(taken):.2f})"
            rows.append([f"one edit, until it is found ({EDITS} of them)", worst, len(changed) / EDITS, max(texts)])
    digests = "with a digest of each" if given.digests else "without digests"
    table = markdown(["", "seconds", "documents changed", "texts embedded"], rows)
    about = (
        f"{given.documents:,} documents of three sentences, {digests}; a reader beside the writer looks every 10 ms. "
        f"{os.cpu_count()} cores, their load {os.getloadavg()[1]:.1f}: other work ran beside it where that is over 1."
    )
    publish("watch_digests" if given.digests else "watch", "A folder that is watched", f"{about}\n\n{table}")


if __name__ == "__main__":
    main()
