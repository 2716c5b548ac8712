"""What the cache of encodings gives: `vectors` beside LangChain's, `processes` that share keys while one is killed.

python benchmarks/memory.py vectors
python benchmarks/memory.py processes
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import lmdb
import numpy as np
from numpy.typing import NDArray
from table import markdown, publish

from longdoc.memory.cache.cached_embeddings import CachedEmbeddings
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.cache.keys import KeySpace

WIDTH = 384


@contextmanager
def folder(parent: Path | None) -> Iterator[Path]:
    """A new folder, deleted at the end."""
    where = Path(tempfile.mkdtemp(prefix="longdoc-", dir=parent))
    try:
        yield where
    finally:
        shutil.rmtree(where)


def seconds(call: Callable[[], object]) -> float:
    """How long the call took."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


# vectors: what a read and a write of many vectors take


class Ready:
    """An encoder whose vectors are there already, so that only the cache is timed."""

    fingerprint = "ready"

    def __init__(self, texts: Sequence[str]) -> None:
        rng = np.random.default_rng(0)
        self.vectors = rng.standard_normal((len(texts), WIDTH)).astype(np.float32)
        self.lists = self.vectors.tolist()
        self.row = {text: row for row, text in enumerate(texts)}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The texts' vectors."""
        return self.vectors[[self.row[text] for text in texts]]


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the first call, which computes and writes, and of the third, which reads what the second warmed."""
    wrote = seconds(call)
    call()
    return wrote, seconds(call)


def of_longdoc(where: Path, ready: Ready, texts: list[str]) -> tuple[float, float]:
    """Arrays, as the summarizer asks for them."""
    cached = CachedEmbeddings(ready, EncodingCache(where))
    times = timed(lambda: cached.encode(texts))
    if not np.array_equal(cached.encode(texts), ready.vectors):
        raise SystemExit("the cache gave other vectors than the encoder")
    return times


def of_longdoc_lists(where: Path, ready: Ready, texts: list[str]) -> tuple[float, float]:
    """Lists of floats, as LangChain asks for them."""
    cached = CachedEmbeddings(ready, EncodingCache(where))
    return timed(lambda: cached.embed_documents(texts))


def of_longdoc_halves(where: Path, ready: Ready, texts: list[str]) -> tuple[float, float]:
    """Arrays kept in half the bytes."""
    cached = CachedEmbeddings(ready, EncodingCache(where), dtype="float16")
    return timed(lambda: cached.encode(texts))


def of_langchain(where: Path, ready: Ready, texts: list[str]) -> tuple[float, float]:
    """LangChain's cache over its store of files, with the key encoder its documentation advises."""
    try:
        from langchain_classic.embeddings import CacheBackedEmbeddings
        from langchain_classic.storage import LocalFileStore
    except ImportError:
        raise SystemExit("this needs LangChain's own cache: pip install langchain-classic") from None
    from langchain_core.embeddings import Embeddings

    class Lists(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [ready.lists[ready.row[text]] for text in texts]

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    store = LocalFileStore(where)
    cached = CacheBackedEmbeddings.from_bytes_store(Lists(), store, namespace="ready", key_encoder="blake2b")
    return timed(lambda: cached.embed_documents(texts))


def of_lmdb(where: Path, ready: Ready, texts: list[str]) -> tuple[float, float]:
    """One transaction of puts, one of gets: no checksums, no cap, no order of use, nobody else asking."""
    space = KeySpace("embedding", ready.fingerprint, "float32")
    environment = lmdb.open(str(where), map_size=1 << 30)

    def write() -> None:
        rows = ready.encode(texts)
        with environment.begin(write=True) as transaction:
            for key, row in zip(space.keys(texts), rows, strict=True):
                transaction.put(key.encode(), row.tobytes())

    def read() -> None:
        rows = np.empty((len(texts), WIDTH), np.float32)
        with environment.begin(buffers=True) as transaction:
            for row, key in enumerate(space.keys(texts)):
                rows[row] = np.frombuffer(transaction.get(key.encode()), np.float32)

    wrote = seconds(write)
    read()
    times = wrote, seconds(read)
    environment.close()
    return times


SUBJECTS: dict[str, Callable[[Path, Ready, list[str]], tuple[float, float]]] = {
    "LangChain CacheBackedEmbeddings, LocalFileStore": of_langchain,
    "CachedEmbeddings.encode, float32": of_longdoc,
    "CachedEmbeddings.encode, float16": of_longdoc_halves,
    "CachedEmbeddings.embed_documents (lists)": of_longdoc_lists,
    "bare LMDB loop": of_lmdb,
}


def vectors(arguments: argparse.Namespace) -> None:
    """Times a first write and a warm read of the same texts, each subject in turn, several rounds."""
    texts = [f"Chunk {at}. " + "The council paid for an ice breaker. " * 5 for at in range(arguments.count)]
    ready = Ready(texts)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in SUBJECTS}
    for _ in range(arguments.rounds):
        for name, subject in SUBJECTS.items():
            with folder(arguments.folder) as where:
                times[name].append(subject(where, ready, texts))
    peer = next(iter(SUBJECTS))
    rows = []
    for name, measured in times.items():
        write, read = (median(column) for column in zip(*measured, strict=True))
        ratios = [median(p[side] / o[side] for p, o in zip(times[peer], measured, strict=True)) for side in (0, 1)]
        rows.append([name, f"{1000 * write:.1f}", f"{1000 * read:.1f}", *(f"{ratio:.1f}" for ratio in ratios)])
    headers = ["", "write, ms", "read, ms", "write, times faster", "read, times faster"]
    body = markdown(headers, rows) + (
        f"\n\n{arguments.count:,} vectors of {WIDTH} for texts of about {len(texts[0])} characters; medians of "
        f"{arguments.rounds} rounds, ratios of the same round. The encoder's vectors are there already: only the cache "
        "is timed, keys included. Reads are warm, from the page cache. LMDB writes are on disk (fdatasync) when timed; "
        "LocalFileStore does not sync. LangChain's gives lists of floats; that is the fourth row here."
    )
    publish("memory_vectors", "Cached vectors", body)


