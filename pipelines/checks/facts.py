"""Dates, names and quotations of a sentence, which can be looked up letter by letter.

[str(fact) for fact in facts("Ann Lee came in May 2020.")]  ->  ["date May 2020", "name Ann Lee"]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from longdoc.pipelines.checks.quantities import Place, Scale, number_problems
from longdoc.pipelines.wording import dates as calendar_dates
from longdoc.pipelines.wording.ordinary_words import MONTHS, ORDINARY, looks_ordinary
from longdoc.pipelines.wording.pairing import plain

_WORD = re.compile(r"[^\W\d_](?:[\w&]|[.'’-](?=\w))*\.?")
_NAME_WORD = re.compile(r"[^\W\d_](?:\.(?:[^\W\d_]\.)+|(?:[\w&]|['’](?=\w))*\.?)")  # hyphens and dots divide
_TITLE = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|sr|jr|rev|hon|gen|col|capt|lt|sgt|gov|sen|rep|pres)\.?$", re.IGNORECASE)
_OWNS = re.compile(r"[^\W_]['’]s$")
_PERIOD = re.compile(r"(?:[QH]\d|FY\d*)")
_OPENING = re.compile(r"(?:[.!?…:;|#>—–]|--)[\s\"'“‘«„(\[{*_`]*$|(?:[,\s]|^)[\"“‘«„]$")
_ENDINGS = ("", "s", "es", "n", "an", "ian", "ns", "ans", "ians", "ish", "ese", "ic", "al", "e")
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|nicht|ein|eine|mit|von|zu|den|dem|auf)\b", re.IGNORECASE)

_QUOTED = re.compile(
    r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|``(.+?)''|「([^「」]+)」|『([^『』]+)』"
    r"|(?<![\w.,!?;])\"(?=\S)([^\"]+)(?<=\S)\"(?!\w)|(?<!\w)‘((?:[^‘’]|’(?=\w))+)’(?!\w)|(?<![\w'])'(?=\w)((?:[^'\n]|'(?=\w))+)'(?![\w'])"
)
_IN_BRACKETS = re.compile(r"(?<![\w'’-])(?P<long>(?:[^\W_][\w'’-]{0,40}\s+){1,8})\((?P<short>[A-Z][A-Za-z]{1,6})\)")
_REFERENCE = re.compile(
    r"[ \t]{0,3}\[[ \t]?\d{1,4}(?:[ \t]{0,2}[,;–-][ \t]{0,2}\d{1,4}){0,20}[ \t]?\]"
    r"|[ \t]{0,3}\([^()\n]{0,80}\bet al\b[^()\n]{0,80}\)|[ \t]{0,3}\([,; \t]{0,9}\)"
    r"|[ \t]?[,–-][ \t]?\d{1,4}(?:[ \t]{0,2}[,–-][ \t]{0,2}\d{1,4}){0,20}\]"
    r"|[ \t]{0,3}\((?:see\s|e\.g\.,?\s)?[A-Z][^()\d]{1,60},\s?(?:19|20)\d\d[a-z]?(?:;[^()]{0,200})?\)"
)
_LISTED = re.compile(r"^\s*\(?\d{1,2}[.)]\s+(?=[A-Z])")
_REFERS = re.compile(rf"(?m)(?<=[\w,;(])(?:{_REFERENCE.pattern})|^[ \t]{{0,9}}\(?\d{{1,2}}[.)]\s")
_CODED = re.compile(r"(?<![^\W_])([A-Za-z]{2,})([-‐ ]?)(\d+)(?![\d.,]*\d)")
_CUT = re.compile(r"\[[^\]]*\]|\.\s?\.\s?\.|…")
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of a claim, as it is written there, and what bears it out.

    Every one of `parts` has to be found; a part is a set of forms any one of which will do.
    """

    kind: Literal["date", "name", "number", "quotation"]
    text: str
    parts: tuple[frozenset[str], ...]

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"


def facts(text: str) -> list[Fact]:
    """All facts of `text` that can be checked, quotations last."""
    return [*dates(text), *names(text), *quotations(text)]


def dates(text: str) -> list[Fact]:
    """The dates of `text` that name a month; a year alone is a number."""
    return [Fact("date", date.text, (date.values,)) for date in calendar_dates.calendar_dates(text)]


def names(text: str) -> list[Fact]:
    """The runs of capitalised words in `text` that are not explained by where they stand or as ordinary words."""
    spelled = _spelled_out(text)
    runs = [run for run in _runs(text) if len(run) > 1 or run[0].rstrip(".") not in spelled]
    if capitalizes_nouns(text):
        runs = [run for run in runs if len(run) > 1 and not _GERMAN.match(run[0])]
    return [_name(run) for run in runs]


