"""Whether the hyphen at a line's end belongs to the word, as in "well-known", or only to the line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

_LAST = re.compile(r"([^\W\d_]+)[-‐]\Z")
_NEXT = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[\w-]+")
_WHOLE = 4, 7  # letters: shorter parts of a word may be words by chance
_REMEMBERED = 60_000  # characters
_MOST_WORDS = 50_000  # of pages that are long forgotten, too
_FIRST_PARTS = frozenset(
    "cross double ex far fast free full half hard high ill large long low near non off one open part quasi real "  # noqa: SIM905
    "self short single six small so state step three triple two user vice well wide year zero".split()
)
"""Words that begin many compounds, which keep their hyphen unless what follows is an ending."""
_ENDING = re.compile(r"(?:ly|e?r|ers|ed|est|en|ing|ings|ish|dom|ment|ments|ness|th|ther|ty|y|ner|ners|able|ful)\Z")


class Hyphens:
    """Tells by the words of the pages around what a hyphen at a line's end is."""

    def __init__(self) -> None:
        self._pages: deque[str] = deque()
        self._length = self._learnt = self._read = 0
        self._words: dict[str, int] = {}  # the last page that has each, of those read

    def learn(self, lines: Sequence[str]) -> None:
        """Take note of the lines of a page; those that were given long before are forgotten."""
        page = "\n".join(lines).lower()
        self._pages.append(page)
        self._learnt += 1
        self._length += len(page)
        while self._length > _REMEMBERED and len(self._pages) > 1:
            self._length -= len(self._pages.popleft())

    def drops(self, line: str, following: str) -> bool:
        """Whether the last character of `line`, a hyphen, is none of the word that goes on in `following`."""
        before, after = _LAST.search(line), _NEXT.match(following)
        if before is None or after is None:
            return False
        first, second = before[1].lower(), after[0].lower()
        if self._has(f"{first}-{second}"):
            return False
        if self._has(first + second):
            return True
        if len(first) >= _WHOLE[0] and len(second) >= _WHOLE[1] and self._has(first) and self._has(second):
            return False
        if not after[0][0].islower() or line[before.start() - 1 : before.start()] == "-":
            return False
        return first not in _FIRST_PARTS or _ENDING.match(second) is not None

    def _has(self, word: str) -> bool:
        """Whether the pages have the word, not broken by a line's end."""
        forgotten = self._learnt - len(self._pages)
        if self._read < self._learnt:
            if len(self._words) > _MOST_WORDS:
                self._words = {word: page for word, page in self._words.items() if page > forgotten}
            for number in range(max(self._read, forgotten), self._learnt):
                self._words.update(dict.fromkeys(_words(self._pages[number - forgotten]), number + 1))
            self._read = self._learnt
        return self._words.get(word, 0) > forgotten


def _words(text: str) -> list[str]:
    """The words of a text, those with hyphens whole, but not those that a hyphen at a line's end breaks."""
    first, *others = text.split("-\n")
    for other in others:
        rest = _WORD.match(other)
        first += "- " + (other[rest.end() :] if rest else other)
    whole: list[str] = []
    odd: list[str] = []
    for part in first.split():
        (whole if part.isalnum() else odd).append(part)
    return whole + _WORD.findall(" ".join(odd))


def hyphenated(line: str) -> bool:
    """Whether a word, or a number, may go on from the end of the line to the next."""
    return line[-1:] in ("-", "‐") and line[-2:-1].isalnum()
