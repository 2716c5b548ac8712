"""longdoc's index beside LangChain's: what it finds, and what a million chunks cost.

    python benchmarks/retrieval.py quality [--sets NAME ...] [--limit N]
    python benchmarks/retrieval.py scale [--rows N] [--graph-rows N] [--queries N]

The peers of `quality` are no dependencies of the project:
`pip install --no-deps langchain-community==0.4.2 rank_bm25==0.2.2`. `--limit` takes so many questions of a collection.
"""

from __future__ import annotations

import argparse
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tiktoken
from chunking_peers import RememberedEmbeddings
from chunking_retrieval import common, merged, size
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from retrieval_scale import SCANS, scale
from retrieval_sets import SETS, Collection, Question
from table import markdown, publish

from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.index.settings import IndexSettings
from longdoc.memory.index.words import asked_words
from longdoc.models.encoder.embedder import Embedder

ENCODING = "cl100k_base"
BUDGETS = (1_000, 2_500, 5_000)
MOST = 60  # passages asked for: what the largest budget holds of the smallest chunks
Find = Callable[[str, int], list[Document]]
"""The passages for a question, in order, for a reader of so many tokens."""


@dataclass(frozen=True)
class System:
    """A way to find passages: how to make it for some documents."""

    name: str
    make: Callable[[list[Document], Embeddings], Find]


def ours(settings: IndexSettings | None = None) -> Callable[[list[Document], Embeddings], Find]:
    """`DocumentIndex` as it comes, or with other settings."""

    def make(documents: list[Document], embeddings: Embeddings) -> Find:
        index = DocumentIndex(embeddings=embeddings, settings=settings)
        index.put(documents)
        return lambda question, _: index.similarity_search(question, MOST)

    return make