def _spelled_out(text: str) -> set[str]:
    """The initials that the text itself gives for words before them: "autism spectrum disorder (ASD)"."""
    found: set[str] = set()
    for match in _IN_BRACKETS.finditer(text):
        letters = match["short"].rstrip("s").casefold()
        words = re.findall(r"[^\W_]+", match["long"].casefold())
        starts = [word for word in words if word[0] == letters[0]]
        if starts and _in_order(letters, "".join(words[words.index(starts[0]) :])):
            found.add(match["short"])
    return found


def _in_order(letters: str, text: str) -> bool:
    """Whether the text has the letters one behind the other, whatever stands between them."""
    left = iter(text)
    return all(letter in left for letter in letters)


def without_references(text: str) -> str:
    """The text without its number in a list and without the marks that it cites works by, [12] or (Lee et al., 2020).

    Itself where no words are left.
    """
    left = " ".join(_REFERENCE.sub("", _LISTED.sub("", text)).split())
    return left if any(map(str.isalpha, left)) else text


def refers(text: str) -> bool:
    """Whether a text cites works by such marks, or numbers its lines, so that those of a claim can be looked up."""
    return _REFERS.search(text) is not None


def quotations(text: str) -> list[Fact]:
    """What `text` has in quotation marks; an ellipsis or a bracketed change divides a quotation into parts."""
    found = []
    for match in _QUOTED.finditer(text):
        quoted = next(group for group in match.groups() if group is not None)
        pieces = [_sequence(piece) for piece in _CUT.split(quoted)]
        parts = tuple(frozenset([piece]) for piece in pieces if any(map(str.isalnum, piece)))
        if parts:
            found.append(Fact("quotation", f'"{" ".join(quoted.split())}"', parts))
    return found


def codes(text: str, *, apart: bool = False) -> Iterator[tuple[str, str]]:
    """Letters and digits of codes such as EIP-1559 and CO2; with `apart` those with a blank between them too."""
    for match in _CODED.finditer(text):
        if apart or match[2] != " ":
            yield match[1].casefold(), match[3]


def missing_facts(claim: str, evidence: str) -> list[str]:
    """The facts of `claim` that `evidence` does not have, such as "number 1,200"; none for a claim without facts."""
    known, read = Told(plain(evidence)), plain(claim)
    place = Place(plain(evidence), Scale.of(evidence), evidence, row=True)
    figures = [f"number {one.text}" for one, problem, _ in number_problems(read, [place], []) if problem is not None]
    return [*figures, *(str(fact) for fact in facts(read) if not known.bears_out(fact))]


