"""Names, numbers and dates of a claim that stand where its source has others, though it has these too elsewhere.

    swapped("Ann Lee paid Bob Ray.", "Bob Ray paid Ann Lee.")
    ->  ["name Ann Lee and name Bob Ray stand in another order than in the source"]

Looked for where claim and source are worded alike but for the facts themselves: a claim that tells the same in
other words can have facts put together wrongly, and pass. Where nearly every word agrees, any word with a capital and
any figure counts, whether it reads as a name or not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from longdoc.pipelines.checks.facts import Evidence, Fact, capitalizes_nouns, dates, names, numbers
from longdoc.pipelines.checks.ordinary_words import ORDINARY

_TOKEN = re.compile(r"\w+(?:['’]\w+)*")
_LISTED = {"and", "or", "und", "oder", "et", "ou", "y", "o", "e", "with"}
_TURNED = {"by", "from", "to", "of", "was", "were", "is", "are", "be", "been", "being", "for", "after", "before"}
_ARTICLES = {"the", "a", "an"}
_ALIKE = 0.5  # of a claim's words that the source has in the same order
_SAME = 0.8  # likeness of the words beside the facts, from which on their order tells
_NEARLY = 0.85  # likeness of all words, from which on one in another's place tells
_STEM = 4  # letters in common that make two words forms of one


@dataclass(frozen=True, slots=True)
class _Word:
    """A word, or the words of one fact, in lower case."""

    text: str
    fact: Fact | None = None


def swapped(claim: str, source: str) -> list[str]:
    """What of a claim stands where a sentence of its source has something else of its kind; none where all agrees."""
    said, held = _words(claim), _words(source)
    return [*_replaced(said, held), *_turned(said, held)] or list(_exchanged(claim, source))


def likeness(claim: str, source: str) -> float:
    """The share of their words that two sentences have in the same order, from 0 to 1."""
    return _likeness(_folded(claim), _folded(source))


def _replaced(said: Sequence[_Word], held: Sequence[_Word]) -> Iterator[str]:
    """Facts that the source's sentence does not have, between words that agree."""
    matcher = SequenceMatcher(None, _texts(said), _texts(held), autojunk=False)
    if sum(block.size for block in matcher.get_matching_blocks()) < _ALIKE * len(said):
        return
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "replace":
            yield from _replacing(said[first:last], held[start:end])


def _replacing(ours: Sequence[_Word], theirs: Sequence[_Word]) -> Iterator[str]:
    for one in ours:
        for other in theirs:
            alone = _beside(ours, one) == _beside(theirs, other)
            if alone and one.fact and other.fact and one.fact.kind == other.fact.kind and not _same(one, other):
                yield f"{one.fact} stands where the source has {other.fact.text}"


def _turned(said: Sequence[_Word], held: Sequence[_Word]) -> Iterator[str]:
    """Facts that both have, in another order though all else is worded the same."""
    beside = [[word.text for word in words if not word.fact] for words in (said, held)]
    turns = [sorted(_TURNED.intersection(words)) for words in beside]
    if _likeness(*beside) < _SAME or turns[0] != turns[1]:
        return
    texts = _texts(held)
    shared = [at for at, word in enumerate(said) if word.fact and word.text in texts]
    for first, second in pairwise(shared):
        one, other = said[first], said[second]
        between = {word.text for word in said[first + 1 : second]}
        if texts.index(one.text) > texts.index(other.text) and not between <= _LISTED:
            yield f"{one.fact} and {other.fact} stand in another order than in the source"


def _exchanged(claim: str, source: str) -> Iterator[str]:
    """Words with a capital, and figures, one for one in the place of another, where nearly all else agrees."""
    ours, theirs = _TOKEN.findall(_composed(claim)), _TOKEN.findall(_composed(source))
    matcher = SequenceMatcher(None, _folded(claim), _folded(source), autojunk=False)
    if matcher.ratio() < _NEARLY or capitalizes_nouns(source):
        return
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "replace" and last - first == end - start:
            for one, other in zip(ours[first:last], theirs[start:end], strict=True):
                if _telling(one, first == 0) and _telling(other, start == 0) and not _forms_of_one(one, other):
                    yield f"{one} stands where the source has {other}"


def _telling(word: str, opens: bool) -> bool:
    return word.isdigit() or (word[0].isupper() and not (opens and word.casefold() in ORDINARY))


def _forms_of_one(one: str, other: str) -> bool:
    one, other = one.casefold(), other.casefold()
    return (one[:_STEM] == other[:_STEM] and not one.isdigit()) or one.isdigit() != other.isdigit()


def _words(text: str) -> list[_Word]:
    """The words of a text in order, those of a fact as one."""
    words = [_Word(token) for token in _folded(text)]
    for fact in (*dates(text), *names(text), *numbers(text)):
        own = _folded(fact.text)
        for at in range(len(words) - len(own) + 1) if own else ():
            stretch = words[at : at + len(own)]
            if _texts(stretch) == own and not any(word.fact for word in stretch):
                words[at : at + len(own)] = [_Word(" ".join(own), fact)]
                break
    return words


def _same(ours: _Word, theirs: _Word) -> bool:
    """Whether one fact bears out the other; a name may be longer in either, a number is never rounded in the source."""
    if not ours.fact or not theirs.fact:
        return False
    if Evidence(theirs.fact.text).bears_out(ours.fact):
        return True
    return ours.fact.kind == "name" and Evidence(ours.fact.text).bears_out(theirs.fact)


def _beside(words: Sequence[_Word], left_out: _Word) -> list[str]:
    return [word.text for word in words if word is not left_out and word.text not in _ARTICLES]


def _likeness(ours: Sequence[str], theirs: Sequence[str]) -> float:
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _texts(words: Sequence[_Word]) -> list[str]:
    return [word.text for word in words]


def _folded(text: str) -> list[str]:
    return [word.casefold().replace("’", "'") for word in _TOKEN.findall(_composed(text))]


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
