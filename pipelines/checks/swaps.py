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
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from longdoc.pipelines.checks.facts import Fact, Told, capitalizes_nouns, dates, names
from longdoc.pipelines.checks.finding import Problem
from longdoc.pipelines.checks.polarity import turned_words
from longdoc.pipelines.checks.quantities import Place, agree
from longdoc.pipelines.checks.roles import passive
from longdoc.pipelines.wording.lexicon import bases, is_verb, known, of_a_kind, relation
from longdoc.pipelines.wording.numerals import quantities
from longdoc.pipelines.wording.ordinary_words import ORDINARY
from longdoc.pipelines.wording.pairing import Pairing, Word

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


_LIGHT_WORDS = """
    be have do make take give get put set go come keep let become seem say tell use see find know think want call
    show include involve provide remain thing way part kind sort lot number time total amount
    """
_LIGHT = frozenset(_LIGHT_WORDS.split())
_FRAME = 0.6  # of a claim's words of content that the source has
_LIKE = 0.55  # of all words, in order
_FEW = 3  # words that stand for one another


def replaced_words(pairing: Pairing, also: Set[str], figures: tuple[Set[int], Set[int]]) -> Iterator[Problem]:
    """Common words between words that both have, where the source has others that are not known to mean the same.

    `also` are the words of what else the claim rests on, `figures` the places of numbers and units on either side.
    """
    if pairing.coverage < _FRAME or pairing.likeness < _LIKE:
        return
    for run in _runs(pairing.unpaired(pairing.ours)):
        said = [pairing.ours[at] for at in run]
        if len(said) > _FEW or not figures[0].isdisjoint(run) or any(_free(word, also) for word in said):
            continue
        before = next((link for link in reversed(pairing.links) if link.ours < run[0]), None)
        after = next((link for link in pairing.links if link.ours > run[-1]), None)
        held = _between(pairing, before.theirs if before else None, after.theirs if after else None)
        held = [at for at in held or _agents(pairing, run) if at not in figures[1]]
        if not held or len(held) > _FEW or any(pairing.theirs[at].text[0].isupper() for at in held):
            continue
        theirs = [pairing.theirs[at] for at in held]
        if any(_related(one.low, other.low) for one in said for other in theirs):
            continue
        if turned_words(pairing.ours).isdisjoint(run) != turned_words(pairing.theirs).isdisjoint(held):
            continue  # "did not grant" may be "denied"
        if not any(of_a_kind(one.low, other.low) for one in said for other in theirs):
            continue
        if not any(known(word.low) for word in theirs) or not any(known(word.low) for word in said):
            continue
        ours = " ".join(word.text for word in said)
        yield Problem(
            f'the claim says "{ours}" where the source says "{" ".join(word.text for word in theirs)}"',
            "word",
            against=True,
        )


def _agents(pairing: Pairing, run: Sequence[int]) -> list[int]:
    """Who does in the source what these words do in the claim, where one of the two is told in the passive."""
    for link in pairing.links:
        if not is_verb(pairing.ours[link.ours].low):
            continue
        ours, theirs = passive(pairing.ours, link.ours), passive(pairing.theirs, link.theirs)
        at, words = link.theirs, pairing.theirs
        if (
            ours
            and not theirs
            and link.ours < run[0] <= link.ours + 3
            and any(pairing.ours[place].low == "by" for place in range(link.ours, run[0]))
        ):
            stretch: Sequence[int] = range(max(0, at - 3), at)
        elif theirs and not ours and run[-1] < link.ours <= run[-1] + 2:
            by = next((place for place in range(at, min(len(words), at + 3)) if words[place].low == "by"), len(words))
            stretch = range(by, min(len(words), by + 4))
        else:
            continue
        return [place for place in stretch if words[place].content and place not in pairing.by_theirs]
    return []


def _free(word: Word, also: Set[str]) -> bool:
    """Whether a word says too little, is a name, or is said elsewhere in what the claim rests on."""
    forms = {word.low, word.base, *bases(word.low)}
    return (
        word.text[0].isupper()
        or not word.text.isalpha()
        or not _LIGHT.isdisjoint(forms)
        or not also.isdisjoint(forms)
        or word.low.endswith("ly")
    )


def _related(one: str, other: str) -> bool:
    return (
        relation(one, other) in ("same", "near", "broader")
        or relation(other, one) == "broader"
        or not _LIGHT.isdisjoint(bases(other))
    )


def _between(pairing: Pairing, before: int | None, after: int | None) -> list[int]:
    """The source's unpaired words of content between two places next to each other."""
    words = pairing.theirs
    if before is None and after is None:
        return []
    if before is None:
        stretch = range((after or 0) - 1, max(-1, (after or 0) - _FEW - 4), -1)
    elif after is None:
        stretch = range(before + 1, min(len(words), before + _FEW + 4))
    else:
        stretch = range(before + 1, after if after <= before + 3 * _FEW else before)
    found = []
    for at in stretch:
        if words[at].low in ".;!?":
            break
        if words[at].content and at not in pairing.by_theirs:
            found.append(at)
        elif words[at].content and (before is None or after is None):
            break
    return sorted(found)


