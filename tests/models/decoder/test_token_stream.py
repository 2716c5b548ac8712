from __future__ import annotations

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from local_models import tokens_read
from torch import Tensor
from windowed_reference import VOCABULARY, tiny

from longdoc.errors import InputError
from longdoc.models.decoder.decoder import WindowedDecoder
from longdoc.models.decoder.token_stream import end_tokens, stream_tokens


@cache
def decoder(family: str) -> WindowedDecoder:
    return WindowedDecoder(tiny(family))


def tokens(length: int) -> Tensor:
    return torch.randint(1, VOCABULARY, (1, length), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("family", ["llama", "gpt2", "bloom"])
@settings(max_examples=4)
@given(
    length=st.integers(1, 80),
    window=st.integers(1, 40),
    sinks=st.integers(0, 4),
    seed=st.none() | st.integers(0, 9),
    penalty=st.sampled_from([1.0, 1.3]),
)
def test_the_stream_is_what_generate_writes(
    family: str, length: int, window: int, sinks: int, seed: int | None, penalty: float
) -> None:
    one, ids = decoder(family), tokens(length)
    given_ = {"attention_window": window, "sinks": sinks, "max_new_tokens": 9, "repetition_penalty": penalty}
    given_ |= {"do_sample": seed is not None, **({} if seed is None else {"top_k": 20, "temperature": 1.2})}
    torch.manual_seed(seed or 0)
    expected = one.generate(ids, **given_)
    assert isinstance(expected, Tensor)
    assert list(stream_tokens(one, ids, seed=seed, **given_)) == expected[0, length:].tolist()


def test_it_ends_with_a_token_that_ends_a_text_and_names_it() -> None:
    one, ids = decoder("llama"), tokens(20)
    free = list(stream_tokens(one, ids, max_new_tokens=12, do_sample=False))
    ended = list(stream_tokens(one, ids, max_new_tokens=12, do_sample=False, eos_token_id=[free[5], 60]))
    assert ended == free[: free.index(free[5]) + 1]
    assert end_tokens(one) == []


def test_a_seed_is_of_the_stream_alone_and_leaves_the_global_generator() -> None:
    one, ids = decoder("llama"), tokens(20)
    given_ = {"max_new_tokens": 9, "do_sample": True}
    alone = list(stream_tokens(one, ids, seed=4, **given_))
    torch.manual_seed(1)
    before = torch.get_rng_state()
    streams = [stream_tokens(one, ids, seed=seed, **given_) for seed in (4, 5)]
    turns = [[next(stream) for stream in streams] for _ in range(9)]
    assert [first for first, _ in turns] == alone
    assert torch.equal(torch.get_rng_state(), before)


def test_nothing_is_computed_for_tokens_that_nobody_takes() -> None:
    one = decoder("llama")
    with tokens_read(one.model) as read:
        stream = stream_tokens(one, tokens(20), max_new_tokens=100, do_sample=False)
        for _ in range(3):
            next(stream)
    assert sum(read) == 22


@pytest.mark.parametrize("shape", [(2, 5), (1, 0), (5,)])
def test_a_stream_continues_one_text(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="one text"):
        stream_tokens(decoder("llama"), torch.ones(shape, dtype=torch.long))
