"""What every tokenizer must hold, whatever the text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from strategies import texts

from longdoc.chunkers.tokenizers.base import JointedTokenizer, Tokenizer, counts

OTHER = ThreadPoolExecutor(1)
inherited = settings(max_examples=40, suppress_health_check=[HealthCheck.differing_executors])


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

    @inherited
    @given(some=st.lists(texts, max_size=4))
    def test_many_texts_are_counted_as_one_by_one(self, tokenizer: Tokenizer, some: list[str]) -> None:
        assert counts(tokenizer, some) == [tokenizer.count(text) for text in some]

    def test_empty_text_has_no_tokens(self, tokenizer: Tokenizer) -> None:
        assert tokenizer.count("") == 0
        assert tokenizer.offsets("").shape == (0, 2)


class JointedContract(TokenizerContract):
    """Besides, for a tokenizer that names joints: a text parted at one has the tokens of the whole."""

    @inherited
    @given(text=texts, data=st.data())
    @example(text="a  b\n\n c \n\n  d's 'S  ", data=None)
    @example(text="x\r\n y\t z.\n/w\n\n\u2028 a\u00a0b", data=None)
    @example(text="今天下雨，我们。回家！ ア、い；ok。", data=None)
    @example(text=" e\u0301 \u0301 \ud800 \u1680 '\u2019s don't 's 're", data=None)
    def test_joints_add_up(self, tokenizer: Tokenizer, text: str, data: st.DataObject | None) -> None:
        assert isinstance(tokenizer, JointedTokenizer)
        assert tokenizer.joint is not None
        rows, count = tokenizer.offsets(text), cache(tokenizer.count)
        for match in tokenizer.joint.finditer(text):
            joint = match.start()
            starts = {0, max(0, joint - 3), data.draw(st.integers(0, joint)) if data else 0}
            ends = {len(text), min(len(text), joint + 3), data.draw(st.integers(joint, len(text))) if data else joint}
            for start, end in product(starts, ends):
                apart = count(text[start:joint]) + count(text[joint:end])
                assert count(text[start:end]) == apart
            assert (rows[:, 0] < joint).sum() == count(text[:joint])

    @inherited
    @given(text=texts)
    @example(text="\ud800 \ud83d\ude00 \udfff")
    def test_another_thread_finds_the_same_tokens(self, tokenizer: Tokenizer, text: str) -> None:
        assert isinstance(tokenizer, JointedTokenizer)
        begun = OTHER.submit(tokenizer.begin_offsets, text).result()
        assert np.array_equal(begun(), tokenizer.offsets(text))


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
