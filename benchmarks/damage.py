"""What an index and a cache do when a file of theirs was cut or has a wrong byte.

    python benchmarks/damage.py [--cuts 20] [--flips 200]

Each file is cut at 20 places and, one at a time, 200 of its bytes get other bits; then a process of its own opens what
is left, asks it all that it was asked before, and has it go on as `longdoc ask` and a run with a cache do. "Right":
the answers are the same. "Told": one sentence of a `LongdocError` or a warning says what is damaged, and what is
damaged is made anew. Wrong answers, tracebacks and processes ended by a signal are what must not be.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from table import markdown, publish

from longdoc import DocumentIndex, EncodingCache, LongdocError, SectionChunker
from longdoc.memory.index.settings import IndexSettings

DOCUMENTS = [
    Document("".join(f"# Part {part}\n\nDocument {n} says {n * part} here.\n\n" for part in range(8)), id=f"doc {n}")
    for n in range(12)
]
QUESTIONS = ("What does document 3 say?", "part 7", "42")
VALUES = {f"kind/{at}": random.Random(at).randbytes((30, 300, 1500, 9000)[at % 4]) for at in range(200)}
HEADERS = ("of", "file", "bytes", "damage", "right", "told", "wrong", "traceback", "signal")
OUTCOMES = ("right", "told", "wrong", "traceback", "signal")


def index_in(folder: Path, mended: bool = False) -> DocumentIndex:
    """The index in a folder, set aside there if asked and damaged."""
    made = DocumentIndex.mended if mended else DocumentIndex
    settings = IndexSettings(scan="sq8")
    return made(folder, DeterministicFakeEmbedding(size=16), chunker=SectionChunker(20), settings=settings)


def build_index(folder: Path) -> None:
    """An index of several segments, from which something was deleted."""
    index = index_in(folder)
    for document in DOCUMENTS:
        index.put([document])
    index.delete(["doc 3", "doc 9"])
    index.put([DOCUMENTS[3]])


def asked(index: DocumentIndex) -> object:
    """All that the index says, as JSON."""
    documents = index.documents()
    entries = {name: [(one.id, one.page_content) for one in index.entries(name)] for name in documents}
    found = [[(one.document.id, one.score) for one in index.matches(question, 6)] for question in QUESTIONS]
    ids = [str(id) for held in entries.values() for id, _ in held]
    return json.loads(json.dumps([documents, entries, found, [one.page_content for one in index.get_by_ids(ids)]]))


def build_cache(folder: Path) -> None:
    """A cache with values of all sizes, and a tensor file."""
    with EncodingCache(folder) as cache:
        cache.mset(list(VALUES.items()))
        cache.mdelete(["kind/7", "kind/8"])
        cache.mset([("kind/7", VALUES["kind/7"]), ("kind/8", VALUES["kind/8"])])
        cache.set_tensors("tensors/a", {"a": torch.arange(2000)})


class Told(logging.Handler):
    """Counts warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the line."""
        self.lines.append(record.getMessage())


def try_index(folder: Path, expected: object, told: Told) -> str:
    """The outcome of opening, asking and mending an index."""
    try:
        if asked(index_in(folder)) != expected:
            return "wrong"
    except LongdocError as error:
        told.lines.append(str(error))
    index = index_in(folder, mended=True)
    index.put([one for one in DOCUMENTS if one.id != "doc 9"])
    if asked(index)[1:2] != expected[1:2]:  # type: ignore[index]  # lists of the same four things
        return "wrong"
    return "told" if told.lines else "right"


def try_cache(folder: Path, told: Told) -> str:
    """The outcome of reading, refilling and changing a cache."""
    with EncodingCache(folder) as cache:
        for key, value in VALUES.items():
            if cache.mget([key])[0] not in (value, None) or cache.get_or_compute(key, partial(bytes, value)) != value:
                return "wrong"
        tensors = cache.get_or_compute_tensors("tensors/a", lambda: {"a": torch.arange(2000)})
        if tensors["a"].tolist() != list(range(2000)):
            return "wrong"
        cache.mset([(f"new/{at}", bytes(2000)) for at in range(300)])
        cache.mdelete(list(VALUES)[::2])
        list(cache.yield_keys())
        cache.info()
        if cache.mget(list(VALUES)[1::2]) != list(VALUES.values())[1::2]:
            return "wrong"
    return "told" if told.lines else "right"


def worker() -> None:
    """Answers each line of stdin, a JSON [kind, folder, expected], with an outcome."""
    told = Told()
    logging.getLogger("longdoc").addHandler(told)
    logging.getLogger("longdoc").propagate = False
    for line in sys.stdin:
        kind, folder, expected = json.loads(line)
        told.lines.clear()
        try:
            outcome = try_index(Path(folder), expected, told) if kind == "index" else try_cache(Path(folder), told)
        except LongdocError as error:
            outcome = "told" if "\n" not in str(error) else "traceback"
        except Exception as error:  # noqa: BLE001  what is counted here
            sys.stderr.write(f"{kind}: {type(error).__name__}: {error}\n")
            outcome = "traceback"
        sys.stdout.write(f"{outcome}\n")
        sys.stdout.flush()


class Workers:
    """A process that tries, begun again where it was ended."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None

    def outcome(self, kind: str, folder: Path, expected: object) -> str:
        """What the process answers; "signal" where it is gone."""
        if self._child is None:
            command = [sys.executable, __file__, "--worker"]
            self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps([kind, str(folder), expected]) + "\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline().strip()
        if not answer:
            self._child.wait()
            self._child = None
        return answer or "signal"


def damages(size: int, cuts: int, flips: int, seed: int) -> Iterator[tuple[str, int, int]]:
    """How, where and with which bit a file of so many bytes is damaged."""
    chance = random.Random(seed)
    for cut in range(cuts):
        yield "cut", size * cut // cuts, 0
    for _ in range(flips):
        yield "flip", chance.randrange(size), 1 << chance.randrange(8)


def main() -> None:
    """Publishes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", action="store_true")
    given = parser.parse_args()
    if given.worker:
        worker()
        return
    rows, workers = [], Workers()
    with tempfile.TemporaryDirectory() as made:
        whole, tried = Path(made) / "whole", Path(made) / "tried"
        for kind, build in (("index", build_index), ("cache", build_cache)):
            build(whole / kind)
            expected = asked(index_in(whole / kind)) if kind == "index" else None
            files = [one for one in sorted((whole / kind).rglob("*")) if one.is_file() and one.stat().st_size]
            for file in files:
                counted: Counter[tuple[str, str]] = Counter()
                data = file.read_bytes()
                for how, at, bits in damages(len(data), given.cuts, given.flips, given.seed):
                    shutil.rmtree(tried, ignore_errors=True)
                    shutil.copytree(whole / kind, tried / kind)
                    other = data[:at] if how == "cut" else data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]
                    (tried / kind / file.relative_to(whole / kind)).write_bytes(other)
                    outcome = workers.outcome(kind, tried / kind, expected)
                    if outcome in OUTCOMES[2:]:
                        print(f"{kind} {file.name} {how} at {at} ({bits}): {outcome}", file=sys.stderr)
                    counted[how, outcome] += 1
                name = file.name if len(file.stem) < 30 else f"*{file.suffix}"
                for how in ("cut", "flip"):
                    told = [counted[how, one] for one in OUTCOMES]
                    rows.append([kind, name, f"{len(data):,}", how, *map(str, told)])
    publish("damage", "Files that were cut or have a wrong bit", markdown(HEADERS, rows))


if __name__ == "__main__":
    main()
