"""Each line of a text told apart by its form: prose, an item, a label with its value, a row of amounts, furniture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from longdoc.chunkers.text.headings import find_headings
from longdoc.pipelines.units.hygiene import FRONT_MATTER, is_ended, is_furniture
from longdoc.pipelines.wording.ordinary_words import MONTHS


class Form(Enum):
    """What the form of a line says that it is."""

    BLANK = "blank"
    FURNITURE = "furniture"
    HEADING = "heading"
    CODE = "code"
    FIELD = "field"
    ITEM = "item"
    ROW = "row"
    WEAK = "row of one plain number"
    AMOUNTS = "amounts"
    TABLE = "table"
    TURN = "turn"
    PROSE = "prose"


@dataclass(frozen=True, slots=True)
class Line:
    """A line without the white space around it. `cut` is where its label or speaker ends, or its mark; else 0."""

    start: int
    end: int
    text: str
    form: Form
    cut: int = 0
    level: int = 0
    indent: int = 0


_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_ITEM = re.compile(r"(?:[-*+•◦▪–—−●■□➢✓]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])\s+(?=\S)")
_FIELD = re.compile(
    r"(?:[-*•]\s+|\(?[a-z0-9]{1,2}[.)]\s*)?(?:\*{1,2}|__)?"
    r"(?P<label>[^\W_][^:\n|.?!=<>{}\"“]{0,70}?)(?:\*{1,2}|__)?\s?[:：](?:\*{1,2}|__)?(?=\s|$)"
)
_CELL = re.compile(r"[(<+-]*[$€£¥]*[(<+-]*\d[\d,.]*[)%*]*|[$€£¥()%|—–-]+|N/?A|nm", re.IGNORECASE)
_MONEY = re.compile(r"[$€£¥]\s?\d|\d,\d{3}|\d\.\d\d\b|\d\s?%")
_FIRST_CELL = re.compile(r"(\S[^\t\n]*?)\s*(?:\t\s*| {3,})(?=\S)")
_QUESTION = re.compile(r"[QA]\s*[.:]?\s+(?=[A-Z])")
_SCREEN = re.compile(r"[A-Z][A-Z .'’-]{1,30}$")
_CODE = re.compile(
    r"(?:>>>|\.\.\. |\$ |#include|import |from \S+ import|def \w+\(|class \w+[(:]"
    r"|return\b|public |private |function |var |let |const )"
    r"|.*(?:[;{}]$|\)\s*:$|=>|::\w|\w\(\)|==|\breturn\b.*;)"
)
_YEAR = re.compile(r"(?:1\d|20)\d\d[.,;]$")  # that a date goes on with
_HALF, _PARTICLE = 3, 4  # words of half a title; letters of a word that needs no capital in one
_LONG_LABEL = 8  # words
_LONG_ROW = 12  # words before the amounts of a row
_LONG_NAME = 100  # characters of a speaker's name
_TURNS = 6  # lines with a speaker from which a text is a transcript


def lines_of(text: str) -> list[Line]:
    """The lines of a text, in order. Linear."""
    front = FRONT_MATTER.match(text)
    first = front.end() if front and ":" in front[0] else 0
    raw = [(match.start(), match[0]) for match in _LINE.finditer(text)]
    headings = _headings(text)
    speaking = _speakers(line for _, line in raw)
    found: list[Line] = []
    fence = ""
    above: Line | None = None  # the last line that is not blank
    for start, line in raw:
        bare = line.strip()
        at = start + len(line) - len(line.lstrip())
        place = (at, at + len(bare), bare)
        indent = at - start
        mark = _FENCE.match(line)
        if not bare:
            found.append(Line(start, start, "", Form.BLANK))
        elif mark and (not fence or (mark[1].startswith(fence) and bare == mark[1])):
            fence = "" if fence else mark[1]
            found.append(Line(*place, Form.CODE))
        elif fence:
            found.append(Line(*place, Form.CODE))
        elif start < first:
            found.append(_front(place))
        elif start in headings:
            found.append(Line(*place, Form.HEADING, level=headings[start]))
        else:
            found.append(_told(place, indent, speaking, above))
        above = found[-1] if bare else above
    _settle(found)
    return found


def _settle(lines: list[Line]) -> None:
    """Makes rows of one plain number, such as "Suite 600", prose, unless they stand among rows of amounts."""
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and lines[end].form in (Form.WEAK, Form.ROW):
            end += 1
        form = Form.ROW if any(line.form is Form.ROW for line in lines[at:end]) else Form.PROSE
        for place in range(at, end):
            if lines[place].form is Form.WEAK:
                lines[place] = replace(lines[place], form=form)
        at = max(end, at + 1)


def _front(place: tuple[int, int, str]) -> Line:
    bare = place[2]
    match = _FIELD.match(bare)
    if match is None or bare.startswith("#"):
        return Line(*place, Form.FURNITURE)
    return Line(*place, Form.FIELD, match.end())


def _headings(text: str) -> dict[int, int]:
    """The level of each line that is part of a heading, by the line's start. A run of numbered lines is a list."""
    found = list(find_headings(text))
    levels: dict[int, int] = {}
    for at, heading in enumerate(found):
        around = [one for one in found[max(0, at - 1) : at + 2] if one is not heading]
        item = _ITEM.match(text[heading.start : heading.end].lstrip())
        if item and any(_follows(text, *sorted((heading, one))) for one in around):
            continue
        start = heading.start
        while start < heading.end:
            levels[start] = heading.level
            start = (text.find("\n", start) + 1) or heading.end
    return levels


