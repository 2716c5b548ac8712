"""Headings that a text shows by itself: Markdown, reStructuredText, MediaWiki, numbered, "CHAPTER IV", upper case."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from longdoc.chunkers.text.tape import Tape

_ATX = re.compile(r" {0,3}(?P<marks>\#{1,6})[ \t]+(?P<title>\S.*?)[ \t]*\#*\s*$")
_WIKI = re.compile(r"(?P<marks>={2,6})\s*(?P<title>[^=\s][^=]*?)\s*(?P=marks)\s*$")
_MARKS = frozenset("=-~^\"'`#*+:.<>_")
_UNDERLINE = re.compile(r"(?P<mark>[=\-~^\"'`#*+:.<>_])(?P=mark){2,}\s*$")
_WORD = re.compile(r"\w")
_FENCE = re.compile(r" {0,3}(?P<mark>```+|~~~+)")
_NUMBERED = re.compile(r"(?P<number>\d{1,3}(?:\.\d{1,3}){0,5})\.?[ \t]+(?P<title>[^\W\d_].{0,90})$")
_KINDS = "BOOK|VOLUME|PART|ACT|CHAPTER|CHAP\\.|SCENE|SECTION|ARTICLE|APPENDIX|LETTER|CANTO|STAVE|TITLE"
_NAMED = re.compile(
    rf"(?P<kind>{_KINDS})[ \t]+"
    r"(?:THE[ \t]+)?(?:\d{1,4}|[IVXLCDM]{1,8}|[A-Z]|(?:TWENTY|THIRTY|FORTY|FIFTY)?-?[A-Z]{2,11})(?:[.:]|\b).{0,80}$",
    re.IGNORECASE,
)
_NAMED_LEVELS = {"BOOK": 1, "VOLUME": 1, "PART": 1, "ACT": 1, "SCENE": 3, "SECTION": 3, "ARTICLE": 2}
# The line break before a line that may be a heading, a fence or the row under a title: a superset, quick to search.
_CANDIDATE = re.compile(
    rf"""\n(?: (?=[ =\-~^"'`#*+:.<>_])
               (?: (?=(?P<row>[=\-~^"'`#*+:.<>_])(?P=row){{2,}}+[ \t\r]*$)
                 | (?=\ {{0,3}}(?:\#{{1,6}}[ \t]|```|~~~)) | (?===[^\n]+==) )
             | (?<!\S\n)(?=[^\S\n]*(?:\d{{1,3}}[.\d]*[ \t]+[^\W\d_]|(?=[ABCLPSTVabclpstv])(?i:{_KINDS})[ \t]
                                     |[^a-z\n]{{3,120}}$)) )""",
    re.VERBOSE | re.MULTILINE,
)
LONGEST_HEADING = 100  # characters
_LINE = 400  # characters of a line that are looked at
_STEP = 1 << 16  # characters scanned at a time
_AHEAD = 2 * _LINE  # characters after a line that tell whether it is a heading


class Heading(NamedTuple):
    """Where a heading's lines begin and end, its level (1 is outermost) and its title without the markup."""

    start: int
    end: int
    level: int
    title: str


def find_headings(text: str) -> Iterator[Heading]:
    """The headings that the text itself shows, in order; code inside Markdown fences has none. Linear."""
    tape = Tape([text])
    scanner = HeadingScanner(tape)
    scanner.scan(len(text))
    yield from scanner.found


@dataclass(slots=True)
class _Line:
    start: int
    text: str
    length: int

    @property
    def blank(self) -> bool:
        return not self.text.strip()


class HeadingScanner:
    """Finds the headings and the code fences of a tape as far as it is asked to.

    `found` holds the headings in order, `fences` the stretches of fenced code as `[start, end]`, the last of which
    has no end (None) while it is open; whoever has passed them takes them out at the left.
    """

    def __init__(self, tape: Tape) -> None:
        self.found: deque[Heading] = deque()
        self.fences: deque[tuple[int, int | None]] = deque()
        self._tape = tape
        self._scanned = 0
        self._judged = -1  # start of the last line judged
        self._fence = ""
        self._markdown = False  # a "#" has shown that "=" is the first level and "-" the second
        self._styles: list[str] = []  # reStructuredText: the order of first use gives the level

    @property
    def scanned(self) -> int:
        """All headings that begin before this position have been found."""
        return self._scanned

    def scan(self, position: int) -> None:
        """Finds all headings that begin before `position`, or to the text's end."""
        tape = self._tape
        while self._scanned < position and not (tape.ended and self._scanned >= tape.end):
            end = tape.fill(self._scanned + _STEP + _AHEAD)
            if self._scanned == 0 and tape.end:
                self._consider(0)
            # A line that begins at `until` is judged in the next round, its line before in this one.
            until = end if tape.ended and end == tape.end else end - _AHEAD
            base = tape.base
            for match in _CANDIDATE.finditer(tape.text, max(0, self._scanned - 1 - base), end - base):
                if match.end() + base >= until:
                    break
                self._consider(match.end() + base)
            self._scanned = until

    def _consider(self, start: int) -> None:
        """Judges the line at `start` and, if it is a row of marks, the line above it, of which it may be a part."""
        line = self._line(start)
        if not self._fence and _UNDERLINE.match(line.text):
            above = self._before(line)
            if above.length and above.start > self._judged:
                self._judge(above, line)
        if start > self._judged:
            self._judge(line, None)

    def _judge(self, line: _Line, following: _Line | None) -> None:
        self._judged = line.start
        mark = _FENCE.match(line.text)
        if mark and (not self._fence or mark["mark"].startswith(self._fence)):
            self._toggle(mark["mark"], line)
        elif not self._fence:
            following = following or self._row(line.start + line.length)
            heading = (following and self._underlined(line, following)) or self._one_line(line)
            if heading is not None:
                self._markdown = self._markdown or line.text.lstrip().startswith("#")
                self.found.append(heading)
                self._judged = max(self._judged, heading.end - 1)

    def _toggle(self, mark: str, line: _Line) -> None:
        if self._fence:
            self.fences[-1] = (self.fences[-1][0], line.start + line.length)
            self._fence = ""
        else:
            self.fences.append((line.start, None))
            self._fence = mark[:3]

    def _line(self, start: int) -> _Line:
        text, at = self._tape.text, start - self._tape.base
        end = text.find("\n", at, at + _LINE) + 1
        if end:
            return _Line(start, text[at:end], end - at)
        seen = text[at : at + _LINE]
        return _Line(start, seen + "…" if len(seen) == _LINE else seen, len(seen))

    def _row(self, start: int) -> _Line | None:
        at = start - self._tape.base
        return self._line(start) if self._tape.text[at : at + 1] in _MARKS else None

    def _before(self, line: _Line) -> _Line:
        base = self._tape.base
        last = line.start - base - 1  # the line break
        if last < 0:
            return _Line(line.start, "", 0)
        start = self._tape.text.rfind("\n", max(0, last - _LINE), last) + 1
        if start or last <= _LINE:
            return _Line(start + base, self._tape.text[start : last + 1], last + 1 - start)
        return _Line(line.start - _LINE, "…" * _LINE, _LINE)  # too long to be anything

    def _underlined(self, line: _Line, following: _Line) -> Heading | None:
        """Markdown's setext and reStructuredText's headings: a title with a row of one mark under it."""
        row = _UNDERLINE.match(following.text)
        title = line.text.strip()
        if row is None or not title or len(title) > LONGEST_HEADING or _UNDERLINE.match(line.text):
            return None
        if following.text.strip() in ("```", "~~~"):  # rather a fence right under a line
            return None
        before = self._before(line)
        overline = _UNDERLINE.match(before.text)
        if not (before.blank or overline) or len(following.text.strip()) < min(len(title), 12):
            return None
        if not _WORD.search(title) or title.startswith(("|", "-", "*", ">")) or "  " in title:
            return None
        style = row["mark"] * (2 if overline and overline["mark"] == row["mark"] else 1)
        if style not in self._styles:
            self._styles.append(style)
        start = before.start if len(style) == 2 else line.start
        end = following.start + following.length
        level = "=-".find(style) + 1 if self._markdown else 0
        return Heading(start, end, level or min(6, self._styles.index(style) + 1), title)

    def _one_line(self, line: _Line) -> Heading | None:
        content = line.text.rstrip()
        if not content or len(content) > LONGEST_HEADING + 20:
            return None
        start, end = line.start, line.start + line.length
        marked = _ATX.match(content) or _WIKI.match(content)
        if marked:
            level = len(marked["marks"]) - (content[0] == "=")
            return Heading(start, end, level, marked["title"])
        crowded = not self._line(end).blank  # only a short "CHAPTER IV" is a heading with text right below it
        if crowded and (len(content) > 50 or not _NAMED.match(content.strip())):
            return None
        plain = _plain(content) if self._before(line).blank else None
        return plain and Heading(start, end, *plain)


def _plain(content: str) -> tuple[int, str] | None:
    """Level and title of headings that only their wording tells: numbered, "CHAPTER IV", a line in upper case."""
    title = " ".join(content.split())
    if len(title) > LONGEST_HEADING:
        return None
    named = _NAMED.match(title)
    if named and not title.rstrip().endswith((",", ";")) and len(title.split()) <= 14:
        return _NAMED_LEVELS.get(named["kind"].upper(), 2), title
    numbered = _NUMBERED.match(title)
    if numbered and not title.endswith((".", ",", ";", ":", "?", "!")):
        return min(6, numbered["number"].count(".") + 1), title
    letters = sum(map(str.isalpha, title))
    shouted = title.isupper() and letters >= 3 and letters * 2 > len(title) and len(title) <= 70
    if shouted and not title.endswith((",", ";", "!", "?", '"', "”")):
        return 3, title
    return None
