"""What was asked and answered at a hearing: of each who answers, how they begin and what they are asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.points import key_words, told
from longdoc.pipelines.digest.reading import Candidate, Reading
from longdoc.pipelines.digest.section import Entry, Section
from longdoc.pipelines.digest.talk.spoken import is_torn, vagueness, without_sounds, without_stumbles
from longdoc.pipelines.wording.words import content_words

_ASKING = 0.15  # of the turns of a hearing that end with a question; of a meeting's less than half as many do
_FEWEST = 20  # turns
_HEARD = 4  # persons who answer, of whom something is shown
_SHARE = 0.08  # of all words, from which someone is heard
_SHORT = 6  # words of a turn, below which it is hardly one
_STATEMENT = 40  # words of a turn that is a statement
_FIRST = 8  # sentences of a statement, in which it says what it is about
_ASKED, _ANSWERED = range(7, 46), range(9, 50)  # words
_BOTH = 48  # words of a question and its answer, from which they are long
_MOST_VAGUE = 0.12  # of the words of a question
_STATED = range(9, 70)  # words of a statement
_LONG = 30  # words of a statement
_LEAST = 0.0  # worth of an exchange that is shown
_OPENING, _OPENERS, _TELLS = 4, 2, 3  # turns; sentences of them; words of content that one has more than
_PAIRS = 4
_ALIKE = 0.5  # of the words of the shorter of two, which are then alike
_NOBODY = re.compile(r"(?:unknown|unidentified|speaker|participant|voice|audience|male|female|\W|\d)+", re.IGNORECASE)
_OPENS = re.compile(
    r"\b(?:hear(?:ing)? (?:\w+ )?(?:argument|evidence|from)|argument (?:\w+ )?in|case (?:of|number|no)"
    r"|(?:call|open|welcome)\w* (?:\w+ ){0,3}(?:case|meeting|committee|hearing|session|inquiry|item)"
    r"|(?:meeting|session|hearing|inquiry|item|evidence|scrutiny)\b.{0,30}\b(?:of|on|into|is|number)\b)",
    re.IGNORECASE,
)
_ISSUE = re.compile(
    r"\b(?:issue|question|case|problem|point|dispute|appeal|petition|purpose|priority|focus)s? (?:\w+ ){0,4}?"
    r"(?:is|are|was|presented|concerns?|involves?|arises?|here)\b|\bwhether\b",
    re.IGNORECASE,
)
_POSITION = re.compile(
    r"\b(?:(?:our|my) (?:position|view|submission|argument)|(?:we|I) (?:submit|contend|ask|urge|believe)|the reason"
    r"|because|should|must|cannot|does not|violates?|requires?|permits?|allows?|means)\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\b(?:thank|grateful|welcome|apologi[sz]e|pleased to be|my name is"
    r"|I(?:['’]d| would) like|(?:if|as) I|my pleasure|the honou?rable)\b",
    re.IGNORECASE,
)
_ON = re.compile(r"\b(?:items?|session|inquiry|scrutiny|evidence|argument|case|purpose)\b", re.IGNORECASE)
_PLAIN_ANSWER = re.compile(r"\W*(?:yes|no|correct|absolutely|certainly|exactly|right|not)\b", re.IGNORECASE)
_NO_ANSWER = re.compile(
    r"\b(?:I (?:don['’]t|do not) (?:know|recall|remember|have)|(?:I['’]m|I am) (?:not sure|sorry|afraid)|thank you"
    r"|question\b|(?:come|get) (?:back )?to)",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\b(?:(?:your|my|next|another|final|last|first|ask (?:you )?(?:a|one|about)|move on) (?:\w+ )?questions?\b"
    r"|excuse me|(?:may|can|could|let me) I? ?(?:just )?(?:ask|interrupt|finish)|thank you|page \d|brief\b"
    r"|what did you say|did you say|are you (?:saying|finished)|you said|time (?:is|has)|go ahead|by the way|help me"
    r"|footnote|appendix|on the record|where (?:is|do I|in)\b.*\b(?:find|say|record)|hear (?:now )?from|well, now)",
    re.IGNORECASE,
)
_FOLLOWS = re.compile(
    r"that\b|(?:[\w'’-]+[ ,]+){0,3}?(?:it|its|they|them|their|those|these|such|he|she|his|her|instead|for example"
    r"|this(?! (?:case|court|committee|meeting|morning|afternoon|year|week|country|government|bill|act)\b))\b",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"(?:[–—.…]\W*|-+ |(?:well|so(?! (?:long|far|many|much|little|few)\b)|and|but(?! for\b)|now|okay|oh|um|uh"
    r"|right(?! (?:of|to|in)\b)|i mean(?! (?:to|that)\b)|you know(?! that\b))(?![\w-])[, ]*(?!,))+",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"(?P<yes>(?:(?:yes|no|right|correct)[,.] )?)(?:(?:and )?(?:may it please the \w+|with (?:all )?(?:due )?respect"
    r"|(?:mr\.? |madam |mister )?(?:chair(?:man|woman|person)?|chief justice|speaker|president)|your honou?r|sir|ma'am"
    r"|(?:chief )?justice [A-Z][\w’']+)(?P<stop>[,.:]|(?= and may)) ?)+",
    re.IGNORECASE,
)
_BROKEN = re.compile(r"(?:--|[—–…,:;]|\.\.\.?)\W*$")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one person says until another does."""

    speaker: str
    said: tuple[Candidate, ...]

    @property
    def asks(self) -> bool:
        """Whether it ends with a question."""
        return self.said[-1].raw.rstrip(" -–—").endswith("?")

    @property
    def words(self) -> int:
        """How much is said."""
        return sum(len(one.raw.split()) for one in self.said)


