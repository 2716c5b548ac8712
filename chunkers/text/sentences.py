"""Sentences with their exact offsets, by rule, for any script, without downloads.

A sentence ends at terminal punctuation that its surroundings do not explain otherwise (an abbreviation, an initial,
a decimal, a list number, a lower-case word next, code, a table's row), at a blank line, and before a line that starts
an item, a row or a speaker's turn. Thai and Lao, which have no stops, are cut at a space between long runs of letters.
In the spirit of the rules collected for pySBD (Sadvilkar and Neumann, 2020), in one pass.

Whether a place is cut depends only on the 96 characters before it and the 64 after it: so a text can be split from
any place, and the last cut before a place is found without a look at what lies far ahead of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from longdoc.arguments import checked
from longdoc.chunkers.text.abbreviations import Kind, last_word, read
from longdoc.chunkers.text.span import Span

LONGEST_SENTENCE = 1000  # characters

_BEHIND, _AHEAD = 96, 64  # characters around a place that tell whether it is cut; the patterns look no farther
_LONGEST_MATCH = 64
_BLOCK = 256
_SEEN = 48  # characters before a stop
_CLOSERS = "\"'”’»›)\\]}」』）】》〉*_"
_CLOSERS_BEFORE_SPACE = _CLOSERS + "«‹“"  # in German they close; where no space follows they open
_CJK = "。！？｡．"
_PLAIN = ".!?…‼⁇⁈⁉"
_SURE = "।॥؟۔።፧፨։។៕။།༎᠃"  # they do nothing but end a sentence
_UNSPACED = "\u0e01-\u0eff"  # Thai and Lao
_STOPS = _PLAIN + _CJK + _SURE
# One character class in front, so that the search runs in C to the next candidate; each branch consumes nothing that
# another candidate could be, but for the line of a heading.
_CANDIDATE = re.compile(
    rf"""[\n{_STOPS}\f\u2029፡;\u037e\#{_UNSPACED}](?:
    (?<=\n) (?:
        (?= [^\S\n]{{0,40}}+ \n
          | [^\S\n]{{0,24}}+ (?: (?: [-*+•◦▪–—|>] | \d{{1,3}}[.)] | [(]?[a-z0-9]{{1,3}}[)] | \#{{1,6}} | [QA][.:]
              | (?=[A-Z][^\n:]{{0,37}}:) [A-Z][\w.'’-]*(?:\ [A-Z0-9][\w.'’-]*){{0,3}}: ) (?:\s|\Z)
            | [^\n\t]{{0,60}}+\t[^\n\t] | ```\w | ~~~\w | [\[(]?\d\d?:\d\d[:\])\s] | \d{{4}}-\d\d-\d\d[T\s]\d ))
      | (?<=[^\n]\n(?:```|~~~)\n)
      | (?<=[{_UNSPACED}]\n) (?=[{_UNSPACED}]) )
  | (?<=[{_PLAIN}]) ( [{_CLOSERS_BEFORE_SPACE}]{{0,6}}+ (?:\[\d[\d,\ –-]{{0,16}}\]|[⁰¹²³⁴-⁹]{{1,4}})?+
        (?:[\ \u00a0\u202f]?[»]{{1,2}})? ) (?=\s|\Z)
  | (?<=[{_CJK}]) (?<!\d．) (?![{_CJK}!?]) (?:[{_CLOSERS}]|“(?=\s|\Z)){{0,6}}+ (?![、，,{_CJK}])
        (?! (?<=[」』）]) (?: と(?!ころ|うとう|にかく|もかく) | って ) )
  | (?<=[{_SURE}]) (?![{_STOPS}]|\ [{_SURE}]|\ ?\d{{1,4}}\ ?॥|\d|ល។|[\u093a-\u0957])
        (?:[{_CLOSERS}]|“(?=\s|\Z)){{0,6}}+ (?![,;،、.!?])
  | (?<=[\f\u2029])
  | (?<=፡፡) (?!፡)
  | (?<=[\u0370-\u03ff\u1f00-\u1fff][;\u037e]) (?=\s{{1,20}}[\u0386-\u03ab«])
  | (?<=[{_UNSPACED}]{{12}}) (?<![ๆฯ]) (?=\ {{1,4}}[{_UNSPACED}]{{12}})
  | (?<=\#) (?<![^\n]\#) \#{{0,5}}\ [^\n]{{1,54}} (?=\n)
    )""",
    re.VERBOSE,
)
_OPENERS = " \t\r\n\v\f\u00a0\u202f\"'“‘«»‹„([{「『*_¿¡–—-"
_STARTERS = re.compile(
    r"(?:The|This|That|These|Those|It|In|On|At|He|She|We|They|You|An|But|And|However|If|When|As|For|There|His|Her|"
    r"Its|Our|Their|My|After|Before|While|Although|Since|Then|So|What|Who|Why|How|Such|Some|All|Both|To|Not|"
    r"Er|Sie|Es|Wir|Ich|Danach|Dann|Aber)\b|A\s[a-z]|I(?:\s[a-z]|['’])"
)
_SAYS = re.compile(
    r"\s+(?!(?:He|She|They|I|We|It)\b)(?:[A-Z][\w'’.-]{0,12}\ ){1,2}"
    r"(?:said|asked|cried|replied|answered|shouted|whispered|exclaimed|demanded|added|murmured)\b"
)
_IN_STRING = re.compile(r"""(?:\w\(|\w\s?=\s?)(["'])(?:(?!\1).)*\Z|"\s?:\s?"[^"]*\Z""")
_IN_BACKTICKS = re.compile(r"(?:^|[\s(\[\"'])`+[^`\s][^`]*\Z")
_SOFT_BREAK = re.compile(r"[;:,)\]]\s+|\s+")


@checked
def split_sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """The sentences of `text[start:end]`, in order, as spans of `text` with no white space at either edge.

    Only white space lies between them; what stands outside the range is not looked at. A sentence of over 1,000
    characters is given in pieces, cut at punctuation or white space where there is some. Empty and blank text has no
    sentences. Linear in the text.
    """
    end = len(text) if end is None else min(end, len(text))
    body = text if start == 0 and end == len(text) else text[start:end]
    first = 0
    for cut in chain(_cuts(body), (len(body),)):
        last = cut
        while first < last and body[first].isspace():
            first += 1
        while last > first and body[last - 1].isspace():
            last -= 1
        while last - first > LONGEST_SENTENCE:
            piece = _soft_cut(body, first)
            yield Span(start + first, start + piece)
            first = piece
            while body[first].isspace():
                first += 1
        if first < last:
            yield Span(start + first, start + last)
            first = cut


def last_sentence_start(text: str, low: int, high: int, start: int = 0) -> int | None:
    """The last place in `low` to `high`, both of them in, where a sentence of `split_sentences(text, start)` begins.

    None where there is no such place. A place where a sentence of over 1,000 characters was cut into pieces does not
    count. Costs as many characters as lie between `high` and the place found, or `low`.
    """
    low, high = max(low, start), min(high, len(text) - 1)
    if low > high:
        return None
    bottom = low  # a cut may lie before the white space that leads up to `low`
    while bottom > start and text[bottom - 1].isspace():
        bottom -= 1
    last = high + 1  # what lies between here and `high` is blank, or begins no sentence
    for cut in _cuts_backwards(text, bottom, high, start):
        if text[cut:last].strip():
            while text[cut].isspace():
                cut += 1
            return cut
        last = cut
    return None


def _cuts_backwards(text: str, low: int, high: int, start: int) -> Iterator[int]:
    """The cuts of `text[start:]` from `high` down to `low`, both of them in; the text's own start is one."""
    top = high + 1
    while top > low:
        base = max(low, top - _BLOCK)
        left = max(start, base - _BEHIND)
        window = text[left : top + _AHEAD]
        for match in reversed(list(_CANDIDATE.finditer(window, max(0, base - left - _LONGEST_MATCH)))):
            if base <= left + match.end() < top and (match.lastindex is None or _ends_sentence(window, match)):
                yield left + match.end()
        top = base
    if low == start:
        yield start


def _cuts(text: str) -> Iterator[int]:
    for match in _CANDIDATE.finditer(text):
        if match.lastindex is None or _ends_sentence(text, match):
            yield match.end()


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    """Whether the stop that `match` found, closing quotation marks and citation passed over, ends a sentence."""
    mark, end = match.span()
    before, after = _around(text, mark, end)
    following = after.lstrip(_OPENERS)
    if not following:
        return True
    plain = end == mark + 1
    if plain and before[-1].isspace():
        return _stop_alone_ends(before.rstrip(), following)
    if following[0].islower() and not _begins_small(text[mark] if plain else "", before, following):
        return False
    if _in_code(before, after):
        return False
    if text[mark] != ".":
        return plain or not _SAYS.match(after)
    if not plain or before[-1:] in _PLAIN:
        return not following.startswith(".")
    kind = read(last_word(before), before)
    return kind is Kind.WORD or _ends_after(kind, following)


def _around(text: str, mark: int, end: int) -> tuple[str, str]:
    """What stands before and after a stop in its own paragraph; the first begins with a blank line where that does."""
    before, after = text[max(0, mark - _SEEN) : mark], text[end : end + _AHEAD]
    if "\n\n" in before:
        before = before[before.rfind("\n\n") :]
    elif mark <= _SEEN:
        before = "\n\n" + before
    return before, after[: after.find("\n\n")] if "\n\n" in after else after


def _ends_after(kind: Kind, following: str) -> bool:
    """Whether a stop that may belong to the word before it ends a sentence, too."""
    if kind is Kind.NUMBERED:
        return not following[0].isdigit()
    return kind is Kind.PERHAPS and _STARTERS.match(following) is not None


def _begins_small(stop: str, before: str, following: str) -> bool:
    """Whether a small letter begins a sentence: in "iPhone", and in a text that has no capitals."""
    if following[1:2].isupper():
        return True
    if not stop or before[-1:] in _PLAIN or not (before + following).islower():
        return False
    return stop == "." or following.startswith(("i ", "i'"))


def _stop_alone_ends(before: str, following: str) -> bool:
    """Whether a stop with white space before it ends a sentence, as in text that was tokenized already."""
    if before.endswith(".") or following.startswith("."):  # a spaced ellipsis
        return False
    kind = read(last_word(before), before)
    return kind is not Kind.NEVER and (kind is not Kind.NUMBERED or not following[0].isdigit())


def _in_code(before: str, after: str) -> bool:
    """Whether a stop stands in a table's row, between backticks or in a string of a program or of JSON."""
    if "|" in after or "|" in before or "`" in before or '"' in before or "'" in before:
        line, rest = before.rpartition("\n")[2], after.partition("\n")[0]
        if line.startswith("|") or " | " in line or " | " in rest or rest.endswith(" |"):
            return True
        return _IN_STRING.search(line) is not None or ("`" in rest and _IN_BACKTICKS.search(line) is not None)
    return False


def _soft_cut(text: str, start: int) -> int:
    """Where to cut a run-on that begins at `start`: after the last clause or word of its second half."""
    low, high = start + LONGEST_SENTENCE // 2, start + LONGEST_SENTENCE
    clause = word = 0
    for match in _SOFT_BREAK.finditer(text, low, high):
        word = match.start() or word
        if not match[0][0].isspace():
            clause = match.start() + 1
    return clause or word or high
