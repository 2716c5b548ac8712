"""Who did what to whom, what is more than what, and which number belongs to what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from longdoc.pipelines.checks.finding import Problem
from longdoc.pipelines.checks.polarity import crossed
from longdoc.pipelines.wording.lexicon import bases, is_verb
from longdoc.pipelines.wording.pairing import Link, Pairing, Word

_MUTUAL_WORDS = """
    meet marry wed merge differ resemble equal match talk speak discuss argue agree disagree fight compete collide
    cooperate collaborate share join say tell state announce add write explain note report claim warn ask reply
    declare believe think see be have include contain follow connect link combine mix link separate divide base
    locate consist
    """
_MUTUAL = frozenset(_MUTUAL_WORDS.split())
_BE_WORDS = """
    be been being is are was were am gets get got
    """
_BE = frozenset(_BE_WORDS.split())
_ALIKE = 0.7  # of a claim's words of content, before their order tells
_SEPARATORS = frozenset({",", ";", "and", "while", "whereas", "but", "or"})


def role_problems(pairing: Pairing) -> Iterator[Problem]:
    """Where the claim has the words of its source with their parts changed over."""
    if pairing.coverage < _ALIKE:
        return
    found = next(_turned_about(pairing), None) or next(_compared(pairing), None) or next(_parted(pairing), None)
    if found is not None:
        yield found


def _turned_about(pairing: Pairing) -> Iterator[Problem]:
    for link in pairing.links:
        if link.relation not in ("same", "near") or not _pivot(pairing, link):
            continue
        voices = passive(pairing.ours, link.ours), passive(pairing.theirs, link.theirs)
        if voices[0] == voices[1]:
            if _exchanged(pairing, link):
                yield _told(pairing, link)
        elif _agent_turned(pairing, link, voices[0]):
            yield _told(pairing, link)


def _told(pairing: Pairing, link: Link) -> Problem:
    return Problem(f'who and whom of "{pairing.ours[link.ours].text}" are changed over', "roles", against=True)


def _pivot(pairing: Pairing, link: Link) -> bool:
    one, other = pairing.ours[link.ours].low, pairing.theirs[link.theirs].low
    if one[0].isdigit() or not (is_verb(one) and is_verb(other)):
        return False
    at = link.ours
    if at and pairing.ours[at - 1].low in ("the", "a", "an", "of", "for", "in", "its", "his", "her", "their"):
        return False
    return _MUTUAL.isdisjoint((*bases(one), *bases(other)))


def passive(words: Sequence[Word], at: int) -> bool:
    """Whether a verb stands behind a form of "be"."""
    before = [words[place].low for place in range(max(0, at - 3), at)]
    return not words[at].low.endswith("ing") and not _BE.isdisjoint(before)


def _exchanged(pairing: Pairing, link: Link) -> bool:
    """Whether a word before the pivot stands behind it in the source, and one behind it before."""
    before = [
        held
        for held in pairing.links
        if held.ours < link.ours and held.theirs > link.theirs and _same_clause(pairing, held, link)
    ]
    after = [
        held
        for held in pairing.links
        if held.ours > link.ours and held.theirs < link.theirs and _same_clause(pairing, held, link)
    ]
    if not before or not after:
        return False
    return not (_adjunct(pairing.ours, before[-1].ours) or _adjunct(pairing.theirs, before[-1].theirs)) or not (
        _adjunct(pairing.ours, after[0].ours) or _adjunct(pairing.theirs, after[0].theirs)
    )


def _same_clause(pairing: Pairing, held: Link, link: Link) -> bool:
    return (
        pairing.ours[held.ours].clause == pairing.ours[link.ours].clause
        and pairing.theirs[held.theirs].clause == pairing.theirs[link.theirs].clause
    )


def _adjunct(words: Sequence[Word], at: int) -> bool:
    """Whether a word stands behind a preposition of place or time, so that it moves freely."""
    before = [words[place].low for place in range(max(0, at - 3), at)]
    return any(
        one
        in (
            "in",
            "on",
            "at",
            "during",
            "across",
            "over",
            "through",
            "for",
            "near",
            "under",
            "about",
            "within",
            "since",
            "until",
        )
        for one in before
    )


def _agent_turned(pairing: Pairing, link: Link, ours_passive: bool) -> bool:
    """Whether who stands behind "by" stands behind the verb in the active sentence too."""
    words, at = (pairing.ours, link.ours) if ours_passive else (pairing.theirs, link.theirs)
    by = next(
        (
            place
            for place in range(at + 1, len(words))
            if words[place].low == "by" and words[place].clause == words[at].clause
        ),
        None,
    )
    if by is None:
        return False
    for held in pairing.links:
        mine, other, pivot = (
            (held.ours, held.theirs, link.theirs) if ours_passive else (held.theirs, held.ours, link.ours)
        )
        if by < mine <= by + 3 and words[mine].clause == words[by].clause:
            return other > pivot and _subject_turned(pairing, link, ours_passive)
    return False


def _subject_turned(pairing: Pairing, link: Link, ours_passive: bool) -> bool:
    """Whether what stands before the passive verb stands before the active one too."""
    for held in pairing.links:
        mine, other, pivots = (
            (held.ours, held.theirs, (link.ours, link.theirs))
            if ours_passive
            else (held.theirs, held.ours, (link.theirs, link.ours))
        )
        if mine < pivots[0] and other < pivots[1]:
            return True
    return False


def compares(words: Sequence[Word]) -> bool:
    """Whether a "than" compares, as that of "rather than" does not."""
    lows = ["", *(word.low for word in words)]
    return any(low == "than" and before not in ("rather", "other") for before, low in pairwise(lows))


def _compared(pairing: Pairing) -> Iterator[Problem]:
    """The two sides of a "than" changed over, where what compares them is the same."""
    one = next((at for at, word in enumerate(pairing.ours) if word.low == "than"), None)
    other = next((at for at, word in enumerate(pairing.theirs) if word.low == "than"), None)
    if one is None or other is None or any(link.relation == "opposite" for link in pairing.links):
        return
    more = {"more": 1, "less": -1, "fewer": -1}
    signs = [
        next((more[word.low] for word in words if word.low in more), 1) for words in (pairing.ours, pairing.theirs)
    ]
    turned = crossed(pairing, one, other)
    if turned == (signs[0] == signs[1]):
        if turned:
            yield Problem('the two sides of "than" are changed over', "roles", against=True)
        elif not any(word.low[0].isdigit() for word in pairing.ours[one + 1 : one + 3]):
            yield Problem("the comparison is turned round", "roles", against=True)


def _parted(pairing: Pairing) -> Iterator[Problem]:
    """Numbers that belong to another name, year or thing than in the source."""
    ours, theirs = _belongings(pairing.ours), _belongings(pairing.theirs)
    if len(theirs) < 2:
        return
    places = {link.ours: link.theirs for link in pairing.links if link.relation == "same"}
    for figure, own in ours.items():
        base = pairing.ours[figure].base
        held = [other for other in theirs if pairing.theirs[other].base == base]
        if not held:
            continue
        mine = {pairing.theirs[places[at]].base for at in own if at in places}
        sets = [{pairing.theirs[at].base for at in theirs[other]} for other in held]
        distinct = _distinct(pairing.theirs, theirs)
        telling = mine & distinct
        if telling and all(not telling & one for one in sets):
            wrong = next(
                pairing.ours[at].text for at in own if at in places and pairing.theirs[places[at]].base in telling
            )
            yield Problem(
                f"{pairing.ours[figure].text} belongs to something else than {wrong} in the source",
                "roles",
                against=True,
            )


def _distinct(words: Sequence[Word], held: dict[int, list[int]]) -> set[str]:
    """The words that stand in one number's stretch and in no other's."""
    stretches = [{words[at].base for at in own} for own in held.values()]
    return {base for one in stretches for base in one if sum(base in other for other in stretches) == 1}


def _belongings(words: Sequence[Word]) -> dict[int, list[int]]:
    """The numbers that are no years, each with the words of the stretch between separators that it stands in."""
    edges = [-1, *(at for at, word in enumerate(words) if word.low in _SEPARATORS or word.low in ".;|"), len(words)]
    found: dict[int, list[int]] = {}
    for first, last in pairwise(edges):
        stretch = range(first + 1, last)
        figures = [at for at in stretch if words[at].low[0].isdigit() and not _is_year(words[at].low)]
        if len(figures) == 1:
            found[figures[0]] = [at for at in stretch if words[at].content and at not in figures]
    return found


def _is_year(low: str) -> bool:
    return len(low) == 4 and low.isdigit() and low[:2] in ("15", "16", "17", "18", "19", "20")
