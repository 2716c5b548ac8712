"""Who someone is, as a sentence says it of a name or a role: "I'm X", "X, a pilot", "my brother X", "X, the chair"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ARTICLE = r"(?:an?|the|one of|who|whose|his|her|my|our|their|its|your)"
_IS = r"(?:is|was|are|were|had been|has been|became|becomes)"
_NO_NOUN = (
    r"(?:and|or|but|to|of|with|that|as|when|for|at|by|in|on|from|than|like|before|after|if|where|while|because|said"
    r"|not|is|was|were|are|had|has|then|so|out|up|down|over|into|i|he|she|it|we|they|you|him|them|who|which|what)"
)
_WHO = re.compile(
    r"\W*(?:(?:and|but|so)\s+)?(?:who(?:['’]s|\s+(?:is|was|are|were))|what\s+(?:is|was|are|were)"
    r"|what\s+(?:do|does|did)(?=.*\bdo(?:es|ing)?(?:\s+for (?:a living|work))?\W*\Z))\s+(?P<who>.{2,80}?)"
    r"(?:\s+do(?:\s+for (?:a living|work))?)?\W*\Z",
    re.IGNORECASE | re.DOTALL,
)
_PERSON = re.compile(r"\W*(?:(?:and|but|so)\s+)?who\b", re.IGNORECASE)
_NAME_OF = re.compile(r"\bnames?\b", re.IGNORECASE)
_POSITION = re.compile(r"['’]s? (?:job|occupation|profession|role|position|job title)\Z", re.IGNORECASE)
_ROLE = re.compile(
    r"(?:the|our|its|their|your|his|her|this \w+['’]s|\w+['’]s)\s+(?P<role>[a-z][\w -]{2,60}|[A-Z]{2,5})\Z"
)
_OF = re.compile(r"\s+(?:of|for|to|at|in|on|from)\b.*\Z", re.DOTALL)
_PARTY = re.compile(r"(?:applicant|appellant|plaintiff|petitioner|claimant|respondent|defendant|appellee|parties)s?\Z")
_CASE = re.compile(r"\W*[A-Z][^\n]{1,120}?\s(?:v|vs|versus)\.?\s[A-Z]")
_BETWEEN = (  # each part taken once, so that a long sentence costs no more than its length
    r"\b(?i:(?:made|entered into|dated)\b(?>.{0,200}?\b(?:between|among)\b)|(?:by and )(?:between|among))"
    r"\W(?>.{0,80}?[A-Z])(?>.{0,600}?\band\b[^A-Z\n]{0,80}[A-Z])"
)
_BEHIND = re.compile(r"\b(?:for|of|by|to|against|with|from)(?: the| an?| its| our)?\s*\Z", re.IGNORECASE)
_NEAR = 40  # characters before a role in which a word makes it another's
_GOES_ON = re.compile(
    r"[\"“‘'(]*(?:I|He|She|They|We|It)(?:['’](?:m|s|re)|\s+(?:am|is|was|are|were|had been|have been))\s+"
    r"(?:an?|the|one|members?|from|in charge|here)\b"
)
_NAME = (
    r"(?!(?:The|An?|In|It|This|That|These|Those|For|On|At|By|No|Not|If|When|As|All|Any|Each|Both|Either|Neither|Such"
    r"|Our|We|He|She|They|I|You|My|His|Her|Its|Their|Your|To|From|With|After|Before|Where|While|Upon|Under|Unless|Until"
    r"|Every|Some|Other|And|But|Or|So|Then|There|Here)\b)[A-Z]"
)


@dataclass(frozen=True, slots=True)
class Introduced:
    """What is asked about: how a sentence introduces it, and whether it is a role, which a name answers."""

    said: tuple[re.Pattern[str], ...]
    words: str  # of who or what it is
    named: re.Pattern[str] | None
    is_party: bool = False

    @property
    def is_role(self) -> bool:
        """Whether a role was asked for and not a name."""
        return self.named is None

    def by(self, sentence: str) -> bool:
        """Whether a sentence says who or what it is."""
        found = (match for pattern in self.said for match in pattern.finditer(sentence))
        return any(
            not (self.is_role and _BEHIND.search(sentence[max(0, match.start("at") - _NEAR) : match.start("at")]))
            for match in found
        )

    def in_row(self, text: str) -> bool:
        """Whether a row or a label names it."""
        return self.named is not None and self.named.search(text) is not None

    def in_title(self, text: str) -> bool:
        """Whether it is a party and a heading names the parties, one against the other."""
        return self.is_party and _CASE.match(text) is not None


def introduced(question: str, names: tuple[str, ...], long: re.Pattern[str] | None = None) -> Introduced | None:
    """Whom or what the question wants introduced, if it does; `long` is what an abbreviation in it may be short for."""
    match = _WHO.match(question)
    if match is None or _NAME_OF.search(question):
        return None
    who = _POSITION.sub("", match["who"])
    spelled = next((name for name in names if name.casefold() in who.casefold()), None)
    if spelled is not None and long is None and len(who.split()) <= len(spelled.split()) + 1:
        return _named(spelled)
    role = _ROLE.match(_OF.sub("", who)) if _PERSON.match(question) else None
    return _of_role(role["role"], long) if role is not None else None


def goes_on(sentence: str) -> bool:
    """Whether a sentence goes on to say what someone is who was named right before: "I'm a pilot."."""
    return _GOES_ON.match(sentence) is not None


def _named(name: str) -> Introduced:
    words = "|".join(re.escape(word) for word in name.split() if len(word) > 2) or re.escape(name)
    any_of = rf"(?P<at>\b(?:(?:{words})\s+){{0,3}}(?:{words})\b(?!['’]s|-))"
    last = re.escape(name.split()[-1])
    own = rf"(?P<at>\b(?:(?:{words})\s+){{0,3}}{last}\b(?!['’]s|-))"
    noun = rf"(?!{_NO_NOUN}\b)[a-z][a-z-]*(?<!ed)(?<!ing)(?<!ly)"
    said = (
        rf"\b(?:I['’]m|I am|[Nn]ame(?:['’]s| is|,)|[Tt]his is|[Mm]eet|(?:called|named|known as)|call (?:me|him|her))"
        rf"\s+(?:[\w.]+\s+)?{any_of}",
        rf"{own},\s+(?:{_ARTICLE}\b|(?:{noun}\s+){{0,2}}{noun}\s+(?:of|for|at|from)\b|[A-Z][\w-]+ (?:of|for|and|at)\b)",
        rf"{own}(?:\s+\([^)]{{0,60}}\))?,?\s+{_IS}\s+(?:now |also |then |still )?(?:{_ARTICLE}\b"
        rf"|(?:born|known|appointed|elected"
        rf"|employed|hired)\b|{noun}\s+(?:of|for)\b)",
        rf"\([^)\"“]{{0,40}}[\"“]{own}[\"”]|[\"“]{own.replace('?P<at>', '?:')}[\"”]\s+(?:shall )?means?\b",
        rf"\b(?:the|an?|his|her|my|our|their|its|\w+['’]s)\s+(?:{noun}\s+){{0,2}}{noun}\s+{own}",
        rf"\b(?:the|his|her|my|our|their|its)\s+(?:{noun}\s+){{0,2}}{noun},\s+{own}(?!\W*[!?])",
    )
    return Introduced(tuple(map(re.compile, said)), name, re.compile(rf"\b{last}\b"))


def _of_role(role: str, long: re.Pattern[str] | None) -> Introduced:
    is_party = _PARTY.match(role.casefold()) is not None
    if role.casefold().startswith("part") and is_party:
        return Introduced((re.compile(rf"(?P<at>{_BETWEEN})"),), role, None, is_party)
    spelled = r"\s+".join(re.escape(word) for word in role.split())
    own = rf"\b(?:(?i:{spelled}){f'|{long.pattern}' if long is not None else ''})\b(?!['’]s)"
    between = r"(?:(?!for\b|of\b|to\b|by\b)[\w&-]+\s+){0,3}"
    said = (
        rf"(?P<at>{own}),\s+(?:an?|who|aged)\b",
        rf"(?P<at>{own})(?:\s*[:,]|\s+{_IS})\s+(?:the\s+|an?\s+)?{_NAME}",
        rf"(?P<at>(?<![\w.'’-]){_NAME}[\w.'’-]+(?:\s+\([^)]{{0,60}}\))?\s+(?:{_IS}\s+|as\s+)?(?:\d+\s+)?(?:(?:the|our|its|their|an?)\s+)?"
        rf"{between}{own})",
        rf"(?P<at>(?<=[\w.,]\s){_NAME}[\w.'’-]+,\s+(?:(?:the|our|its|their|an?)\s+)?{between}{own})",
    )
    return Introduced(tuple(map(re.compile, said)), role, None, is_party)
