"""The passages of any vector store in the order of a `DocumentIndex`: by meaning, by words, by what is around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from numpy.typing import NDArray
from pydantic import ConfigDict

from longdoc.memory.index.context import raised
from longdoc.memory.index.entries import entry
from longdoc.memory.index.settings import IndexSettings
from longdoc.memory.index.words import Postings, bm25
from longdoc.memory.words import words

BESIDE = "beside"  # in a passage's metadata: the ids of those before and after it, where its store knows them
_GAP = 4  # characters of white space that a splitter leaves out between two passages
_UNRELATED = 0.1  # a cosine that tells nothing: dividing by less would make much of noise


class RankedRetriever(BaseRetriever):
    """The `k` best passages of a store for a question, out of the `depth` that are nearest to it.

    How words, headings and surroundings count is said by `settings`, as for a `DocumentIndex`; of the words, only how
    rare they are among those passages is known. A store that does not say how near a passage is has its order believed.
    """

    store: VectorStore
    k: int = 10
    depth: int = 200
    settings: IndexSettings = IndexSettings()

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        k = int(kwargs.get("k", self.k))
        found, cosines = _nearest(self.store, query, self.depth)
        found, cosines = self._widened(query, found, cosines)
        scores = ranked(query, found, cosines, self.settings)
        order = np.argsort(-scores, kind="stable").tolist()
        if self.settings.copies:
            return [found[row] for row in order[:k]]
        first: dict[tuple[str, str], str] = {}
        kept = []
        for one in (found[row] for row in order):
            said = str(one.metadata.get("headings")), " ".join(one.page_content.split())
            source = str(one.metadata.get("source"))
            if first.setdefault(said, source) == source:
                kept.append(one)
        return kept[:k]

    def _widened(
        self, query: str, found: list[Document], cosines: NDArray[np.float64]
    ) -> tuple[list[Document], NDArray[np.float64]]:
        """The passages, and those beside the best of them, which are no nearer than any that was found."""
        if not found or not self.settings.context:
            return found, cosines
        alone = ranked(query, found, cosines, replace(self.settings, context=0.0))
        best = np.argsort(-alone, kind="stable")[: self.settings.depth].tolist()
        beside = {name for row in best for name in found[row].metadata.get(BESIDE) or ()}
        missing = sorted(beside - {one.id for one in found})
        more = self.store.get_by_ids(missing) if missing else []
        return [*found, *more], np.append(cosines, [cosines.min()] * len(more))


def ranked(
    query: str, found: Sequence[Document], cosines: NDArray[np.float64], settings: IndexSettings
) -> NDArray[np.float64]:
    """The score that each passage is ordered by; higher is better."""
    if not found or settings.fusion == "vectors":
        return cosines
    counted = [words(_read(one, settings.headed)) for one in found]
    mean = sum(one.total() for one in counted) / len(counted)
    [worded] = bm25([(Postings.of(counted), None, len(counted))], query, len(counted), mean)
    share = {"words": 0.0}.get(settings.fusion, settings.vector_share)
    fused = share * cosines / max(cosines.max(), _UNRELATED) + (1 - share) * worded / (worded.max() or 1.0)
    return _raised(found, fused, settings.context) if settings.context else fused


def _read(passage: Document, headed: bool) -> str:
    return entry("", "chunk", passage.page_content, passage.metadata, headed).read


def _nearest(store: VectorStore, query: str, count: int) -> tuple[list[Document], NDArray[np.float64]]:
    """The nearest passages and their cosines, as far as the store tells them: distances rise where cosines fall."""
    try:
        scored = store.similarity_search_with_score(query, count)
    except NotImplementedError:
        found = store.similarity_search(query, count)
        return found, 1.0 - np.arange(len(found)) / max(1, len(found))
    told = np.array([score for _, score in scored], np.float64)
    rising = len(told) > 1 and told[-1] > told[0]
    return [one for one, _ in scored], 1.0 - told if rising else told


def _raised(found: Sequence[Document], scores: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """The scores, raised by the sections of the passages and by those that adjoin each in its source."""
    sections = [(str(one.metadata.get("source")), str(one.metadata.get("headings"))) for one in found]
    places = [(sections[row][0], int(one.metadata.get("start_index") or 0), row) for row, one in enumerate(found)]
    beside: list[list[int]] = [[] for _ in found]
    for (source, start, row), (other, after, next_row) in pairwise(sorted(places)):
        if source == other and after <= start + len(found[row].page_content) + _GAP:
            beside[row].append(next_row)
            beside[next_row].append(row)
    return raised(scores, sections, beside, share)
