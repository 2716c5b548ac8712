"""What adding to an index costs as it grows, and asking it, beside LanceDB and Chroma with the same texts and vectors.

python benchmarks/index_growth.py [--passages 1000 10000 100000] [--queries 50]

Passages come a thousand at a time, as documents are read; each thousand is on disk when it counts. Times are of the
processor, all threads of a system's own process together. `pip install lancedb chromadb` for the two others.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from retrieval_scale import WANTED, WIDTH, Synthetic, asked, nearest, texts
from table import markdown, publish

from longdoc.memory.index.document_index import DocumentIndex

TOGETHER = 1000
Floats = NDArray[np.float32]


class System(Protocol):
    """An index in a folder."""

    def add(self, ids: list[str], said: list[str], vectors: Floats) -> None:
        """Adds passages, which are on disk when it returns."""

    def find(self, vector: Floats) -> list[str]:
        """The ids of the nearest."""


class Ours:
    """A `DocumentIndex`: texts, words and vectors."""

    def __init__(self, folder: Path) -> None:
        self._given = Given()
        self._index = DocumentIndex(folder, self._given)

    def add(self, ids: list[str], said: list[str], vectors: Floats) -> None:
        """See `System`."""
        self._given.made = dict(zip(said, vectors, strict=True))
        self._index.add_texts(said, ids=ids)

    def find(self, vector: Floats) -> list[str]:
        """See `System`."""
        return [str(one.document.id) for one in self._index.matches_by_vector(vector, WANTED)]


class Given(Embeddings):
    """Vectors that are there already; of a question those of its number."""

    fingerprint = "given"

    def __init__(self) -> None:
        self.made: dict[str, Floats] = {}
        self._drawn = Synthetic()

    def encode(self, said: Sequence[str]) -> Floats:
        """A vector each."""
        return np.stack([self.made[one] for one in said])

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """As lists."""
        vectors: list[list[float]] = self.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """As a list."""
        vector: list[float] = self._drawn.encode([text])[0].tolist()
        return vector


class Lance:
    """A LanceDB table, without an index for vectors, which it makes only where it is asked to."""

    words = False

    def __init__(self, folder: Path) -> None:
        arrow, lancedb = import_module("pyarrow"), import_module("lancedb")
        fields = [("id", arrow.string()), ("text", arrow.string()), ("vector", arrow.list_(arrow.float32(), WIDTH))]
        self._arrow, self._schema = arrow, arrow.schema(fields)
        self._table = lancedb.connect(str(folder)).create_table("passages", schema=self._schema)
        if self.words:
            self._table.create_index("text", config=import_module("lancedb.index").FTS())

    def add(self, ids: list[str], said: list[str], vectors: Floats) -> None:
        """See `System`."""
        values = self._arrow.FixedSizeListArray.from_arrays(self._arrow.array(vectors.reshape(-1)), WIDTH)
        self._table.add(self._arrow.Table.from_arrays([ids, said, values], schema=self._schema))
        if self.words:
            self._table.optimize()  # without which new rows are not in the index

    def find(self, vector: Floats) -> list[str]:
        """See `System`."""
        found = (
            self._table.search(vector).distance_type("dot").select(["id", "text", "_distance"]).limit(WANTED).to_list()
        )
        return [one["id"] for one in found]


class LanceWords(Lance):
    """One that has an index of the words too, kept up to date."""

    words = True


class Chroma:
    """A Chroma collection on disk, with its graph."""

    def __init__(self, folder: Path) -> None:
        chroma: Any = import_module("chromadb")
        quiet = import_module("chromadb.config").Settings(anonymized_telemetry=False)
        client = chroma.PersistentClient(str(folder), settings=quiet)
        self._collection = client.create_collection("passages", metadata={"hnsw:space": "ip"}, embedding_function=None)

    def add(self, ids: list[str], said: list[str], vectors: Floats) -> None:
        """See `System`."""
        self._collection.add(ids=ids, documents=said, embeddings=vectors)

    def find(self, vector: Floats) -> list[str]:
        """See `System`."""
        found = self._collection.query(query_embeddings=[vector], n_results=WANTED, include=["documents"])
        return [str(one) for one in found["ids"][0]]


SYSTEMS: dict[str, tuple[str, Callable[[Path], System]]] = {
    "longdoc DocumentIndex": ("longdoc", Ours),
    "LanceDB": ("lancedb", Lance),
    "LanceDB, words too": ("lancedb", LanceWords),
    "Chroma": ("chromadb", Chroma),
}


def grown(name: str, sizes: Sequence[int], queries: int) -> list[str]:
    """Rows of the table, fields between bars: a system that grows, and is asked at each size."""
    rows = []
    drawn = Synthetic()
    with TemporaryDirectory() as folder:
        system = SYSTEMS[name][1](Path(folder) / "index")
        before = 0
        for size in sizes:
            took = []
            for first in range(before, size, TOGETHER):
                ids = [str(first + at) for at in range(TOGETHER)]
                said, vectors = texts(first, TOGETHER), drawn.numbered(range(first, first + TOGETHER))
                began = time.process_time()
                system.add(ids, said, vectors)
                took.append(time.process_time() - began)
            before = size
            times = [f"{one:.3f}" for one in (sum(took) / len(took), median(took), max(took))]
            disk = f"{_bytes(Path(folder)) / 1e6:.0f}"
            rows.append("|".join([name, f"{size}", *_asked(system, size, queries), *times, disk]))
    return rows


def _asked(system: System, size: int, queries: int) -> tuple[str, str]:
    """Milliseconds of the processor for a query, in the middle, and the recall."""
    vectors = asked(size, queries)
    right = nearest(size, vectors)
    system.find(vectors[0])
    took, hits = [], 0
    for vector, best in zip(vectors, right, strict=True):
        began = time.process_time()
        found = system.find(vector)
        took.append(time.process_time() - began)
        hits += len(set(found) & set(map(str, best)))
    return f"{median(took) * 1000:.2f}", f"{100 * hits / right.size:.1f}"


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Has each system grow in a process of its own, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--system", choices=list(SYSTEMS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.system:
        print("\n".join(grown(given.system, given.passages, given.queries)))
        return
    told, names = [], []
    for name, (package, _) in SYSTEMS.items():
        try:
            names.append(f"{name} {version(package)}" if package != "longdoc" else name)
        except PackageNotFoundError:
            sys.stderr.write(f"{name} is not installed: pip install {package}\n")
            continue
        made = subprocess.run([sys.executable, *sys.argv, "--system", name], stdout=subprocess.PIPE, text=True)
        if made.returncode:
            raise SystemExit(f"{name} failed")
        told += [line.split("|") for line in made.stdout.splitlines()]
        sys.stderr.write(f"{made.stdout}\n")
    ours = {size: (float(mean), float(query)) for name, size, query, _, mean, *_ in told if name.startswith("longdoc")}
    rows = []
    for name, size, query, recall, mean, middle, most, disk in sorted(told, key=lambda row: int(row[1])):
        put, ask = float(mean) / ours[size][0], float(query) / ours[size][1]
        rows.append([name, f"{int(size):,}", mean, f"{put:.2f}", middle, most, query, f"{ask:.2f}", recall, disk])
    headers = (
        *("system", "passages", "seconds a thousand added", "beside ours", "in the middle", "at most"),
        *("query ms", "beside ours", f"recall@{WANTED} %", "MB on disk"),
    )
    note = (
        f"Synthetic texts of about 60 words with vectors of {WIDTH} numbers, {TOGETHER:,} at a time, from the size of "
        "the row before to that of the row; seconds and milliseconds of the processor, all threads of a process "
        f"together, without the making of texts and vectors; {given.queries} queries by vector for {WANTED}, in the "
        "middle. Ours holds an index of the words beside texts and vectors; LanceDB compares all vectors; Chroma has a "
        f"graph. {', '.join(names)}."
    )
    publish("index_growth", "An index as it grows", f"{note}\n\n{markdown(headers, rows)}")


if __name__ == "__main__":
    main()
