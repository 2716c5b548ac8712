"""What a document says of itself where it begins: its title, who it is by, its date."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.kinds import Kind
from longdoc.pipelines.digest.reading import Reading, bullet_end
from longdoc.pipelines.digest.section import Fact
from longdoc.pipelines.units.hygiene import is_ended, is_furniture, readable
from longdoc.pipelines.wording.dates import calendar_dates

_READ = 4000  # characters in which a document says what it is
_LINES = 16  # lines among which the title is
_EARLY = 3  # lines among which that of a text in prose is
_TITLE_WORDS = 26
_LINE = re.compile(r"[^\n]+")
_NOUN = re.compile(
    r"\b(?:report|agreement|contract|(?:sub)?lease|form|order|invoice|receipt|estimate|minutes|proposal|protocol|memo"
    r"|memorandum|notice|letter|specification|act|bill|manual|handbook|guide|statement|judgment|decision|release|policy"
    r"|plan|resolution|declaration|certificate|application|survey|review|thesis|newsletter|agenda|transcript|budget"
    r"|prospectus|licen[cs]e|deed|terms|quotation|directive|regulations?|rules?|constitution|treaty|convention)\b",
    re.IGNORECASE,
)
_NO_TITLE = re.compile(
    r"(?:https?:|source:|www\.|exhibit\b|ex-\d|\("
    r"|\[|confidential|page\b|table of contents|contents\b|index\b|distr\.|volume\b"
    r"|introduction\b|abstract\b|background\b|motivation\b|rationale\b|(?:\w+ )?summary\b|overview\b|recitals\b"
    r"|part [ivx1]|chapter\b|produced by|by\b|from\b|\d+\W*$|\.\.|<|\{|#!|//|/\*|import\b|preamble|preface|foreword"
    r"|copyright|[ivx]{1,4}\.\s|1\.?\s+\S|\d{1,2}\.\d|jump to|skip to|menu\b|home\b|search\b|[^\n]{0,40} speaking\."
    r"|\d{1,2}/\d{1,2}\b|[ivxlc一二三第]{1,4}\W*$)|.*\.(?:htm|pdf|docx?|txt)\b",
    re.IGNORECASE,
)
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|will|shall|may|can|must|said)\b")
_BY = re.compile(r"by\b:?\s*(?P<name>[^\W\d_].{2,80})?$", re.IGNORECASE)
_UNDER = re.compile(r"\((?P<label>[A-Z][^()\n]{6,70})\)\s*$")
_RULE = re.compile(r"[ \t]*\n(?P<mark>[=~^*-])(?P=mark){3,}[ \t]*$", re.MULTILINE)
_MARKED = re.compile(r"^ {0,3}(?P<marks>#{1,6})[ \t]+\S", re.MULTILINE)
_MARKUP = re.compile(r"&#?\w+;|[<>]|=\"")
_CAPITALS = re.compile(r"^[ \t]*[A-Z][A-Z ]{6,70}[ \t]*$", re.MULTILINE)
_ALIKE = 3  # headings of one form, above which the first of them is hardly the title of all
_PROSE = 12  # words of a line that is no heading
_BESIDE_DATE = 4  # words that stand with a date where the line ends as a sentence does: "Dated as of"
_PLAIN = re.compile(r"[^\W_][\w.'’&/+-]*[,;:.!?)\"”’]*|[(\"“‘'][^\W_]\S*|[-–—&+/|]|\S*[^\x00-\x7f]\S*")
_READABLE = 0.7  # of the words of a title
_NOTE_MARKS = "*∗†‡§¶"  # behind the name of an author, below the title
_NAME = 7  # words of a company's name
_TEASER = range(8, 71)  # words of a paragraph that says what a story is about
_PARTED = 2  # line breaks between paragraphs; more set one off
_CREDIT = re.compile(r"(?:illustrat|transcrib|a novel|translated|edited|drawing|cover)\w*\b", re.IGNORECASE)
_COMPANY = re.compile(
    r"[\w&.’'-]+,? (?:inc(?:orporated)?|corp(?:oration)?|company|co|ltd|limited|llc|l\.l\.c|plc|p\.l\.c|n\.v|s\.a|ag"
    r"|gmbh|se"
    r"|l\.?p|holdings|group)\.?$",
    re.IGNORECASE,
)
_DATED = 9  # words of a line that is there for its date


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str


_OUTER = re.compile(
    r"^(?:export |default |pub(?:\(\w+\))? |public |abstract |final |static |async )*"
    r"(?P<what>class|struct|enum|trait|interface|def|fn|func|function|type)\s+(?P<name>[A-Za-z]\w*)",
    re.MULTILINE,
)
_TYPES = frozenset(("class", "struct", "enum", "trait", "interface", "type"))
_MOST_NAMES = 12


def title_of(reading: Reading) -> Sentence | None:
    """The title as it stands where the text begins; None where no line there is one."""
    given = str(reading.document.metadata.get("title") or "").strip()
    for part in (given, *re.split(r" [|–—-] ", given)):
        if part and _MARKUP.search(part) is None and (at := reading.text.find(part, 0, _READ)) >= 0:
            return reading.line(at, at + len(part))
    if reading.kind in (Kind.TRANSCRIPT, Kind.CODE):
        return None
    lines = [line for line in _lines(reading.text) if not is_furniture(line.text) and not _is_row(reading.text, line)]
    marks = {len(match["marks"]) for match in _MARKED.finditer(reading.text, 0, _READ)}
    lines = [line for line in lines if not _is_below(reading.text, line, min(marks, default=0))]
    fit = [at for at, line in enumerate(lines) if _is_title(line.text) and _is_over_all(reading.text, lines, at)]
    signed = next((at for at in fit if at + 1 < len(lines) and _is_signature(lines[at + 1].text)), None)
    named = [at for at in fit if _NOUN.search(lines[at].text)]
    if signed is not None and signed < _LINES:
        first: int | None = signed
    elif reading.kind is Kind.FORM:
        first = next((at for at in named if len(lines[at].text.split()) <= 8), None)
    elif reading.kind in (Kind.CONTRACT, Kind.REPORT):
        several = [at for at in fit if len(lines[at].text.split()) > 1]  # one word may be a column's name
        first = next((at for at in named or several if at < _LINES), None)
    else:
        first = next((at for at in fit if at < _EARLY and _is_set_off(reading.text, lines, at)), None)
        if first is None or len(lines[first].text.split()) < 3:
            longer = (at for at in named if len(lines[at].text.split()) > 1)
            first = next((at for at in longer if at < _LINES and _is_set_off(reading.text, lines, at)), first)
    if first is None:
        return None
    return reading.line(lines[first].start, lines[_title_end(reading.text, lines, first)].end)


def _is_below(text: str, line: _Line, top: int) -> bool:
    """Whether a line is a marked heading of a lower level than the first ones are."""
    match = _MARKED.match(text, text.rfind("\n", 0, line.start) + 1)
    return match is not None and len(match["marks"]) > top


def _is_row(text: str, line: _Line) -> bool:
    """Whether a line is cells of a table side by side."""
    return "\t" in text[line.start : line.end].strip()


def _is_signature(line: str) -> bool:
    """Whether a line is "By" and a name."""
    match = _BY.match(line)
    return match is not None and bool(match["name"]) and len(line.split()) <= 7 and line.title() != line.lower()


def _is_over_all(text: str, lines: list[_Line], at: int) -> bool:
    """Whether a line is no part of a sentence that goes on below it, and no heading of a first section like others."""
    line = lines[at]
    below = lines[at + 1] if at + 1 < len(lines) else None
    if below is None:
        return True
    rule = _RULE.match(text, line.end)
    near = text[line.end : below.start].count("\n") < 2
    if near and (below.text[0].islower() or (rule is None and line.text.isascii() and not _is_cased(line.text))):
        return False
    if rule is not None:
        return len(re.findall(rf"^\S[^\n]*\n{re.escape(rule['mark'])}{{4,}}$", text, re.MULTILINE)) <= _ALIKE
    if not line.text.isupper() or _NOUN.search(line.text) or (at == 0 and len(below.text.split()) < _PROSE):
        return True
    return len(_CAPITALS.findall(text)) <= _ALIKE


def _is_set_off(text: str, lines: list[_Line], at: int) -> bool:
    """Whether a line looks like a title: capitals, or nothing around it."""
    line = lines[at]
    if text[max(0, line.start - 4) : line.start].lstrip("\n")[:1] in ("#", "="):
        return True
    words = [word for word in line.text.split() if len(word) > 3]
    capital = sum(word[0].isupper() for word in words)
    alone = at + 1 >= len(lines) or text[line.end : lines[at + 1].start].count("\n") > 1
    return (capital > len(words) / 2 and (alone or line.text.isupper() or at == 0)) or (
        at < 2 and not line.text.isascii()
    )


def _title_end(text: str, lines: list[_Line], first: int) -> int:
    """The last line of a title that goes on in lines of the same case, with no blank one between."""
    last = first
    while last + 1 < len(lines) and last - first < 2:
        above, below = lines[last], lines[last + 1]
        gap = text[above.end : below.start].count("\n")
        same = above.text.isupper() == below.text.isupper()
        joined = " ".join(line.text for line in lines[first : last + 2])
        fits = len(joined.split()) <= _TITLE_WORDS and len(above.text) > 24 and not is_ended(above.text)
        fits = fits and below.text[-1] not in _NOTE_MARKS
        if "\t" in below.text or gap > 1 or not same or not fits or not _is_title(below.text.rstrip(". ")):
            break
        last += 1
    return last


def _is_title(line: str) -> bool:
    words = line.split()
    if not 1 <= len(words) <= 16 or len(line) < 4 or line[-1] in ",;:" or _NO_TITLE.match(line) or "|" in line:
        return False
    if _MARKUP.search(line):
        return False
    if not (line[0].isupper() or line[0].isdigit() or not line[0].isascii()) or "`" in line or "#" in line:
        return False
    letters = sum(map(str.isalpha, line))
    if sum(_PLAIN.fullmatch(word) is not None for word in words) < _READABLE * len(words):
        return False
    said = (
        is_ended(line) and (len(words) < 7 or not _is_cased(line) or _VERB.search(line) is not None) and line.isascii()
    )
    return letters > 0.6 * len(line.replace(" ", "")) and not said


def _is_cased(line: str) -> bool:
    """Whether more than half of the words that are no particles begin with a capital, as those of titles do."""
    long = [word for word in line.split() if len(word) > 3] or line.split()
    return 2 * sum(not word[0].islower() for word in long) > len(long)


def author_of(reading: Reading) -> Sentence | None:
    """The line that says who the text is by; None where none does."""
    lines = list(_lines(reading.text))[: 2 * _LINES]
    for at, line in enumerate(lines):
        match = _BY.match(line.text)
        if match is None or (is_ended(line.text) and len(line.text.split()) > 6):
            continue
        if match["name"] and match["name"].istitle() | match["name"].isupper() and len(match["name"].split()) <= 8:
            return reading.line(line.start + match.start("name"), line.end, "By")
        if not match["name"] and at + 1 < len(lines) and len(lines[at + 1].text.split()) <= 8:
            return reading.line(lines[at + 1].start, lines[at + 1].end, "By")
    return None


def date_of(reading: Reading) -> Sentence | None:
    """The first short line that has a date, as it stands; None where none does."""
    for line in _lines(reading.text):
        if (
            len(line.text.split()) <= _DATED
            and not _MARKUP.search(line.text)
            and ":" not in line.text
            and not is_ended(line.text.rstrip("."))
        ):
            date = next(calendar_dates(line.text), None)
            rest = line.text[: date.start] + line.text[date.end :] if date is not None else "0"
            if line.text.endswith(".") and len(rest.split()) > _BESIDE_DATE:
                continue  # a short sentence
            if date is not None and any(v[:1].isdigit() for v in date.values) and not re.search(r"[\d$€£\[#]", rest):
                return reading.line(line.start, line.end)
    return None


def labelled_below(reading: Reading) -> Iterator[Fact]:
    """What has its label in brackets on the line below it, as on the cover of a form."""
    lines = list(_lines(reading.text))
    for above, line in itertools.pairwise(lines):
        match = _UNDER.match(line.text)
        if match and len(match["label"].split()) > 2 and not above.text.endswith(")") and len(above.text.split()) <= 12:
            label = Span(line.start + match.start("label"), line.start + match.end("label"), reading.source)
            start = bullet_end(reading.text, above.start)
            yield Fact(reading.line(start, above.end, readable(match["label"]), label), 6.0)


def organization(reading: Reading) -> Iterator[Fact]:
    """The line of the opening that is the name of a company by its form, or the first line of what is filled in."""
    for at, line in enumerate(_lines(reading.text)):
        heads = at == 0 and reading.kind is Kind.FORM and _is_title(line.text) and not _NOUN.search(line.text)
        if len(line.text.split()) <= _NAME and (heads or _COMPANY.search(line.text)) and "\t" not in line.text:
            yield Fact(reading.line(line.start, line.end), 6.0)
            return


def teaser(reading: Reading) -> Sentence | None:
    """The paragraph between who a story is by and its beginning, which says what it will be about; None without one."""
    lines = list(_lines(reading.text))[: 2 * _LINES]
    signed = next((at for at, line in enumerate(lines) if _is_signature(line.text)), None)
    for at in range(len(lines) if signed is None else signed + 1, len(lines) - 1):
        line, below = lines[at], lines[at + 1]
        if line.text.startswith("[") or _CREDIT.match(line.text):
            continue
        whole = is_ended(line.text) and len(line.text.split()) in _TEASER
        parted = reading.text[line.end : below.start].count("\n") > _PARTED or below.text.startswith("[")
        return reading.line(line.start, line.end) if whole and parted else None
    return None


def _lines(text: str) -> Iterator[_Line]:
    """The lines where the text begins, without the white space around them; blank ones left out."""
    for match in _LINE.finditer(text, 0, min(len(text), _READ)):
        bare = match[0].strip().lstrip("#=").strip(" =") if match[0].lstrip()[:1] in ("#", "=") else match[0].strip()
        if bare:
            start = match.start() + match[0].index(bare)
            yield _Line(start, start + len(bare), bare)


def defined(reading: Reading) -> list[Sentence]:
    """The types and the functions of the outer level that are not private, each kind a line."""
    found = [match for match in _OUTER.finditer(reading.text) if not match["name"].startswith("_")]
    lines = (
        _named(reading, "Types", [match for match in found if match["what"] in _TYPES]),
        _named(reading, "Functions", [match for match in found if match["what"] not in _TYPES]),
    )
    return [line for line in lines if line is not None]


def _named(reading: Reading, label: str, found: list[re.Match[str]]) -> Sentence | None:
    spans = tuple(Span(*match.span("name"), reading.source) for match in found[:_MOST_NAMES])
    if not spans:
        return None
    return Sentence(f"{label}: {', '.join(span.of(reading.text) for span in spans)}", spans, label=label)
