"""What was said in a meeting: who spoke, what it was about, what was decided and what is to be done."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.points import is_common, told
from longdoc.pipelines.digest.reading import Candidate, Reading
from longdoc.pipelines.units.hygiene import is_ended, readable
from longdoc.pipelines.units.unit import Unit
from longdoc.pipelines.wording.words import stem

_FILLER = re.compile(
    r"(?:(?:um+|uh+|eh+|er+m?|mm+|hmm+|ah|oh|okay|ok|alright|right|well|yeah|yes|yep|so|and|but|now|anyway|like"
    r"|you know|i mean"
    r"|of course|basically|actually)\b[\s,.…-]*)+",
    re.IGNORECASE,
)
_SOUND = re.compile(r"\s*,?\s*\b(?:um+|uh+|eh+|er+m?|mm+|hmm+|uh-huh|mm-hmm)\b\s*,?(?=[\s.,?!]|$)", re.IGNORECASE)
_TWICE = re.compile(r"\b((?:[\w'’]+ ){0,2}[\w'’]+)(?:,? \1\b)+", re.IGNORECASE)
_TORN = re.compile(
    r"\{(?:disfmarker|gap|pause|nonvocalsound)\}|\[(?:inaudible|unintelligible|crosstalk)[^\]]*\]|--|\.\.\.|…",
    re.IGNORECASE,
)
_STUTTER = re.compile(
    r"\b(?!(?:with|other|the|in|we)\b)([a-z]{1,5})[-–]? \1[a-z]+|\b[a-z]{1,4}[-–] (?!(?:and|or|to)\b)[a-z]"
    r"|\b((?:\w+ ){2,3})\w{1,4} \2",
    re.IGNORECASE,
)
_BROKEN_OFF = re.compile(
    r"\b(?:(?:so|and|but|or|because|the|an|our|in terms of)\W*"
    r"|(?:a|of|to|that|with|like|which|if|for|is|are)[^\w.!?]*)$",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:it|that|this|they|them|those|these|thing|things|stuff|something|one|there|here)\b", re.IGNORECASE
)
_DECIDED = re.compile(
    r"\bwe(?:['’]ve| have)? (?:all )?(?:decided|agreed|chose|settled|concluded)\b|\blet['’]s (?!see|hear|say|talk"
    r"|look|just|go\b|assume|suppose|imagine|consider|take|face|be\b|not\b|start|move|think|pretend|put|back|come"
    r"|wait|stop|try|focus|leave)\w+"
    r"|\b(?:motion|amendment)s? (?:is |are |was )?(?:carried|adopted|agreed)|\b(?:is|are) (?:agreed|adopted"
    r"|approved|carried)\b"
    r"|\bso we (?:need|['’]ll|will)\b|\bwe(?:['’]re| are) (?:planning|aiming|going (?:for"
    r"|with))\b|\bwe want to\b"
    r"|\bi propose\b|\bwe (?:should|need to) (?:have|use|make|do|keep|get|put|add|aim|provide|focus)\b",
    re.IGNORECASE,
)
_ABOUT_TO_SAY = re.compile(r"(?:let me|what (?:we|I|you)|I(?:['’]d| would)? (?:like|want)|as I|if)\b", re.IGNORECASE)
_TO_DO = re.compile(
    r"\b(?:i['’]ll|i will|i['’]m (?:going to|gonna)|you['’]ll|you will|you['’]re (?:going to|gonna)|can you"
    r"|could you|please) "
    r"(?:be )?(?:send|write (?!down|it down|on the board)|prepare|check|report|work(?:ing)? (?:on|out|up)"
    r"|look(?:ing)? (?:at|into)|follow|present"
    r"|make|find out"
    r"|bring|put together|set up|design)\b"
    r"|\b(?:next|another|our next) (?:meeting|week|month|session)\b|\bby (?:monday|tuesday|wednesday|thursday"
    r"|friday|next|tomorrow|the end of)\b"
    r"|\baction (?:item|point)s?\b|\bto[- ]do (?:list|item)s?\b",
    re.IGNORECASE,
)
_ORDER = re.compile(  # how a meeting is held, and not what it is on
    r"\b(?:apolog(?:y|ies|ise|ize)\b|transcripts?\b|substitut\w+|thank(?:s| you)\b"
    r"|(?:my|your|next|another|a) question\b"
    r"|(?:come|move|turn|get) (?:back )?(?:on )?to\b|microphones?\b|slides?\b|presentations?\b|wait\b|sorry\b"
    r"|(?:your|my) time\b|point of order|televised|questions? (?:from|to)\b|agenda\b|minutes? left"
    r"|(?:the|make|take) minutes\b|secretary\b|video ?conference|join(?:ing|s|ed)? (?:the|this|us)\b)",
    re.IGNORECASE,
)
_AIM = re.compile(
    r"\b(?:meeting|agenda|today|purpose|aim(?:ing)?|goal|project|we(?:'ll| will) hear|welcome|discuss\w*|argument"
    r"|subject|presentation"
    r"|question (?:is|before|presented)|issue|this case|petition\w*|item|committee|topic)\b",
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?<![\w'’.])[b-hj-z](?![\w'’.])|@", re.IGNORECASE)  # of a word that was begun
_PRESIDING = re.compile(
    r"(?:the |madam |mr\.? )?(?:acting |deputy |vice[- ])?(?:chair\w*|speaker|moderator|operator|clerk)", re.IGNORECASE
)
_CUT_SHORT = re.compile(r"\b(?:if|when|because|although|while|unless|whether)\b[^,]*$", re.IGNORECASE)
_SUBJECTLESS = re.compile(
    r"(?:will|would|can|could|should|may|might|is|are|was|were|be|been|has|have|had|do|does|did|got"
    r"|gonna)\b(?!n['’]t| you\b)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?:(?:thank you(?: very much)?|thanks|yes|no|well|and|so)[,.]? )*(?:(?:mr\.? ?|madam |mister )(?:chair(?:man"
    r"|woman"
    r"|person)?|speaker|president|chief justice)|your honou?rs?|(?:chief )?justice [A-Z]\w+|honou?rable members?)"
    r"(?:,? and may it please the court)?[,:.]\s+",
    re.IGNORECASE,
)
_HANGING = re.compile(
    r"(?:what|which|who|where|how|why)\b(?!.* (?:is|are|was|were|will|['’]s) )"
    r"|(?:if|when|because|although|while) [^,]*$|(?:i (?:think|guess|mean) because|what (?:it|that))\b",
    re.IGNORECASE,
)
_BEGUN = re.compile(r"(?:I|we|you|they|he|she|the|there|a|an|our|your|people|if|what|when)\b", re.IGNORECASE)
_LEANING = re.compile(
    r"(?:that|this|it|they|he|she|which|because|or|then|also|those|these|there|here|not)\b(?!['’]s (?:the|a|an"
    r"|what)\b)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\d|\b(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|percent|euros?"
    r"|dollars?|pounds?)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?<![{\[<'’-])\b[^\W\d_]+(?:-[^\W\d_]+)*\b(?!['’}\]>])")  # not of a transcript's marks
_SHORT_WORD, _OFTEN, _PAIR, _TOPICS = 3, 5, 2, 7  # letters; times; times that a pair counts; phrases
_SHORTEST, _LONGEST = 8, 44  # words
_FEWEST_CUT = 10  # words of what is whole of a sentence that breaks off
_TOLD_WORTH, _AMOUNT_WORTH, _ORDER_WORTH = 1.5, 0.8, -1.5


@dataclass(frozen=True, slots=True)
class Spoken:
    """What someone says, as a line that can be shown, and what it is worth: how well it reads, and what it tells."""

    candidate: Candidate
    sentence: Sentence
    said: str
    worth: float


def topics(reading: Reading) -> Sentence | None:
    """What is spoken of most, two words at a time where they stand together, each where it is said first."""
    often: Counter[str] = Counter()
    first: dict[str, Span] = {}
    named = {word for unit in reading.turns for word in unit.unit.label.casefold().split()}
    for one in reading.turns:
        span = one.unit.spans[-1]
        words = [
            (match[0].casefold(), span.start + match.start(), span.start + match.end())
            for match in _WORD.finditer(span.of(reading.text))
        ]
        told = [_is_topic(word) and word not in named for word, _, _ in words]
        for at, (word, start, end) in enumerate(words):
            if told[at]:
                often[word] += 1
                first.setdefault(word, Span(start, end, reading.source))
                if at and told[at - 1] and reading.text[words[at - 1][2] : start] == " ":
                    pair = f"{words[at - 1][0]} {word}"
                    often[pair] += _PAIR
                    first.setdefault(pair, Span(words[at - 1][1], end, reading.source))
    chosen: list[str] = []
    for phrase, times in often.most_common():
        if times < _OFTEN or len(chosen) == _TOPICS:
            break
        if not any(
            {stem(word) for word in phrase.split()} & {stem(word) for word in other.split()} for other in chosen
        ):
            chosen.append(phrase)
    spans = tuple(first[phrase] for phrase in chosen)
    said = ", ".join(span.of(reading.text) for span in spans)
    return Sentence(f"Topics: {said}", spans, label="Topics") if len(spans) > 1 else None


def _is_topic(word: str) -> bool:
    return len(word) > _SHORT_WORD and not is_common(word) and _FILLER.fullmatch(word) is None


def spoken(reading: Reading) -> Iterator[Spoken]:
    """The sentences of the turns that read well, without the sounds and stumbles in them, with what they tell."""
    names = {one.unit.label for one in reading.turns}
    tells = told(reading, reading.turns, "talk")
    for one in reading.turns:
        line = clean_line(one)
        if line is None or _is_direction(line.said, one.unit.label, names):
            continue
        amount = _AMOUNT_WORTH if _AMOUNT.search(line.said) else 0.0
        amount += _ORDER_WORTH if _ORDER.search(line.said) or _PRESIDING.fullmatch(one.unit.label) else 0.0
        yield replace(line, worth=line.worth + amount + _TOLD_WORTH * tells.get(one.unit.spans[-1].start, -1.0))


def clean_line(one: Candidate) -> Spoken | None:
    """A sentence of a turn without its sounds and stumbles; None where it does not read well."""
    pieces = [piece for piece in _TORN.split(one.raw) if piece.strip()]
    said = _whole(pieces)
    words = said.split()
    if not _SHORTEST <= len(words) <= _LONGEST or said.endswith(("?", "…")):
        return None
    if (
        _STUTTER.search(said)
        or _LETTER.search(said)
        or _BROKEN_OFF.search(said)
        or _HANGING.match(said)
        or _SUBJECTLESS.match(said)
        or (_CUT_SHORT.search(said) and not is_ended(said))
        or said.count('"') % 2
        or _LEANING.match(said)
    ):
        return None
    vague = len(_VAGUE.findall(said)) / len(words)
    return Spoken(one, _line(one.unit, said), said, -0.8 * (len(pieces) > 1) - 6 * max(0.0, vague - 0.06))


def _is_direction(said: str, speaker: str, names: set[str]) -> bool:
    """Whether a sentence tells what speakers do, as plays do between what is said, by the names of those it has."""
    if "[" in said:
        return True
    named = [name for name in names if name in said and re.search(rf"\b{re.escape(name)}\b", said)]
    return speaker in named or len(named) > 1


def _whole(pieces: list[str]) -> str:
    """What is whole of a sentence that breaks off: the end of it, or the beginning up to its last comma; else ""."""
    if not pieces:
        return ""
    last = without_stumbles(pieces[-1])
    if is_ended(last) and (len(pieces) == 1 or (len(last.split()) >= 10 and _BEGUN.match(last))):
        return last
    first = without_stumbles(pieces[0]).rpartition(",")[0]
    return first if _BEGUN.match(first) and len(first.split()) >= _FEWEST_CUT else ""


def _line(unit: Unit, said: str) -> Sentence:
    return Sentence(f"{unit.label}: {said}", unit.spans, label=unit.label)


def without_stumbles(raw: str) -> str:
    """What was said, without sounds, words said twice and marks of the transcript."""
    said = readable(raw)
    said = _SOUND.sub("", said).strip()
    said = _TWICE.sub(r"\1", said)
    said = _FILLER.sub("", said, count=1) if _FILLER.match(said) else said
    said = " ".join(said.split()).replace(" ,", ",").replace(" .", ".")
    address = _ADDRESS.match(said)
    said = said[address.end() :] if address else said
    return said[:1].upper() + said[1:]


def aim(one: Spoken, share: float) -> float:
    """How well a sentence says what the meeting is for: by its words, and by how early it is said."""
    return (0.8 if _AIM.search(one.said) else 0.0) + 0.4 * max(0.0, 1 - 4 * share) + 0.8 * max(0.0, 1 - 25 * share)


def decides(said: str) -> bool:
    """Whether a sentence says that something is decided, and not what the speaker is about to say."""
    return _DECIDED.search(said) is not None and _ABOUT_TO_SAY.match(said) is None


def asks_to_do(said: str) -> bool:
    """Whether a sentence says that something is to be done, and by whom or when."""
    return _TO_DO.search(said) is not None


def who_spoke(reading: Reading, speakers: list[str]) -> Sentence | None:
    """The speakers, each where it first speaks."""
    first: dict[str, Span] = {}
    for unit in reading.found("turn"):
        first.setdefault(unit.label, unit.spans[0])
    spans = tuple(first[name] for name in speakers if name in first)
    return Sentence(f"Speakers: {', '.join(speakers)}", spans, label="Speakers") if spans else None
