"""How a story begins, turns and ends: who is in it, its parts, and what is told there."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.points import ranked, told
from longdoc.pipelines.digest.reading import Candidate, Reading
from longdoc.pipelines.units.hygiene import is_ended, readable
from longdoc.pipelines.wording.ordinary_words import ORDINARY

_PARTS = ("Beginning", "Then", "Midway", "Later", "Ending")
_EDGES = (12, 36, 64, 90)  # percent of the text, between the parts
_EDGE_WORTH = 0.6  # what the first place of the beginning, and the last of the ending, is worth
_LAST_WORDS = range(8, 71)  # of a paragraph that a story ends with
_LAST_CHARACTERS = 4000  # in which its last paragraphs are looked for
_BREAK = re.compile(r"\n[ \t\r]*\n")  # between two paragraphs
_LAST = 3  # paragraphs, of which the last that is long enough is the end
_CAST = 6  # names
_SENTENCES = 6  # of a part, at most
_LEAST, _FEWEST = 0.3, 9  # worth and words of a passage that is shown, where others can be
_CLOSED, _BEHIND = re.compile(r"[,?!.—-][\"”]\s"), 40  # where speech ends; characters behind it that name a speaker
_IN_PASSAGE, _WORDS = 4, 55  # sentences and words of one
# Between what readers like and what a regression gives of how much people retell of SQuALITY's training stories.
_MORE, _LONGER, _USUAL = 0.15, 0.4, 20  # of one more sentence; of the logarithm of its words over those of a usual one
_WITH_NAME, _UNNAMED = 0.2, 0.4  # of who is called by name; what it costs that someone is not
_EVENT, _GESTURE, _SPEECH = 0.2, 0.2, 0.1  # of what changes the story; costs of what only shows a face, and of speech
_PRONOUN = re.compile(r"\b(?:he|she|him|her|his|hers|they|them|their)\b", re.IGNORECASE)
_HAPPENS = re.compile(
    r"\b(?:decid|realiz|realis|discover|learn|agree|refus|order|kill|murder|escap|captur|attack|rescu|marr"
    r"|accus|confess|explain|reveal|admit|promis|threaten|warn|persuad|convinc|destroy|surviv|return|arriv|attempt"
    r"|invent|arrest|appoint|assign|offer|betray|succeed|fail|manag)\w*\b"
    r"|\b(?:plan(?:s|n\w*)?|die[sd]?|dying|shot|stole|stolen|fled|sends?|sent|hire[sd]?|lie[ds])\b"
    r"|\b(?:wants?|wanted|needs?|needed|has|have|had|forced|trying|tried|able|going|supposed) to\b|\bmust\b|\bbecause\b"
    r"|\b(?:so|in order) (?:that|to)\b|\bwar\b|\bdead\b|\bnever again\b|\bfor the first time\b|\bat last\b",
    re.IGNORECASE,
)
_GESTURES = re.compile(
    r"\b(?:glanc|nodd|smil|grinn|shrugg|sigh|stare?|frown|lean|rubb|wip|blink|scratch|chuckl|laugh|wink|swallow"
    r"|gestur|paus|hesitat|squint|grunt|mutter|murmur|whisper|shiver|trembl|tightened|raised|eyed)(?:e?d|ing)?\b"
    r"|\b(?:shook|shaking) (?:his|her) head\b|\b(?:looked|stared|turned|eyes) (?:at|up|down|around|back)\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"\b(?:(?:Mr|Mrs|Ms|Miss|Dr|Sir|Lady|Lord|Captain|Capt|Prof|Professor)\.?[ \n])?"
    r"[A-Z][a-z][\w’'-]*(?:[ \n](?:de |van |von |of the )?[A-Z][\w’'-]*){0,2}"
)
_DOES = re.compile(
    r"[ \n](?:said|asked|was|had|is|has|looked|went|came|took|saw|turned|replied|thought|knew|felt|nodded|stood"
    r"|told|made"
    r"|began|gave|walked|could|would|did|cried|sat|shook|smiled|grinned|stared|ran|heard|[a-z]{2,}ed)\b|['’]s[ \n]"
    r"|, (?:who|the|a|an)\b"
)
_CONTRACTED = re.compile(r"\w['’](?:ve|re|ll|d|m|t)\b", re.IGNORECASE)
_PERSONAL = (
    r"(?:said|asked|replied|answered|cried|told|thought|knew|felt|nodded|smiled|grinned|laughed|frowned|shouted"
    r"|whispered"
    r"|muttered|looked|stared|turned|shrugged|sighed|murmured|snapped|went on|shook|wondered|says|asks|thinks|knows"
    r"|looks)"
)
_SPEAKS = re.compile(rf"[ \n]{_PERSONAL}\b")
_SPOKEN_BY = re.compile(rf"\b{_PERSONAL}[ \n]$")
_PLACED = re.compile(r"\b(?:the|of|in|at|from|on|near|into|inside|outside)[ \n]$", re.IGNORECASE)
_PLACES = 0.4  # of the times that a name is said, from which it is one of a place or a thing
_PERSONS = 2  # times that someone says, thinks or feels something
_NAMED = 3  # times that a person is named


def story(reading: Reading) -> tuple[Sentence | None, list[tuple[str, list[Sentence]]]]:
    """Who is in the story, most named first, and the names of its parts in order, each with its best passages."""
    cast = [name for name, _ in names(reading.text).most_common(_CAST)]
    everyone = who(reading, [in_full(reading.text, name) for name in cast], 0, len(reading.text), "Who")
    found = passages(reading, cast)
    parts = [
        (name, _best(reading, name, [one for one in found if start <= one.start < end], start, end))
        for name, (start, end) in zip(_PARTS, _stretches(reading), strict=True)
    ]
    return everyone, [(name, [one.sentence(reading) for one in chosen]) for name, chosen in parts if chosen]


@dataclass(frozen=True, slots=True)
class Passage:
    """Sentences of a paragraph that follow one another and can be read alone, and what they tell."""

    said: tuple[Candidate, ...]
    worth: float

    @property
    def start(self) -> int:
        """Where the first begins."""
        return self.said[0].unit.start

    @property
    def end(self) -> int:
        """Where the last ends."""
        return self.said[-1].unit.end

    @property
    def words(self) -> int:
        """How much is said."""
        return sum(len(one.raw.split()) for one in self.said)

    def sentence(self, reading: Reading) -> Sentence:
        """The passage as it stands."""
        return reading.line(self.start, self.end) if len(self.said) > 1 else reading.sentence(self.said[0].unit)


def passages(reading: Reading, cast: Sequence[str]) -> list[Passage]:
    """For each sentence that can be read alone the passage that begins with it and tells most, in order. Linear."""
    worth = told(reading, reading.said, "story")
    alone = set(map(id, (*reading.points, *reading.speech)))
    named = re.compile("|".join(rf"\b{re.escape(name.split()[-1])}\b" for name in cast) or r"(?!)")
    said = reading.said
    found = []
    for at, first in enumerate(said):
        if id(first) not in alone and not _opens_speech(reading.text, first.unit.start):
            continue
        tried = [Passage((first,), _telling(reading, (first,), named, worth))] if id(first) in alone else []
        for end in range(at + 1, min(at + _IN_PASSAGE, len(said))):
            run = tuple(said[at : end + 1])
            text = reading.text[first.unit.start : run[-1].unit.end]
            if not _is_run(reading, run[-2], run[-1]) or len(text.split()) > _WORDS:
                break
            if _is_shut(text) and (id(first) in alone or _is_said_by(text, named)):
                tried.append(Passage(run, _telling(reading, run, named, worth)))
        found += [max(tried, key=lambda one: one.worth)] if tried else []
    return found


def _opens_speech(text: str, place: int) -> bool:
    """Whether a paragraph begins with what someone says."""
    before = text[max(0, place - 8) : place]
    return text[place] in '"“' and not before.strip() and "\n" in before


def _is_said_by(text: str, named: re.Pattern[str]) -> bool:
    """Whether someone is named right behind what is said."""
    match = _CLOSED.search(text)
    return match is not None and named.search(text, match.end(), match.end() + _BEHIND) is not None


def _is_run(reading: Reading, one: Candidate, after: Candidate) -> bool:
    """Whether a sentence follows another in its paragraph."""
    between = reading.text[one.unit.end : after.unit.start]
    plain = len(one.unit.spans) == len(after.unit.spans) == 1 and after.unit.whole
    return plain and not between.strip() and _BREAK.search(between) is None


def _is_shut(text: str) -> bool:
    """Whether each quotation that is opened is closed, and the text ends as a sentence does."""
    return text.count("“") == text.count("”") and text.count('"') % 2 == 0 and is_ended(text)


def _telling(reading: Reading, said: Sequence[Candidate], named: re.Pattern[str], worth: dict[int, float]) -> float:
    """How much a passage tells: what its sentences do, who does it, and whether it says who is meant."""
    text = reading.text[said[0].unit.start : said[-1].unit.end]
    sizes = [len(one.raw.split()) for one in said]
    value = sum(worth.get(one.unit.spans[-1].start, -1.0) * size for one, size in zip(said, sizes, strict=True))
    value = value / max(1, sum(sizes)) + _MORE * (len(said) - 1) + _LONGER * math.log(max(1, sum(sizes)) / _USUAL)
    person, name = _PRONOUN.search(text), named.search(text)
    value += _WITH_NAME if name is not None else 0.0
    value -= _UNNAMED if person is not None and (name is None or name.start() > person.start()) else 0.0
    value += _EVENT * min(2, len(_HAPPENS.findall(text))) - _GESTURE * min(2, len(_GESTURES.findall(text)))
    return value - (_SPEECH if said[0].raw[:1] in '"“' else 0.0)


def last_words(reading: Reading) -> Sentence | None:
    """The paragraph that the story ends with, as it stands; None where the last ones are too short or too long."""
    end = len(reading.text.rstrip())
    low = max(0, end - _LAST_CHARACTERS)
    for _ in range(_LAST):
        start = max((match.end() for match in _BREAK.finditer(reading.text, low, end)), default=low)
        start += len(reading.text[start:end]) - len(reading.text[start:end].lstrip())
        if len(reading.text[start:end].split()) in _LAST_WORDS and is_ended(reading.text[start:end]):
            return reading.line(start, end)
        end = len(reading.text[:start].rstrip())
    return None


def _stretches(reading: Reading) -> Iterator[tuple[int, int]]:
    """Equal stretches of the text that is told, the first and the last short ones."""
    length = len(reading.text)
    first = next((one.unit.start for one in reading.points), 0)
    yield from itertools.pairwise([0, *(first + (length - first) * share // 100 for share in _EDGES), length])


def _best(reading: Reading, name: str, inside: Sequence[Passage], start: int, end: int) -> list[Passage]:
    by = {id(one.said[0]): one for one in inside}

    def value(one: Candidate) -> float:
        share = (one.unit.start - start) / max(1, end - start)
        place = {_PARTS[0]: 1 - share, _PARTS[-1]: share}.get(name, 0.0)
        return by[id(one)].worth + _EDGE_WORTH * place

    heads = [one.said[0] for one in inside]
    telling = [one for one in heads if value(one) > _LEAST and by[id(one)].words >= _FEWEST]
    chosen: list[Passage] = []
    for one in ranked(reading, telling or heads, value, most=_SENTENCES if telling else 1):
        here = by[id(one)]
        speech = here.said[0].raw[:1] in '"“' and any(other.said[0].raw[:1] in '"“' for other in chosen)
        if not speech and all(here.end <= other.start or other.end <= here.start for other in chosen):
            chosen.append(here)  # one of a part's passages may be what someone says
    return chosen


def names(text: str) -> Counter[str]:
    """The names of who does something in a story, by how often they are said. Linear."""
    often: Counter[str] = Counter()
    does: Counter[str] = Counter()
    speaks: Counter[str] = Counter()
    placed: Counter[str] = Counter()
    for match in _NAME.finditer(text):
        name = " ".join(match[0].split())
        name = re.sub(r"['’]s$", "", name)
        if name.split()[-1].casefold() in ORDINARY or name.split()[0].casefold() in ORDINARY or name.isupper():
            continue
        if _CONTRACTED.search(name) or name.endswith("ly") or text[match.start() - 1 : match.start()] in ("'", "’"):
            continue
        often[name] += 1
        before = text[max(0, match.start() - 12) : match.start()]
        speaks[name] += _SPEAKS.match(text, match.end()) is not None or _SPOKEN_BY.search(before) is not None
        placed[name] += _PLACED.search(before) is not None
        does[name] += _DOES.match(text, match.end()) is not None or match[0].endswith(("'s", "’s"))
    told = {name: often[name] for name in often if often[name] >= _NAMED and does[name] > often[name] / 8}
    persons = {name: times for name, times in told.items() if speaks[name] >= _PERSONS}
    told = {name: times for name, times in told.items() if placed[name] < _PLACES * times}
    return _joined(Counter(persons or told))


def _joined(often: Counter[str]) -> Counter[str]:
    """The same with a longer name counted for the shorter one that stands for it, and said by its commonest form."""
    joined: Counter[str] = Counter()
    for name, times in often.most_common():
        words = set(name.replace(".", "").split())
        held = next((one for one in joined if words & set(one.replace(".", "").split()) and _same(words, one)), None)
        joined[held or name] += times
    return joined


def _same(words: set[str], other: str) -> bool:
    theirs = set(other.replace(".", "").split())
    return words <= theirs or theirs <= words


def in_full(text: str, name: str) -> str:
    """A name with the first name or the title that it has most often within a sentence; as it is where it has none."""
    found: Counter[str] = Counter()
    first = r"(?:(?:[A-Z][a-z]{0,3}\.|[A-Z][a-z]+)[ \n]){1,2}"
    for match in re.finditer(rf"(?<=[a-z,;] ){first}{re.escape(name)}\b", text):
        words = match[0].split()
        if len(set(words)) == len(words) and not any(word.casefold().rstrip(".") in ORDINARY for word in words):
            found[" ".join(words)] += 1
    full, times = found.most_common(1)[0] if found else (name, 1)
    return full if times > 1 or text.count(full.split()[0]) == 1 else name  # else the word before it may be no name


def who(reading: Reading, listed: Iterable[str], start: int, end: int, label: str) -> Sentence | None:
    """The names, each at its first place in a stretch, as one line under a label; None where none is there."""
    spans = []
    for name in listed:
        found = re.compile(rf"\b{re.escape(name)}\b".replace(r"\ ", r"\s+")).search(reading.text, start, end)
        if found is not None:
            spans.append(Span(*found.span(), reading.source))
    if not spans:
        return None
    said = ", ".join(readable(span.of(reading.text)) for span in spans)
    return Sentence(f"{label}: {said}", tuple(spans), label=label)
