"""Sentences with their exact offsets, by rule, for any script, without downloads.

A sentence ends at terminal punctuation that its surroundings do not explain otherwise (an abbreviation, an initial,
a decimal, a list number, a lower-case word next), at a blank line, and before a line that starts an item, a row or
a speaker's turn. In the spirit of the rules collected for pySBD (Sadvilkar and Neumann, 2020), in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from longdoc.chunkers.span import Span

LONGEST_SENTENCE = 1000  # characters

_CLOSERS = "\"'”’»)\\]}」』）】》*_"
_CJK = "。！？｡"
_STOPS = ".!?।॥؟۔።…‼⁇⁈⁉"
_BOUNDARY = re.compile(
    rf"""
    (?P<cjk>   [{_CJK}]+ [{_CLOSERS}{_CJK}]* )
  | (?P<stop>  (?<![{_STOPS}]) [{_STOPS}]++ [{_CLOSERS}]*+ (?:\[\d[\d,\s–-]*\])? ) (?=\s|$)
  | (?P<blank> \n [^\S\n]*+ \n \s*+ | \f\s*+ )
  | (?P<line>  \n (?= [^\S\n]* (?: [-*+•◦▪–—|>]\s | \d{{1,3}}[.)]\s | [(]?[a-z0-9]{{1,3}}[)]\s | \#{{1,6}}\s
                     | [A-Z][\w.'’-]*(?:\ [A-Z][\w.'’-]*){{0,3}}:\s ) ) )
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"""(?:^|(?<=[\s("“‘\[—–-])|(?<=\W'))
    (?: (?i:mr|mrs|ms|dr|prof|rev|hon|sr|jr|st|mt|gen|col|capt|cpt|lt|sgt|maj|cmdr|adm|gov|sen|rep|pres|messrs|mme|mlle
        |vs|etc|cf|al|ca|approx|resp|fig|figs|eq|eqs|eqn|sec|sect|ch|chap|vol|vols|no|nos|nr|pp|pg|ed|eds|ref|refs
        |tab|art|para|cl|ss|par|app|ex|inc|ltd|co|corp|llc|plc|bros|dept|univ|assn|est|min|max|avg|std
        |jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun
        |e\.g|i\.e|a\.m|p\.m|u\.s|u\.k|u\.n|u\.s\.a|ph\.d|m\.d|b\.a|m\.a|j\.d|viz|ibid|op|cit|id|supra|spp|sp|subsp
        |z\.b|d\.h|bzw|usw|geb|bd|nr|ggf|str|dipl|ing|sra|srta|ud|uds|mme)
      | [A-Z] | (?:[A-Z]\.)+[A-Z] | [a-z] )$""",
    re.VERBOSE,
)
_MAY_END = re.compile(
    r"(?:etc|al|inc|ltd|co|corp|jr|sr|a\.m|p\.m|u\.s|u\.k|u\.s\.a|ph\.d|m\.d|llc|plc)$", re.IGNORECASE
)
_ORDINARY = re.compile(r"(?i:no|nos|sat|sun)$|(?:app|art|cl|dec|est|ex|id|mar|max|min|mon|op|par|ref|sec)$")
_STARTERS = re.compile(
    r"(?:The|This|That|These|Those|It|In|On|At|He|She|We|They|I|You|A|An|But|And|However|If|When|As|For|There|His|Her|"
    r"Its|Our|Their|My|After|Before|While|Although|Since|Then|So|What|Who|Why|How|Such|Some|All|Both|To)\b"
)
_LIST_NUMBER = re.compile(r"(?:^|\n)[^\S\n]*[(]?(?:\d{1,3}|[ivxlc]{1,5}|[A-Za-z])$", re.IGNORECASE)
_SOFT_BREAK = re.compile(r"[;:,)\]]\s+|\s+")


def split_sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """The sentences of `text[start:end]`, in order, as spans of `text` with no white space at either edge.

    Only white space lies between them. A sentence of over 1,000 characters is given in pieces, cut at punctuation
    or white space where there is some. Empty and blank text has no sentences. Linear in the text.
    """
    end = len(text) if end is None else end
    first = start
    for match in _BOUNDARY.finditer(text, start, end):
        if match.lastgroup == "stop" and not _ends_sentence(text, first, match, end):
            continue
        yield from _pieces(text, first, match.end())
        first = match.end()
    yield from _pieces(text, first, end)


def _ends_sentence(text: str, first: int, match: re.Match[str], end: int) -> bool:
    mark = match.start()
    following = _next_word(text, match.end(), end)
    if not following:
        return True
    if mark > first and text[mark - 1].isspace():
        return _stop_alone_ends(text[max(first, mark - 16) : mark].rstrip(), following)
    if following[0].islower():
        return False
    if text[mark] != "." or (match.end() - mark > 1 and text[mark + 1] in ".!?"):
        return True
    before = text[max(first, mark - 12) : mark]
    if _LIST_NUMBER.search(text[max(first - 1, mark - 8, 0) : mark]) and mark - first <= 6:
        return False
    abbreviation = _ABBREVIATION.search(before)
    if abbreviation is None or match.end() > mark + 1:
        return True
    if _ORDINARY.match(abbreviation[0]):  # a word that is only short for another before a number
        return not following[0].isdigit()
    if _MAY_END.search(abbreviation[0]) or abbreviation[0] == "I":
        return _STARTERS.match(following) is not None
    return False


def _stop_alone_ends(before: str, following: str) -> bool:
    """Whether a stop with white space before it ends a sentence, as in text that was tokenized already."""
    if before.endswith(".") or following.startswith("."):  # a spaced ellipsis
        return False
    abbreviation = _ABBREVIATION.search(before)
    if abbreviation is None or len(abbreviation[0]) == 1 or _MAY_END.search(abbreviation[0]):
        return True
    return _ORDINARY.match(abbreviation[0]) is not None and not following[0].isdigit()


def _next_word(text: str, position: int, end: int) -> str:
    """The next characters that tell a sentence's start, quotation marks and brackets passed over."""
    return text[position : min(end, position + 40)].lstrip(" \t\r\n\v\f\u00a0\"'“‘«([{「『*_")[:16]


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONGEST_SENTENCE:
        cut = _soft_cut(text, start)
        yield Span(start, cut)
        start = cut
        while text[start].isspace():
            start += 1
    if start < end:
        yield Span(start, end)


def _soft_cut(text: str, start: int) -> int:
    """Where to cut a run-on that begins at `start`: after the last clause or word of its second half."""
    low, high = start + LONGEST_SENTENCE // 2, start + LONGEST_SENTENCE
    clause = word = 0
    for match in _SOFT_BREAK.finditer(text, low, high):
        word = match.start() or word
        if not match[0][0].isspace():
            clause = match.start() + 1
    return clause or word or high
