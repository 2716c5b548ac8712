"""What a question asks for: its words, the kind of thing that answers it, and how much of an answer it wants."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from longdoc.pipelines.checks.facts import names
from longdoc.pipelines.wording.dates import borne_out, calendar_dates
from longdoc.pipelines.wording.words import content_words, stem

_NUMBER = re.compile(
    r"\bhow (?:much|many|long|old|far|large|big|high|often|accurate|precise|fast|tall|deep|wide|heavy|likely"
    r"|expensive)\b|\bwhat (?:is|was|were|are|percent\w*|number|amount)\b.*"
    r"\b(?:amount|number|percent\w*|rate|ratio|total|value|price|cost|size|sum|length|height|weight"
    r"|distance|speed|age|score|balance|budget|fee|rent|salary|width)\b",
    re.IGNORECASE | re.DOTALL,
)
_DATE = re.compile(r"\bwhen\b|\b(?:what|which|in what|in which) (?:year|date|day|month|century|time)\b", re.IGNORECASE)
_NAME = re.compile(r"^\W*(?:and |but )?(?:who|whom|whose|where)\b|\b(?:by|to|with|from|of) whom\b", re.IGNORECASE)
_WHO_IS = re.compile(r"\b(?:[Ww]ho|[Ww]hat) (?:is|are|was|were) (?:the )?[^\W\da-z]")
_DEFINES = re.compile(
    r"\b(?:is|was|are|were|called|named)\s+(?:an?|the|one)\b|,\s+(?:an?|the|who|whose)\b|, [^,.]{4,60}, was\b"
)
_ASKED = re.compile(
    r"\bwhat (?:did|does|was|is) .{1,60}\bask(?:ed|s|ing)?\b(?! for\b| to\b)|^\W*who (?:asks?|asked|wants? to know"
    r"|wanted to know)\b",
    re.IGNORECASE,
)
_NAMING = re.compile(  # what something is called, and not who calls someone
    r"(?:(?:,|\b(?:is|are|was|were|be|been|being)|\ban?\s(?:[\w-]+\s){0,5}[\w-]+)\s+"
    r"|\b[a-z]{3,}s\s+(?=\w+\s(?!an?\b|the\b)))"
    r"(?:called|named|termed|dubbed|known as|referred to as)\s+(?:an?\s+|the\s+)?"
    r"(?P<term>(?:[\w’'-]+\W+){0,3}[\w’'-]+)",
    re.IGNORECASE,
)
_REASON = re.compile(r"\bwhy\b|\breasons?\b|\bcauses?\b|\bwhat (?:drove|led|made|makes)\b", re.IGNORECASE)
_SHORT = re.compile(r"\b(?:who|which|where|is|are|does|do|did|was|were|has|have|can|could)\b", re.IGNORECASE)
_BROAD = re.compile(
    r"\b(?:describe|summari[sz]e|discuss|explain|outline|plot|overview|tell me|how (?:do|does|did|is|are|was|were)"
    r"|what (?:happen\w*|did .+ (?:think|say|discuss))|compare|relationship|role|significance|setting)\b",
    re.IGNORECASE,
)
_ASKING = content_words(
    "answer question describe summarize summarise discuss explain outline tell give state list name according document "
    "text passage article story paper happen happens happened please know based information provided assume rounded "
    "nearest decimal places return units using only primarily shown within details clearly mention mentioned plot book "
    "summary overview topic theme subject chapter transcript meeting conversation work author many number count all "
    "every each following different various say says said ask asks asked think thinks thought tell told "
    "main key major principal biggest important company firm"
)
_FISCAL = re.compile(r"\b(?:FY|CY|Q[1-4]\s?(?:FY)?)\s?'?((?:19|20)\d\d)\b", re.IGNORECASE)
_PREAMBLE = re.compile(r"\A[^?]*\bquestion\b[^:?]{0,120}:\s+(?=\w)", re.IGNORECASE)
_ORDER = re.compile(  # how to answer, which says nothing about what
    r"(?<=[?.])\s+(?:please )?(?:answer|round|base|give|return|respond|use|if|assume|calculate) [^?]*\Z", re.IGNORECASE
)
_HOW = re.compile(r"\bhow (\w+)(?= (?:is|are|was|were|does|do|did|has|have|will|would|can)\b| \w+)", re.IGNORECASE)
_MANY, _FEW = 5, 2  # sentences of an answer to a broad question, and to one about a single thing
_READ = 4000  # characters of a question; the encoder reads fewer
_DIGITS = re.compile(r"\d")
_YEAR_OR_DAY = re.compile(r"\b(?:1\d|20)\d\d\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\bcentury\b", re.I)
_TERM = re.compile(
    r"\W*what(?:'s| is| are| was| were) (?:an? |the )?"
    r"(?P<a>(?:(?!of\b|for\b|in\b|per\b|made\b|about\b)[\w’'-]+\W*){1,4})\Z"
    r"|\W*what (?:does|do) (?:the (?:term|word) )?(?P<b>.{1,60}?) (?:mean|stand for|refer to)\b|\W*(?:please )?define"
    r" (?P<c>.{1,60}?)\W*\Z|.{0,20}\bdefinition of (?P<d>.{1,60}?)\W*\Z|how is (?P<e>.{1,50}?) defined",
    re.IGNORECASE,
)
_IS = re.compile(
    r"\b(?:is|are|was|were|means?|shall mean|refers? to|denotes?"
    r"|represents?|stands for|may be defined|can be defined|defined)\b|:"
    r"|\s[–—-]\s",
    re.IGNORECASE,
)
_PLAIN_IS = ("is", "are", "was", "were")  # which may say any other thing of it, too
_KIND_OF = re.compile(
    r"\s*,?\s*(?:an?|the|one|any|some|when|where|what|used|defined|designed|made|found)\b", re.IGNORECASE
)
_QUALIFIED = re.compile(r"^[^,]{0,60},\s|\([^)]*\)")
_WHO = re.compile(r"\W*(?:and |but |so )?(?:who|whom|by whom)\b", re.IGNORECASE)
_MAY = re.compile(
    r"\b(?:can|may|must|shall|should|will|could|would|has to|have to|pays?|owns?|needs?)\b", re.IGNORECASE
)
_ABBREVIATION = re.compile(r"\b[A-Z]{2,6}\b")
_NUMERAL = re.compile(r"\d[\d,.]*\d|\d")
_PERCENT = re.compile(r"\d[\d,.]*\s?(?:%|percent|per cent|basis points?)|\b(?:19|20)\d\d\b|\b\w+ percent\b", re.I)
_SHARES = re.compile(  # a question that a percentage or a year answers
    r"%|percent|\b(?:rate|ratio|share|margin|yield|growth|portion|fraction|proportion|how (?:old|far|long)|by how much"
    r"|interest|increas\w+|decreas\w+|decline\w*|grow\w*|gr[eo]w|chang\w+|f[ae]ll|r[io]se|beat|improv\w+)\b",
    re.IGNORECASE,
)
_IN_WORDS = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy"
    r"|eighty"
    r"|ninety|hundred|thousand|million|dozen|half|twice)\b",
    re.IGNORECASE,
)
_BECAUSE = re.compile(
    r"\b(?:because|due to|owing to|since|so that|in order|therefore|thus|hence|reasons?|result(?:s|ed|ing)?|caus\w+"
    r"|driven|attributable|primarily|to (?:avoid|prevent|make|keep|protect|get|save)|explain\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question: `words` are the stems to look for, `names` those of each name in it.

    `kinds` is what an answer has to have. A `broad` question asks for more than a single thing, and a `whole` one about
    the text as such: it names nothing to look for.
    """

    text: str
    words: frozenset[str]
    names: tuple[frozenset[str], ...]
    kinds: frozenset[str]
    broad: bool
    whole: bool
    dates: tuple[tuple[str, frozenset[str]], ...] = ()  # a word that stands for each, and what it may mean
    term: frozenset[str] = frozenset()  # the words of what is to be defined
    named_so: tuple[str, ...] = ()  # the names as they are written
    short: tuple[tuple[str, re.Pattern[str]], ...] = ()  # the stem of each abbreviation, and what it may be short for

    @classmethod
    def of(cls, text: str) -> Self:
        """The question as it is written; of a very long one the beginning."""
        plain = " ".join(_FISCAL.sub(r" \1 ", _ORDER.sub("", _PREAMBLE.sub("", text[:_READ]))).split())
        patterns = {"number": _NUMBER, "date": _DATE, "name": _NAME, "reason": _REASON, "asked": _ASKED}
        kinds = frozenset(kind for kind, pattern in patterns.items() if pattern.search(plain))
        if _WHO_IS.search(plain) and "number" not in kinds:
            kinds = kinds - {"name"} | {"definition"}
        dates = tuple((f"@{number}", one.values) for number, one in enumerate(calendar_dates(plain)))
        defined = _TERM.match(plain)
        term = content_words(next(filter(None, defined.groups()), "")) if defined else frozenset[str]()
        if term and not kinds & {"number", "date"}:
            kinds = kinds - {"name", "definition"} | {"term"}
        words = content_words(_undated(plain)) | {word for word, _ in dates}
        broad = _BROAD.search(plain) is not None or (not kinds and _SHORT.search(plain) is None)
        so = tuple(one.text for one in names(unicodedata.normalize("NFC", plain)) if _DIGITS.search(one.text) is None)
        named = tuple(content_words(one) for one in so)
        telling = words - _ASKING - content_words(" ".join(_HOW.findall(plain)))
        short = tuple((stem(one.casefold()), _long_form(one)) for one in _ABBREVIATION.findall(plain))
        return cls(plain, telling or words, named, kinds, broad or not telling, not telling, dates, term, so, short)

    def dated(self, text: str) -> frozenset[str]:
        """The words for those of its dates that the text has, however it writes them."""
        if not self.dates:
            return frozenset()
        held = borne_out(text)
        return frozenset(word for word, values in self.dates if values & held)

    @property
    def wants_a_name(self) -> bool:
        """Whether only a name answers: who did it, and not who may."""
        return self.kinds == {"name"} and _WHO.match(self.text) is not None and _MAY.search(self.text) is None

    def names_none_of(self, texts: Sequence[str]) -> bool:
        """Whether it names someone or something of which no text has a word, written out or short."""
        held = [_composed(one) for one in texts]
        for name in self.named_so:
            words = [word for word in re.findall(r"[^\W_]+", _composed(name)) if len(word) > 1]
            shortened = any(
                long.search(one) for word, long in self.short if word in content_words(name) for one in texts
            )
            if words and not shortened and not any(word in one for word in words for one in held):
                return True
        return False

    def spelled_out(self, text: str) -> frozenset[str]:
        """The abbreviations of the question that the text has in full: CEO, for its Chief Executive Officer."""
        return frozenset(word for word, long in self.short if long.search(text))

    @property
    def most(self) -> int:
        """The sentences that an answer may have."""
        return _MANY if self.broad else _FEW

    @property
    def named(self) -> frozenset[str]:
        """The words of all its names."""
        return frozenset[str]().union(*self.names)

    def strange(self, words: frozenset[str], letters: str) -> float:
        """The share of the question's names that are neither among `words` nor, blanks left out, in `letters`."""
        known = [bool(one & words) or any(word in letters for word in one) for one in self.names]
        return known.count(False) / len(known) if known else 0.0

    def cue(self, sentence: str) -> float:
        """1 where the sentence has what is asked for, -1 where it lacks it, 0 where any sentence would do."""
        if not self.kinds:
            return 0.0
        if "term" in self.kinds:
            return self._defines(sentence)
        if "definition" in self.kinds:
            return float(_DEFINES.search(sentence) is not None and not self.named.isdisjoint(content_words(sentence)))
        return 1.0 if any(self._has(kind, sentence) for kind in sorted(self.kinds)) else -1.0

    @property
    def wants_questions(self) -> bool:
        """Whether it asks what someone asked."""
        return "asked" in self.kinds

    def puts(self, sentence: str) -> bool:
        """Whether the sentence is a question."""
        return self._has("asked", sentence)

    def _defines(self, sentence: str) -> float:
        """1 where the sentence begins with the term and says what it is, or what is so called; 0.5 where it only says
        so, else 0.
        """
        if any(
            self.term == content_words(" ".join(one["term"].split()[: len(self.term)]))
            for one in _NAMING.finditer(sentence)
        ):
            return 1.0
        match = _IS.search(sentence)
        if match is None:
            return 0.0
        before = _QUALIFIED.sub("", sentence[: match.start()])
        words = content_words(before)
        if not self.term <= words:
            return 0.0
        begins = any(content_words(one) & self.term for one in before.split()[:3])
        rest = sentence[match.end() :]
        said = match[0][0].isalpha() and (match[0].casefold() not in _PLAIN_IS or _KIND_OF.match(rest) is not None)
        return 1.0 if begins and said and len(words) <= len(self.term) + 1 else 0.5

    def _has(self, kind: str, sentence: str) -> bool:
        """Whether the sentence has one of that kind that the question has not."""
        if kind == "number":
            known = set(_NUMERAL.findall(self.text))
            plain = sentence if _SHARES.search(self.text) else _PERCENT.sub(" ", sentence)
            return bool(set(_NUMERAL.findall(plain)) - known) or _IN_WORDS.search(plain) is not None
        if kind == "asked":
            return sentence.rstrip().endswith("?")
        if kind == "date":
            return _YEAR_OR_DAY.search(sentence) is not None or any(True for _ in calendar_dates(sentence))
        if kind == "name":
            return any(content_words(one.text) - self.words for one in names(f"so {sentence}"))
        return _BECAUSE.search(sentence) is not None


def _long_form(abbreviation: str) -> re.Pattern[str]:
    """What may be written for it: words that begin with its letters, all with a capital, small ones between them."""
    return re.compile(r"[\s-]+(?:(?:of|and|the|for|in)\s+)?".join(rf"\b{one}[a-z]+" for one in abbreviation))


def _undated(text: str) -> str:
    """The text without its dates; the years in them are left out too."""
    for date in sorted(calendar_dates(text), key=lambda one: -one.start):
        text = f"{text[: date.start]} {text[date.end :]}"
    return text


def _composed(text: str) -> str:
    """The text in lower case, letters with marks as one whether composed or not."""
    return unicodedata.normalize("NFC", text).casefold()
