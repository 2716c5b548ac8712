"""Whether a claim affirms what its source affirms: negation, opposites, and prepositions that face the other way.

"The board did not approve it." beside "The board rejected it."   two turns: they agree
"Sales fell." beside "Sales rose."                                one turn: the source says otherwise
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from longdoc.pipelines.checks.finding import Problem
from longdoc.pipelines.wording.lexicon import bases
from longdoc.pipelines.wording.pairing import Link, Pairing, Word

_CUES_WORDS = """
    not never no none neither nor nobody nothing without cannot hardly scarcely barely nowhere lack lacks lacked
    lacking fail fails failed failing refuse refuses refused refusing unable
    """
_CUES = frozenset(_CUES_WORDS.split())
_OF_NOUNS = frozenset({"no", "none", "neither", "without", "lack", "lacks", "lacked", "lacking"})
_PASSED_OVER_WORDS = """
    be been being have has had do does did done is are was were to of the a an any all at yet ever even also really
    actually fully quite very so true case correct it them this that these those his her its their our my your such able
    """
_PASSED_OVER = frozenset(_PASSED_OVER_WORDS.split())
_IDIOMS = """
    not only, no more than, no fewer than, no less than, no later than, not more than, not less than, not fewer
    than, no doubt, no matter, no earlier than, not just, not merely, not simply, not exceed, not over, no sooner,
    no other, not to mention, nothing but, none other
    """
_NOT_NEGATIVE = tuple(tuple(idiom.split()) for idiom in _IDIOMS.split(","))  # the cue in them denies nothing
_FACING_WORDS = """
    before after, with without, above below, over under, inside outside, within outside, up down, into from, to
    from, onto off, on off, until since, until before, for against, within beyond, within after, by after, until
    after, before since, through around, under above, over below, toward from, towards from, like unlike
    """
_FACING = tuple(frozenset(pair.split()) for pair in _FACING_WORDS.split(","))
_CONVERSE_WORDS = """
    buy sell purchase acquire lend borrow give receive take send above below over under before after higher lower
    more less fewer larger smaller bigger greater older younger newer earlier later longer shorter taller heavier
    lighter faster slower better worse win lose warmer colder hotter cooler wider narrower deeper shallower stronger
    weaker cheaper richer poorer parent child
    """
_CONVERSE = frozenset(_CONVERSE_WORDS.split())
_REACH = 2  # words of content that a negation turns
_ALIKE = 0.5  # of a claim's words of content that the source has to have before its turns tell


def polarity_problems(pairing: Pairing, *, signed: bool = False) -> Iterator[Problem]:
    """Where the claim turns what the source does not, or the other way round.

    `signed`: the source gives a number below nought, which a word such as "loss" may stand for.
    """
    if pairing.coverage < _ALIKE:
        return
    ours, theirs = _turned(pairing.ours), _turned(pairing.theirs)
    told: set[int] = set()
    for link in pairing.links:
        if pairing.ours[link.ours].low[0].isdigit():
            continue
        opposite = link.relation == "opposite"
        ours_turned, theirs_turned = link.ours in ours, _all_turned(pairing, link, theirs)
        if opposite and (signed or (not ours_turned and not theirs_turned and converse(pairing, link))):
            continue
        if opposite == (ours_turned != theirs_turned):
            continue
        cue = ours.get(link.ours, theirs.get(link.theirs, -1))
        if cue in told and not opposite:
            continue
        if not opposite and (
            _both_ways(pairing, link, ours, theirs) or _reached_otherwise(pairing, link, ours, theirs)
        ):
            continue
        told.add(cue)
        yield _told(pairing, link, ours_turned)
    yield from _faced(pairing)


def _told(pairing: Pairing, link: Link, turned: bool) -> Problem:
    one, other = pairing.ours[link.ours].text, pairing.theirs[link.theirs].text
    if link.relation == "opposite":
        return Problem(f'the claim says "{one}" where the source says "{other}"', "opposite", against=True)
    if turned:
        return Problem(f'the claim denies "{one}", which the source affirms', "negation", against=True)
    return Problem(f'the claim affirms "{one}", which the source denies', "negation", against=True)


def _turned(words: Sequence[Word]) -> dict[int, int]:
    """The places of the words that a negation turns, with the place of that negation; words turned twice are not."""
    found: dict[int, int] = {}
    for at, word in enumerate(words):
        if not _is_cue(words, at):
            continue
        reach = 1 if word.low == "without" and at + 1 < len(words) and words[at + 1].low.endswith("ing") else _REACH
        clause = word.clause
        for place in range(at + 1, len(words)):
            other = words[place]
            if other.low == "that" and place <= at + 4 and reach == _REACH:
                clause = other.clause  # "it is not true that ..." turns what follows
            if other.clause != clause or not reach:
                break
            if not other.content or other.low in _PASSED_OVER or other.low.endswith("ly"):
                continue
            if place in found:
                del found[place]
            else:
                found[place] = at
            reach -= 1
    return found


def _is_cue(words: Sequence[Word], at: int) -> bool:
    low = words[at].low
    if low not in _CUES and not low.endswith("n't"):
        return False
    following = ("not" if low.endswith("n't") else low, *(word.low for word in words[at + 1 : at + 3]))
    return not any(following[: len(idiom)] == idiom for idiom in _NOT_NEGATIVE)


def _all_turned(pairing: Pairing, link: Link, theirs: dict[int, int]) -> bool:
    """Whether the source's word is turned, and so is every other of it in the source."""
    if link.theirs not in theirs:
        return False
    base = pairing.theirs[link.theirs].base
    return all(at in theirs for at, word in enumerate(pairing.theirs) if word.base == base)


