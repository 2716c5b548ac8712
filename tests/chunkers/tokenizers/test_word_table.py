from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import texts

from longdoc.chunkers.tokenizers.huggingface import HuggingFaceTokenizer
from longdoc.surrogates import without_surrogates

TOKENIZER = HuggingFaceTokenizer.bundled()
odd = st.text(alphabet=" \n\t,.-'a\u0301é中ﬁİ<\u0338\u200d\x1c\u2028\u00ad")


def slow(text: str) -> NDArray[np.int64]:
    """The whole text at once, as the backend reads it."""
    encoding = TOKENIZER.backend.encode(without_surrogates(text), add_special_tokens=False)
    pairs = np.array(encoding.offsets, np.int64).reshape(-1, 2)
    pairs[:, 0] = np.maximum.accumulate(pairs[:, 0])
    return pairs


@settings(max_examples=150)
@given(text=texts | st.text() | odd)
@example(text="x" * 250 + " " + "y" * 99 + "," + "z" * 101)
@example(text="naïve—don't: U.S.A. e\u0301 ,\u0301 \u0301a")
def test_words_one_by_one_have_the_tokens_of_the_text(text: str) -> None:
    assert np.array_equal(TOKENIZER.offsets(text), slow(text))
    assert TOKENIZER.count(text) == len(slow(text))


def test_more_words_than_are_kept() -> None:
    text = " ".join(f"w{number}" for number in range(140_000))
    assert TOKENIZER.count(text) == len(slow(text))
    assert TOKENIZER.count(text[:5000]) == len(slow(text[:5000]))


def test_threads_may_share_it() -> None:
    parts = [" ".join(f"{word}{part}" for word in range(300)) for part in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(TOKENIZER.count, parts)) == [len(slow(part)) for part in parts]
