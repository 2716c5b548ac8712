"""The running headers and footers of a paged text: lines that come again at the top or bottom of pages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise

LEAST_PAGES = 3
"""Pages that a line must be on, near one another, to be furniture."""

FARTHEST = 4
"""Pages from one to the next of them: left and right pages take turns, and one that opens a chapter has none."""

DEEPEST = 4
"""Lines from the edge of a page that are looked at."""

_LINE = re.compile(r"[^\n\r\f\v\x1c-\x1e\x85\u2028\u2029]+")
_NUMBER = re.compile(r"[0-9]+")
_LONG = 9  # digits, which no page number has

_Line = tuple[int, int, frozenset[Hashable]]


def furniture(texts: Sequence[str], starts: Sequence[int], headings: Iterable[int] = ()) -> list[list[int]]:
    """Return the [start, end] of each header and footer line of the pages `texts`, which begin at `starts`.

    Lines are alike whatever their digits, white space and case; one without letters must count with the
    pages, or have several numbers and be the same to the digit. A line is furniture only where all between it
    and the edge of the page is. The lines that begin at `headings` are not. Time grows with the text's length.
    """
    kept = set(headings)
    spans: set[tuple[int, int]] = set()
    for from_end in (False, True):
        pages = [
            list(_edge(text, start, page, from_end))
            for page, (text, start) in enumerate(zip(texts, starts, strict=True))
        ]
        marked = _repeated(pages)
        for page, lines in enumerate(pages):
            for start, end, keys in lines:
                if start in kept or not any((key, page) in marked for key in keys):
                    break
                spans.add((start, end))
    return [list(span) for span in sorted(spans)]


def _edge(text: str, start: int, page: int, from_end: bool) -> Iterator[_Line]:
    """Yield the outermost lines that are not blank, inwards: where they are and what they are known by."""
    lines = [match for match in _LINE.finditer(text) if not match[0].isspace()]
    for match in (lines[::-1] if from_end else lines)[:DEEPEST]:
        line = match[0]
        begin = start + match.start() + len(line) - len(line.lstrip())
        yield begin, begin + len(line.strip()), frozenset(_keys(line, page))


def _keys(line: str, page: int) -> Iterator[Hashable]:
    folded = " ".join(line.casefold().split())
    numbers = list(_NUMBER.finditer(folded))
    if any(map(str.isalpha, folded)):
        yield _NUMBER.sub("0", folded)
    elif len(numbers) > 1:  # a date, say
        yield folded
    if numbers and "(" not in folded and len(numbers[0][0]) < _LONG:  # "(1)" begins many a note
        first = numbers[0]
        yield folded[: first.start()], int(first[0]) - page, folded[first.end() :]


def _repeated(pages: Sequence[Sequence[_Line]]) -> set[tuple[Hashable, int]]:
    """Return the (key, page) of the keys that are on enough pages near one another."""
    where: dict[Hashable, list[int]] = defaultdict(list)
    for page, lines in enumerate(pages):
        for key in {key for _, _, keys in lines for key in keys}:
            where[key].append(page)
    return {(key, page) for key, found in where.items() for page in _chained(found)}


def _chained(pages: Sequence[int]) -> Iterator[int]:
    chain = list(pages[:1])
    for before, page in pairwise(pages):
        if page - before > FARTHEST:
            yield from chain if len(chain) >= LEAST_PAGES else ()
            chain = []
        chain.append(page)
    yield from chain if len(chain) >= LEAST_PAGES else ()