def langchain(tokens: int, ensemble: bool) -> Callable[[list[Document], Embeddings], Find]:
    """LangChain's FAISS over recursive chunks, alone or in an EnsembleRetriever with its BM25, half and half."""

    def make(documents: list[Document], embeddings: Embeddings) -> Find:
        faiss, bm25, ensemble_of = _peers()
        encoding = tiktoken.get_encoding(ENCODING)
        splitter = RecursiveCharacterTextSplitter.from_tiktoken_encoder(
            encoding_name=ENCODING,
            chunk_size=tokens,
            chunk_overlap=0,
            disallowed_special=(),
            add_start_index=True,
        )
        chunks = splitter.split_documents(documents)
        store, words = faiss.from_documents(chunks, embeddings), bm25.from_documents(chunks)

        def both(question: str, budget: int) -> list[Document]:
            most = -(-budget // tokens)
            while True:  # asked for more than it takes, it puts what both lists have above the best of either
                words.k = most
                near = store.as_retriever(search_kwargs={"k": most})
                found: list[Document] = ensemble_of(retrievers=[words, near], weights=[0.5, 0.5]).invoke(question)
                held = sum(len(encoding.encode_ordinary(one.page_content)) for one in found)
                if held >= budget or most >= MOST:
                    return found
                most += 1 + most // 4

        return both if ensemble else lambda question, _: store.similarity_search(question, MOST)

    return make


def _peers() -> tuple[Any, Any, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # langchain-community says that it is no longer kept up
        try:
            from langchain_classic.retrievers import EnsembleRetriever
            from langchain_community.retrievers import BM25Retriever
            from langchain_community.vectorstores import FAISS
        except ImportError as error:
            raise SystemExit(f"{error}: pip install --no-deps langchain-community==0.4.2 rank_bm25==0.2.2") from None
    return FAISS, BM25Retriever, EnsembleRetriever


SYSTEMS = [
    System("longdoc DocumentIndex", ours()),
    System("the same, each passage by itself", ours(IndexSettings(context=0))),
    System("the same, vectors alone", ours(IndexSettings(fusion="vectors"))),
    System("the same, words alone", ours(IndexSettings(fusion="words"))),
    *(System(f"LangChain FAISS, recursive {tokens}", langchain(tokens, False)) for tokens in (200, 512, 1024)),
    *(System(f"LangChain Ensemble, recursive {tokens}", langchain(tokens, True)) for tokens in (200, 512, 1024)),
]


class Passages:
    """What a system found for a question, in order: where each passage lies, and how many tokens it has."""

    def __init__(self, found: Sequence[Document], encoding: tiktoken.Encoding) -> None:
        self._encoding = encoding
        self.places = [(one.metadata["source"], one.metadata["start_index"], one.page_content) for one in found]

    def within(self, budget: int) -> Iterator[tuple[str, int, int]]:
        """The first passages that have `budget` tokens together, the last one cut to fit."""
        left = budget
        for source, start, text in self.places:
            tokens = self._encoding.encode_ordinary(text)
            if len(tokens) > left:
                text = self._encoding.decode(tokens[:left]).rstrip("\ufffd")
            yield source, start, start + len(text)
            left -= len(tokens)
            if left <= 0:
                return


def overlap(found: Iterable[tuple[str, int, int]], question: Question) -> tuple[float, float, float]:
    """Recall, precision and IoU in characters."""
    ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for source, start, end in found:
        ranges[source].append((start, end))
    asked = sum(size(merged(spans)) for spans in question.spans.values())
    taken = sum(size(merged(parts)) for parts in ranges.values())
    both = sum(size(common(merged(parts), merged(question.spans.get(name, [])))) for name, parts in ranges.items())
    return both / max(asked, 1), both / max(taken, 1), both / max(asked + taken - both, 1)


_ASKED = Question("?", {"a": [(5, 15)]})
assert overlap([("a", 0, 10), ("b", 0, 10)], _ASKED) == (0.5, 0.25, 0.2)


def by_document(passages: Passages, question: Question) -> list[float]:
    """Recall of the right documents among the first 3, 5 and 10 that passages come from, and the reciprocal rank."""
    names = list(dict.fromkeys(source for source, _, _ in passages.places))
    right = set(question.spans)
    rank = next((at for at, name in enumerate(names, 1) if name in right), None)
    return [len(right.intersection(names[:k])) / len(right) for k in (3, 5, 10)] + [1 / rank if rank else 0.0]


def by_page(passages: Passages, question: Question, collection: Collection) -> list[float]:
    """Whether one of the first 5 passages touches the evidence's pages (their share), and their text's recall."""
    pages = {(name, collection.page(name, at)) for name, spans in question.spans.items() for at, _ in spans}
    first = [(name, start, start + len(text)) for name, start, text in passages.places[:5]]
    seen = {
        (name, page)
        for name, start, end in first
        for page in range(collection.page(name, start), collection.page(name, end - 1) + 1)
    }
    return [len(pages & seen) / len(pages), overlap(first, question)[0]]


def told(found: Iterable[tuple[str, int, int]], question: Question, collection: Collection) -> float:
    """The share of the references' words, but those that only ask or join, that the passages have; the mean of them."""
    read = asked_words("\n".join(collection.text(*one) for one in found))
    wanted = [asked_words(reference) for reference in question.references]
    return float(np.mean([len(one & read) / len(one) for one in wanted]))


def scored(name: str, find: Find, question: Question, collection: Collection) -> list[float]:
    """What a set's table has of a question."""
    encoding = tiktoken.get_encoding(ENCODING)
    found = {budget: Passages(find(question.text, budget), encoding) for budget in BUDGETS}
    if name == "squality":
        return [told(passages.within(budget), question, collection) for budget, passages in found.items()]
    row = [value for budget, passages in found.items() for value in overlap(passages.within(budget), question)]
    if name == "rag_docs":
        row += by_document(found[BUDGETS[1]], question)
    if name == "financebench":
        row += by_page(found[BUDGETS[1]], question, collection)
    return row


def measured(name: str, system: System, embeddings: Embeddings, limit: int | None) -> list[object]:
    """A row of a set's table: means over its questions, in percent."""
    scores: list[list[float]] = []
    for collection in collections(name):
        find = system.make(collection.documents, embeddings)
        scores += [scored(name, find, question, collection) for question in collection.questions[:limit]]
    return [system.name, *(f"{100 * value:.1f}" for value in np.mean(scores, axis=0))]


_made: dict[str, list[Collection]] = {}


def collections(name: str) -> list[Collection]:
    """The collections of a set, read once."""
    if name not in _made:
        _made[name] = list(SETS[name]())
    return _made[name]


_MORE = {
    "rag_docs": ("recall@3", "recall@5", "recall@10", "MRR"),
    "financebench": ("page recall@5", "text recall@5"),
}
_ABOUT = {
    "chroma_chunking": "both documents in one index",
    "rag_docs": "232 sections in one index; recall@k and MRR go by the sections that passages come from",
    "qmsum": "each meeting in an index of its own; its specific queries",
    "financebench": "six filings in one index; @5 is the first five passages, however long they are",
    "squality": "each of ten stories in an index of its own; nobody marked where the answers are, so that this is the "
    "share of the words of the references, which are whole summaries, that the passages have",
}


_SAID = (
    f"Percent, means over the questions. Every system gives as many tokens of {ENCODING} to read (1,000, 2,500 or "
    "5,000): its passages in order, the last one cut to fit. Recall is the share of the answer's characters among "
    "them, precision the share of them that is of the answer, IoU what is both over what is either. All use the "
    "bundled encoder in float32, which reads 254 of its tokens of a passage; longdoc's chunks have 200 of these "
    "at most, the peers' so many of the other. Each retriever of the ensemble is asked for about as few passages "
    "as fill the tokens, the others for 60. longdoc's defaults (the share of vectors and words, that of a passage's "
    "surroundings, the words of a question that are passed over, the size of chunks) were chosen on these sets, the "
    "peers' were not."
)


def quality(given: argparse.Namespace) -> None:
    """A table for each set; the file is written anew with each."""
    embeddings = RememberedEmbeddings(Embedder("float32"))
    tables = []
    for name in given.sets or SETS:
        metrics = ("words found",) if name == "squality" else ("recall", "precision", "IoU")
        headers = [f"{metric} {budget:,}" for budget in BUDGETS for metric in metrics]
        rows = [measured(name, system, embeddings, given.limit) for system in SYSTEMS]
        asked = sum(len(one.questions[: given.limit]) for one in collections(name))
        table = markdown(("system", *headers, *_MORE.get(name, ())), rows)
        tables.append(f"## {name}\n\n{asked} questions, {_ABOUT[name]}.\n\n{table}")
        publish("retrieval_quality", "What retrieval finds", "\n\n".join([_SAID, *tables]))


def main() -> None:
    """Runs a subcommand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    one = kinds.add_parser("quality")
    one.add_argument("--sets", nargs="*", choices=list(SETS))
    one.add_argument("--limit", type=int)
    one.set_defaults(run=quality)
    other = kinds.add_parser("scale")
    other.add_argument("--rows", type=int, default=1_000_000)
    other.add_argument("--graph-rows", type=int, default=200_000, help="rows for HNSW, which takes long to build")
    other.add_argument("--queries", type=int, default=200)
    other.add_argument("--scans", nargs="*", choices=SCANS, default=SCANS)
    other.add_argument("--folder", help="where to put the indexes; the folder for temporary files if not given")
    other.set_defaults(run=scale)
    given = parser.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
