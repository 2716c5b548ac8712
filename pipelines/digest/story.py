"""How a story begins, turns and ends: who is in it, its parts, and what is told there."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

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
_GOES_ON = 30  # words of a sentence that is shown behind another
_LAST_CHARACTERS = 4000  # in which its last paragraphs are looked for
_BREAK = re.compile(r"\n[ \t\r]*\n")  # between two paragraphs
_LAST = 3  # paragraphs, of which the last that is long enough is the end
_CAST = 6  # names
_SENTENCES = 6  # of a part, at most
_LEAST, _FEWEST_WORDS = 0.3, 9  # worth and words of a sentence that is shown, where others can be
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
_PERSONS = 2  # times that someone says, thinks or feels something
_NAMED = 3  # times that a person is named


def story(reading: Reading) -> tuple[Sentence | None, list[tuple[str, list[Candidate]]]]:
    """Who is in the story, most named first, and the names of its parts in order, each with its best sentences."""
    main = [name for name, _ in names(reading.text).most_common(_CAST)]
    everyone = who(reading, main, 0, len(reading.text), "Who")
    worth = told(reading, reading.said, "story")
    pool = sorted([*reading.points, *reading.speech], key=lambda one: one.unit.start)
    parts = [
        (name, _best(reading, name, [one for one in pool if start <= one.unit.start < end], start, end, worth))
        for name, (start, end) in zip(_PARTS, _stretches(reading), strict=True)
    ]
    return everyone, [(name, found) for name, found in parts if found]


def passage(reading: Reading, one: Candidate, chosen: Sequence[Candidate]) -> Sentence:
    """A sentence with the one that goes on with it in its paragraph; alone where that one is chosen, too."""
    after = next((other for other in reading.said if other.unit.start >= one.unit.end), None)
    if after is None or any(after is other or one.unit.end > other.unit.start > one.unit.start for other in chosen):
        return reading.sentence(one.unit)
    if reading.text[one.unit.end : after.unit.start].strip(" ") or not after.unit.whole:
        return reading.sentence(one.unit)
    if len(after.raw.split()) > _GOES_ON or "?" in after.raw or after.raw[:1] in "\"“‘'":
        return reading.sentence(one.unit)
    return reading.line(one.unit.start, after.unit.end)


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


def _best(
    reading: Reading, name: str, inside: list[Candidate], start: int, end: int, worth: dict[int, float]
) -> list[Candidate]:
    def value(one: Candidate) -> float:
        share = (one.unit.start - start) / max(1, end - start)
        place = {_PARTS[0]: 1 - share, _PARTS[-1]: share}.get(name, 0.0)
        return worth.get(one.unit.spans[-1].start, -1.0) + _EDGE_WORTH * place

    telling = [one for one in inside if value(one) > _LEAST and len(one.raw.split()) >= _FEWEST_WORDS]
    chosen = ranked(reading, telling or inside, value, most=_SENTENCES if telling else 1)
    speech = [one for one in chosen if one.raw[:1] in '"“']
    return [one for one in chosen if one not in speech[1:]]  # one of a part's lines may be what someone says


def names(text: str) -> Counter[str]:
    """The names of who does something in a story, by how often they are said. Linear."""
    often: Counter[str] = Counter()
    does: Counter[str] = Counter()
    speaks: Counter[str] = Counter()
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
        does[name] += _DOES.match(text, match.end()) is not None or match[0].endswith(("'s", "’s"))
    told = {name: often[name] for name in often if often[name] >= _NAMED and does[name] > often[name] / 8}
    persons = {name: times for name, times in told.items() if speaks[name] >= _PERSONS}
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
