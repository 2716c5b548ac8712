from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fakes import CharacterTokenizer
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import texts

from longdoc import SectionChunker
from longdoc.chunkers.tokenizers.huggingface import HuggingFaceTokenizer
from longdoc.chunkers.tokenizers.token_window import Window

BUNDLED = HuggingFaceTokenizer.bundled()


class Fragile(CharacterTokenizer):
    """Says no to exclamation marks, in whatever thread."""

    joint = re.compile(r"(?<=\n)\w")

    def offsets(self, text: str) -> NDArray[np.int64]:
        if "!" in text:
            raise ValueError("an exclamation mark")
        return super().offsets(text)

    def begin_offsets(self, text: str) -> Callable[[], NDArray[np.int64]]:
        rows = self.offsets(text)
        return lambda: rows


@given(parts=st.lists(texts, min_size=1, max_size=8), data=st.data())
def test_windows_asked_for_in_any_order(parts: list[str], data: st.DataObject) -> None:
    starts = np.cumsum([0, *map(len, parts)])
    windows = [Window(int(start), part, BUNDLED) for start, part in zip(starts, parts, strict=False)]
    for n in data.draw(st.permutations(range(len(parts)))):
        assert np.array_equal(windows[n].starts(), BUNDLED.offsets(parts[n])[:, 0] + starts[n])
        assert windows[n].end == starts[n + 1]


def test_many_threads_ask_at_once() -> None:
    parts = [f"part {n} " * (n % 50) for n in range(200)]

    def ask(n: int) -> bool:
        windows = [Window(0, part, BUNDLED) for part in parts[n::8]]
        found = [window.starts() for window in windows]
        return all(np.array_equal(a, BUNDLED.offsets(b)[:, 0]) for a, b in zip(found, parts[n::8], strict=True))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(8)))


def test_an_error_reaches_who_asked_and_nobody_else() -> None:
    windows = [Window(0, text, Fragile()) for text in ("a", "b!", "c", "d!")]
    for n in (0, 2):
        assert windows[n].starts().tolist() == [0]
    for n in (1, 3):
        with pytest.raises(ValueError, match="exclamation"):
            windows[n].starts()


def test_chunks_before_a_bad_stretch_come_out() -> None:
    text = "It goes on.\n" * 9000 + "It ends!\n"
    chunks = SectionChunker(5000, tokenizer=Fragile()).split(text)
    assert len(next(chunks).page_content) <= 5000
    with pytest.raises(ValueError, match="exclamation"):
        list(chunks)