# processes: who computes what when all want the same keys


def value_of(key: str) -> bytes:
    """The one value that a key has, whoever computes it."""
    return random.Random(key).randbytes(200 + 37 * (sum(key.encode()) % 100))


def work(arguments: argparse.Namespace) -> None:
    """One process: asks for every key in an order of its own; notes what it computes and that it is stored."""
    cache = EncodingCache(arguments.folder)
    keys = [f"state/{at}" for at in range(arguments.count)]
    random.Random(os.getpid()).shuffle(keys)
    torn = 0
    with (arguments.folder / f"{os.getpid()}.log").open("w") as log:

        def compute(missing: list[str]) -> list[bytes]:
            log.writelines(f"start {key}\n" for key in missing)
            log.flush()
            time.sleep(arguments.pause * len(missing))
            return [value_of(key) for key in missing]

        for start in range(0, len(keys), arguments.together):
            batch = keys[start : start + arguments.together]
            values = cache.get_or_compute_many(batch, compute)
            log.write("stored\n")
            log.flush()
            torn += sum(value != value_of(key) for key, value in zip(batch, values, strict=True))
    raise SystemExit(torn)


def processes(arguments: argparse.Namespace) -> None:
    """Eight at once on the same keys, a ninth started and killed again and again; then counts and verifies."""
    with folder(arguments.folder) as where:
        command = [sys.executable, __file__, "work", "--folder", str(where), "--count", str(arguments.count)]
        command += ["--together", str(arguments.together), "--pause", str(arguments.pause)]
        start, killed = time.perf_counter(), []
        workers = [subprocess.Popen(command) for _ in range(8)]
        while any(worker.poll() is None for worker in workers):
            victim = subprocess.Popen(command)
            time.sleep(arguments.kill_every)
            victim.kill()
            victim.wait()
            killed.append(victim.pid)
        took = time.perf_counter() - start
        torn = sum(worker.returncode for worker in workers)
        starts, interrupted = counted(where, killed)
        verified = EncodingCache(where).verify()
    over = sum(times > 1 + interrupted[key] for key, times in starts.items())
    rows = [
        ["keys", f"{arguments.count:,}"],
        ["processes, and killed ones", f"8, {len(killed)}"],
        ["computations in all", f"{starts.total():,}"],
        ["keys computed more than once", f"{sum(times > 1 for times in starts.values()):,}"],
        ["keys whose computer was killed at it", f"{len(interrupted):,}"],
        ["keys computed more often than 1 + kills at it", f"{over:,}"],
        ["keys never computed", f"{arguments.count - len(starts):,}"],
        ["values read that were not those computed", f"{torn:,}"],
        ["entries found damaged by verify, of", f"{len(verified.damaged):,} of {verified.entries:,}"],
        ["seconds", f"{took:.1f}"],
    ]
    body = markdown(["", ""], rows) + (
        f"\n\nEach process asks for all keys in an order of its own, {arguments.together} at a time; computing a value "
        f"takes {1000 * arguments.pause:g} ms. A ninth process is killed {arguments.kill_every:g} s after its start "
        "(SIGKILL) and started again."
    )
    publish("memory_processes", "One computation among many processes", body)


def counted(where: Path, killed: Sequence[int]) -> tuple[Counter[str], Counter[str]]:
    """How often each key's computation began, and how often its process was killed before it noted the end."""
    starts, interrupted = Counter[str](), Counter[str]()
    for log in where.glob("*.log"):
        batches = [batch.splitlines() for batch in log.read_text().split("stored\n")]
        starts.update(line for batch in batches for line in batch)
        if int(log.stem) in killed:
            interrupted.update(batches[-1])
    return starts, interrupted


def main() -> None:
    """Runs the subcommand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("vectors", help="beside CacheBackedEmbeddings over LocalFileStore, and bare LMDB")
    command.set_defaults(run=vectors)
    command.add_argument("--count", type=int, default=10_000)
    command.add_argument("--rounds", type=int, default=7)
    command.add_argument("--folder", type=Path, help="where to make the caches; by default the system's")

    for name, run in (("processes", processes), ("work", work)):
        command = commands.add_parser(
            name, help="8 processes on the same keys" if name == "processes" else "one of them"
        )
        command.set_defaults(run=run)
        command.add_argument("--count", type=int, default=5_000)
        command.add_argument("--together", type=int, default=16, help="keys a process asks for at a time")
        command.add_argument("--pause", type=float, default=0.005, help="seconds that computing a value takes")
        command.add_argument("--folder", type=Path)
        if name == "processes":
            command.add_argument("--kill-every", type=float, default=1.0, help="seconds")

    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