def _runs(places: Sequence[int]) -> Iterator[list[int]]:
    """Places with at most two others between them, together."""
    run: list[int] = []
    for place in places:
        if run and place - run[-1] > 2:
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def _replaced(said: Sequence[_Word], held: Sequence[_Word]) -> Iterator[str]:
    """Facts that the source's sentence does not have, between words that agree."""
    matcher = SequenceMatcher(None, _texts(said), _texts(held), autojunk=False)
    if sum(block.size for block in matcher.get_matching_blocks()) < _ALIKE * len(said):
        return
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "replace":
            yield from _replacing(said[first:last], held[start:end])


def _replacing(ours: Sequence[_Word], theirs: Sequence[_Word]) -> Iterator[str]:
    facts = [[word for word in words if word.fact] for words in (ours, theirs)]
    if len(facts[0]) != len(facts[1]) or _beside(ours) != _beside(theirs):
        return
    for one, other in zip(*facts, strict=True):
        if one.fact and other.fact and one.fact.kind == other.fact.kind and not _same(one, other):
            yield f"{one.fact} stands where the source has {other.fact.text}"


def _turned(said: Sequence[_Word], held: Sequence[_Word]) -> Iterator[str]:
    """Facts that both have, in another order though all else is worded the same."""
    beside = [[word.text for word in words if not word.fact] for words in (said, held)]
    turns = [sorted(_TURNED.intersection(words)) for words in beside]
    if _likeness(*beside) < _SAME or turns[0] != turns[1]:
        return
    texts = _texts(held)
    ours, theirs = Counter(_texts(said)), Counter(texts)
    once = {text for text, count in ours.items() if count == theirs[text] == 1}
    shared = [at for at, word in enumerate(said) if word.fact and word.text in once]
    for first, second in pairwise(shared):
        one, other = said[first], said[second]
        between = {word.text for word in said[first + 1 : second]}
        if texts.index(one.text) > texts.index(other.text) and not between <= _LISTED:
            yield f"{one.fact} and {other.fact} stand in another order than in the source"


def _exchanged(claim: str, source: str) -> Iterator[str]:
    """Words with a capital, and figures, one for one in the place of another, where nearly all else agrees."""
    ours, theirs = _tokens(claim), _tokens(source)
    matcher = SequenceMatcher(None, _folded(claim), _folded(source), autojunk=False)
    if matcher.ratio() < _NEARLY or capitalizes_nouns(source):
        return
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "replace" and last - first == end - start:
            for one, other in zip(ours[first:last], theirs[start:end], strict=True):
                if _telling(one, first == 0) and _telling(other, start == 0) and not _forms_of_one(one, other):
                    yield f"{one} stands where the source has {other}"


def _telling(word: str, opens: bool) -> bool:
    return _digits(word) != "" or (word[0].isupper() and not (opens and word.casefold() in ORDINARY))


def _forms_of_one(one: str, other: str) -> bool:
    """Whether one is the other with another ending, or a figure beside a word; 02 may be 1902."""
    if one.isdigit() != other.isdigit():
        return True
    short, long = sorted(map(_digits, (one, other)), key=len)
    if short and long != short and not (len(short) == 2 and len(long) == 4 and long.endswith(short)):
        return False
    letters = ["".join(c for c in word.casefold() if not c.isdigit()) for word in (one, other)]
    return letters[0][:_STEM] == letters[1][:_STEM]


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _words(text: str) -> list[_Word]:
    """The words of a text in order, those of a fact as one."""
    words = [_Word(token) for token in _folded(text)]
    figures = [Fact("number", one.text, ()) for one in quantities(text) if not one.idle]
    for fact in (*dates(text), *names(text), *figures):
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
    if ours.fact.kind == "number":
        one, other = sorted((ours.text, theirs.text), key=len)
        if len(one) == 2 and len(other) == 4 and other.isdigit() and other.endswith(one):
            return True  # the end of a span of years: 2007-11
        return any(
            agree(a, b, Place(theirs.fact.text))
            for a in quantities(ours.fact.text)
            for b in quantities(theirs.fact.text)
        )
    if Told(theirs.fact.text).bears_out(ours.fact):
        return True
    return ours.fact.kind == "name" and Told(ours.fact.text).bears_out(theirs.fact)


def _beside(words: Sequence[_Word]) -> list[str]:
    return [word.text for word in words if not word.fact and word.text not in _ARTICLES]


def _likeness(ours: Sequence[str], theirs: Sequence[str]) -> float:
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()


def _texts(words: Sequence[_Word]) -> list[str]:
    return [word.text for word in words]


def _folded(text: str) -> list[str]:
    return [word.casefold() for word in _tokens(text)]


def _tokens(text: str) -> list[str]:
    """The words of a text, without the ending of a possessive."""
    words = _TOKEN.findall(unicodedata.normalize("NFC", text))
    return [word.replace("’", "'").removesuffix("'s") for word in words]