@dataclass(frozen=True, slots=True)
class Told:
    """A line that may be shown, its worth and its place."""

    sentence: Sentence
    worth: float
    words: frozenset[str]


def turns_of(reading: Reading) -> list[Turn]:
    """The turns, what the same person goes on to say being one."""
    groups = groupby(reading.turns, key=lambda one: one.unit.label)
    return [Turn(speaker, tuple(said)) for speaker, said in groups]


def hearing(reading: Reading) -> list[Section] | None:
    """The sections of a hearing; None of talk in which nobody asks what others answer."""
    turns = turns_of(reading)
    long = [one.asks for one in turns if one.words >= _SHORT]
    if len(long) < _FEWEST or sum(long) < _ASKING * len(long):
        return None
    said: Counter[str] = Counter()
    for one in turns:
        said[one.speaker] += one.words
    heard = _who_answers(turns, said)
    if not heard:
        return None
    worth = told(reading, reading.turns, "talk")
    names = content_words(" ".join(said))
    keys = key_words(reading.turns) - names
    asking = _who_asks(turns, heard)
    sections = [Section("", "facts", 0.2, list(_opening(turns, heard)))]
    for name in heard:
        begun = _statement(turns, name, worth)
        pairs = _unlike(sorted(_exchanges(turns, name, asking, worth, keys), key=lambda one: -one.worth), _PAIRS)
        lines = _unlike([*begun[:1], *pairs[:1], *begun[1:2], *pairs[1:], *begun[2:3]], 9)
        share = 0.35 / len(heard) + 0.4 * said[name] / sum(said[one] for one in heard)
        sections.append(Section(name, "facts", share, [Entry(one.sentence) for one in lines]))
    answered = any(one.sentence.label.endswith(" asks") for section in sections for one in section.entries)
    return [one for one in sections if one.entries] if answered else None


def _who_answers(turns: Sequence[Turn], said: Counter[str]) -> list[str]:
    """Who says much, often after a question, and asks little: those who begin first, first."""
    asks = Counter(one.speaker for one in turns if one.asks)
    answers = Counter(one.speaker for before, one in pairwise(turns) if before.asks)
    fit = [
        name
        for name, words in said.most_common()
        if words > _SHARE * said.total()
        and answers[name] > 2
        and asks[name] < answers[name] / 2
        and not _NOBODY.fullmatch(name)
    ][:_HEARD]
    statements = [one.speaker for one in turns if one.words >= _STATEMENT]
    return sorted(fit, key=lambda name: statements.index(name) if name in statements else len(turns))


def _opening(turns: Sequence[Turn], heard: Sequence[str]) -> Iterator[Entry]:
    """The sentences of the first turns that say what is heard, at most two."""
    found = 0
    for turn in turns[:_OPENING]:
        for one in turn.said if turn.speaker not in heard else ():
            said = without_stumbles(one.raw)
            short = len(said.split()) <= _ASKED[-1] and not is_torn(said)
            fits = (_ON if found else _OPENS).search(said) is not None
            if found < _OPENERS and fits and len(content_words(said)) > _TELLS and short:
                found += 1
                yield Entry(Sentence(f"{turn.speaker}: {said}", one.unit.spans, label=turn.speaker))


def _who_asks(turns: Sequence[Turn], heard: Sequence[str]) -> list[str]:
    """Who asks and does not answer, most first."""
    asked = Counter(one.speaker for one in turns if one.asks and one.speaker not in heard)
    return [name for name, _ in asked.most_common() if not _NOBODY.fullmatch(name)]


