"""A meeting: who spoke, what it was about, what was said on each subject, decided, and is to be done."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.points import ranked
from longdoc.pipelines.digest.reading import Candidate, Reading
from longdoc.pipelines.digest.section import Entry, Section
from longdoc.pipelines.digest.talk.spoken import Spoken, spoken
from longdoc.pipelines.digest.talk.subjects import stages, topics
from longdoc.pipelines.wording.words import content_words

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
_ABOUT_TO_SAY = re.compile(
    r"^(?:let me|what (?:we|I|you)|I(?:['’]d| would)? (?:like|want)|as I|if)\b|\bdecisions?\b"
    r"|\b(?:what|how|whether|which|where|if|when|do|did|should|can|could) (?:do |did |should )?we\b",
    re.IGNORECASE,
)
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
_AHEAD = re.compile(
    r"['’]ll\b|\b(?:will|going to|gonna|should|needs? to|ha(?:ve|s) to|must|can|could|please|by)\b",
    re.IGNORECASE,
)
_AIM = re.compile(
    r"\b(?:meeting|agenda|today|purpose|aim(?:ing)?|goal|project|we(?:'ll| will) hear|welcome|discuss\w*|argument"
    r"|subject|presentation"
    r"|question (?:is|before|presented)|issue|this case|petition\w*|item|committee|topic)\b",
    re.IGNORECASE,
)
DECISIONS, TO_DO = "Decisions", "To do"
_STAGES, _NAMED = 4, 3  # stages; subjects that one is named by
_ON_TOPIC = 0.5  # what it is worth to say a word that a stage is on
_FIRM = 0.3  # worth of a decision that is shown
_LEAST = -0.3  # worth of a line of a stage
_EARLY = 0.2  # of a meeting, in which it says what it is about


def meeting(reading: Reading) -> list[Section]:
    """What a meeting is about, what was said on each of its subjects, what was decided, and what is to be done."""
    said = list(spoken(reading))
    length = max(1, len(reading.text))
    by = {id(one.candidate): one for one in said}
    taken: list[Candidate] = []

    def place(one: Candidate) -> float:
        return one.unit.start / length

    def section(
        heading: str,
        share: float,
        most: int,
        fits: Callable[[Spoken], bool],
        worth: Callable[[Spoken], float] = lambda one: one.worth,
    ) -> Section:
        pool = [one.candidate for one in said if one.candidate not in taken and fits(one)]
        chosen = ranked(reading, pool, lambda one: worth(by[id(one)]), most, taken)
        taken.extend(chosen)
        return Section(heading, "facts", share, [Entry(by[id(one)].sentence) for one in chosen])

    about = section(
        "What it is about",
        0.2,
        2,
        lambda one: place(one.candidate) < _EARLY,
        lambda one: one.worth + aim(one, place(one.candidate)),
    )
    decided = section(DECISIONS, 0.15, 3, lambda one: decides(one.said) and one.worth > _FIRM)
    to_do = section(
        TO_DO,
        0.1,
        2,
        lambda one: place(one.candidate) > 0.15 and asks_to_do(one.said),
        lambda one: one.worth + 1.5 * place(one.candidate),
    )
    heard = who_spoke(reading, [name for name, _ in speakers(reading)[:6]])
    sections = [Section("", "facts", 0.1, [Entry(heard)] if heard else []), about]
    used: list[str] = []
    for first, end in stages(reading, _STAGES):
        spans = topics(reading, reading.turns[first:end])
        new = [span for span in spans if span.of(reading.text).casefold() not in used]
        used += [span.of(reading.text).casefold() for span in new[:_NAMED]]
        words = content_words(" ".join(span.of(reading.text) for span in spans))
        inside = {id(one) for one in reading.turns[first:end]}

        def is_inside(one: Spoken, inside: set[int] = inside) -> bool:
            return id(one.candidate) in inside and one.worth > _LEAST

        def worth(one: Spoken, words: frozenset[str] = words) -> float:
            return one.worth + _ON_TOPIC * min(2, len(words & one.candidate.unit.words))

        sections.append(section(_named(reading, (new or spans)[:_NAMED]), 0.55 / _STAGES, 4, is_inside, worth))
    return [*sections, decided, to_do]


def _named(reading: Reading, spans: Sequence[Span]) -> str:
    said = ", ".join(span.of(reading.text) for span in spans)
    return said[:1].upper() + said[1:] if said else "What was said"


def aim(one: Spoken, share: float) -> float:
    """How well a sentence says what the meeting is for: by its words, and by how early it is said."""
    return (0.8 if _AIM.search(one.said) else 0.0) + 0.4 * max(0.0, 1 - 4 * share) + 0.8 * max(0.0, 1 - 25 * share)


def decides(said: str) -> bool:
    """Whether a sentence says that something is decided, and not what the speaker is about to say."""
    return _DECIDED.search(said) is not None and _ABOUT_TO_SAY.search(said) is None


def asks_to_do(said: str) -> bool:
    """Whether a sentence says that something is to be done, and by whom or when."""
    return _TO_DO.search(said) is not None and _AHEAD.search(said) is not None


def who_spoke(reading: Reading, speakers: list[str]) -> Sentence | None:
    """The speakers, each where it first speaks."""
    first: dict[str, Span] = {}
    for unit in reading.found("turn"):
        first.setdefault(unit.label, unit.spans[0])
    spans = tuple(first[name] for name in speakers if name in first)
    return Sentence(f"Speakers: {', '.join(speakers)}", spans, label="Speakers") if spans else None


def speakers(reading: Reading) -> Sequence[tuple[str, int]]:
    """The speakers of a transcript by the words that they say, most first."""
    said: Counter[str] = Counter()
    for unit in reading.found("turn"):
        said[unit.label] += len(unit.value.split())
    return said.most_common()
