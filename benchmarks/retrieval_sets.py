"""Questions over real documents, with the characters that answer them."""

from __future__ import annotations

import re
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from datasets import archive, records
from langchain_core.documents import Document

from longdoc.chunkers.readers.registry import read

Ranges = list[tuple[int, int]]


@dataclass(frozen=True)
class Question:
    """A question and where its answer is: ranges of characters by document, each document a right one to find."""

    text: str
    spans: dict[str, Ranges]
    references: list[str] = field(default_factory=list)  # what people answered, where nobody marked the place


@dataclass(frozen=True)
class Collection:
    """Documents that are searched together, and what is asked of them."""

    documents: list[Document]
    questions: list[Question]
    pages: dict[str, list[int]] = field(default_factory=dict)  # where the pages of a document begin

    def text(self, source: str, start: int, end: int) -> str:
        """What stands there."""
        [text] = [one.page_content[start:end] for one in self.documents if one.metadata["source"] == source]
        return text

    def page(self, source: str, place: int) -> int:
        """The page of a place, counted from 1."""
        return bisect_right(self.pages[source], place)


def chroma() -> Iterator[Collection]:
    """The two documents of the Chroma report's set that are here, together."""
    documents, questions = [], []
    for record in records("chroma_chunking"):
        name = record["id"]
        documents.append(Document(record["document"], metadata={"source": name}))
        for one in record["questions"]:
            spans = [(part["start_index"], part["end_index"]) for part in one["references"]]
            questions.append(Question(one["question"], {name: spans}))
    yield Collection(documents, questions)


def rag_docs() -> Iterator[Collection]:
    """A product's documentation by its sections; the right sections of a question are its answer, whole."""
    [record] = records("rag_docs")
    text_of = {chunk["chunk_link"]: chunk["text"] for chunk in record["chunks"]}
    documents = [Document(text, metadata={"source": link}) for link, text in text_of.items()]
    questions = [
        Question(
            one["question"], {link: [(0, len(text_of[link]))] for link in one["correct_chunks"] if link in text_of}
        )
        for one in record["questions"]
    ]
    yield Collection(documents, [one for one in questions if one.spans])


def qmsum() -> Iterator[Collection]:
    """Each meeting alone, its specific queries, and the turns that people found relevant."""
    for record in records("qmsum"):
        lines = [f"{turn['speaker']}: {turn['text']}" for turn in record["turns"]]
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)
        questions = []
        for query in record["specific_queries"]:
            spans = [
                (starts[int(first)], starts[min(int(last), len(lines) - 1) + 1] - 1)
                for first, last in query["relevant_text_span"]
            ]
            questions.append(Question(query["query"], {record["id"]: spans}))
        yield Collection([Document("\n".join(lines), metadata={"source": record["id"]})], questions)


def squality() -> Iterator[Collection]:
    """Each of the first ten stories alone, and its questions but the first, which asks for the whole plot."""
    for record in islice(records("squality"), 10):
        asked = [one for one in record["questions"] if "plot" not in one["question"].casefold()]
        questions = [Question(one["question"], {}, one["references"]) for one in asked]
        yield Collection([Document(record["document"], metadata={"source": record["id"]})], questions)


def financebench() -> Iterator[Collection]:
    """Six filings as PDF, together; the evidence is looked for on its page and is the page's text that it covers."""
    documents, pages = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for path in unpacked_filings(Path(folder)):
            document = read(path)
            document.metadata["source"] = path.stem
            documents.append(document)
            pages[path.stem] = list(document.metadata["pages"])
    text_of = {one.metadata["source"]: one.page_content for one in documents}
    questions = []
    for record in records("financebench"):
        name = record["doc_name"]
        if name in text_of:
            ends = [*pages[name], len(text_of[name])]
            spans = [
                _evidence(text_of[name], ends[page], ends[page + 1], part["evidence_text"])
                for part in record["evidence"]
                for page in [part["evidence_page_num"]]
            ]
            questions.append(Question(record["question"], {name: spans}))
    yield Collection(documents, questions, pages)


def _evidence(text: str, start: int, end: int, evidence: str) -> tuple[int, int]:
    """From the first to the last of the evidence's lines that the page has; where that is too little, the page."""
    page = text[start:end]
    found = []
    for line in {line.strip() for line in evidence.splitlines() if len(line.strip()) > 12}:
        pattern = r"\s*".join(re.escape(word) for word in line.split())
        found += [match.span() for match in re.finditer(pattern, page)]
    first, last = min((one for one, _ in found), default=0), max((one for _, one in found), default=0)
    return (start + first, start + last) if 2 * (last - first) > len(evidence) else (start, end)


def unpacked_filings(folder: Path) -> list[Path]:
    """The six filings of FinanceBench that the data has as PDF."""
    with archive("financebench_pdfs") as members:
        members.extractall(folder, filter="data")
    return sorted(folder.rglob("*.pdf"))


SETS: dict[str, Any] = {
    "chroma_chunking": chroma,
    "rag_docs": rag_docs,
    "qmsum": qmsum,
    "financebench": financebench,
    "squality": squality,
}
