"""What every tokenizer must hold, whatever the text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from strategies import texts

from longdoc.chunkers.tokenizer import Tokenizer

inherited = settings(max_examples=80, suppress_health_check=[HealthCheck.differing_executors])


class TokenizerContract:
    @pytest.fixture(scope="class")
    @classmethod
    def tokenizer(cls) -> Tokenizer:
        raise NotImplementedError

    def test_it_is_a_tokenizer(self, tokenizer: Tokenizer) -> None:
        assert isinstance(tokenizer, Tokenizer)
        assert tokenizer.name

    @inherited
    @given(text=texts)
    @example(text="\ud800 \ud83d\ude00 \udfff")
    @example(text="e\u0301 👩‍👩‍👧‍👦 ﷺ")
    @example(text="<|endoftext|> [CLS] [SEP] [UNK] <s>")
    def test_there_is_a_row_for_each_token(self, tokenizer: Tokenizer, text: str) -> None:
        rows = tokenizer.offsets(text)
        assert rows.dtype == np.int64
        assert rows.shape == (tokenizer.count(text), 2)

    @inherited
    @given(text=texts)
    @example(text="\ud800 \ud83d\ude00 \udfff")
    @example(text="İstanbul ﬁ ß ŉ")
    def test_rows_lie_in_the_text_and_never_run_backwards(self, tokenizer: Tokenizer, text: str) -> None:
        rows = tokenizer.offsets(text)
        assert (rows >= 0).all()
        assert (rows <= len(text)).all()
        assert (rows[:, 0] <= rows[:, 1]).all()
        assert (np.diff(rows[:, 0]) >= 0).all()

    @inherited
    @given(text=texts)
    def test_the_same_text_has_the_same_tokens(self, tokenizer: Tokenizer, text: str) -> None:
        assert tokenizer.count(text) == tokenizer.count(text)
        assert np.array_equal(tokenizer.offsets(text), tokenizer.offsets(text))

    def test_empty_text_has_no_tokens(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.count("") == 0
        assert tokenizer.offsets("").shape == (0, 2)


class CoveringContract(TokenizerContract):
    """Besides, for a tokenizer to which white space matters: no character is left out."""

    @inherited
    @given(text=texts)
    @example(text="日本 \U0001f600 e\u0301\ud800")
    def test_every_character_is_in_a_token(self, tokenizer: Tokenizer, text: str) -> None:
        rows = tokenizer.offsets(text)
        covered = np.zeros(len(text), bool)
        for start, end in rows:
            covered[start:end] = True
        assert covered.all()
