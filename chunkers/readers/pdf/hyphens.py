"""Whether the hyphen at a line's end belongs to the word, as in "well-known", or only to the line."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LAST = re.compile(r"([^\W\d_]+)[-‐]\Z")
_NEXT = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_WHOLE = 4, 7  # letters: shorter parts of a word may be words by chance
_COMPOUND = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_FIRST_PARTS = frozenset(
    "cross double ex far fast free full half hard high ill large long low near non off one open part quasi real "  # noqa: SIM905
    "self short single six small so state step three triple two user vice well wide year zero".split()
)
"""Words that begin many compounds, which keep their hyphen unless what follows is an ending."""
_ENDING = re.compile(r"(?:ly|e?r|ers|ed|est|en|ing|ings|ish|dom|ment|ments|ness|th|ther|ty|y|ner|ners|able|ful)\Z")


class Hyphens:
    """Learns the words of a document page by page, and tells by them what a hyphen is."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._compounds: set[str] = set()

    def learn(self, lines: Sequence[str]) -> None:
        """Take note of the words of lines that follow one another; those that a line's end may break are none."""
        whole, cut = [], False
        for line in lines:
            rest = line.partition(" ")[2] if cut else line
            cut = hyphenated(line)
            whole.append(rest.rpartition(" ")[0] if cut else rest)
        text = "\n".join(whole)
        self._words.update(word.lower() for word in _WORD.findall(text))
        self._compounds.update(word.lower() for word in _COMPOUND.findall(text))

    def drops(self, line: str, following: str) -> bool:
        """Whether the last character of `line`, a hyphen, is none of the word that goes on in `following`."""
        before, after = _LAST.search(line), _NEXT.match(following)
        if before is None or after is None:
            return False
        first, second = before[1].lower(), after[0].lower()
        if f"{first}-{second}" in self._compounds:
            return False
        if first + second in self._words:
            return True
        if len(first) >= _WHOLE[0] and len(second) >= _WHOLE[1] and first in self._words and second in self._words:
            return False
        if not after[0][0].islower() or line[before.start() - 1 : before.start()] == "-":
            return False
        return first not in _FIRST_PARTS or _ENDING.match(second) is not None


def hyphenated(line: str) -> bool:
    """Whether a word may go on from the end of the line to the next."""
    return line[-1:] in ("-", "‐") and line[-2:-1].isalpha()