def _follows(text: str, first: tuple[int, int, int, str], second: tuple[int, int, int, str]) -> bool:
    """Whether both are numbered and nothing stands between them."""
    numbered = all(_ITEM.match(text[one[0] : one[1]].lstrip()) for one in (first, second))
    return numbered and not text[first[1] : second[0]].strip()


def _speakers(lines: Iterator[str]) -> frozenset[str]:
    """The names that stand before a colon again and again, where they do so on most lines: a transcript's speakers."""
    said: dict[str, int] = {}
    counted = 0
    for line in lines:
        bare = line.strip()
        if not bare:
            continue
        counted += 1
        name, colon, rest = bare.partition(":")
        if colon and rest.strip() and 0 < len(name) <= _LONG_NAME and len(name.split()) <= 14 and name[0].isupper():
            said[name] = said.get(name, 0) + 1
    again = {name for name, times in said.items() if times > 1}
    turns = sum(said[name] for name in again)
    share = turns / counted if counted else 0.0
    if turns < _TURNS or share < 0.3 or (share < 0.6 and turns < 3 * len(again)):
        return frozenset()
    return frozenset(name for name in said if name in again or _SPOKEN.fullmatch(speaker_in(name)))


_SPOKEN = re.compile(r"(?!I\b)[^\W\d_a-z][\w.'’-]*(?:,?\s(?:[^\W\d_a-z][\w.'’-]*|of|the|and|de|da|van|von|der)){0,6}")


def speaker_in(name: str) -> str:
    """What stands before a colon without what is said of the speaker in brackets behind it: a party, an office."""
    bare, bracket, _ = name.partition(" (")
    return bare if bracket and name.endswith(")") else name


def _told(place: tuple[int, int, str], indent: int, speaking: frozenset[str], above: Line | None) -> Line:
    bare = place[2]
    if above is not None and above.text[-1] == "," and _YEAR.match(bare):
        return Line(*place, Form.PROSE, indent=indent)
    if is_furniture(bare) and not _MONEY.search(bare):
        return Line(*place, Form.FURNITURE)
    name, colon, _ = bare.partition(":")
    if colon and name in speaking:
        return Line(*place, Form.TURN, len(name) + 1)
    if bare.startswith("|") or (" | " in bare and bare.count("|") > 1) or bare.count("\t") > 2:
        row = _amounts(place) if not bare.startswith("|") else None
        return row or Line(*place, Form.TABLE)
    if indent >= 4 and _goes_on_with_code(bare, above):
        return Line(*place, Form.CODE)
    item = _ITEM.match(bare)
    field = _FIELD.match(bare)
    if (
        field
        and is_label(field["label"])
        and not _is_title(bare, field)
        and not (item and not bare[0].isalnum() and bare[0] != "(")
    ):
        return Line(*place, Form.FIELD, field.end(), indent=indent)
    if item:
        return Line(*place, Form.ITEM, item.end(), indent=indent)
    return _amounts(place) or Line(*place, Form.PROSE, indent=indent)


def _is_title(bare: str, field: re.Match[str]) -> bool:
    """Whether a label and what is behind it are the two halves of a title: several words each, all with capitals."""
    halves = field["label"].split(), bare[field.end() :].split()
    long = [word for half in halves for word in half if len(word) > _PARTICLE]
    return min(map(len, halves)) >= _HALF and all(word[0].isupper() and word.isalpha() for word in long)


def _goes_on_with_code(bare: str, above: Line | None) -> bool:
    if above is None or _CODE.match(bare):
        return _CODE.match(bare) is not None
    return above.text.endswith("::") or (above.form is Form.CODE and _FENCE.match(above.text) is None)


