"""The content words of a sentence, cut to stems, for comparing sentences in any script."""

from __future__ import annotations

import re
from functools import lru_cache

from longdoc.memory.words import tokens

_FUNCTION_WORDS = """
    a about above after again against all also am an and any are as at be because been before being below between both
    but by can could did do does doing down during each few for from further had has have having he her here hers him
    himself his how however i if in into is it its itself just may me might more most must my no nor not now of off on
    once one only or other our out over own s same shall she should so some such t than that the their them then there
    these they this those through thus to too under until up upon us very was we were what when where which while who
    whom whose why will with within without would you your d ll m re ve said says say
    """
_MORE_FUNCTION_WORDS = """
    across along although amid among another around behind below beneath beside besides beyond cannot either else
    ever every except inside instead least like minus near neither never nobody none nor nothing onto outside per
    plus rather several since still though till toward towards unless unlike via whereas whether within without
    would yet aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't mustn't needn't shouldn't
    wasn't weren't won't wouldn't i'm i've i'll i'd you're you've you'll he's she's it's we're we've they're they've
    that's there's let's even already also too perhaps maybe therefore hence moreover furthermore
    """
_STOP = frozenset(_FUNCTION_WORDS.split())
_STRUCTURE = _STOP | frozenset(_MORE_FUNCTION_WORDS.split())
_SUFFIX = re.compile(r"(?:ations?|ions?|ings?|edly|ed|ies|es|ers?|ors?|ments?|ly|s|e|y)$")


@lru_cache(maxsize=8192)
def content_words(text: str) -> frozenset[str]:
    """The stems of the words of `text` that are no function words; pairs of characters in scripts without blanks.

    A text of function words only gives those.
    """
    every = tokens(text)
    kept = frozenset(stem(token) for token in every if token not in _STOP)
    return kept or frozenset(every)


def is_function_word(word: str) -> bool:
    """Whether a word in lower case carries structure and no content."""
    return word in _STRUCTURE


def stem(word: str) -> str:
    """`word` without one common English ending; what is left has at least three characters."""
    cut = _SUFFIX.sub("", word)
    return cut if len(cut) > 2 else word
