"""Where a document's sections lie, from its headings or from the outline that its parser found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longdoc.chunkers.span import Span

_LINE = re.compile(r"[^\n]*\n|[^\n]+$")
_FENCE = re.compile(r" {0,3}(?P<mark>```+|~~~+)")
_ATX = re.compile(r" {0,3}(?P<marks>\#{1,6})[ \t]+(?P<title>\S.*?)[ \t]*\#*\s*$")
_WIKI = re.compile(r"(?P<marks>={2,6})\s*(?P<title>[^=\s][^=]*?)\s*(?P=marks)\s*$")
_UNDERLINE = re.compile(r"(?P<mark>[=\-~^\"'`#*+:.<>_])(?P=mark){2,}\s*$")
_NUMBERED = re.compile(r"(?P<number>\d{1,3}(?:\.\d{1,3}){0,5})\.?[ \t]+(?P<title>[^\W\d_].{0,90})$")
_NAMED = re.compile(
    r"(?P<kind>BOOK|VOLUME|PART|ACT|CHAPTER|CHAP\.|SCENE|SECTION|ARTICLE|APPENDIX|LETTER|CANTO|STAVE|TITLE)[ \t]+"
    r"(?:THE[ \t]+)?(?:\d{1,4}|[IVXLCDM]{1,8}|[A-Z]|(?:TWENTY|THIRTY|FORTY|FIFTY)?-?[A-Z]{2,11})(?:[.:]|\b).{0,80}$",
    re.IGNORECASE,
)
_NAMED_LEVELS = {"BOOK": 1, "VOLUME": 1, "PART": 1, "ACT": 1, "SCENE": 3, "SECTION": 3, "ARTICLE": 2}
_LONGEST_HEADING = 100  # characters
_DEEPEST = 32  # headings over each other; what an outline nests deeper stands side by side


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading's lines as a span, its level (1 is outermost) and its title without the markup."""

    span: Span
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Section:
    """The text under one heading, the heading's own line included; `headings` is the path to it, outermost first.

    `body` is where the heading's lines end; it is `span.start` where there is no heading.
    """

    span: Span
    headings: tuple[str, ...]
    body: int


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
        if heading.span.start > start:
            yield _section(start, heading.span.start, path)
        start = heading.span.start
        while path and (path[-1].level >= heading.level or len(path) == _DEEPEST):
            path.pop()
        path.append(heading)
    if start < len(text):
        yield _section(start, len(text), path)


def _section(start: int, end: int, path: Sequence[Heading]) -> Section:
    own = path[-1].span if path and path[-1].span.start == start else Span(start, start)
    return Section(Span(start, end), tuple(heading.title for heading in path), min(own.end, end))


def _from_outline(text: str, outline: Sequence[Sequence[int | str]]) -> Iterator[Heading]:
    last = -1
    for start, level, title in sorted(outline, key=lambda row: int(row[0])):
        if last < int(start) < len(text):
            last = int(start)
            yield Heading(Span(last, _lines_end(text, last, str(title))), int(level), " ".join(str(title).split()))


def _lines_end(text: str, start: int, title: str) -> int:
    """Where the lines of the heading end; `start` where it is not there, as in a part of a section's text."""
    shown = next(find_headings(text[start : start + 4 * _LONGEST_HEADING]), None)
    if shown is not None and shown.span.start == 0 and shown.title == title:
        return start + shown.span.end
    return start + len(title) if text.startswith(title, start) else start


@dataclass(slots=True)
class _Line:
    start: int
    text: str

    @property
    def blank(self) -> bool:
        return not self.text.strip()


def find_headings(text: str) -> Iterator[Heading]:
    """The headings that the text itself shows, in order; code inside Markdown fences has none."""
    adornments: list[str] = []  # reStructuredText: the order of first use gives the level
    fence = ""
    before, line = _Line(0, ""), _Line(0, "")
    after = _lines(text)
    line = next(after, line)
    previous_was_underline = False
    while line.text:
        following = next(after, _Line(len(text), ""))
        mark = _FENCE.match(line.text)
        if mark and (not fence or mark["mark"].startswith(fence)):
            fence = "" if fence else mark["mark"][:3]
        elif not fence and not previous_was_underline:
            heading = _underlined(before, line, following, adornments) or _one_line(before, line, following)
            if heading is not None:
                yield heading
                previous_was_underline = _UNDERLINE.match(following.text) is not None
                before, line = line, following
                continue
        previous_was_underline = False
        before, line = line, following


def _lines(text: str) -> Iterator[_Line]:
    for match in _LINE.finditer(text):
        yield _Line(match.start(), match[0] if len(match[0]) <= 400 else match[0][:400] + "…")


def _underlined(before: _Line, line: _Line, following: _Line, adornments: list[str]) -> Heading | None:
    """Markdown's setext and reStructuredText's headings: a title with a row of one mark under it."""
    row = _UNDERLINE.match(following.text)
    title = line.text.strip()
    if row is None or not title or len(title) > _LONGEST_HEADING or _UNDERLINE.match(line.text):
        return None
    overline = _UNDERLINE.match(before.text)
    if not (before.blank or overline) or len(following.text.strip()) < min(len(title), 12):
        return None
    if not re.search(r"\w", title) or title.startswith(("|", "-", "*", ">")) or "  " in title:
        return None
    style = row["mark"] * (2 if overline and overline["mark"] == row["mark"] else 1)
    if style not in adornments:
        adornments.append(style)
    start = before.start if len(style) == 2 else line.start
    end = following.start + len(following.text)
    return Heading(Span(start, end), min(6, adornments.index(style) + 1), title)


def _one_line(before: _Line, line: _Line, following: _Line) -> Heading | None:
    content = line.text.rstrip()
    if not content or len(content) > _LONGEST_HEADING + 20:
        return None
    span = Span(line.start, line.start + len(line.text))
    marked = _ATX.match(content) or _WIKI.match(content)
    if marked:
        level = len(marked["marks"]) - (content[0] == "=")
        return Heading(span, level, marked["title"])
    crowded = not following.blank  # only a short "CHAPTER IV" is a heading with text right below it
    if not before.blank or (crowded and (len(content) > 50 or not _NAMED.match(content.strip()))):
        return None
    return _plain(span, content)


def _plain(span: Span, content: str) -> Heading | None:
    """Headings that only their wording tells: numbered, "CHAPTER IV", a line in upper case."""
    title = " ".join(content.split())
    if len(title) > _LONGEST_HEADING:
        return None
    named = _NAMED.match(title)
    if named and not title.rstrip().endswith((",", ";")) and len(title.split()) <= 14:
        return Heading(span, _NAMED_LEVELS.get(named["kind"].upper(), 2), title)
    numbered = _NUMBERED.match(title)
    if numbered and not title.endswith((".", ",", ";", ":", "?", "!")):
        return Heading(span, min(6, numbered["number"].count(".") + 1), title)
    letters = sum(map(str.isalpha, title))
    shouted = title.isupper() and letters >= 3 and letters * 2 > len(title) and len(title) <= 70
    if shouted and not title.endswith((",", ";", "!", "?", '"', "”")):
        return Heading(span, 3, title)
    return None