def _both_ways(pairing: Pairing, link: Link, ours: dict[int, int], theirs: dict[int, int]) -> bool:
    """Whether both have the word twice, once turned and once not."""
    sides = ((pairing.ours, link.ours, ours), (pairing.theirs, link.theirs, theirs))
    return all(
        len({at in turned for at, word in enumerate(words) if word.base == words[place].base}) == 2
        for words, place, turned in sides
    )


def _reached_otherwise(pairing: Pairing, link: Link, ours: dict[int, int], theirs: dict[int, int]) -> bool:
    """Whether the negation that turns this word turns another pair alike on both sides, so that both deny the same.

    "No house has a cellar" and "None of the houses has a cellar" reach differently far.
    """
    sides = [ours.get(link.ours), theirs.get(link.theirs)]
    for other in pairing.links:
        if other is link:
            continue
        one, two = other.ours in ours, other.theirs in theirs
        if one and two and (ours[other.ours] == sides[0] or theirs[other.theirs] == sides[1]):
            return True
        turned_over = other.relation == "opposite" and one != two
        if turned_over and (
            ours.get(other.ours) == sides[0] if sides[0] is not None else theirs.get(other.theirs) == sides[1]
        ):
            return True
    cue = sides[0] if sides[0] is not None else sides[1]
    words = pairing.ours if sides[0] is not None else pairing.theirs
    first = next(
        (
            at
            for at in sorted(ours if sides[0] is not None else theirs)
            if (ours if sides[0] is not None else theirs)[at] == cue
        ),
        None,
    )
    held = pairing.by_ours if sides[0] is not None else pairing.by_theirs
    at = link.ours if sides[0] is not None else link.theirs
    # What the negation turns first is of another wording: whether the two agree cannot be told from the second.
    return (
        first is not None
        and first != at
        and first not in held
        and words[first].content
        and words[cue or 0].low not in _OF_NOUNS
    )


def converse(pairing: Pairing, link: Link) -> bool:
    """Whether two opposites say the same with the two sides changed over: A bought of B, B sold to A."""
    if link.relation != "opposite":
        return False
    one, other = ({word.low, *bases(word.low)} for word in (pairing.ours[link.ours], pairing.theirs[link.theirs]))
    if one.isdisjoint(_CONVERSE) or other.isdisjoint(_CONVERSE):
        return False
    thans = [
        next((at for at, word in enumerate(words) if word.low == "than"), None)
        for words in (pairing.ours, pairing.theirs)
    ]
    if thans[0] is not None and thans[1] is not None:
        return crossed(pairing, thans[0], thans[1])
    return crossed(pairing, link.ours, link.theirs)


def turned_words(words: Sequence[Word]) -> frozenset[int]:
    """The places of the words that a negation turns."""
    return frozenset(_turned(words))


def crossed(pairing: Pairing, ours: int, theirs: int) -> bool:
    """Whether what stands before a place of the claim stands behind that of the source, and the other way round."""
    left = any(link.ours < ours and link.theirs > theirs for link in pairing.links if link.relation != "opposite")
    return left and any(
        link.ours > ours and link.theirs < theirs for link in pairing.links if link.relation != "opposite"
    )


def _faced(pairing: Pairing) -> Iterator[Problem]:
    """Prepositions before the same word that face opposite ways."""
    for link in pairing.links:
        if link.relation == "opposite":
            continue
        one, other = _before(pairing.ours, link.ours), _before(pairing.theirs, link.theirs)
        if one is None or other is None or frozenset((one.low, other.low)) not in _FACING:
            continue
        at, place = pairing.ours.index(one), pairing.theirs.index(other)
        if one.low in ("before", "after") and crossed(pairing, at, place):
            continue
        if _said_so(pairing, link, one.low):
            continue
        word = pairing.ours[link.ours].text
        yield Problem(
            f'the claim says "{one.text} {word}" where the source says "{other.text} {word}"', "facing", against=True
        )


def _said_so(pairing: Pairing, link: Link, facing: str) -> bool:
    """Whether the source has the word behind the claim's preposition too, elsewhere."""
    base = pairing.theirs[link.theirs].base
    before = [_before(pairing.theirs, at) for at, word in enumerate(pairing.theirs) if word.base == base]
    return any(word is not None and word.low == facing for word in before)


def _before(words: Sequence[Word], at: int) -> Word | None:
    """The preposition before a word, past articles, numbers and what describes it."""
    facing = {one for pair in _FACING for one in pair}
    for place in range(at - 1, max(-1, at - 4), -1):
        if words[place].low in facing:
            return words[place]
        if (
            not words[place].is_word
            or words[place].low.endswith("ing")
            or (words[place].content and not words[place].low[0].isdigit() and place < at - 2)
        ):
            return None
    return None
