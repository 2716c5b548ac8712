"""Two sentences word by word: which word of one stands for which of the other, and how.

Words that both have in the same order are paired first, then what is left: forms of one word, words of one meaning,
opposites, each with the nearest place. The pairs are what the checks of polarity, degree and roles look at.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from longdoc.pipelines.wording.lexicon import Relation, bases, known, relation
from longdoc.pipelines.wording.words import is_function_word

_TOKEN = re.compile(r"\d[\d.,]*\d|\w+(?:['’]\w+)*|[^\w\s]")
_LINE_END = re.compile(r"(\w+)[-\u00ad\u2010]\s*\n\s*(\w+)")
_SOFT = re.compile("[\u00ad\u200b\u2060\ufeff]")
_MIDDLE_DOT = re.compile(r"(?<=\d)\u00b7(?=\d)")  # 8·5, as the Lancet has it
_APART = re.compile(r"(?<=\d), (?=000(?!\d))")  # 10, 000, as tokenized text has it
_FISCAL = re.compile(r"(?:(?<=\d)(?P<behind>)|\b)FY[-‐'’ ]?(?:20)?(?P<year>\d\d)(?!\d)")  # FY2021, FY21, Q3FY21
_JOINED = re.compile(r"\b(non|re|co|anti|pre|un|multi|semi|sub|inter)[-‐](?=[^\W\d_]{3})", re.IGNORECASE)
_CLAUSE_ENDS = frozenset(',;:.!?()—–"“”|')
_CLAUSE_WORDS_WORDS = """
    but although though because while whereas since if unless when which who that whose where after before until so
    """
_CLAUSE_WORDS = frozenset(_CLAUSE_WORDS_WORDS.split())
_NEAR_ENOUGH = 3  # places between neighbours that are still neighbours


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """The text as it reads: wide letters as plain ones, fiscal years alike, words that a line's end divides whole."""
    text = _APART.sub(",", _MIDDLE_DOT.sub(".", unicodedata.normalize("NFKC", text)))
    text = _FISCAL.sub(lambda match: f"{'' if match['behind'] is None else ' '}FY 20{match['year']}", text)
    text = _SOFT.sub(lambda match: "" if match[0] != "\u00ad" else match[0], text)
    return _LINE_END.sub(lambda match: _whole(match[1], match[2]), text).replace("\u00ad", "").replace("--", "—")


def _whole(first: str, second: str) -> str:
    joined = f"{first}{second}"
    apart = known(first.casefold()) and known(second.casefold())
    if first.casefold() in ("non", "self", "ex", "well") or (apart and not known(joined.casefold())):
        return f"{first}-{second}"
    return joined


@dataclass(frozen=True, slots=True)
class Word:
    """A word or mark: in lower case, where it is, the forms it may come from, its clause."""

    text: str
    low: str
    start: int
    end: int
    base: str
    content: bool
    clause: int

    @property
    def is_word(self) -> bool:
        """Whether it is a word or number and no mark."""
        return self.low[0].isalnum()


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[Word, ...]:
    """The words and marks of a text that `plain` has read."""
    found: list[Word] = []
    clause = 0
    whole = _JOINED.sub(lambda match: match[1] + "\u2060", text)
    for match in _TOKEN.finditer(whole.replace("\u2060", "_")):
        said = match[0].replace("_", "") or match[0]
        low = said.casefold().replace("’", "'")
        low = low.removesuffix("'s") if len(low) > 2 else low
        if low in _CLAUSE_ENDS or low in _CLAUSE_WORDS:
            clause += 1
        form = _form(low)
        found.append(Word(said, low, *match.span(), form, low[0].isalnum() and not is_function_word(low), clause))
    return tuple(found)


@lru_cache(maxsize=32768)
def _form(low: str) -> str:
    if low[0].isdigit():
        return low.replace(",", "")
    found = bases(low)
    return min(found[1:], key=len) if len(found) > 1 else low


@dataclass(frozen=True, slots=True)
class Link:
    """A word of the claim, by its place, and the word of the source that it stands for."""

    ours: int
    theirs: int
    relation: Relation


class Pairing:
    """A claim and a stretch of source, paired word by word."""

    def __init__(self, claim: str, source: str) -> None:
        self.ours, self.theirs = words(claim), words(source)
        self.links: list[Link] = []
        self._pair()
        self.by_ours = {link.ours: link for link in self.links}
        self.by_theirs = {link.theirs: link for link in self.links}

    def _pair(self) -> None:
        ours = [at for at, word in enumerate(self.ours) if word.content]
        theirs = [at for at, word in enumerate(self.theirs) if word.content]
        matcher = SequenceMatcher(
            None, [self.ours[at].base for at in ours], [self.theirs[at].base for at in theirs], autojunk=False
        )
        taken: set[int] = set()
        used: set[int] = set()
        for block in matcher.get_matching_blocks():
            for step in range(block.size):
                one, other = ours[block.a + step], theirs[block.b + step]
                self.links.append(Link(one, other, "same"))
                taken.add(one)
                used.add(other)
        anchors = sorted((link.ours, link.theirs) for link in self.links)
        for wanted in ("same", "near", "opposite", "broader"):
            for one in ours:
                if one in taken:
                    continue
                about = _expected(one, anchors, len(self.ours), len(self.theirs))
                free = [
                    other
                    for other in theirs
                    if other not in used and relation(self.ours[one].low, self.theirs[other].low) == wanted
                ]
                if wanted == "opposite":
                    free = [other for other in free if self._beside(one, other)]
                if free:
                    other = min(free, key=lambda at: (abs(at - about), at))
                    self.links.append(Link(one, other, wanted))
                    taken.add(one)
                    used.add(other)
        self.links.sort(key=lambda link: link.ours)

    def _beside(self, one: int, other: int) -> bool:
        """Whether a word next to the claim's is paired with one next to the source's."""
        held = {link.ours: link.theirs for link in self.links}
        near = [at for at in held if abs(at - one) <= _NEAR_ENOUGH + 2]
        return any(abs(held[at] - other) <= _NEAR_ENOUGH + 2 for at in near) or not self.links

    @property
    def coverage(self) -> float:
        """The part of the claim's words of content that are paired with a word that is no opposite."""
        content = [at for at, word in enumerate(self.ours) if word.content]
        held = sum(at in self.by_ours and self.by_ours[at].relation != "opposite" for at in content)
        return held / len(content) if content else 0.0

    @property
    def likeness(self) -> float:
        """How alike claim and source are word by word in order, function words too, from 0 to 1."""
        ours = [word.base for word in self.ours if word.is_word]
        theirs = [word.base for word in self.theirs if word.is_word]
        return SequenceMatcher(None, ours, theirs, autojunk=False).ratio()

    def unpaired(self, side: Sequence[Word]) -> list[int]:
        """The places of the words of content of one side that stand for nothing of the other."""
        held = self.by_ours if side is self.ours else self.by_theirs
        return [at for at, word in enumerate(side) if word.content and at not in held]


def _expected(one: int, anchors: Sequence[tuple[int, int]], ours: int, theirs: int) -> float:
    """Where in the source the claim's word would stand, by the pairs around it."""
    at = bisect_right(anchors, (one, theirs))
    before = anchors[at - 1] if at else (-1, -1)
    after = anchors[at] if at < len(anchors) else (ours, theirs)
    span = after[0] - before[0]
    return before[1] + (after[1] - before[1]) * (one - before[0]) / span if span else before[1]
