"""How the lines of a paragraph go together: where lines are wrapped, and which sentences run over a page's end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.pipelines.units.hygiene import is_ended
from longdoc.pipelines.units.lines import Form, Line, holds_amounts

LED_ON = re.compile(r"\s*:?\s*(?:[(\[]\d{1,3}[)\]])?\s*:*\Z")  # the end of an introduction, and a note's number
RUN_IN = re.compile(r"(?:§ ?)?(?:\d{1,3}(?:\.\d{1,3})*\.?|\([a-z]{1,3}\))\s+([A-Z][^.:!?]{2,80})\.(?=\s|$)")
"""A number and a title that a clause begins with."""
WRAPPED = 45  # characters of a line from which the next may go on with its sentence
_NUMBER = re.compile(r"(?:(?<=\s)|\A)\(?(\d{1,2})[.)]\s+(?=\S)")
_FEW = 12  # words of a line without an end that is taken for a heading
_TITLE = 8  # words of a title that runs into its clause
_LONG_TITLE = 20  # words of a title whose words have capitals
_MARKED = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]\s+")
_LONGEST = 120  # characters that wrapped lines have
_JOINING = frozenset(
    "a an the of to in on at by for with from and or nor but as that which is are was were be".split()  # noqa: SIM905
)
_PARAGRAPH = re.compile(r"^[ \t]*(\d{1,3})\.?[ \t]+(?=[“\"A-Z])", re.MULTILINE)
_SKIPPED = 6  # a number of a paragraph that is further on counts something else, and so do numbers that mostly skip
_PARAGRAPHS = 4  # counted so, from which numbers at the beginning of lines are those of paragraphs


def counted(text: str) -> list[int]:
    """Where the items begin in a text that counts 1. 2. 3. from its start on; none where it does not."""
    starts: list[int] = []
    for match in _NUMBER.finditer(text):
        if int(match[1]) == len(starts) + 1:
            starts.append(match.start())
    return starts if len(starts) > 1 and starts[0] == 0 else []


def is_clause(text: str) -> bool:
    """Whether an item is a number, a title and more: a clause rather than one of a list."""
    match = RUN_IN.match(text)
    return match is not None and len(match[1].split()) <= _TITLE and len(text) > match.end() + WRAPPED


def is_run_in_title(text: str) -> bool:
    """Whether an item that stands alone is the title of what follows: a number or letter, and words with capitals."""
    match = _MARKED.match(text)
    return match is not None and not is_ended(text) and is_cased(text[match.end() :], _TITLE)


def is_cased(text: str, most: int) -> bool:
    """Whether a text is few words, those that are no particles with a capital, as in titles."""
    words = text.split()
    long = [word for word in words if len(word) > 3]
    return 1 < len(words) <= most and len(long) > 1 and all(not word[0].islower() for word in long)


def width(lines: Sequence[Line]) -> int:
    """The characters of a line where the text's lines are wrapped; of a text that is not, of a long line."""
    lengths = sorted(len(line.text) for line in lines if line.form is Form.PROSE)
    return min(lengths[len(lengths) * 9 // 10], _LONGEST) if lengths else 0


def leads_on(line: str) -> bool:
    """Whether the last word of a line cannot end anything."""
    return line.split()[-1].casefold().strip("(") in _JOINING


def are_short(lines: Sequence[Line]) -> bool:
    """Whether no line is one that a sentence may go on from."""
    return all(len(one.text) <= WRAPPED for one in lines)


def joined(text: str, stretches: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """The sentences of stretches. What a page's end has cut is one: it has no end, and goes on in a small letter."""
    held: list[tuple[int, int]] = []
    for start, end in stretches:
        for span in split_sentences(text, start, end):
            cut = held and not is_ended(text[held[-1][0] : held[-1][1]]) and text[span.start].islower()
            if held and not cut:
                yield held
                held = []
            if held and not text[held[-1][1] : span.start].strip():
                held[-1] = (held[-1][0], span.end)
            else:
                held.append((span.start, span.end))
    if held:
        yield held


def nested(indents: Sequence[int], said: Sequence[str]) -> dict[int, int]:
    """For each item that stands deeper below one that ends with a colon, the place of that one.

    `indents` grow less the deeper an item stands.
    """
    over: dict[int, int] = {}
    for at, text in enumerate(said):
        if text.endswith(":"):
            below = at + 1
            while below < len(indents) and indents[below] < indents[at]:
                over[below] = at
                below += 1
    return over


def asks_above(lines: Sequence[Line], at: int) -> bool:
    """Whether a question stands alone over a paragraph that answers it."""
    text = lines[at].text
    if not text.endswith("?") or not text[0].isalpha() or not 0 < at < len(lines) - 2:
        return False
    alone = lines[at - 1].form is lines[at + 1].form is Form.BLANK
    return alone and lines[at + 2].form is Form.PROSE and len(lines[at + 2].text) > WRAPPED


def beyond(lines: Sequence[Line], end: int) -> int | None:
    """The line that goes on with a sentence that page furniture or a blank line has cut."""
    last = lines[end - 1].text
    if end >= len(lines) or is_ended(last) or len(last.split()) < 4:
        return None
    at = end
    while at < len(lines) and at < end + 8 and lines[at].form in (Form.BLANK, Form.FURNITURE):
        at += 1
    if at == end or at >= len(lines) or lines[at].form is not Form.PROSE:
        return None
    return at if lines[at].text[0].islower() else None


def numbers_of(text: str) -> dict[int, int]:
    """Where the numbers of paragraphs begin and end, in a text that counts them."""
    found: list[re.Match[str]] = []
    for match in _PARAGRAPH.finditer(text):
        if 0 < int(match[1]) - (int(found[-1][1]) if found else 0) <= _SKIPPED:
            found.append(match)
    counted = [int(match[1]) for match in found]
    next_ones = sum(after == before + 1 for before, after in pairwise([0, *counted]))
    sure = len(found) >= _PARAGRAPHS and 2 * next_ones > len(found)
    return {match.start(1): match.end() for match in found} if sure else {}


def is_title(lines: Sequence[Line], at: int, end: int) -> bool:
    """Whether a paragraph is a single short line without an end, set off from what follows or above amounts."""
    line = lines[at]
    words = line.text.split()
    few = len(words) <= _FEW or is_cased(line.text, _LONG_TITLE)
    if end - at > 1 or not few or (is_ended(line.text) and not asks_above(lines, at)):
        return False
    if (
        leads_on(line.text)
        or holds_amounts(line.text)
        or sum(any(map(str.isdigit, word)) for word in words) * 2 > len(words) + 1
    ):
        return False
    return line.text[0].isupper() or line.text[0].isdigit() or not line.text[0].isalnum()
