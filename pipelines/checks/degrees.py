"""How much, how often and how surely a claim says what its source says: some and all, may and will, if and that.

A claim may say less than its source and hold; one that says more does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from longdoc.pipelines.checks.finding import Problem
from longdoc.pipelines.wording.lexicon import bases, is_verb, relation
from longdoc.pipelines.wording.pairing import Link, Pairing, Word

_SHARE_WORDS = """
    no none neither nobody nothing; few little fewest; some several certain various partly partially;
    many much numerous; most mostly majority mainly largely;
    all every each both whole entire everyone everything entirely completely fully wholly
    """
_TIME_WORDS = """
    never; rarely seldom hardly; sometimes occasionally; often frequently regularly;
    usually mostly generally normally typically; always constantly invariably
    """
_MODAL_WORDS = """
    may: may, might, could, couldn't, likely to; can: can, can't, cannot, allowed to, permitted to, able to;
    should: should, shouldn't, ought, supposed to, advised to, encouraged to, recommended to;
    must: must, mustn't, shall, have to, has to, had to, need to, needs to, required to, obliged to;
    will: will, won't, 'll, going to; would: would, wouldn't, expected to
    """


def _levels(text: str) -> dict[str, int]:
    return {word: level for level, group in enumerate(text.split(";")) for word in group.split()}


def _kinds(text: str) -> dict[tuple[str, ...], str]:
    groups = (group.partition(":") for group in text.split(";"))
    return {tuple(said.split()): kind.strip() for kind, _, words in groups for said in words.split(",")}


_CLASS_WORDS = """
    share: no none neither, few little, any some several certain, many much, most, all every each both;
    time: never, rarely seldom, sometimes occasionally, often frequently, usually generally normally, always;
    modal: may might could can, should ought, must shall, will would;
    sure: possibly perhaps maybe, probably likely, certainly definitely surely undoubtedly;
    bound: least, most, more greater over above exceeding, less fewer under below, up, within, after, before,
        until, since;
    limit: minimum, maximum; line: first, second, third, last; alike: same, different; side: with, without;
    scale: hundred hundreds, thousand thousands, million millions, billion billions, trillion trillions, dozen dozens
    """


def _classes(text: str) -> dict[str, tuple[str, int]]:
    """Each word's class, and the group of it that its like are in."""
    found: dict[str, tuple[str, int]] = {}
    for line in text.split(";"):
        name, _, groups = line.partition(":")
        for place, group in enumerate(groups.split(",")):
            found |= {
                word: (name.strip(), place) for word in group.split() if (name.strip(), word) != ("bound", "most")
            }
    return found


_CLASSES = _classes(_CLASS_WORDS)
_SHARES = _levels(_SHARE_WORDS)
_TIMES = _levels(_TIME_WORDS)
_MODALS = _kinds(_MODAL_WORDS)
_INTENDS_WORDS = """
    plan intend hope aim propose want wish try attempt seek threaten promise consider expect agree offer prepare
    decide
    """
_INTENDS = frozenset(_INTENDS_WORDS.split())
_STRONGER = {  # claim's modal -> modals of the source that do not bear it out
    "": {"may", "should", "intend", "would"},
    "will": {"may", "should", "can"},
    "must": {"may", "should", "can"},
    "should": {"may", "can"},
    "may": {"must"},
    "can": {"must"},
}
_HEDGE = re.compile(
    r"\b(?:possibly|perhaps|maybe|probably|presumably|allegedly|reportedly|supposedly|purportedly|rumou?red\s+to"
    r"|thought\s+to|believed\s+to)\b",
    re.IGNORECASE,
)
_HEDGES = re.compile(
    rf"{_HEDGE.pattern}|\b(?:apparently|likely|suspect(?:ed|s)?|alleged|believed|seems?|appears?|suggests?|said\s+to"
    r"|may|might|could|potential(?:ly)?)\b",
    re.IGNORECASE,
)
_DENYING = frozenset({"not", "no", "never", "neither", "nothing", "none", "nobody", "without"})
_IF = frozenset({"if", "unless", "provided", "providing", "whether"})
_COUNTED = re.compile(
    r"\b(?:if|unless|provided|providing|whether|when|whenever|would|could|in case|should|subject to|depend\w*"
    r"|condition\w*|until|as long as|without)\b",
    re.IGNORECASE,
)
_SAME = 0.8  # of all words, in order: from here on a word of degree in another's place tells
_LONG_ENOUGH = 5  # words
_ALIKE = 0.6  # of a claim's words of content
_REACH = 4  # words between a modal and its verb


