"""What an index of many synthetic chunks costs: build, open, query, memory, beside FAISS with nothing around it."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faiss as typed_faiss
import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from table import markdown, publish

from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.index.settings import IndexSettings, Scan

faiss: Any = typed_faiss
WIDTH, WORDS, CENTRES, WANTED = 384, 50_000, 2_000, 10
SCANS: tuple[Scan, ...] = ("flat", "hnsw", "sq8", "binary")
BATCH = 100_000


class Synthetic(Embeddings):
    """Vectors by the number that a text begins with: points around centres, as texts lie around subjects."""

    fingerprint = "synthetic"

    def __init__(self) -> None:
        self._centres = np.random.default_rng(0).standard_normal((CENTRES, WIDTH)).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A vector each, of unit length."""
        return self.numbered([int(text.split(" ", 1)[0]) for text in texts])

    def numbered(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        """The vectors of these numbers."""
        made = np.stack([np.random.default_rng(number + 1).standard_normal(WIDTH, np.float32) for number in numbers])
        vectors: NDArray[np.float32] = self._centres[np.asarray(numbers) % CENTRES] + made
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """As lists."""
        vectors: list[list[float]] = self.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """As a list."""
        return self.embed_documents([text])[0]


def texts(first: int, count: int) -> list[str]:
    """Texts of about 60 words, drawn by Zipf's law, each beginning with its number."""
    drawn = np.random.default_rng(first + 7).zipf(1.2, (count, 60)) % WORDS
    return [f"{first + at} " + " ".join(f"w{word}" for word in row) for at, row in enumerate(drawn.tolist())]


def build(folder: Path, scan: Scan, rows: int) -> float:
    """Seconds to add the rows to a new index, the making of texts and vectors aside."""
    source = Synthetic()
    made: dict[str, NDArray[np.float32]] = {}

    class Ready(Synthetic):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return np.stack([made[text] for text in texts])

    index = DocumentIndex(folder, Ready(), settings=IndexSettings(scan=scan))
    taken = 0.0
    for first in range(0, rows, BATCH):
        some = texts(first, min(BATCH, rows - first))
        made.clear()
        made.update(zip(some, source.encode(some), strict=True))
        start = time.perf_counter()
        index.add_texts(some, ids=[str(first + at) for at in range(len(some))])
        taken += time.perf_counter() - start
    return taken


def plain(folder: Path, scan: Scan, rows: int) -> float:
    """Seconds to build FAISS's own index of the same kind and write it."""
    settings, source = IndexSettings(), Synthetic()
    index = {
        "flat": lambda: faiss.IndexFlatIP(WIDTH),
        "hnsw": lambda: faiss.IndexHNSWFlat(WIDTH, settings.links, faiss.METRIC_INNER_PRODUCT),
        "sq8": lambda: faiss.IndexScalarQuantizer(WIDTH, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT),
        "binary": lambda: faiss.IndexBinaryFlat(WIDTH),
    }[scan]()
    if scan == "hnsw":
        index.hnsw.efConstruction = settings.build_effort
    taken = 0.0
    for first in range(0, rows, BATCH):
        vectors = source.numbered(range(first, min(first + BATCH, rows)))
        start = time.perf_counter()
        if scan == "sq8" and not first:
            index.train(vectors)
        index.add(np.packbits(vectors > 0, axis=1) if scan == "binary" else vectors)
        taken += time.perf_counter() - start
    start = time.perf_counter()
    write = faiss.write_index_binary if scan == "binary" else faiss.write_index
    folder.mkdir(parents=True)
    write(index, str(folder / "plain.faiss"))
    return taken + time.perf_counter() - start


def asked(rows: int, count: int) -> NDArray[np.float32]:
    """Queries near rows of the index."""
    numbers = np.random.default_rng(3).integers(0, rows, count)
    noise = np.random.default_rng(4).standard_normal((count, WIDTH)).astype(np.float32)
    vectors = Synthetic().numbered(numbers.tolist()) + 0.5 * noise / np.sqrt(WIDTH)
    found: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def private() -> float:
    """MB that are this process's own, not a file's pages."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def mapped() -> float:
    """MB of files that lie in this process's memory; the system may take them back."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssFile")) / 1024


def timed(find: Callable[[int], object], count: int) -> list[float]:
    """Milliseconds of each query, after ten that are not counted."""
    for at in range(10):
        find(at % count)
    taken = []
    for at in range(count):
        start = time.perf_counter()
        find(at)
        taken.append((time.perf_counter() - start) * 1e3)
    return taken


def probe(kind: str, folder: Path, scan: Scan, rows: int, count: int, right: Path) -> list[object]:
    """In a process of its own: open, query, memory. The last line that it prints is a row of the table."""
    queries, truth = asked(rows, count), np.load(right).tolist()
    source = Synthetic()
    faiss.omp_set_num_threads(1)
    own, files = private(), mapped()
    start = time.perf_counter()
    if kind == "plain":
        read = faiss.read_index_binary if scan == "binary" else faiss.read_index
        index = read(str(folder / "plain.faiss"))
        opened = time.perf_counter() - start
        if scan == "hnsw":
            index.hnsw.efSearch = IndexSettings().search_effort
        codes = np.packbits(queries > 0, axis=1)
        given = codes if scan == "binary" else queries

        def near(at: int) -> list[int]:
            found: list[int] = index.search(given[at : at + 1], WANTED)[1][0].tolist()
            return found

        hybrid = None
    else:
        store = DocumentIndex(folder, source, settings=IndexSettings(scan=scan))
        first = store.matches_by_vector(queries[0], 0)
        opened = time.perf_counter() - start
        assert first == []

        def near(at: int) -> list[int]:
            return [int(one.document.id or 0) for one in store.matches_by_vector(queries[at], WANTED)]

        words = [text.split(" ", 9)[:9] for text in texts(0, min(count, 1000))]
        hybrid = timed(lambda at: store.matches(" ".join(words[at % len(words)]), WANTED), count)
    vectors = timed(near, count)
    recall = np.mean([len(set(near(at)) & set(one)) / WANTED for at, one in enumerate(truth)])
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    p50, p99 = np.percentile(vectors, (50, 99))
    both = "-" if hybrid is None else "{:.1f} / {:.1f}".format(*np.percentile(hybrid, (50, 99)))
    told = [f"{opened * 1e3:.1f}", f"{p50:.1f} / {p99:.1f}", both, f"{100 * recall:.1f}"]
    return [*told, f"{private() - own:.0f}", f"{mapped() - files:.0f}", f"{size:,.0f}"]


def nearest(rows: int, queries: NDArray[np.float32]) -> NDArray[np.int64]:
    """The right answers, by comparing everything."""
    best = np.full((len(queries), WANTED), -np.inf, np.float32)
    numbers = np.zeros((len(queries), WANTED), np.int64)
    for first in range(0, rows, BATCH):
        cosines = queries @ Synthetic().numbered(range(first, min(first + BATCH, rows))).T
        every = np.concatenate((best, cosines), axis=1)
        named = np.concatenate((numbers, np.broadcast_to(np.arange(first, first + cosines.shape[1]), cosines.shape)), 1)
        order = np.argsort(-every, axis=1)[:, :WANTED]
        best, numbers = np.take_along_axis(every, order, 1), np.take_along_axis(named, order, 1)
    return numbers


def in_its_own_process(*words: object) -> list[str]:
    """What `build`, `plain` or `probe` says there; building stays out of the memory that asking is charged with."""
    command = [sys.executable, __file__, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout.strip().splitlines()[-1].split("|")


def scale(given: argparse.Namespace) -> None:
    """A row for each kind of scan, ours and FAISS's own; written anew with each, as some take long."""
    lines: list[list[object]] = []
    with tempfile.TemporaryDirectory(dir=given.folder) as root:
        for scan in given.scans:
            rows = min(given.rows, given.graph_rows) if scan == "hnsw" else given.rows
            right = Path(root) / f"{rows}.npy"
            if not right.exists():
                np.save(right, nearest(rows, asked(rows, given.queries)[:50]))
            for kind, name in (("build", "longdoc DocumentIndex"), ("plain", "FAISS alone")):
                folder = Path(root) / "index"
                built = in_its_own_process(kind, folder, scan, rows)
                told = in_its_own_process("probe", kind, folder, scan, rows, given.queries, right)
                shutil.rmtree(folder)
                lines.append([name, scan, f"{rows:,}", *built, *told])
                print(*lines[-1], sep=" | ", flush=True)
                _write(given, lines)


def _write(given: argparse.Namespace, lines: Sequence[Sequence[object]]) -> None:
    headers = (
        *("system", "scan", "rows", "build s", "build peak MB"),
        *("open ms", "vector query ms p50 / p99", "hybrid query ms p50 / p99"),
        *(f"recall@{WANTED} %", "own memory MB", "mapped MB", "disk MB"),
    )
    said = (
        f"Synthetic texts of about 60 words with vectors of {WIDTH} numbers around {CENTRES:,} centres, "
        f"{given.queries} queries for {WANTED}, FAISS on one thread when asked and on all it is given when building. "
        "Ours holds texts, metadata and words beside the vectors and gives documents; FAISS alone gives numbers of "
        f"rows. Ours is given {BATCH:,} texts at a time. Building leaves out the making of texts and vectors; its peak "
        "is all of the process, with what it had mapped of files and with a batch of texts. Open: from the folder to "
        "an answer that needs no vector, libraries loaded. Own memory: what opening and asking added that is no "
        "file's; mapped: pages of the index's files, which the system takes back when it needs room. FAISS alone reads "
        "its file into memory, as its `read_index` does unless told otherwise. Recall: against comparing everything, "
        "50 queries; binary of FAISS alone is not rescored. HNSW is measured at fewer rows: the graph is built again "
        "as segments are merged."
    )
    publish("retrieval_scale", "An index of many chunks", f"{said}\n\n{markdown(headers, lines)}")


if __name__ == "__main__":
    _kind, *_given = sys.argv[1:]
    if _kind == "probe":
        _made, _folder, _scan, _rows, _count, _right = _given
        _told = probe(_made, Path(_folder), _scan, int(_rows), int(_count), Path(_right))  # type: ignore[arg-type]
    else:
        _folder, _scan, _rows = _given
        _seconds = {"build": build, "plain": plain}[_kind](Path(_folder), _scan, int(_rows))  # type: ignore[arg-type]
        _told = [f"{_seconds:.0f}", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f}"]
    print(*_told, sep="|")
