"""The vectors of a segment in FAISS's own files, mapped and not read: exact, or found by a coarser index first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss as typed_faiss
import numpy as np
from numpy.typing import NDArray

from longdoc.errors import InputError
from longdoc.memory.index.settings import IndexSettings

faiss: Any = typed_faiss  # its stubs lack much of what it has
FLAT, COARSE = "vectors.faiss", "coarse.faiss"
_SPARE = 16  # more than asked for, so that most ties at the end are seen at once
_NEAR = 1e-5  # how far FAISS's float32 cosine of unit vectors may be from the exact one
_FEW = 16  # one in so many places allowed, or fewer: compare all of these

Live = NDArray[np.bool_] | None
Nearest = tuple[NDArray[np.int64], NDArray[np.float64]]  # places and cosines, not in order


def write_vectors(folder: Path, vectors: NDArray[np.float32], settings: IndexSettings) -> str:
    """Writes unit vectors (count, width) into the folder, and says how they are laid out."""
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    faiss.write_index(flat, str(folder / FLAT))
    layout = settings.layout(len(vectors))
    if layout == "hnsw":
        graph = faiss.IndexHNSWFlat(vectors.shape[1], settings.links, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = settings.build_effort
        graph.add(vectors)
        faiss.write_index(graph, str(folder / COARSE), faiss.IO_FLAG_SKIP_STORAGE)  # the vectors are in FLAT
    elif layout == "sq8":
        kind = faiss.ScalarQuantizer.QT_8bit
        bytes_each = faiss.IndexScalarQuantizer(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
        bytes_each.train(vectors)
        bytes_each.add(vectors)
        faiss.write_index(bytes_each, str(folder / COARSE))
    elif layout == "binary":
        codes = signs(vectors)
        bits = faiss.IndexBinaryFlat(codes.shape[1] * 8)
        bits.add(codes)
        faiss.write_index_binary(bits, str(folder / COARSE))
    return layout


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors at length 1; one of zeros stays as it is. `InputError` for what is not finite."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise InputError("the embeddings gave numbers that are not finite")
    return np.ascontiguousarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def signs(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:  # (count, bytes)
    """One bit a dimension: whether it is above zero."""
    return np.packbits(vectors > 0, axis=1)


class VectorRows:
    """The vectors of a folder that `write_vectors` filled. Opening reads a few hundred bytes, or HNSW's levels."""

    def __init__(self, folder: Path, layout: str) -> None:
        self.layout = layout
        self._flat = faiss.read_index(str(folder / FLAT), faiss.IO_FLAG_MMAP_IFC)
        self.count, self.width = self._flat.ntotal, self._flat.d
        self._vectors = faiss.rev_swig_ptr(self._flat.get_xb(), self.count * self.width).reshape(-1, self.width)
        self._coarse = self._open_coarse(str(folder / COARSE))

    def _open_coarse(self, path: str) -> Any:
        if self.layout == "flat":
            return None
        if self.layout == "binary":
            return faiss.read_index_binary(path, faiss.IO_FLAG_MMAP_IFC)
        index = faiss.read_index(path, faiss.IO_FLAG_MMAP_IFC)
        if self.layout == "hnsw":
            index.storage, index.own_fields = self._flat, False
        return index

    def take(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """A copy of the vectors at these places."""
        taken: NDArray[np.float32] = np.array(self._vectors[places], np.float32)
        return taken

    def cosines(self, query: NDArray[np.float32], places: NDArray[np.int64]) -> NDArray[np.float64]:
        """The cosine of the vectors at these places; the same bits wherever and beside whatever a vector lies."""
        # not a matrix product, whose rounding depends on how many rows it is given
        rows: NDArray[np.float64] = np.sum(self.take(places).astype(np.float64) * query, axis=1)
        return rows

    def nearest(self, query: NDArray[np.float32], count: int, live: Live, settings: IndexSettings) -> Nearest:
        """At least the `count` nearest live places, and all that are as near as the last, where the scan finds them."""
        allowed = self.count if live is None else int(np.count_nonzero(live))
        count = min(count, allowed)
        if count == 0:
            return np.empty(0, np.int64), np.empty(0)
        few = allowed * _FEW <= self.count or count * _FEW >= allowed
        if self._coarse is None or few:
            return self._exact(query, count, live, allowed)
        return self._approximate(query, count, live, settings)

    def _exact(self, query: NDArray[np.float32], count: int, live: Live, allowed: int) -> Nearest:
        bits = None if live is None else np.packbits(live, bitorder="little")
        selector = None if bits is None else faiss.IDSelectorBitmap(bits)
        asked = min(count + _SPARE, allowed)
        while True:
            told, places = self._flat.search(query[None], asked, params=faiss.SearchParameters(sel=selector))
            cosines = self.cosines(query, places[0])
            last = np.partition(cosines, -count)[-count]
            if asked == allowed or told[0, -1] < last - _NEAR:
                return places[0], cosines
            asked = min(2 * asked, allowed)

    def _approximate(self, query: NDArray[np.float32], count: int, live: Live, settings: IndexSettings) -> Nearest:
        asked = min(count * settings.rescored if self.layout != "hnsw" else count + _SPARE, self.count)
        while True:
            places = self._candidates(query, asked, settings)
            if live is not None:
                places = places[live[places]]
            if len(places) >= count or asked == self.count:
                return places, self.cosines(query, places)
            asked = min(2 * asked, self.count)

    def _candidates(self, query: NDArray[np.float32], asked: int, settings: IndexSettings) -> NDArray[np.int64]:
        if self.layout == "binary":
            _, places = self._coarse.search(signs(query[None]), asked)
        elif self.layout == "hnsw":
            effort = faiss.SearchParametersHNSW(efSearch=max(settings.search_effort, asked))
            _, places = self._coarse.search(query[None], asked, params=effort)
        else:
            _, places = self._coarse.search(query[None], asked)
        found: NDArray[np.int64] = places[0][places[0] >= 0]
        return found