def degree_problems(pairing: Pairing, claim: str, source: str) -> Iterator[Problem]:
    """Where the claim says more than the source. `claim` is all of the sentence that the pairing's part is of."""
    if (changed := next(_changed(pairing), None)) is not None:
        yield changed
        return
    if pairing.coverage < _ALIKE:
        return
    yield from _shares(pairing, _SHARES)
    yield from _frequencies(pairing)
    yield from _modals(pairing)
    yield from _hedged(pairing, claim, source)
    yield from _conditions(pairing, claim)


def _changed(pairing: Pairing) -> Iterator[Problem]:
    """A word of degree in the place of another, where nearly all else is word for word the same."""
    ours = [word for word in pairing.ours if word.is_word]
    theirs = [word for word in pairing.theirs if word.is_word]
    matcher = SequenceMatcher(None, [word.low for word in ours], [word.low for word in theirs], autojunk=False)
    if min(len(ours), len(theirs)) < _LONG_ENOUGH or matcher.quick_ratio() < _SAME or matcher.ratio() < _SAME:
        return
    as_denied = [word.low for word in ours if word.low in _DENYING] == [
        word.low for word in theirs if word.low in _DENYING
    ]
    for tag, first, last, start, end in matcher.get_opcodes():
        more = {word.low for word in (*ours[first:last], *theirs[start:end])} & _DENYING
        if tag in ("insert", "delete") and len(more) == 1 and abs((last - first) - (end - start)) <= 2:
            yield Problem(
                f'the {"source" if tag == "insert" else "claim"} alone says "{more.pop()}"', "denied", against=True
            )
        if tag != "replace" or max(last - first, end - start) > _REACH + 1:
            continue
        for one in ours[first:last]:
            for other in theirs[start:end]:
                kinds = _CLASSES.get(one.low), _CLASSES.get(other.low)
                unlike = kinds[0] and kinds[1] and kinds[0][0] == kinds[1][0] and kinds[0] != kinds[1]
                if unlike or (as_denied and relation(one.low, other.low) == "opposite"):
                    yield Problem(_instead(one.text, other.text), "degree", against=True)


def _shares(pairing: Pairing, levels: dict[str, int]) -> Iterator[Problem]:
    ours, theirs = _governed(pairing.ours, levels), _governed(pairing.theirs, levels)
    for link in pairing.links:
        one, other = ours.get(link.ours), theirs.get(link.theirs)
        if one is None or other is None:
            continue
        a, b = _level(pairing.ours, one, levels), _level(pairing.theirs, other, levels)
        if (a > b and not (a <= 3 and b == 2)) or (a == 0) != (b == 0) or (a == 1 and b >= 3):
            yield Problem(_instead(pairing.ours[one].text, pairing.theirs[other].text), "share", against=True)


def _level(words: Sequence[Word], at: int, levels: dict[str, int]) -> int:
    if words[at].low == "few" and at and words[at - 1].low == "a":
        return 2
    if words[at].low in ("all", "every") and at and words[at - 1].low == "not":
        return 2
    return levels[words[at].low]


def _governed(words: Sequence[Word], levels: dict[str, int]) -> dict[int, int]:
    """The places of the words that a quantifier stands before, with its place."""
    found: dict[int, int] = {}
    for at, word in enumerate(words):
        if word.low not in levels or (word.low in ("most", "no", "little", "few", "much") and _is_bound(words, at)):
            continue
        reach = 2
        for place in range(at + 1, min(len(words), at + 6)):
            if words[place].clause != word.clause or not reach:
                break
            if words[place].content and words[place].low not in levels:
                found.setdefault(place, at)
                reach -= 1
    return found


def _is_bound(words: Sequence[Word], at: int) -> bool:
    before = words[at - 1].low if at else ""
    after = words[at + 1].low if at + 1 < len(words) else ""
    return before in ("at", "the", "as", "so") or after in (
        "more",
        "less",
        "fewer",
        "later",
        "earlier",
        "longer",
        "sooner",
        "important",
    )


def _frequencies(pairing: Pairing) -> Iterator[Problem]:
    ours = [word for word in pairing.ours if word.low in _TIMES]
    theirs = [word for word in pairing.theirs if word.low in _TIMES]
    if len(ours) == 1 and len(theirs) == 1:
        a, b = _TIMES[ours[0].low], _TIMES[theirs[0].low]
        if a > b or (a == 1 and b >= 3):
            yield Problem(_instead(ours[0].text, theirs[0].text), "frequency", against=True)


def _modals(pairing: Pairing) -> Iterator[Problem]:
    ours, theirs = _moods(pairing.ours), _moods(pairing.theirs)
    for link in pairing.links:
        if link.relation == "opposite" or not _verbal(pairing, link):
            continue
        one, said = ours.get(link.ours, ("", ""))
        other, held = theirs.get(link.theirs, ("", ""))
        if other in _STRONGER.get(one, ()) and not _plainly(pairing, link, theirs, one):
            if one == "" and (other == "would" or _nominal(pairing.ours, link.ours) or _said(pairing.ours, other)):
                continue
            yield Problem(
                f'the claim says "{said or pairing.ours[link.ours].text}" where the source says "{held}"',
                "modal",
                against=True,
            )
            return


