"""Where a document's sections lie, from its headings or from the outline that its parser found."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longdoc.arguments import checked
from longdoc.chunkers.text.headings import LONGEST_HEADING, Heading, HeadingScanner, find_headings
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.text.tape import Tape

_DEEPEST = 32  # headings over each other; what an outline nests deeper stands side by side


@dataclass(frozen=True, slots=True)
class Section:
    """The text under one heading, the heading's own line included; `headings` is the path to it, outermost first.

    `body` is where the heading's lines end; it is `span.start` where there is no heading.
    """

    span: Span
    headings: tuple[str, ...]
    body: int


@checked
def split_sections(text: str, outline: Sequence[Sequence[int | str]] | None = None) -> Iterator[Section]:
    """The sections of `text`, in order; together they are the text, character for character.

    `outline` is a list of `[start, level, title]` as a parser found it; without one the headings are looked for:
    Markdown, reStructuredText, MediaWiki, numbered, "CHAPTER IV" and upper-case lines. Text before the first heading
    is a section without headings; empty text has none. Linear in the text.
    """
    headings = _from_outline(text, outline) if outline else find_headings(text)
    path: list[Heading] = []
    start = 0
    for heading in headings:
        if heading.start > start:
            yield _section(start, heading.start, path)
        start = heading.start
        _go_to(path, heading)
    if start < len(text):
        yield _section(start, len(text), path)


class SectionTrack:
    """The sections of a tape, to be asked for in order; `outline` as `split_sections` takes it."""

    def __init__(self, tape: Tape, outline: Sequence[Sequence[int | str]] | None = None) -> None:
        self._scanner = None if outline else HeadingScanner(tape)
        headings = _from_outline(tape.text, outline) if outline else ()
        self._found = self._scanner.found if self._scanner else deque(headings)
        self._path: list[Heading] = []
        self._titles: tuple[str, ...] = ()

    def first_after(self, position: int, limit: int) -> int | None:
        """Where the first section begins that begins after `position` and not after `limit`."""
        return next(self.after(position, limit), None)

    def after(self, position: int, limit: int) -> Iterator[int]:
        """Where the sections begin that begin after `position` and not after `limit`."""
        if self._scanner is not None and self._scanner.scanned <= limit:
            self._scanner.scan(limit + 1)
        for heading in self._found:
            if heading.start > limit:
                return
            if heading.start > position:
                yield heading.start

    def path(self, position: int) -> tuple[str, ...]:
        """The titles over `position`, outermost first; never asked for a position before the last one."""
        if self._scanner is not None and self._scanner.scanned <= position:
            self._scanner.scan(position + 1)
        if self._found and self._found[0].start <= position:
            while self._found and self._found[0].start <= position:
                _go_to(self._path, self._found.popleft())
            self._titles = tuple(heading.title for heading in self._path)
        return self._titles

    def fence(self, position: int) -> tuple[int, int | None] | None:
        """The fenced code that begins before `position` and ends after it, or is not known to end."""
        fences = self._scanner.fences if self._scanner else ()
        for start, end in fences:
            if start < position and (end is None or position < end):
                return start, end
        return None

    def drop(self, position: int) -> None:
        """Lets go of the fences that end before `position`."""
        fences = self._scanner.fences if self._scanner else deque()
        while fences and (fences[0][1] or position) < position:
            fences.popleft()


def _go_to(path: list[Heading], heading: Heading) -> None:
    """Makes `path` the one to `heading`."""
    while path and (path[-1].level >= heading.level or len(path) == _DEEPEST):
        path.pop()
    path.append(heading)


def _section(start: int, end: int, path: Sequence[Heading]) -> Section:
    body = path[-1].end if path and path[-1].start == start else start
    return Section(Span(start, end), tuple(heading.title for heading in path), min(body, end))


def _from_outline(text: str, outline: Sequence[Sequence[int | str]]) -> Iterator[Heading]:
    last = -1
    for start, level, title in sorted(outline, key=lambda row: int(row[0])):
        if last < int(start) < len(text):
            last = int(start)
            yield Heading(last, _lines_end(text, last, str(title)), int(level), " ".join(str(title).split()))


def _lines_end(text: str, start: int, title: str) -> int:
    """Where the lines of the heading end; `start` where it is not there, as in a part of a section's text."""
    shown = next(find_headings(text[start : start + 4 * LONGEST_HEADING]), None)
    if shown is not None and shown.start == 0 and shown.title == title:
        return start + shown.end
    return start + len(title) if text.startswith(title, start) else start
