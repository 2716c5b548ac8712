"""How a `DocumentIndex` looks for vectors and fuses them with words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from longdoc.errors import InputError

Scan = Literal["auto", "flat", "hnsw", "sq8", "binary"]
Fusion = Literal["weighted", "reciprocal", "vectors", "words"]

_SCANS = ("auto", "flat", "hnsw", "sq8", "binary")
_FUSIONS = ("weighted", "reciprocal", "vectors", "words")


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How vectors are searched, and how their cosines are fused with the scores of the words.

    `scan` "flat" compares every vector; "hnsw" follows a graph; "sq8" and "binary" compare one byte or one bit a
    dimension and then the vectors themselves of the best `rescored` times as many; "auto" is flat, and a graph for
    segments of `hnsw_from` vectors or more. All but flat may miss some of the nearest. `links`, `build_effort` and
    `search_effort` are HNSW's M, efConstruction and efSearch. The scan holds for what is written from then on.

    `fusion` "weighted" adds `vector_share` of the cosine over the best one to the rest of the BM25 score over the best;
    "reciprocal" adds 1 / (60 + rank) of both lists (Cormack et al., 2009). Each list gives `depth` candidates, or as
    many as are asked for.

    `context` moves the score of a passage, where both lists are fused, by this share to the best score of its section
    (what has the same document and headings), and then by this share to the best of the passages beside it.

    `headed`: a chunk is embedded, and its words are counted, under the headings that it stands in. `copies`: a question
    finds a text in all documents that have it; by default in the one where it ranks best.
    """

    scan: Scan = "auto"
    hnsw_from: int = 200_000
    links: int = 32
    build_effort: int = 80
    search_effort: int = 160
    rescored: int = 8
    fusion: Fusion = "weighted"
    vector_share: float = 0.7
    context: float = 0.5
    depth: int = 100
    headed: bool = True
    copies: bool = False

    def __post_init__(self) -> None:
        if self.scan not in _SCANS:
            raise InputError(f"scan is {self.scan!r}; give one of {', '.join(_SCANS)}")
        if self.fusion not in _FUSIONS:
            raise InputError(f"fusion is {self.fusion!r}; give one of {', '.join(_FUSIONS)}")
        for name in ("vector_share", "context"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}; give 0 to 1")
        if self.links < 2:  # FAISS draws levels by 1 / log(links)
            raise InputError(f"links is {self.links}; give 2 or more")
        for name in ("hnsw_from", "build_effort", "search_effort", "rescored", "depth"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; give 1 or more")

    def layout(self, count: int) -> str:
        """How a segment of so many vectors is searched: flat, hnsw, sq8 or binary."""
        if self.scan != "auto":
            return self.scan
        return "hnsw" if count >= self.hnsw_from else "flat"
