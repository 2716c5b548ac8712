from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.stores import InMemoryByteStore
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests
from numpy.typing import NDArray

from longdoc.errors import InputError
from longdoc.memory.cache.cached_embeddings import CachedEmbeddings
from longdoc.memory.cache.encoding_cache import EncodingCache


class CountingEncoder:
    """A vector made from the text's bytes; keeps the texts that it was asked for."""

    def __init__(self, fingerprint: str = "counting", width: int = 8) -> None:
        self.fingerprint, self.width = fingerprint, width
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        rows = [
            np.resize(np.frombuffer(b"." + text.encode("utf-8", "replace"), np.uint8), self.width) for text in texts
        ]
        return (np.array(rows, np.float32) / 7).reshape(len(texts), self.width)


PARAMETERS = {
    "inner": DeterministicFakeEmbedding(size=6),
    "cache": EncodingCache(store=InMemoryByteStore()),
    "fingerprint": "fake",
}


class TestUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return CachedEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, object]:
        return PARAMETERS


@pytest.mark.asyncio
@pytest.mark.filterwarnings("ignore:.*not an async function:pytest.PytestWarning")  # most tests of the suite are none
class TestIntegration(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return CachedEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, object]:
        return PARAMETERS


@settings(max_examples=30)
@given(st.lists(st.lists(st.text(max_size=3), max_size=8), max_size=5), st.integers(1, 5))
def test_cached_equals_uncached_and_each_text_is_encoded_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]], together: int
) -> None:
    inner, plain = CountingEncoder(), CountingEncoder()
    cached = CachedEmbeddings(inner, EncodingCache(tmp_path_factory.mktemp("cache")), together=together)
    for texts in batches:
        vectors = cached.encode(texts)
        assert vectors.dtype == np.float32
        assert len(vectors) == len(texts)
        if texts:
            np.testing.assert_array_equal(vectors, plain.encode(texts))
        assert cached.embed_documents(texts) == vectors.tolist()
    assert sorted(inner.asked) == sorted({text for texts in batches for text in texts})


def test_float16_is_the_same_from_the_encoder_and_from_the_cache(tmp_path: Path) -> None:
    cached = CachedEmbeddings(CountingEncoder(), EncodingCache(tmp_path), dtype="float16")
    first, again = cached.encode(["one", "two"]), cached.encode(["two", "one", "three"])
    np.testing.assert_array_equal(first, again[[1, 0]])
    np.testing.assert_array_equal(first, CountingEncoder().encode(["one", "two"]).astype(np.float16))
    assert cached.fingerprint == "counting:float16"
    assert CachedEmbeddings(CountingEncoder(), EncodingCache(tmp_path)).fingerprint == "counting"


def test_another_fingerprint_is_another_vector(tmp_path: Path) -> None:
    cache = EncodingCache(tmp_path)
    for fingerprint, width in (("a", 4), ("b", 6), ("a", 4)):
        assert CachedEmbeddings(CountingEncoder(fingerprint, width), cache).encode(["x"]).shape == (1, width)
    with pytest.raises(InputError, match="several widths under the fingerprint 'a'"):
        CachedEmbeddings(CountingEncoder("a", 5), cache).encode(["x", "y"])


def test_queries_of_a_langchain_model_are_kept_apart(tmp_path: Path) -> None:
    class Sides(Embeddings):
        calls = 0

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [[1.0] for _ in texts]

        def embed_query(self, text: str) -> list[float]:
            self.calls += 1
            return [2.0]

    inner = Sides()
    cached = CachedEmbeddings(inner, EncodingCache(tmp_path), fingerprint="sides")
    assert [cached.embed_query("x"), cached.embed_query("x"), *cached.embed_documents(["x"])] == [[2.0], [2.0], [1.0]]
    assert inner.calls == 1


def test_a_model_without_a_name_is_refused(tmp_path: Path) -> None:
    cache = EncodingCache(tmp_path)
    with pytest.raises(InputError, match="DeterministicFakeEmbedding has no fingerprint"):
        CachedEmbeddings(DeterministicFakeEmbedding(size=2), cache)
    with pytest.raises(InputError, match="float64"):
        CachedEmbeddings(CountingEncoder(), cache, dtype="float64")  # type: ignore[arg-type]


def test_a_wrong_number_of_vectors_is_refused(tmp_path: Path) -> None:
    class Short(CountingEncoder):
        def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return super().encode(texts[1:])

    with pytest.raises(InputError, match="for 2 texts"):
        CachedEmbeddings(Short(), EncodingCache(tmp_path)).encode(["x", "y"])