def label_in(text: str) -> str:
    """The label that a text begins with, as `Label: value` does; "" where it begins with none."""
    field = _FIELD.match(text)
    return field["label"].strip() if field and is_label(field["label"]) and text[field.end() :].strip() else ""


def is_label(words: str) -> bool:
    """Whether these words before a colon name what follows: few, and no clause."""
    said = words.split()
    if words.count("(") != words.count(")"):
        return False
    if not said or len(said) > _LONG_LABEL or not (said[0][0].isupper() or said[0][0].isdigit() or len(said) <= 2):
        return False
    lower = sum(word[0].islower() and len(word) > 4 for word in said[1:])
    return len(said) <= 3 or lower <= (len(said) + 1) // 2 - 1 or ("," not in words and len(said) <= 5)


def _amounts(place: tuple[int, int, str]) -> Line | None:
    """The line as a row, a label and the amounts behind it, or as amounts alone; None where it is neither."""
    bare = place[2]
    tabbed = _tabbed(bare)
    if tabbed:
        return Line(*place, Form.ROW, tabbed)
    parts = bare.split()
    numbers = 0
    while parts and _CELL.fullmatch(parts[-1]):
        numbers += any(map(str.isdigit, parts.pop()))
    if not numbers or (parts and (bare[-1] == "," or parts[-1].strip(".,").casefold() in MONTHS)):  # a date
        return None
    if not parts:
        return Line(*place, Form.AMOUNTS, 0) if numbers > 1 or _MONEY.search(bare) else Line(*place, Form.FURNITURE)
    if len(parts) > _LONG_ROW or (is_ended(" ".join(parts)) and not parts[-1].endswith((":", ")"))):
        return None
    tail = bare[_cut(bare, len(parts)) :]
    if numbers < 2 and not _MONEY.search(tail) and "\t" not in bare:
        return Line(*place, Form.WEAK, _cut(bare, len(parts))) if len(parts) < 4 else None
    return Line(*place, Form.ROW, _cut(bare, len(parts)))


def _tabbed(bare: str) -> int:
    """Where the first cell of a row ends whose cells stand apart, the others all amounts; 0 where it is none."""
    match = _FIRST_CELL.match(bare)
    if match is None or not any(map(str.isalnum, match[1])):
        return 0
    rest = bare[match.end() :].split()
    amounts = [one for one in rest if any(map(str.isdigit, one))]
    return match.end(1) if amounts and all(_CELL.fullmatch(one) for one in rest) else 0


def _cut(bare: str, words: int) -> int:
    """Where the first `words` words of a line end."""
    ends = [match.end() for match, _ in zip(re.finditer(r"\S+", bare), range(words), strict=False)]
    return ends[-1]


def amounts_of(text: str) -> list[str]:
    """The amounts of a row's end as they are read: "$ 19,845.00" is one."""
    cells: list[str] = []
    sign = ""
    for part in text.split():
        if any(map(str.isdigit, part)):
            cells.append(sign + part)
            sign = ""
        elif part in ("$", "€", "£", "¥"):
            sign = part
        elif part in (")", "%", ")%") and cells and not sign:
            cells[-1] += part
        elif part in ("—", "–", "-", "--", "N/A", "NA", "nm"):
            cells.append(sign + part)
            sign = ""
    return cells


def holds_amounts(text: str) -> bool:
    """Whether the text has a sum of money, a share or a large number."""
    return _MONEY.search(text) is not None


def columns_of(headers: Sequence[Line], count: int) -> tuple[list[str], list[Line]]:
    """The names of `count` columns out of the header lines above a row, nearest first, and the lines they stand in."""
    rows = [_header_cells(line) for line in headers]
    for at, names in enumerate(rows):
        if len(names) == count + 1 and (count > 1 or _stands_apart(headers[at])):
            return names[1:], [headers[at]]
        above = rows[at + 1] if at + 1 < len(rows) else []
        folded = [*above[:-1], f"{above[-1]} {names[0]}", *names[1:]] if above and names else []
        if len(folded) == count + 1 and len(above) > 1:  # a header of two lines
            return folded[1:], [headers[at + 1], headers[at]]
        if len(names) == count and count > 1:
            return names, [headers[at]]
    return [], []


def _stands_apart(line: Line) -> bool:
    """Whether the cells of a line do, or its last one is a number: a title's two words name no column."""
    return re.search(r"\t|\s{2,}", line.text) is not None or any(map(str.isdigit, line.text.split()[-1]))


def _header_cells(line: Line) -> list[str]:
    """The cells of a header: what stands apart, else its words."""
    cells = [cell.strip() for cell in re.split(r"\t+|\s{2,}", line.text) if cell.strip(" \t$|")]
    return cells if len(cells) > 1 else line.text.split()
