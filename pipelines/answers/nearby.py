"""Words that a question has and no unit has, and those that mean the same, or a kind of it, and stand there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from longdoc.memory.words import tokens
from longdoc.pipelines.wording.lexicon import known, of_a_kind, relation
from longdoc.pipelines.wording.words import is_function_word, stem

_LEAST = 4  # letters of a word that may stand for another
_MOST = 4000  # different words of the units that are looked at


def standing_for(question: str, unseen: frozenset[str], texts: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each unseen stem of the question the stems among the texts' words that mean the same; none where none do."""
    asked = {stem(word): word for word in tokens(question) if stem(word) in unseen and known(word)}
    if not asked:
        return {}
    words = dict.fromkeys(word for text in texts for word in _words(text))
    found = {one: frozenset(stem(word) for word in list(words)[:_MOST] if _means(asked[one], word)) for one in asked}
    return {one: stems for one, stems in found.items() if stems}


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in tokens(text) if len(word) >= _LEAST and word.isalpha() and not is_function_word(word))


def _means(asked: str, word: str) -> bool:
    """Whether a word means what was asked for, or is a thing of that kind; of doing there are too many."""
    as_said = ("same", "near") if asked.endswith(("ing", "ed")) else ("same", "near", "broader")
    return relation(asked, word) in as_said and of_a_kind(asked, word)
