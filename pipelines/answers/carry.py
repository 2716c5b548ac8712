"""A question that leans on the turn before, made to stand alone by rules: "it", "And when?", "What about X?"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from longdoc.pipelines.checks.facts import names
from longdoc.pipelines.wording.words import content_words

_I = re.IGNORECASE
_LEAD = re.compile(r"^\W*(?:(?:and|but|so|or|also|then|ok(?:ay)?|well)\W+)+(?=\S)", _I)
_ABOUT = re.compile(r"^\W*(?:what|how) about\s+|^\W*(?:what|how) is it (?:for|with)\s+", _I)
_BARE = re.compile(
    r"\W*((?:by|to|for|from|with|of) whom|whose|why|when|where|who|how(?: much| many| long| large| old| far| often)?"
    r"|which(?: one)?)\W*(?:not)?\W*\Z",
    _I,
)
_WH = re.compile(
    r"^\W*(?:(?:in|at|for|by|to|from|with|on) )?(?:what|which|who|whom|whose|when|where|why|how(?: \w+)?)\b", _I
)
_POINTING = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|ones?|there|each)\b", _I
)
_OWN = frozenset(["its", "their", "his", "her", "theirs", "hers"])
_PEOPLE = frozenset(["he", "him", "his", "she", "her", "hers"])
_NOT_STOOD_FOR = frozenset(["there", "that", "this"])
_PHRASE = re.compile(
    r"\b(?:the|this|an?|which|what|whose|their|its)\s+((?!(?:is|are|was|were|does|do|did|has|have|much|many)\b)"
    r"[\w’'-]+(?:\s+(?!(?:is|are|was|were|does|do|did|has|have|had|be|been|in|on|at|for|to|from|with|by|than|that|and|or"
    r"|of|as|the|an?|end|ends|expire|start|begin)\b)[\w’'-]+){0,2})",
    _I,
)
_NUMBER = re.compile(r"(?<![\w-])\d[\d,.]*\d|\b\w*\d\w*(?:-\w+)*\b|\b\w+-\d+\b")
_QUESTION = re.compile(r"^(?:what|which|who|when|where|why|how|is|are|was|were|do|does|did|can|list|name|tell)\b", _I)
_HOW_MUCH = re.compile(r"\bhow (?:much|many) (\w+)\s+(?:do|does|did|has|have|had|is|are|was|were)\b", _I)
_DID = re.compile(r"\b(?:do|does|did|will|would|can|could|may|must|shall|should)\b", _I)
_ARTICLES = ("the ", "a ", "an ", "it?", "him?")
_CODE = re.compile(r"\b[A-Za-z]+-?\d[\w-]*\b")
_MANY_OF = frozenset(["they", "them", "their", "theirs"])
_MANY = 4  # content words of a question that stands alone though it begins with "and"


def standing_alone(question: str, turns: Sequence[BaseMessage]) -> str:
    """The question with what it takes from the turns before put in; itself where it takes nothing.

    `turns` are the messages before it, oldest first. An answer that names someone the question did not is what "he"
    and "she" are taken for.
    """
    asked = [str(turn.text) for turn in turns if isinstance(turn, HumanMessage)]
    if not asked:
        return question
    before = _chain(asked, turns)
    said = next((str(turn.text) for turn in reversed(turns) if isinstance(turn, AIMessage)), "")
    return _resolved(question, before, said)


def _chain(asked: Sequence[str], turns: Sequence[BaseMessage]) -> str:
    """The last question that was asked, itself made to stand alone by those before it."""
    alone = asked[0]
    for one in asked[1:]:
        at = next(at for at, turn in enumerate(turns) if isinstance(turn, HumanMessage) and str(turn.text) == one)
        said = str(turns[at - 1].text) if at and isinstance(turns[at - 1], AIMessage) else ""
        alone = _resolved(one, alone, said)
    return alone


def _resolved(question: str, before: str, said: str) -> str:
    led = _LEAD.match(question) is not None or _ABOUT.match(question) is not None
    rest = _ABOUT.sub("", _LEAD.sub("", question)).strip()
    bare = _BARE.match(rest)
    if bare:
        return _asked_anew(bare[1], before, said)
    if led and not _QUESTION.match(rest):
        return _put_in(rest.rstrip("?.! "), before, said)
    if _POINTING.search(rest):
        return _named(rest, before, said)
    if led and len(content_words(rest)) < _MANY and not names(rest):
        return f"{rest.rstrip('?')} ({_subject(before, said)})?" if _subject(before, said) else rest
    return rest if led else question


def _asked_anew(word: str, before: str, said: str) -> str:
    """The question before with another question word. A name that was the answer stands for who was asked about."""
    person = _new_name(before, said) if re.match(r"\W*who\b", before, _I) else ""
    rest = _WH.sub("", before, count=1).strip()
    return f"{word} {person} {rest}" if person else f"{word} {rest}"


def _put_in(phrase: str, before: str, said: str) -> str:
    """The question before with the phrase in the place of what is of its kind there."""
    own = _POINTING.match(phrase)
    if own and own[1].casefold() in _OWN:
        subject = _subject(before, said)
        return f"What is the {phrase[own.end() :].strip()} of {subject}?" if subject else before
    bare = re.sub(r"^(?:in|for|on|at|by|with|to|of|from)\s+", "", phrase, flags=_I)
    bare = re.sub(r"^(?:the|an?)\s+", "", bare, flags=_I)
    for found in (_like_number(bare, before), _like_name(bare, before), _like_phrase(bare, before)):
        if found:
            start, end = found
            first = bare.split()[0]
            if before[:start].rstrip().endswith(f" {first}"):
                start = len(before[:start].rstrip()) - len(first)
            mark = "'s" if before[end : end + 2] in ("'s", "’s") and bare.endswith(("'s", "’s")) else ""
            return f"{before[:start]}{bare.removesuffix(mark) if mark else bare}{before[end:]}"
    return f"What is {phrase}, {_subject(before, said)}?"


def _like_number(phrase: str, before: str) -> tuple[int, int] | None:
    if not _NUMBER.search(phrase):
        return None
    shape = _shape(phrase)
    held = [match.span() for match in _NUMBER.finditer(before)]
    return next((span for span in reversed(held) if _shape(before[slice(*span)]) == shape), held[-1] if held else None)


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", re.sub(r"[^\W\d]+", "a", text))


def _like_name(phrase: str, before: str) -> tuple[int, int] | None:
    if not phrase[:1].isupper():
        return None
    held = [one.text for one in names(before)]
    return (before.rindex(held[-1]), before.rindex(held[-1]) + len(held[-1])) if held and held[-1] in before else None


def _like_phrase(phrase: str, before: str) -> tuple[int, int] | None:
    """The noun phrase of the question that has the same last word, else the only one."""
    held = [match.span(1) for match in _PHRASE.finditer(before)]
    last = phrase.split()[-1].casefold() if phrase.split() else ""
    for span in reversed(held):
        if before[slice(*span)].split()[-1].casefold() == last:
            return span
    return held[0] if held else None


def _named(question: str, before: str, said: str) -> str:
    """The question with its first pronoun replaced by what the turn before was about."""
    match = _POINTING.search(question)
    assert match is not None  # noqa: S101  the caller has found one
    word = match[1].casefold()
    subject = ""
    if word in _PEOPLE and re.match(r"\W*(?:and |but )?who\b", before, _I):
        subject = _new_name(before, said)
    subject = subject or _subject(before, said, first=word in _MANY_OF)
    if not subject or subject.casefold() in question.casefold():
        return question
    if word in _NOT_STOOD_FOR or word == "each":
        return f"{question.rstrip('?')} ({subject})?"
    own = "'s" if word in _OWN and not (word == "her" and not question[match.end() :].strip(" ?")) else ""
    return f"{question[: match.start()]}{subject}{own}{question[match.end() :]}"


def _subject(before: str, said: str, first: bool = False) -> str:
    """What the question was about: its names, else its noun phrase, else a name in its answer."""
    held = [one.text for one in names(f"so {before}")]
    codes = _CODE.findall(before)
    held = [one for one in held if not any(code.startswith(one) for code in codes)] + codes
    if held:
        return " ".join(dict.fromkeys(held))
    asked = _HOW_MUCH.search(before)
    if asked and not first:
        return f"the {asked[1]}"
    phrases = [_noun(before, match) for match in _PHRASE.finditer(before)]
    if phrases:
        return f"the {phrases[0 if first else -1]}"
    return _new_name(before, said)


def _noun(before: str, match: re.Match[str]) -> str:
    """The phrase without the verb that "did the police find" ends with."""
    words = match[1].split()
    closing = not before[match.end() :].strip(" ?.!") or before[match.end() :].lstrip()[:4].casefold() in _ARTICLES
    verb = len(words) > 1 and closing and _DID.search(before[: match.start()]) is not None
    return " ".join(words[:-1] if verb else words)


def _new_name(before: str, said: str) -> str:
    """The first name in an answer that its question has not."""
    known = content_words(before)
    return next((one.text for one in names(f"so {said}") if not (content_words(one.text) & known)), "")
