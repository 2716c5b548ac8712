"""What the words of the pages around tell of a hyphen at a line's end."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from longdoc.chunkers.readers.pdf.hyphens import Hyphens

_WORDS = re.compile(r"(?<!-\n)(?<![\w-])[\w-]+")  # the slow way: not broken by a line's end
_PAGE = st.text("abcé7-_ .,—\u00a0\u2019", max_size=60)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(_PAGE, max_size=4), min_size=1, max_size=4), st.text("abcé7-", min_size=1, max_size=6))
@example([["a-", "bc-", "abc"]], "bc-")
@example([["a—bc", "abc."]], "bc")
def test_a_word_is_known_if_a_page_has_it_whole(pages: list[list[str]], word: str) -> None:
    """Words that a line's end breaks do not count, and punctuation parts words as the plain pattern parts them."""
    hyphens = Hyphens()
    for lines in pages:
        hyphens.learn(lines)
    known = {found for lines in pages for found in _WORDS.findall("\n".join(lines).lower())}
    for asked in {word, *known} - {"-"}:
        if re.search(r"\w", asked):
            assert hyphens._has(asked) == (asked in known)


def test_pages_long_before_are_forgotten() -> None:
    """Only the words of the last 60,000 characters count, whenever they are asked for."""
    hyphens = Hyphens()
    hyphens.learn(["a readable page"])
    assert hyphens.drops("a read-", "able page")
    hyphens.learn(["x" * 70_000])
    assert not hyphens._has("readable")
    hyphens.learn(["readable again"])
    assert hyphens._has("readable")
