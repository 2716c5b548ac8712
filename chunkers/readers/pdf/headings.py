"""The outline of a document: its bookmarks where they are found in the text, else what is set as a heading."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from longdoc.chunkers.readers.pdf.assembly import Assembly, Told
from longdoc.chunkers.readers.pdf.layout.paragraphs import ended

_DEEPEST_LEVEL = 6
_LARGER = 1.1  # than the text
_MOST_WORDS = 18
_NUMBER = (
    r"(?:(?:(?i:appendix|article|chapter|item|part|section)[ \t]+)?"
    r"(?:\d[\d.]*|[A-Z](?:\.\d+)*|[IVXLC]+)[.):]?[ \t]+)?"
)

Bookmark = tuple[str, int, int]
"""The title, the level from 1 and the page from 0."""


def bookmarks(document: Any) -> Iterator[Bookmark]:
    """The bookmarks of a `pypdfium2.PdfDocument` that lead to a page."""
    for mark in document.get_toc(max_depth=_DEEPEST_LEVEL * 2):
        destination = mark.get_dest()
        page = destination.get_index() if destination is not None else None
        title = mark.get_title()
        if page is not None and page >= 0 and title:
            yield title.replace("\0", ""), min(mark.level + 1, _DEEPEST_LEVEL), page


def outline(marks: Sequence[Bookmark], assembly: Assembly, text: str) -> list[list[Any]]:
    """[start, level, title] of each heading, in the order of the text."""
    return _found(marks, text, assembly.starts) or list(_set_apart(assembly, text))


def _found(marks: Sequence[Bookmark], text: str, starts: Sequence[int]) -> list[list[Any]]:
    """The bookmarks whose title begins a line of their page, or of the end of the one before."""
    found: dict[int, list[Any]] = {}
    begin: dict[int, int] = {}  # where to look on each page: after the heading found last
    for title, level, page in marks:
        if page >= len(starts):
            continue
        first = max(begin.get(page, 0), starts[page])
        end = starts[page + 1] if page + 1 < len(starts) else len(text)
        match = _heading(title, text, first, end)
        if match is not None:
            begin[page] = match.end()
            found[match.start()] = [match.start(), level, match[0]]
    return [found[start] for start in sorted(found)]


def _heading(title: str, text: str, begin: int, end: int) -> re.Match[str] | None:
    """Where `title` begins a line, whatever its case, number and spacing, wrapped or not."""
    words = title.split()
    if not words:
        return None
    spaced = r"\s+".join(map(re.escape, words))
    return re.compile(rf"^{_NUMBER}(?i:{spaced})(?!\w)", re.MULTILINE).search(text, begin, end)


def _set_apart(assembly: Assembly, text: str) -> Iterator[list[Any]]:
    """The paragraphs that are larger than the text, or bold where it is not; the larger, the higher."""
    if not assembly.sizes:
        return
    body, body_bold = max(assembly.sizes, key=lambda key: assembly.sizes[key])
    chosen = [one for one in assembly.told if _is_heading(one, text, body, body_bold)]
    if len(chosen) * 3 > len(assembly.told) and sum(one.length for one in chosen) * 2 > len(text):
        return
    ranks = sorted({-_key(one)[0] for one in chosen})
    levels = {size: bisect_left(ranks, -size) for size in {_key(one)[0] for one in chosen}}
    for one in chosen:
        title = text[one.start : one.start + one.length]
        yield [one.start, min(levels[_key(one)[0]] + 1, _DEEPEST_LEVEL), title]


def _key(one: Told) -> tuple[float, bool]:
    return one.size, one.bold


def _is_heading(one: Told, text: str, body: float, body_bold: bool) -> bool:
    said = text[one.start : one.start + one.length]
    if len(said.split()) > _MOST_WORDS or not any(map(str.isalpha, said)) or said[:1].islower():
        return False
    if ended(said) and said[-1] not in "?!:" and not re.match(r"(?:[\w.]+\s)?[\w]+\.\Z", said):
        return False
    if one.size >= _LARGER * body:
        return True
    return one.bold and not body_bold and one.size > 0.93 * body