class Told:
    """Text to look facts up in, read once however many there are. Linear in the text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def bears_out(self, fact: Fact) -> bool:
        """Whether the text has the fact, in whatever form."""
        if fact.kind == "quotation":
            return all(any(form in self._words for form in part) for part in fact.parts)
        if fact.kind == "date":
            return all(not self._dates.isdisjoint(part) for part in fact.parts)
        return self._has_name(fact)

    def lacks(self, fact: Fact) -> list[int]:
        """Which parts of a name the text does not have."""
        return [at for at, part in enumerate(fact.parts) if self._names.isdisjoint(part)]

    def _has_name(self, fact: Fact) -> bool:
        if any(form.startswith("acronym:") and form in self._names for form in fact.parts[0]):
            return True  # the whole name as its initials
        return all(not self._names.isdisjoint(part) for part in fact.parts)

    def other_codes(self, text: str) -> list[str]:
        """The codes of another text whose letters stand here with other digits alone."""
        return [
            f"{letters.upper()}-{digits}"
            for letters, digits in codes(text)
            if letters in self._codes and digits not in self._codes[letters]
        ]

    @cached_property
    def _codes(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for letters, digits in codes(self._text, apart=True):
            found.setdefault(letters, set()).add(digits)
        return found

    @cached_property
    def _dates(self) -> set[str]:
        return calendar_dates.borne_out(self._text)

    @cached_property
    def _words(self) -> str:
        return _sequence(self._text)

    @cached_property
    def _names(self) -> set[str]:
        return set(_name_forms(self._text))


def capitalizes_nouns(text: str) -> bool:
    """Whether nouns are written with a capital here, as in German, so that one alone is no sign of a name."""
    return len(_GERMAN.findall(text)) * 10 > len(text.split())


def _runs(text: str) -> Iterator[list[str]]:
    run: list[str] = []
    end = 0
    for match in _NAME_WORD.finditer(text):
        word = match[0]
        if run and text[end : match.start()] not in (" ", "-", "\n", ""):
            yield run
            run = []
        if _is_name(text, match):
            run.append(word)
        elif run and not _TITLE.match(word):
            yield run
            run = []
        end = match.end() - (word.endswith(".") and not _is_initial(word))
        if run and _OWNS.search(word):
            yield run
            run = []
    if run:
        yield run


def _is_initial(word: str) -> bool:
    return len(word) == 2 and word[0].isupper() and word[1] == "."


def _is_name(text: str, match: re.Match[str]) -> bool:
    word = _bare(match[0])
    lower = word.casefold()
    if lower in ORDINARY or lower in MONTHS or _TITLE.match(word) or _PERIOD.fullmatch(word):
        return False
    if word[1:] != word[1:].lower() and len(word) > 1:
        return True
    if not word[0].isupper() or (len(word) == 1 and not _is_initial(match[0])):
        return False
    if not _opens(text, match.start()):
        return True
    return not looks_ordinary(word, text[match.end() : match.end() + 60])


def _opens(text: str, position: int) -> bool:
    """Whether a sentence or a quotation begins here, so that a capital says nothing."""
    before = text[max(0, position - 16) : position]
    if position <= 16 and not before.strip("\"'“‘«„([{*_` \n#>|"):
        return True
    return _OPENING.search(before) is not None and not _TITLE.search(before.rstrip())


def _name(run: list[str]) -> Fact:
    words = [_bare(word) for word in run]
    parts = []
    for place, word in enumerate(words):
        forms = {_fold(word), *(_stems(_fold(word)))}
        if _is_initial(run[place]) or len(word) == 1:
            forms.add(f"initial:{_fold(word)[:1]}")
        elif word[:-1].isupper() and word.endswith("s"):
            forms.add(_fold(word[:-1]))
        forms |= {f"{_fold(word)[:1]}. {_fold(other)}" for other in words if other is not word}
        if len(words) > 1:
            forms.add("acronym:" + "".join(_fold(one)[:1] for one in words))
        elif word.replace(".", "").isupper() and len(word) > 1:
            letters = _fold(word).replace(".", "")
            forms |= {f"acronym:{letters}", f"spelled:{letters}"}
        parts.append(frozenset(form for form in forms if form))
    text = " ".join([*run[:-1], words[-1]])
    return Fact("name", text, tuple(parts))


def _name_forms(text: str) -> Iterator[str]:
    """What names a claim may give about `text`: each of its words, stems, initials, and acronyms both ways."""
    words = [(_bare(match[0]), match[0]) for match in _WORD.finditer(text)]
    initials = ""  # of the words just passed, a capital for a capital
    before = ""
    for bare, written in words:
        folded = _fold(bare)
        yield from (folded, *_stems(folded), *folded.replace("-", ".").split("."))
        yield from re.findall(r"[^\W_]+", folded)
        if folded != folded.rstrip("0123456789"):
            yield from (folded.rstrip("-0123456789"), folded.replace("-", ""))
        if written[0].isupper():
            yield f"initial:{folded[:1]}"
            if bare.replace(".", "").isupper() and len(bare) > 1:
                yield f"acronym:{folded.replace('.', '')}"
        if before:
            yield f"{before}. {folded}"
        before = folded if len(bare) == 1 and written[0].isupper() else ""
        initials = (initials + (folded[:1].upper() if written[0].isupper() else folded[:1]))[-6:]
        for last in (initials[-size:] for size in range(2, len(initials) + 1)):
            if len(last) > 3 or last.isupper():
                yield f"spelled:{last.casefold()}"
    for word in re.findall(r"\w+", text):
        yield from (_fold(word), _fold(word.replace("_", "")), *_stems(_fold(word)))


def _bare(word: str) -> str:
    """The word without a possessive and without the stop at its end."""
    return re.sub(r"['’]s?$", "", word.rstrip(".")) or word


def _fold(word: str) -> str:
    """Lower case without accents, apostrophes alike."""
    plain = unicodedata.normalize("NFKD", word.replace("’", "'"))
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def _stems(word: str) -> set[str]:
    """Marks that `America`, `American` and `Americans` share."""
    return {f"{word.removesuffix(end)}~" for end in _ENDINGS if word.endswith(end) and len(word) - len(end) > 3}


def _sequence(text: str) -> str:
    """The words of `text`, each between blanks, so that a run of whole words is a substring.

    Case, white space, punctuation and kinds of quotes and dashes do not count; in text without words, symbols do.
    """
    tokens = _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())
    words = [token for token in tokens if token[0].isalnum()]
    return f" {' '.join(words)} " if words else f" {' '.join(tokens)} "
