"""Headings that a text shows by itself: Markdown, reStructuredText, MediaWiki, numbered, "CHAPTER IV", upper case.

What becomes a heading is no sentence of a summary or an answer: a line that may be one or not is none. So steps, list
items, dates and sentences in capitals are text, as is what stands in fenced code, front matter and HTML comments.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from longdoc.arguments import checked
from longdoc.chunkers.text.tape import Tape

_ATX = re.compile(r" {0,3}(?P<marks>\#{1,6})[ \t]+(?P<title>(?!\#+\s*$)\S.*?)(?:[ \t]+\#+)?\s*$")
_WIKI = re.compile(r"(?P<marks>={2,6})\s*(?P<title>[^=\s][^=]*?)\s*(?P=marks)\s*$")
_MARKS = frozenset("=-~^\"'`#*+:.<>_")
_FENCES, _HEADS = frozenset("`~"), frozenset("#=")
_UNDERLINE = re.compile(r" {0,3}(?P<mark>[=\-~^\"'`#*+:.<>_])(?P=mark){2,}\s*$")
_BREAKS = ("***", "___")  # under a line, Markdown's rule between two paragraphs
_WORD = re.compile(r"\w")
_LIST_ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_ITEM_LINES = 12  # above a line, among which its list item begins
_FENCE = re.compile(r" {0,3}(?P<mark>```+(?=[^`]*$)|~~~+)(?P<info>[^\n]*)")
_HTML = re.compile(r" {0,3}<(?:(?P<comment>!--)|(?P<tag>pre|script|style|textarea)(?=[\s>]))", re.IGNORECASE)
_FRONT = re.compile(r"(?P<mark>---|\+\+\+)[ \t]*\r?\n(?P<body>(?:.*\n)*?)(?P=mark)[ \t]*(?:\r?\n|\Z)")
_FIELD = re.compile(r"(?:[ \t]*(?:\#.*)?\r?\n)*(?:[\w.\- ]+[:=]|\[)")
_NUMBERED = re.compile(
    r"(?P<number>(?!0)\d{1,3}(?:\.\d{1,3}){0,5})(?P<dot>\.?)[ \t]+(?P<title>(?![a-zß-ÿа-џα-ώ])[^\W\d_].{0,90})$"
)
_DATE = re.compile(
    r"[^\W\d_]+\.?,? \d{4}\b"
    r"|(?:jan|feb|mar|apr|a[vb]r|ma[yi]|jun|jui|jul|aug|ago|ao[uû]|sep|o[ck]t|nov|de[cz]|ene)[^\W\d_]*\.?$",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"\b(?:IS|ARE|WAS|WERE|BE|BEEN|HAS|HAVE|HAD|DO|DOES|DID|NOT|MUST|SHALL|SHOULD|WILL|WOULD|CAN|CANNOT|MAY|PLEASE|YOU|WE)\b"
)
_KINDS = "BOOK|VOLUME|PART|ACT|CHAPTER|CHAP\\.|SCENE|SECTION|ARTICLE|APPENDIX|LETTER|CANTO|STAVE|TITLE"
_NAMED = re.compile(
    rf"(?P<kind>{_KINDS})[ \t]+"
    r"(?:THE[ \t]+)?(?:\d{1,4}|[IVXLCDM]{1,8}|[A-Z]|(?:TWENTY|THIRTY|FORTY|FIFTY)?-?[A-Z]{2,11})(?:[.:]|\b)"
    r"(?P<rest>.{0,80})$",
    re.IGNORECASE,
)
_NAMED_LEVELS = {"BOOK": 1, "VOLUME": 1, "PART": 1, "ACT": 1, "SCENE": 3, "SECTION": 3, "ARTICLE": 2}
# The line break before a line that may be a heading, a fence or the row under a title: a superset, quick to search.
_CANDIDATE = re.compile(
    rf"""\n(?: (?=[ =\-~^"'`#*+:.<>_])
               (?: (?=(?P<row>[=\-~^"'`#*+:.<>_])(?P=row){{2,}}+[ \t\r]*$)
                 | (?=\ {{1,3}}(?P<set>[=\-])(?P=set){{2,}}+[ \t\r]*$)
                 | (?=\ {{0,3}}(?:\#{{1,6}}[ \t]|```|~~~|<(?:!--|(?i:pre|script|style|textarea)))) | (?===[^\n]+==) )
             | (?<!\S\n)(?=[^\S\n]*(?:\d{{1,3}}[.\d]*[ \t]+[^\W\d_]|(?=[ABCLPSTVabclpstv])(?i:{_KINDS})[ \t]
                                     |[^a-z\n]{{3,120}}$)) )""",
    re.VERBOSE | re.MULTILINE,
)
LONGEST_HEADING = 100  # characters
_LONGEST_FRONT = 1 << 14  # characters of front matter, of a comment, and of other HTML that holds no Markdown
_MOST_WORDS = 9  # of a heading in capitals
_BLANKS = 3  # blank lines that may part a heading from what stands around it
_STEP_LINE = re.compile(r"\s*(?P<number>\d{1,3}(?:\.\d{1,3})*)[.)]?[ \t]+\S")
_MOST_SKIPPED = 3  # numbers between one heading and the next
_LINE = 400  # characters of a line that are looked at
_STEP = 1 << 16  # characters scanned at a time
_AHEAD = 2 * _LINE  # characters after a line that tell whether it is a heading


class Heading(NamedTuple):
    """Where a heading's lines begin and end, its level (1 is outermost) and its title without the markup."""

    start: int
    end: int
    level: int
    title: str


@checked
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
    def mark(self) -> str:
        """What the line begins with, which tells most patterns that they do not fit."""
        return self.text.lstrip(" ")[:1]

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
        self._numbers: tuple[int, ...] = ()  # of the last numbered heading
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
                self._pass_front()
                if self._judged < 0:
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
        if not self._fence and line.mark in _MARKS and _UNDERLINE.match(line.text):
            above = self._before(line)
            if above.length and above.start > self._judged:
                self._judge(above, line)
        if start > self._judged:
            self._judge(line, None)

    def _judge(self, line: _Line, following: _Line | None) -> None:
        self._judged = line.start
        begins = line.mark
        mark = _FENCE.match(line.text) if begins in _FENCES else None
        closes = mark and mark["mark"].startswith(self._fence) and not mark["info"].strip()
        if mark and (not self._fence or closes):
            self._toggle(mark["mark"], line)
        elif not self._fence and not (begins == "<" and self._pass_html(line)):
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
            self._fence = mark

    def _pass_front(self) -> None:
        """Passes over the fields (YAML, TOML) that a text may begin with."""
        tape = self._tape
        front = _FRONT.match(tape.text[: tape.fill(_LONGEST_FRONT)])
        if front is not None and _FIELD.match(front["body"]):
            self._judged = front.end() - 1

    def _pass_html(self, line: _Line) -> bool:
        """Passes over a comment, a script or preformatted HTML that begins in the line; whether there is one."""
        begins = _HTML.match(line.text)
        if begins is None:
            return False
        base = self._tape.base
        end = self._tape.fill(line.start + _LONGEST_FRONT) - base
        ends = "-->" if begins["comment"] else f"</{begins['tag'].lower()}"
        closed = self._tape.text[line.start - base : end].lower().find(ends, begins.end())
        if closed < 0:
            return False
        line_end = self._tape.text.find("\n", line.start - base + closed, end)
        self._judged = (end if line_end < 0 else line_end) + base
        return True

    def _line(self, start: int) -> _Line:
        text, at = self._tape.text, start - self._tape.base
        end = text.find("\n", at, at + _LINE) + 1
        if end:
            return _Line(start, text[at:end], end - at)
        seen = text[at : at + _LINE]
        return _Line(start, seen + "…" if len(seen) == _LINE else seen, len(seen))

    def _row(self, start: int) -> _Line | None:
        at = start - self._tape.base
        return self._line(start) if self._tape.text[at : at + 4].lstrip(" ")[:1] in _MARKS else None

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
        if row["mark"] in "`~" and not 3 < len(following.text.strip()) == len(title):  # rather a fence under a line
            return None
        before = self._before(line)
        overline = _UNDERLINE.match(before.text)
        if not (before.blank or overline) or len(following.text.strip()) < min(len(title), 12):
            return None
        if not _WORD.search(title) or title.startswith(("|", "-", "*", ">")) or "  " in title:
            return None
        if line.text.startswith("    ") or following.text.strip() in _BREAKS or _ATX.match(line.text):
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
        marked = (_ATX.match(content) or _WIKI.match(content)) if line.mark in _HEADS else None
        if marked:
            if content[0] == " " and self._is_in_item(line):
                return None
            level = len(marked["marks"]) - (content[0] == "=")
            return Heading(start, end, level, marked["title"])
        crowded = not self._line(end).blank  # only a short "CHAPTER IV" is a heading with text right below it
        if crowded and (len(content) > 50 or not _NAMED.match(content.strip())):
            return None
        plain = _plain(content) if self._before(line).blank else None
        numbered = plain and _NUMBERED.match(plain[1])
        if plain is None or (numbered and not self._goes_on(line, numbered)):
            return None
        return Heading(start, end, *plain)

    def _is_in_item(self, line: _Line) -> bool:
        """Whether an indented line goes on with a list item above it (CommonMark 5.2), its lazy lines among them."""
        indent, texts = _indent(line.text), False
        for _ in range(_ITEM_LINES):
            line = self._before(line)
            if not line.length or (line.blank and texts):
                return False
            item = _LIST_ITEM.match(line.text)
            if item:
                return indent >= item.end()
            if line.blank:
                continue
            bare = line.text.lstrip()
            if (texts or not _indent(line.text)) and any(one.match(bare) for one in (_ATX, _FENCE, _HTML, _UNDERLINE)):
                return False  # no paragraph, which alone an item goes on in without an indent
            texts = texts or not _indent(line.text)
        return False

    def _goes_on(self, line: _Line, numbered: re.Match[str]) -> bool:
        """Whether a numbered line is the next heading, with text of its own, and not a step, an item or a date."""
        number = tuple(map(int, numbered["number"].split(".")))
        if (self._markdown and len(number) == 1 and numbered["dot"]) or _DATE.match(numbered["title"]):
            return False
        first = self._numbers[0] if self._numbers else 0
        if not first <= number[0] <= max(first, 1) + _MOST_SKIPPED or (
            not first and len(number) == 1 and number[0] > 1
        ):
            return False
        above, below = self._above(line), self._below(line)
        if (not below.strip() and len(number) == 1) or (
            below.startswith((" ", "\t")) and not line.text.startswith((" ", "\t"))
        ):
            return False
        if any(_depth(near) == len(number) for near in (above, below)):
            return False
        self._numbers = number
        return True

    def _above(self, line: _Line) -> str:
        """The last line before `line` that is not blank, of the few that are looked at."""
        before = self._before(line)
        for _ in range(_BLANKS):
            if not before.blank or not before.length or not before.start:
                break
            before = self._before(before)
        return before.text

    def _below(self, line: _Line) -> str:
        """The first line after `line` that is not blank, of the few that are looked at."""
        after = self._line(line.start + line.length)
        for _ in range(_BLANKS):
            if not after.blank or not after.length:
                break
            after = self._line(after.start + after.length)
        return after.text


def _plain(content: str) -> tuple[int, str] | None:
    """Level and title of headings that only their wording tells: numbered, "CHAPTER IV", a line in upper case."""
    title = " ".join(content.split())
    if len(title) > LONGEST_HEADING:
        return None
    named = _NAMED.match(title)
    if named and not title.endswith((",", ";")) and len(title.split()) <= 14 and not _goes_on_small(named["rest"]):
        return _NAMED_LEVELS.get(named["kind"].upper(), 2), title
    numbered = _NUMBERED.match(title)
    if numbered and not title.endswith((".", ",", ";", ":", "?", "!")):
        return min(6, numbered["number"].count(".") + 1), title
    letters = sum(map(str.isalpha, title))
    shouted = title.isupper() and letters >= 3 and letters * 2 > len(title) and len(title) <= 70
    if shouted and not title.endswith((".", ",", ";", "!", "?", '"', "”")) and not title.startswith("<"):
        return (3, title) if len(title.split()) <= _MOST_WORDS and not _SAYS.search(title) else None
    return None


def _goes_on_small(rest: str) -> bool:
    """Whether what follows "Section 5" makes it a sentence."""
    words = rest.split()
    return bool(words) and words[0][0].islower()


def _depth(line: str) -> int:
    """How many numbers a line begins with as a numbered heading or step does; 0 where it begins with none."""
    begins = _STEP_LINE.match(line)
    return begins["number"].count(".") + 1 if begins else 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
