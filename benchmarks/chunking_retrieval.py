"""How well chunks serve retrieval, by the metrics of the Chroma report (Smith and Troynikov, 2024).

Each question has spans of its document that answer it. Of the chunks of a document the five nearest the question are
taken. Recall: the share of the spans that they cover. Precision: the share of their characters that lies in spans.
IoU: what is covered, over their characters and the spans' uncovered ones. Precision omega: the share of characters in
spans when just the chunks that touch a span are taken. In the first three, characters in two chunks count twice, as in
the report's own code. Five large chunks hold more than five small ones, and precision and IoU fall with size, so a
column that the report has not gives the recall of the nearest chunks that together have five times the limit in tokens.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from chunking_peers import Piece, RememberedEmbeddings, Setting, System, available, versions
from datasets import records
from numpy.typing import NDArray
from table import markdown, publish

from longdoc.models.encoder.embedder import Embedder

LIMITS, TAKEN, ENCODING = (200, 400), 5, "cl100k_base"
Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Scores:
    """The metrics of one question, from 0 to 1."""

    recall: float
    precision: float
    iou: float
    omega: float
    filled: float


def merged(ranges: Ranges) -> list[tuple[int, int]]:
    """The ranges without their overlaps, in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found


def size(ranges: Ranges) -> int:
    """Their characters, those in two of them twice."""
    return sum(end - start for start, end in ranges)


def common(some: Ranges, others: Ranges) -> list[tuple[int, int]]:
    """What lies in both."""
    pairs = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return merged([(start, end) for start, end in pairs if start < end])


def score(chunks: Ranges, taken: Ranges, filling: Ranges, spans: Ranges) -> Scores:
    """The metrics for the chunks taken, and those that fill the room, of all chunks, and the spans asked for."""
    covered, asked = size(common(taken, spans)), size(merged(spans))
    touching = [chunk for chunk in chunks if common([chunk], spans)]
    best = size(common(touching, spans))
    return Scores(
        covered / size(spans),
        covered / size(taken),
        covered / (size(taken) + asked - covered),
        best / (size(merged(touching)) + asked - best),
        size(common(filling, spans)) / size(spans),
    )


_CHUNKS = [(0, 10), (10, 20), (20, 30)]
assert score(_CHUNKS, [_CHUNKS[0], _CHUNKS[2]], _CHUNKS, [(5, 15)]) == Scores(0.5, 0.25, 0.2, 0.5, 1.0)
assert merged([(5, 9), (0, 3), (2, 5)]) == [(0, 9)]


def placed(text: str, pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """Where the chunks lie: as reported if that holds, else found from the last one on, white space aside."""
    places, last = [], 0
    for part, start, _ in pieces:
        if start is None or text[start : start + len(part)] != part:
            pattern = r"\s*".join(re.escape(word) for word in part.split())
            match = re.compile(pattern).search(text, last)
            if match is None:
                raise SystemExit(f"the chunk {part[:80]!r} is nowhere in its document")
            places.append(match.span())
        else:
            places.append((start, start + len(part)))
        last = places[-1][0]
    return places


def questions_of(record: dict[str, Any], most: int | None) -> list[tuple[str, Ranges]]:
    """The questions of a document, each with its spans."""
    return [
        (one["question"], [(span["start_index"], span["end_index"]) for span in one["references"]])
        for one in record["questions"][:most]
    ]


def measure(
    system: System, setting: Setting, record: dict[str, Any], most: int | None
) -> tuple[list[int], list[Scores]]:
    """The tokens of a document's chunks, and the metrics of each of its questions."""
    text, encoder = record["document"], setting.embeddings
    assert encoder is not None
    pieces = [piece for piece in system.pieces(system.make(setting)(text)) if piece[0].strip()]
    chunks = placed(text, pieces)
    vectors: NDArray[np.float64] = np.array(encoder.embed_documents([piece[0] for piece in pieces]))
    asked = questions_of(record, most)
    near = np.array(encoder.embed_documents([question for question, _ in asked])) @ vectors.T  # (questions, chunks)
    tokens = [len(setting.tokenizer.encode_ordinary(piece[0])) for piece in pieces]
    found = []
    for row, (_, spans) in zip(np.argsort(-near, axis=1, kind="stable"), asked, strict=True):
        room = int(np.searchsorted(np.cumsum([tokens[i] for i in row]), TAKEN * setting.limit, side="right"))
        nearest = [chunks[i] for i in row]
        found.append(score(chunks, nearest[:TAKEN], nearest[:room], spans))
    return tokens, found


def _cells(scores: Sequence[Scores]) -> list[str]:
    mean = [np.mean([getattr(one, name) for one in scores]) * 100 for name in ("recall", "precision", "omega", "iou")]
    filled = np.mean([one.filled for one in scores]) * 100
    return [f"{mean[0]:.1f}", *(f"{value:.2f}" for value in mean[1:]), f"{filled:.1f}"]


def _row(system: System, limit: int, tokens: list[int], scores: Sequence[Scores]) -> list[object]:
    return [system.name, limit, len(tokens), f"{np.mean(tokens):.0f}", *_cells(scores)]


def retrieval(given: argparse.Namespace) -> None:
    """A table for each document and one of all questions, chunks of 200 and 400 tokens."""
    systems = [system for system in available(given.systems) if not system.same]
    documents = list(records("chroma_chunking"))
    encoder = RememberedEmbeddings(Embedder("float32"))
    rows: dict[str, list[list[object]]] = {name: [] for name in ("all questions", *(d["id"] for d in documents))}
    for limit in LIMITS:
        setting = Setting(limit, ENCODING, encoder)
        for system in systems:
            every: list[Scores] = []
            total: list[int] = []
            for record in documents:
                tokens, scores = measure(system, setting, record, given.limit)
                rows[record["id"]].append(_row(system, limit, tokens, scores))
                every, total = every + scores, total + tokens
            rows["all questions"].append(_row(system, limit, total, every))
    metrics = ("recall", "precision", "precision omega", "IoU", "recall, same tokens")
    headers = ("system", "limit", "chunks", "mean tokens", *metrics)
    tables = [f"{name}\n\n{markdown(headers, lines)}" for name, lines in rows.items()]
    said = (
        f"Percent, means over the questions, {TAKEN} chunks taken by cosine out of the question's document, limits in "
        f"tokens of {ENCODING} as in the report, no overlap, the bundled encoder (float32; it reads 254 of its own "
        "tokens of a chunk). Mean tokens: of a chunk. Recall, same tokens: of the nearest chunks that together have "
        f"{TAKEN} times the limit, so that a splitter with small chunks gives as much to read as one with large ones. "
        "A chunk touches a span if they share a character. Chunks whose reported place does not hold are looked for; "
        "those of white space alone are left out, and so is chonkie with its own tokenizer, which cuts as it does with "
        "tiktoken. LangChain Token is the report's fixed-token splitter: at 200 on state_of_the_union another's "
        "published run with this encoder has recall 91.43, precision and IoU 3.83."
    )
    publish("chunking_retrieval", "Chunks for retrieval", "\n\n".join([said, *tables, f"{versions(systems)}."]))