def _statement(turns: Sequence[Turn], name: str, worth: dict[int, float]) -> list[Told]:
    """The best sentences of the first statement of someone, the best first, each with the one that it leans on."""
    long = [one.said for one in turns if one.speaker == name and one.words >= _STATEMENT]
    said = [one for turn in long[:2] for one in turn][:_FIRST]
    found = []
    for at, one in enumerate(said):
        line = _spoken([one])
        leans = at > 0 and _FOLLOWS.match(line) is not None
        both = said[at - 1 : at + 1] if leans else [one]
        line = _spoken(both)
        broken = is_torn(line) or _BROKEN.search(line) or "?" in line or _COURTESY.search(line) or _FOLLOWS.match(line)
        if len(line.split()) not in _STATED or broken:
            continue
        value = 0.6 * _mean(worth, both) + 1.2 * (_ISSUE.search(line) is not None) - 0.15 * at
        value += 0.4 * (_POSITION.search(line) is not None) + 0.4 * (at == 0)
        value -= 0.03 * max(0, len(line.split()) - _LONG) + 4 * max(0.0, vagueness(line) - 0.04)
        found.append(_told("Says", line, [_joined(both)], value))
    return sorted(found, key=lambda one: -one.worth)


def _exchanges(
    turns: Sequence[Turn], name: str, asking: Sequence[str], worth: dict[int, float], keys: frozenset[str]
) -> Iterator[Told]:
    """What someone is asked, with what they answer."""
    for before, turn in pairwise(turns):
        if turn.speaker != name or before.speaker not in asking:
            continue
        asked, answered = _question(before), _answer(turn)
        if not asked or not answered:
            continue
        question, answer = _spoken(asked), _spoken(answered)
        words = content_words(question) | content_words(answer)
        value = 0.5 * (_mean(worth, asked) + _mean(worth, answered)) + 0.2 * min(5, len(words & keys))
        value += 0.15 * min(3, len(content_words(question) & content_words(answer)))
        value += 0.4 * (_PLAIN_ANSWER.match(answer) is not None) + 0.3 * (_POSITION.search(answer) is not None)
        value -= 5 * (max(0.0, vagueness(question) - 0.04) + max(0.0, vagueness(answer) - 0.04))
        value -= 0.8 * (_ASIDE.search(question) is not None) + 1.5 * (_NO_ANSWER.search(answer) is not None)
        value -= 0.03 * max(0, len(question.split()) + len(answer.split()) - _BOTH)
        spans = [before.said[0].unit.spans[0], _joined(asked), _joined(answered)]
        value -= 0.0 if before.asks else 0.5
        if value < _LEAST:
            continue
        yield _told(f"{before.speaker} {'asks' if before.asks else 'says'}", f"{question} — {answer}", spans, value)


def _told(label: str, said: str, spans: Sequence[Span], worth: float) -> Told:
    return Told(Sentence(f"{label}: {said}", tuple(spans), label=label), worth, content_words(said))


def _mean(worth: dict[int, float], said: Sequence[Candidate]) -> float:
    return sum(worth.get(one.unit.spans[-1].start, -1.0) for one in said) / len(said)


def _joined(said: Sequence[Candidate]) -> Span:
    first, last = said[0].unit.spans[-1], said[-1].unit.spans[-1]
    return Span(first.start, last.end, first.source)


def _spoken(said: Sequence[Candidate]) -> str:
    """What is said, without sounds, idle first words and who is spoken to; a yes or no is kept."""
    text = without_sounds(" ".join(one.raw for one in said))
    opener = _OPENER.match(text)
    text = text[opener.end() :] if opener else text
    called = _CALLED.match(text)
    if called is not None:
        kept = f"{called['yes'].rstrip(' ,.')}{called['stop']} " if called["yes"] else ""
        text = kept + text[called.end() :]
    text = " ".join(text.split()).replace(" ,", ",").replace(" .", ".")
    return text[:1].upper() + text[1:] if opener is None or "--" not in opener[0] else text


def _question(turn: Turn) -> Sequence[Candidate]:
    """The question that a turn ends with, and what stands before it where it says too little; nothing of others."""
    for many in range(1, min(4, len(turn.said) + 1)):
        said = turn.said[-many:]
        text = _spoken(said)
        clear = vagueness(text) <= _MOST_VAGUE and len(content_words(text)) > 2
        whole = text[:1].isupper() and not _BROKEN.search(text) and not is_torn(text)
        if len(text.split()) in _ASKED and clear and whole:
            return said
    return ()


def _answer(turn: Turn) -> Sequence[Candidate]:
    """What a turn begins with, as far as it answers; nothing where it breaks off."""
    for many in range(1, min(4, len(turn.said) + 1)):
        said = turn.said[:many]
        text = _spoken(said)
        whole = text[:1].isupper() and not text.endswith("?") and not _BROKEN.search(text) and not is_torn(text)
        if len(text.split()) in _ANSWERED and len(content_words(text)) > 3 and whole:
            return said
    return ()


def _unlike(found: Sequence[Told], most: int) -> list[Told]:
    """The first, each of other words than those before it."""
    chosen: list[Told] = []
    for one in found:
        if all(len(one.words & other.words) < _ALIKE * min(len(one.words), len(other.words)) for other in chosen):
            chosen.append(one)
    return chosen[:most]
