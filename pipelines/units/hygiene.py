"""What is in a text and is not said by it: page numbers, transcript marks, markup, code, front matter."""

from __future__ import annotations

import html
import re

_FURNITURE = re.compile(
    r"\W*(?:page\W+)?(?:\d{1,4}|[ivxl]{1,6})(?:\W+(?:of|/)\W*\d{1,4})?\W*$"  # - 3 -, Page 3 of 10, iv
    r"|[\W_]+$"  # rules, dots, bars
    r"|\[[^\]\n]+\]: \S+$|\.\. (?:[\w:-]+::|_[\w .-]+:)"  # where a link leads, and directives
    r"|(?:table of contents|\(?continued\)?|skip to (?:main )?content)\W*$",
    re.IGNORECASE,
)
_PATH = re.compile(r"(?:[A-Za-z]:\\|\\\\)\S*\\|\.(?:docx?|xlsx?|wpd)\b\S*\W*$")
_LEADERS = re.compile(r"\.{4,}\s*\d*\s*$|(?:\. ){4,}\s*\d*\s*$|(?:… ?){2,}\s*\d+\s*$")
_SOUNDS = (
    "laughter|laughs?|laughing|inaudible|unintelligible|crosstalk|applause|music|silence|pause|noise|cough|sighs?|gap"
)
_MARKS = re.compile(rf"\{{[a-z]{{3,20}}\}}|[\[(<](?:{_SOUNDS})(?: [^\])>\n]{{0,20}})?[\])>]", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:p|br|a|div|span|b|i|u|em|strong|ul|ol|li|h[1-6]|img|table|t[rdh]|tbody|thead|font|sup|sub"
    r"|hr)\b[^<>]{0,300}>",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"!\[([^\]\n]{0,200})\]\([^)\s]{1,400}\)")
_LINK = re.compile(r"(?<!\w)\[([^\]\n]{1,300})\]\([^)\s]{1,400}(?: \"[^\"\n]*\")?\)")
_STRESS = re.compile(r"(?<![\w*])(\*{1,3})(?=\S)([^*\n]{1,400}?)(?<=\S)\1(?![\w*])")
_UNDERSCORED = re.compile(r"(?<![\w`.])(_)(?=\S)([^_\n`]{1,400}?)(?<=\S)\1(?![\w`(])")
_BLANK_BEFORE = re.compile(r"(?<=[\w'’\"”)]) +(?=[,.;:!?](?:\s|$))")
_CLITIC = re.compile(r"(?<=[a-z]) (?=(?:['’](?:s|re|ve|ll|d|m)|n['’]t)\b)", re.IGNORECASE)
_BULLET = re.compile(r"^(?:[-*+•◦▪–—−●■□➢✓]|\#{1,6}|>)\s+")
_ITEM = re.compile(r"^\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]\s+")
_ELSEWHERE = re.compile(
    r"\b(?:information|discussion|details?|description|explanation)s?\b[^.]{0,160}\b(?:is|are|can be|may be|was"
    r"|were)\b[^.]{0,30}"
    r"\b(?:included|found|contained|presented|incorporated|set forth|described|discussed|provided"
    r"|available)\b[^.]{0,40}\b(?:in"
    r"|under|by|at|on)\b"
    r"|\b(?:has|have|having) the (?:same )?meanings? (?:ascribed|assigned|given|set forth|specified)\b"
    r"|^\W*(?:\([^)]{1,60}\) )?(?:please )?(?:see|refer to)\b",
    re.IGNORECASE,
)
_SPACES = re.compile(r"[\s\u00a0\u200b\ufeff]+")
_ENDED = re.compile(r"[.!?:;…。！？｡।॥؟۔።][\"'”’»)\]}」』）】》*_\d,\s\[]*$")
_OPENING = re.compile(r"[\"'“‘«(\[*_]*(?:[^\W\d_]|\d)")
FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(?:.*\n){0,200}?---[ \t]*(?:\n|\Z)")


def is_furniture(line: str) -> bool:
    """Whether a line belongs to the page and not to the text: its number, a rule, a path, a line of contents."""
    bare = line.strip()
    return not bare or _FURNITURE.match(bare) is not None or _LEADERS.search(bare) is not None or _is_path(bare)


def _is_path(line: str) -> bool:
    return line.count("\\") > 2 or (len(line.split()) <= 20 and _PATH.search(line) is not None and line[-1] != ".")


def readable(text: str) -> str:
    """The text on one line without marks of transcripts, markup and escapes; white space as single blanks."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "[" in text:
        text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    if "*" in text:
        text = _STRESS.sub(r"\2", text)
    if "_" in text:
        text = _UNDERSCORED.sub(r"\2", text)
    text = _MARKS.sub(" ", text) if any(mark in text for mark in "{[(<") else text
    text = _BULLET.sub("", _SPACES.sub(" ", text).strip())
    return _CLITIC.sub("", _BLANK_BEFORE.sub("", text)).strip()


def leads_elsewhere(text: str) -> bool:
    """Whether a sentence says where something is told, and not what."""
    return _ELSEWHERE.search(text) is not None


def without_mark(text: str) -> str:
    """An item without its bullet or number."""
    return _ITEM.sub("", _BULLET.sub("", text.strip()))


def is_ended(text: str) -> bool:
    """Whether the text ends as a sentence does."""
    return _ENDED.search(text[-60:]) is not None


def is_whole(text: str) -> bool:
    """Whether the text begins as a sentence does and ends as one: a fragment does not."""
    opening = _OPENING.match(text)
    return opening is not None and not opening[0][-1].islower() and is_ended(text)
