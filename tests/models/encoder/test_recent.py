from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from longdoc.models.encoder.encoder import SentenceEncoder
from longdoc.models.encoder.recent import Recent


class Lengths:
    """Vectors that tell a text by its letters; keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[len(one), sum(map(ord, one))] for one in texts], np.float32).reshape(-1, 2)


@given(st.lists(st.lists(st.text(st.characters(), max_size=3), max_size=6), max_size=6), st.integers(1, 5))
def test_vectors_are_those_of_the_encoder_whatever_is_kept(asked: list[list[str]], most: int) -> None:
    inner = Lengths()
    recent = Recent(inner.encode, "lengths", most)
    for texts in asked:
        assert np.array_equal(recent.encode(texts), Lengths().encode(texts))
        assert len(recent._kept) <= most


def test_a_text_is_made_once_while_it_is_among_the_last() -> None:
    inner = Lengths()
    recent = Recent(inner.encode, "lengths", 2)
    for texts in (["a", "b", "a"], ["b", "a"], ["c"], ["a", "b"]):
        recent.encode(texts)
    assert inner.asked == ["a", "b", "c", "b"]


def test_the_encoder_keeps_its_own_to_the_bit() -> None:
    encoder = SentenceEncoder()
    texts = ["The gate opens at noon.", "Fish is sold at six.", "A ship came in from the north with timber."]
    expected = encoder.encode(texts)
    assert encoder.recent is encoder.recent
    assert encoder.recent.fingerprint == encoder.fingerprint
    for one in ([texts[1]], texts, texts[::-1]):
        assert np.array_equal(encoder.recent.encode(one), expected[[texts.index(text) for text in one]])