def _said(words: Sequence[Word], kind: str) -> bool:
    """Whether a modal of the kind stands anywhere among the words."""
    return any(_MODALS.get((word.low,)) == kind for word in words)


def _verbal(pairing: Pairing, link: Link) -> bool:
    return is_verb(pairing.theirs[link.theirs].low)


def _nominal(words: Sequence[Word], at: int) -> bool:
    """Whether the word stands as a noun, behind an article or a preposition."""
    before = words[at - 1].low if at else ""
    return before in (
        "the",
        "a",
        "an",
        "of",
        "its",
        "his",
        "her",
        "their",
        "this",
        "that",
        "in",
        "for",
        "with",
        "to",
    ) and words[at].low.endswith(("ing", "ion", "ment", "al"))


def _plainly(pairing: Pairing, link: Link, theirs: dict[int, tuple[str, str]], one: str) -> bool:
    """Whether the source says the word a second time as surely as the claim."""
    base = pairing.theirs[link.theirs].base
    others = [at for at, word in enumerate(pairing.theirs) if word.base == base and at != link.theirs]
    return any(theirs.get(at, ("", ""))[0] not in _STRONGER.get(one, ()) for at in others)


def _moods(words: Sequence[Word]) -> dict[int, tuple[str, str]]:
    """The verbs behind modals, with the kind of the modal and its wording."""
    found: dict[int, tuple[str, str]] = {}
    for at, word in enumerate(words):
        kind = _MODALS.get((word.low,), "")
        start, said = at + 1, word.text
        following = words[at + 1].low if at + 1 < len(words) else ""
        if (
            word.text == "May"
            and at
            and words[at - 1].low in ("in", "on", "of", "by", "since", "until", "from", "to", "and")
        ):
            continue
        if named := _MODALS.get((word.low, following)):
            kind, start, said = named, at + 2, f"{word.text} to"
        if not kind and following == "to" and not _INTENDS.isdisjoint(bases(word.low)):
            kind, start, said = "intend", at + 2, f"{word.text} to"
        if not kind:
            continue
        for place in range(start, min(len(words), start + _REACH)):
            if words[place].clause != word.clause:
                break
            if words[place].content and not words[place].low.endswith("ly"):
                found[place] = (kind, f"{said} {words[place].text}")
                break
    return found


def _hedged(pairing: Pairing, claim: str, source: str) -> Iterator[Problem]:
    """A "possibly" in the source's clause that the claim leaves out."""
    if _HEDGES.search(claim):
        return
    for match in _HEDGE.finditer(source):
        clause = next((word.clause for word in pairing.theirs if word.start >= match.start()), -1)
        held = [link for link in pairing.links if pairing.theirs[link.theirs].clause == clause]
        if len(held) >= 2 and 2 * len(held) >= len(pairing.links):
            yield Problem(f'the source says "{match[0]}", which the claim leaves out', "hedge", against=True)
            return


def _conditions(pairing: Pairing, claim: str) -> Iterator[Problem]:
    """A condition of the source's sentence that the claim leaves out."""
    if _COUNTED.search(claim):
        return
    for at, word in enumerate(pairing.theirs):
        if word.low not in _IF or (
            at and pairing.theirs[at - 1].low in ("as", "even", "know", "see", "ask", "asked", "or")
        ):
            continue
        if word.low in ("provided", "providing") and not (
            at + 1 < len(pairing.theirs) and pairing.theirs[at + 1].low == "that"
        ):
            continue
        if word.low == "whether":
            clause = [link for link in pairing.links if pairing.theirs[link.theirs].clause == word.clause]
            if len(clause) >= 2 and 2 * len(clause) > len(pairing.links):
                yield Problem('the source only asks "whether" it is so', "condition", against=True)
                return
            continue
        condition = [
            place for place, other in enumerate(pairing.theirs) if other.clause == word.clause and other.content
        ]
        if len(condition) < 2 and word.low != "unless":
            continue
        stop = next(
            (place for place in range(at, len(pairing.theirs)) if pairing.theirs[place].low in ".!?;"),
            len(pairing.theirs),
        )
        begin = max((place for place in range(at) if pairing.theirs[place].low in ".!?;"), default=-1)
        held = [link for link in pairing.links if begin < link.theirs < stop]
        if len(held) >= 2 and len(held) * 2 > len(pairing.links):
            yield Problem(
                f'the source says so under a condition ("{word.text} ..."), which the claim leaves out',
                "condition",
                against=True,
            )
            return


def _instead(ours: str, theirs: str) -> str:
    return f'the claim says "{ours}" where the source says "{theirs}"'
