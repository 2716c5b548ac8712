"""What someone says as a line that reads well: without sounds, stumbles and what is broken off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.points import told
from longdoc.pipelines.digest.reading import Candidate, Reading
from longdoc.pipelines.units.hygiene import is_ended, readable
from longdoc.pipelines.units.unit import Unit
from longdoc.pipelines.wording.lexicon import known

FILLER = re.compile(
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
_RESTART = re.compile(  # a pronoun said again behind what was begun, and a first word of which only that was said
    r"\b(I|we|you|they) [a-z]{1,4} \1\b"
    r"|--\W*--|^I (?:this|that|the|it|we|you)\b"
    r"|^(?!(?:I|A|An|No|So|If|In|On|At|It|We|He|To|As|By|Or|Up|My|Do|Is|Be|Go|Me|Us|Mr|Ms|Dr|St|Ed|Jo|Al)\b)"
    r"[A-Z][a-z]? "
)
_BROKEN_OFF = re.compile(
    r"\b(?:(?:so|and|but|or|because|the|an|our|in terms of)\W*"
    r"|(?:a|of|to|that|with|like|which|if|for|is|are)[^\w.!?]*)$",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:it|that|this|they|them|those|these|thing|things|stuff|something|one|there|here)\b", re.IGNORECASE
)
_ORDER = re.compile(  # how a meeting is held, and not what it is on
    r"\b(?:apolog(?:y|ies|ise|ize)\b|transcripts?\b|substitut\w+|thank(?:s| you)\b"
    r"|(?:my|your|next|another|a) question\b"
    r"|(?:come|move|turn|get) (?:back )?(?:on )?to\b|microphones?\b|slides?\b|presentations?\b|wait\b|sorry\b"
    r"|(?:your|my) time\b|point of order|televised|questions? (?:from|to)\b|agenda\b|minutes? left"
    r"|(?:the|make|take) minutes\b|(?:got|have|another) (?:\w+ ){0,2}minutes|check in\b|folder\b|have a discussion"
    r"|I(?:['’]ll| will| shall|['’]m (?:going to|gonna)|['’]d like to| want to| wanna) (?:just |first )?(?:tell|talk"
    r"|give|show|say|start|begin|present|explain|go|run|move|try|do (?:it|that))\b"
    r"|let me (?:just )?(?:tell|show|say|explain)|gonna tell|secretary\b|video ?conference"
    r"|join(?:ing|s|ed)? (?:the|this|us)\b)",
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
    r"|(?:if|when|because|although|while|since|after|before|unless) [^,]*$"
    r"|(?:i (?:think|guess|mean) because|what (?:it|that))\b",
    re.IGNORECASE,
)
_BEGUN = re.compile(r"(?:I|we|you|they|he|she|the|there|a|an|our|your|people|if|what|when)\b", re.IGNORECASE)
_LEANING = re.compile(
    r"(?:that|this|it|they|he|she|which|because|or|then|also|those|these|there|here|not)\b(?!['’]s (?:the|a|an"
    r"|what)\b)",
    re.IGNORECASE,
)
_SUM = re.compile(r"\b(?:millions?|billions?|per ?cent|euros?|dollars?|pounds?)\b|[$€£%]", re.IGNORECASE)
_AMOUNT = re.compile(
    r"\d|\b(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|percent|euros?"
    r"|dollars?|pounds?)\b",
    re.IGNORECASE,
)
_SAID = re.compile(  # someone does something
    r"\b(?:I|we|you|they|he|she|it|there)(?: |['’])(?!to\b|and\b|or\b)\w+"
    r"|(?<!\bto )\b(?:is|are|was|were|has|have|had|do|does|did|can|could|will|would|shall|should|may|might|must)\b"
    r"|(?<!\bto )\b(?:think|say|estimate|believe|know|hope|mean|suggest|show|guess|expect|feel|find)s? that\b"
    r"|\w['’]s (?:a|an|the|not|more|very|\w+ing)\b|n['’]t\b"
    r"|\b(?:the|an?|this|our|my|your|each) (?:\w+ ){0,2}?\w*[^s\W] \w{2,}[^s\W]s"
    r"(?= (?!(?:of|in|for|to|on|at|with|and|or|that|which|from|by|is|are|was|were|have|can|will)\b)\w)"
    r"|\b[a-z]{3,}(?:s|ed)(?= (?:the|a|an|its|their|his|her|our|it|us|them|all|no)\b)",
    re.IGNORECASE,
)
_HUNG = re.compile(
    r"(?<!\bwith )(?<!\bfor )(?<!\bdo )(?<!\bof )(?<!\bon )"
    r"\b(?:that|which|who|what|when|if|because|where|while|whether|although|how|why|than)\b"
    r"(?= (?:the|a|an|I|we|you|they|he|she|it|our|your|my|is|are|was|were|has|have|had|can|could|will|would)\b)",
    re.IGNORECASE,
)
_IDLE = re.compile(
    r"\b(?:I (?:dunno|don['’]t know|guess|forget|forgot)|you see|anyway|sorry|I (?:like|love|hate) (?:the|this|that|it)"
    r"|(?:what|as) I (?:said|was saying)|so forth|kind of|sort of|as you can see|or something|or whatever|right\?)\b"
    r"|^no,",
    re.IGNORECASE,
)
_FOLLOWS = re.compile(r"(?:that|this|it|they|these|those|he|she|so|because|then|but|and)\b", re.IGNORECASE)
_NEAR = 3  # characters between two sentences of which one goes on with the other
_VAGUE_ENOUGH = 0.2
_BEGAN = re.compile(r"(?<!['’-])\b(?P<begun>[a-z]{1,5})(?P<dash>[-–] |,? )(?=(?P=begun)\w)", re.IGNORECASE)
"""A word begun and said anew."""
_WORDS = frozenset(
    "a am an are as at be by do go had has he hi i if in is it its me my no of on or so the to up us was we all any"  # noqa: SIM905
    " can for her not our she see than that them this then there their under over out with have every were per".split()
)
_IDLE_COST = 0.8
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


def spoken(reading: Reading) -> Iterator[Spoken]:
    """The sentences of the turns that read well, without the sounds and stumbles in them, with what they tell.

    One that the next goes on with has it behind it.
    """
    names = {one.unit.label for one in reading.turns}
    tells = told(reading, reading.turns, "talk")
    behind = [*reading.turns[1:], None]
    for one, after in zip(reading.turns, behind, strict=True):
        line = clean_line(one)
        if line is None or _is_direction(line.said, one.unit.label, names):
            continue
        line = replace(line, worth=line.worth + _TOLD_WORTH * tells.get(one.unit.spans[-1].start, -1.0))
        if after is not None and is_ended(line.said) and _goes_on(one, after):
            line = _longer(line, after, tells.get(after.unit.spans[-1].start, -1.0))
        amount = _AMOUNT_WORTH if _AMOUNT.search(line.said) else 0.0
        amount += _AMOUNT_WORTH if _SUM.search(line.said) else 0.0
        amount += _ORDER_WORTH if _ORDER.search(line.said) or _PRESIDING.fullmatch(one.unit.label) else 0.0
        yield replace(line, worth=line.worth + amount)


def _goes_on(one: Candidate, after: Candidate) -> bool:
    """Whether a sentence goes on with the one before it, which the same person says at once."""
    here, there = one.unit.spans[-1], after.unit.spans[-1]
    said = without_stumbles(after.raw)
    return there.start - here.end < _NEAR and _TORN.search(after.raw) is None and _FOLLOWS.match(said) is not None


def _longer(line: Spoken, after: Candidate, told_after: float) -> Spoken:
    """A line with the sentence that goes on with it; the line alone where that tells little or does not read well."""
    said = without_stumbles(after.raw)
    both = f"{line.said} {said}"
    fits = len(both.split()) <= _LONGEST and said.endswith(".") and vagueness(said) < _VAGUE_ENOUGH
    if not fits or told_after < 0 or is_torn(said) or not is_clause(said):
        return line
    label, first = line.candidate.unit.spans[:2]
    spans = (label, Span(first.start, after.unit.spans[-1].end, first.source))
    sentence = Sentence(f"{line.candidate.unit.label}: {both}", spans, label=line.candidate.unit.label)
    return replace(line, sentence=sentence, said=both, worth=line.worth + _TOLD_WORTH * told_after / 3)


def clean_line(one: Candidate) -> Spoken | None:
    """A sentence of a turn without its sounds and stumbles; None where it does not read well."""
    pieces = [piece for piece in _TORN.split(one.raw) if piece.strip()]
    said = _whole(pieces)
    if not _SHORTEST <= len(said.split()) <= _LONGEST or said.endswith(("?", "…")) or not reads_well(said):
        return None
    worth = -0.8 * (len(pieces) > 1) - 6 * max(0.0, vagueness(said) - 0.06) - _IDLE_COST * len(_IDLE.findall(said))
    return Spoken(one, _line(one.unit, said), said, worth)


def is_clause(said: str) -> bool:
    """Whether more is said than what hangs on a "that" or an "if": a sentence, and no part of one."""
    return len(_SAID.findall(said)) > len(_HUNG.findall(said))


def reads_well(said: str) -> bool:
    """Whether what was said has no word begun and not ended, a subject, and an end."""
    return not (
        is_torn(said)
        or _HANGING.match(said)
        or _SUBJECTLESS.match(said)
        or (_CUT_SHORT.search(said) and not is_ended(said))
        or _LEANING.match(said)
        or not is_clause(said)
    )


def is_torn(said: str) -> bool:
    """Whether a word was begun and not ended, or the end is missing."""
    torn = any(one.search(said) for one in (_STUTTER, _LETTER, _BROKEN_OFF, _RESTART))
    return torn or said.count('"') % 2 > 0


def vagueness(said: str) -> float:
    """The share of the words that stand for others."""
    return len(_VAGUE.findall(said)) / max(1, len(said.split()))


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
    said = without_sounds(raw)
    said = FILLER.sub("", said, count=1) if FILLER.match(said) else said
    said = " ".join(said.split()).replace(" ,", ",").replace(" .", ".").lstrip(" ,.;")
    address = _ADDRESS.match(said)
    said = said[address.end() :] if address else said
    return said[:1].upper() + said[1:]


def without_sounds(raw: str) -> str:
    """What was said, without sounds and words said twice."""
    once = _TWICE.sub(r"\1", _SOUND.sub("", readable(raw)).strip())
    return _TWICE.sub(r"\1", _BEGAN.sub(_without_begun, once))


def _without_begun(match: re.Match[str]) -> str:
    """Nothing for what was begun; without a dash behind it, a word that there is stays."""
    word, then = match["begun"].casefold(), match.string[match.end() : match.end() + 1]
    whole = word in _WORDS or known(word) or (match["begun"][0].isupper() and then.isupper())
    return match[0] if whole and match["dash"][0] not in "-–" else ""
