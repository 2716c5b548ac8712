"""What a question asks for: its words, the kind of thing that answers it, and how much of an answer it wants."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from longdoc.pipelines.answers.introduced import Introduced, introduced
from longdoc.pipelines.answers.kinds import asked_alone
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
_WHERE = re.compile(
    r"^\W*(?:and |but |so )?where\b|\b(?:in|to|from) (?:what|which) (?:city|town|country|place|state)\b", re.I
)
_SEAT = re.compile(r"\b(?:based|located|situated|headquarter\w*|seated)\b", re.IGNORECASE)
_TIME = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)s?\b"
)
_PLACE = re.compile(
    r"\b(?:in|at|near|to|from|on|of|into|towards?|outside|through|over|for|under|behind|beside|inside)\s+(?:the\s+)?"
    rf"(?:[a-z]+\s+)?(?:\d+\s+)?(?!{_TIME})[A-Z]|\b(?:behind|beside|inside|beneath|underneath)\s+\w"
)
_SOMEWHERE = re.compile(
    r"\b(?:in|at|near|on|into|onto|under|above|below|between|outside|through|towards?|over|across|around|within|against)"
    rf"\s+(?!\d|{_TIME})(?:the|an?|his|her|its|their|our|my|your|\w+['’]s)\s"
)
_ADDRESS = re.compile(
    r"\bprincipal (?:place of business|executive offices?|offices?)\b|\bhead(?:quarter\w*| office)\b|\baddress\b"
    r"|\b(?:located|situated|based) (?:in|at|near)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"^\W*(?:and |but )?(?:who|whom|whose)\b|\b(?:by|to|with|from|of) whom\b", re.IGNORECASE)
_CALLED = re.compile(
    r"\bwhat(?:['’]s| is| was| are| were) (?:the |its |his |her |their )?(?:\w+ )?names? of\b"
    r"|\bwhat(?:['’]s| is| was| are| were) [^?]{1,40}['’]s (?:\w+ )?names?\b"
    r"|\bwhat (?:is|was|are|were) .{1,60} (?:called|named)\W*\Z|\bwhat(?:['’]s| is| was) (?:its|his|her|their) name\b",
    re.IGNORECASE,
)
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
_WHY = re.compile(r"\bwhy\b|\bhow come\b|\bfor what reason\b", re.IGNORECASE)
_YES_OR_NO = re.compile(
    r"\W*(?:and |but |so )?(?:is|are|was|were|does|do|did|has|have|had|can|could|may|must|will|would|shall|should)\b",
    re.IGNORECASE,
)
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
_ROUND_ABOUT = re.compile(  # a figure, which says nothing about whose
    r"\b(?:the )?total amounts? of (?=\w)|\b(?:(?:at|by|as of) )?(?:the )?(?:fiscal )?year[- ]end (?=\w)"
    r"|\b(?:at|by|as of) the end of (?=(?:the )?(?:fiscal )?(?:year )?(?:19|20)\d\d)",
    re.IGNORECASE,
)
_HOW = re.compile(r"\bhow (\w+)(?= (?:is|are|was|were|does|do|did|has|have|will|would|can)\b| \w+)", re.IGNORECASE)
_MANY, _FEW = 5, 2  # sentences of an answer to a broad question, and to one about a single thing
_READ = 4000  # characters of a question; the encoder reads fewer
_NAMES = re.compile(r"\b(?:names?|named|called|titled|entitled|known as)\b", re.IGNORECASE)
_BESIDE = 24  # characters beside a name in which what it is the name of stands
_DIGITS = re.compile(r"\d")
_YEAR_OR_DAY = re.compile(r"\b(?:1\d|20)\d\d\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\bcentury\b", re.I)
_TERM = re.compile(
    r"\W*what(?:'s| is| are| was| were) (?!(?:they|we|you|he|she|it|i)\b)(?:an? |the )?"
    r"(?P<a>(?:(?!of\b|for\b|in\b|per\b|made\b|about\b)[\w’'-]+\W*){1,4})\Z"
    r"|\W*what (?:does|do) (?:the (?:term|word) )?(?P<b>.{1,60}?) (?:mean|stand for|refer to)\b|\W*(?:please )?define"
    r" (?P<c>.{1,60}?)\W*\Z|.{0,20}\bdefinition of (?P<d>.{1,60}?)\W*\Z|how is (?P<e>.{1,50}?) defined",
    re.IGNORECASE,
)
_IS = re.compile(
    r"\b(?:is|are|was|were|means?|shall mean|refers? to|denotes?"
    r"|represents?|stands for|may be defined|can be defined|defined)\b|:"
    r"|\s(?:[–—-]|--)\s",
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
_OWN = re.compile(r"\b(?:shall|will|may|must|can|not|we|they|I|you|who) own\b|\bown (?:all|the|any|no|an?)\b")
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
    r"\b(?:because|due to|owing to|on account of|thanks to|in view of|on the grounds?|led to|meant that|given that"
    r"|since(?!\s+(?:\w+\s+)?\d|\s+(?:then|last)\b)|so that|in order|therefore|thus|hence|reasons?"
    r"|result(?:s|ed|ing)?|caus\w+|driven|attributable|primarily|so as to|for (?:fear|want|lack) of"
    r"|(?:want\w*|hop(?:ed?|ing)|intend\w*|decided|needed|tr(?:y|ied|ying)) to"
    r"|to (?:avoid|prevent|make|keep|protect|get|save))\b",
    re.IGNORECASE,
)
_MAY_TELL_WHY = re.compile(
    r"[;:]|\s[–—]\s|, (?:as|for|so|and so|having|given|after|when|\w+(?:ed|en|ing) by)\b"
    r"|\b(?:given|after) (?!\d)[a-z]{2,}"
    r"|\bfor (?!the\b|an?\b|\w+ (?:years|months|weeks|days|hours)|years|months|weeks|days|hours|example|instance)"
    r"[a-z]{3,}|\b(?:out of|by reason of|in response to|on the (?:basis|advice|strength) of|forc(?:ed|es|ing)|compel\w+"
    r"|prompted|oblig\w+|afraid|fear(?:s|ed|ing)|unable|lest|too \w+ to)\b",
    re.IGNORECASE,
)
_SO_CALLED = re.compile(
    r"\b(?:(?:called|named|known as|titled)|names?(?: of [^.,;]{1,60})?\s+(?:is|was|are|were))\s+[\"“'‘`]?"
    r"(?!(?:in|by|for|as|after|on|out|off|up|to|and|or|upon|back|at|from|not|him|her|them|me|us)\b)[^\W_]",
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
    who: Introduced | None = None  # whom it wants introduced

    @classmethod
    def of(cls, text: str) -> Self:
        """The question as it is written; of a very long one the beginning."""
        told = asked_alone(text[:_READ])
        said = " ".join(_FISCAL.sub(r" \1 ", told).split())
        plain = " ".join(_ROUND_ABOUT.sub("", said).split())
        patterns = {
            "number": _NUMBER,
            "date": _DATE,
            "name": _NAME,
            "place": _WHERE,
            "reason": _REASON,
            "asked": _ASKED,
        }
        kinds = frozenset(kind for kind, pattern in patterns.items() if pattern.search(said))
        so = tuple(one.text for one in names(unicodedata.normalize("NFC", plain)) if _DIGITS.search(one.text) is None)
        letters = _ABBREVIATION.findall(plain)
        who = introduced(plain, so, _long_form(letters[0]) if letters else None) if "number" not in kinds else None
        if "number" not in kinds and ((who is not None and not who.is_role) or _WHO_IS.search(plain)):
            kinds = kinds - {"name"} | {"definition"}
        elif _CALLED.search(plain):
            kinds = frozenset({"name"})
        dates = tuple((f"@{number}", one.values) for number, one in enumerate(calendar_dates(plain)))
        defined = _TERM.match(plain)
        term = content_words(next(filter(None, defined.groups()), "")) if defined else frozenset[str]()
        if who is not None and term != content_words(who.words):  # someone's job
            term = frozenset()
        if term and not kinds & {"number", "date"}:
            kinds = kinds - {"name", "definition"} | {"term"}
        words = content_words(_undated(plain)) | {word for word, _ in dates}
        if who is not None:
            words = content_words(who.words) | (words if who.is_role else frozenset())
        broad = _BROAD.search(plain) is not None or (not kinds and _SHORT.search(plain) is None)
        named = tuple(content_words(one) for one in so)
        if "place" in kinds:
            words -= content_words(" ".join(_SEAT.findall(plain)))
        telling = words - _ASKING - content_words(" ".join(_HOW.findall(plain)))
        short = tuple((stem(one.casefold()), _long_form(one)) for one in letters)
        return cls(
            plain, telling or words, named, kinds, broad or not telling, not telling, dates, term, so, short, who
        )

    def dated(self, text: str) -> frozenset[str]:
        """The words for those of its dates that the text has, however it writes them."""
        if not self.dates:
            return frozenset()
        held = borne_out(text)
        return frozenset(word for word, values in self.dates if values & held)

    @property
    def wants_a_name(self) -> bool:
        """Whether only a name answers: who did it, what it is called, and not who may."""
        who = _WHO.match(self.text) is not None and _MAY.search(self.text) is None
        return self.kinds == {"name"} and (who or self.is_called)

    @property
    def is_called(self) -> bool:
        """Whether it asks what someone or something is called."""
        return self.kinds == {"name"} and _CALLED.search(self.text) is not None

    @property
    def of_speakers(self) -> bool:
        """Whether who speaks may answer it."""
        return _WHO.match(self.text) is not None

    @property
    def wants_a_reason(self) -> bool:
        """Whether only a reason answers."""
        return self.kinds == {"reason"} and _WHY.search(self.text) is not None

    @property
    def wants_a_seat(self) -> bool:
        """Whether it asks where someone or something has its place."""
        return "place" in self.kinds and _SEAT.search(self.text) is not None

    @property
    def yes_or_no(self) -> bool:
        """Whether it is answered by yes or no, and not by a list."""
        return _YES_OR_NO.match(self.text) is not None

    def names_none_of(self, texts: Sequence[str], files: Sequence[str] = ()) -> bool:
        """Whether it names someone or something of which no text or file name has a word, in full or short."""
        called = [word for one in files for word in re.findall(r"[^\W\d_]+", _composed(one))]
        held = [_composed(one) for one in texts]
        for name in self.named_so:
            words = [word for word in re.findall(r"[^\W_]+", _composed(name)) if len(word) > 1]
            shortened = any(
                long.search(one) for word, long in self.short if word in content_words(name) for one in texts
            )
            told = any(word in one for word in words for one in held) or any(
                one.startswith(word) for word in words for one in called
            )
            if words and not shortened and not told:
                return True
        return False

    def spelled_out(self, text: str) -> frozenset[str]:
        """The abbreviations of the question that the text has in full: CEO, for its Chief Executive Officer."""
        owns = {"own"} & self.words if _OWN.search(text) else set[str]()  # a verb, which is left out of words
        return frozenset(word for word, long in self.short if long.search(text)) | owns

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
        if self.who is not None and self.who.by(sentence):
            return 1.0
        if "definition" in self.kinds:
            defines = _DEFINES.search(sentence) is not None and not self.named.isdisjoint(content_words(sentence))
            return 0.5 * defines if self.who is not None else float(defines)
        has = any(self._has(kind, sentence) for kind in sorted(self.kinds))
        weak = ("reason" in self.kinds and _MAY_TELL_WHY.search(sentence)) or (
            "place" in self.kinds and not self.wants_a_seat and _SOMEWHERE.search(sentence)
        )
        if weak and not has:
            return 0.0
        return (0.5 if self.who is not None else 1.0) if has else -1.0  # a name beside a role need not be whose it is

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

    def _calls(self, sentence: str) -> bool:
        """Whether the sentence has a name right beside what is asked for, or behind the word name or called."""
        for one in names(sentence):
            at = sentence.find(one.text)
            around = f"{sentence[max(0, at - _BESIDE) : at]} {sentence[at + len(one.text) :][:_BESIDE]}"
            near = not self.words.isdisjoint(content_words(around)) or _NAMES.search(around) is not None
            if content_words(one.text) - self.words and near:
                return True
        return _SO_CALLED.search(sentence) is not None and not self.words.isdisjoint(content_words(sentence))

    def _has(self, kind: str, sentence: str) -> bool:
        """Whether the sentence has one of that kind that the question has not."""
        if kind == "number":
            known = set(_NUMERAL.findall(self.text))
            plain = sentence if _SHARES.search(self.text) else _PERCENT.sub(" ", sentence)
            return bool(set(_NUMERAL.findall(plain)) - known) or _IN_WORDS.search(plain) is not None
        if kind == "asked":
            return sentence.rstrip().endswith("?")
        if kind == "place":
            return (_ADDRESS if self.wants_a_seat else _PLACE).search(sentence) is not None
        if kind == "date":
            return _YEAR_OR_DAY.search(sentence) is not None or any(True for _ in calendar_dates(sentence))
        if kind == "name":
            if _CALLED.search(self.text):
                return self._calls(sentence)
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
