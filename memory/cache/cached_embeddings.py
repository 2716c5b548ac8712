"""Embeddings computed once: any encoder, or any LangChain `Embeddings`, behind an `EncodingCache`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from longdoc.arguments import checked
from longdoc.errors import InputError
from longdoc.memory.cache.byte_cache import ByteCache
from longdoc.memory.cache.keys import KeySpace
from longdoc.memory.seal import CHECK

Precision = Literal["float32", "float16"]


class Encoder(Protocol):
    """What `longdoc.models.encoder.embedder.Embedder` does: vectors of texts, and a name that changes when they may."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors may."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, in order."""


@checked
class CachedEmbeddings(Embeddings):
    """An encoder's vectors, each computed once for its text and kept in the cache.

    `inner` is an `Encoder` or any LangChain `Embeddings`; the latter does not say what model it is, so `fingerprint`
    must: a name that changes whenever its vectors may. Queries have keys of their own, as some models encode them
    differently. `dtype` "float16" halves what is stored and rounds to 11 bits; the vector of a text is the same
    whether it came from the cache or not. At most `together` texts are encoded and stored at a time: what a kill
    costs. Only `encode` returns an array: LangChain's lists take longer to make than
    the vectors to read.
    """

    def __init__(
        self,
        inner: Encoder | Embeddings,
        cache: ByteCache,
        *,
        fingerprint: str | None = None,
        dtype: Precision = "float32",
        together: int = 8192,
    ) -> None:
        told = getattr(inner, "fingerprint", None) if fingerprint is None else fingerprint
        if not isinstance(told, str) or not told:
            raise InputError(f"{type(inner).__name__} has no fingerprint; give one that changes when its vectors may")
        if dtype not in ("float32", "float16"):
            raise InputError(f"vectors of {dtype!r}; give float32 or float16")
        self.inner, self.cache, self.together = inner, cache, together
        self._model = told
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self._texts = KeySpace("embedding", told, dtype, {"of": "text"})
        self._queries = KeySpace("embedding", told, dtype, {"of": "query"})

    @property
    def fingerprint(self) -> str:
        """The encoder's own where vectors are kept as float32, which changes nothing; else with the type."""
        return self._model if self._dtype.itemsize == 4 else f"{self._model}:{self._dtype.name}"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:  # (texts, width)
        """The texts' vectors in order, those not in the cache computed; no texts give an array of no rows."""
        if not texts:
            return np.empty((0, 0), np.float32)
        keys = self._texts.keys(texts)
        rows, missing = self.cache.rows(keys)
        if missing or rows is None:
            text_of = {keys[row]: texts[row] for row in missing}
            made = self.cache.computed(
                list(text_of),
                lambda wanted: self._rows(self._encoded([text_of[key] for key in wanted]), len(wanted)),
                self.together,
            )
            rows = self._filled(rows, len(texts), missing, [made[keys[row]] for row in missing])
        return rows.view(self._dtype).astype(np.float32, copy=False)

    def _filled(
        self, rows: NDArray[np.uint8] | None, count: int, missing: list[int], made: list[bytes]
    ) -> NDArray[np.uint8]:
        sizes = {len(frame) - CHECK for frame in made}
        rows = np.empty((count, sizes.pop()), np.uint8) if rows is None else rows
        if sizes - {rows.shape[1]}:
            raise InputError(f"vectors of several widths under the fingerprint {self._model!r}; give another")
        rows[missing] = np.frombuffer(b"".join(made), np.uint8).reshape(len(made), -1)[:, CHECK:]
        return rows

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A list of floats for each text."""
        vectors: list[list[float]] = self.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query."""
        if not isinstance(self.inner, Embeddings):
            return self.embed_documents([text])[0]
        query = self.inner.embed_query
        value = self.cache.get_or_compute(
            self._queries.key(text), lambda: self._rows(np.array([query(text)], np.float32), 1)[0]
        )
        vector: list[float] = np.frombuffer(value, self._dtype).astype(np.float32).tolist()
        return vector

    def _encoded(self, texts: list[str]) -> NDArray[np.float32]:
        if hasattr(self.inner, "encode"):
            vectors: NDArray[np.float32] = self.inner.encode(texts)
            return vectors
        return np.array(self.inner.embed_documents(texts), np.float32)

    def _rows(self, vectors: NDArray[np.float32], count: int) -> list[bytes]:
        if vectors.ndim != 2 or len(vectors) != count:
            raise InputError(f"the encoder gave an array of {vectors.shape} for {count} texts; give one row a text")
        return [row.tobytes() for row in np.asarray(vectors, self._dtype)]
