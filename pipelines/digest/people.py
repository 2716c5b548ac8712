"""Who is in a document: names by how often they are said, and where each is introduced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.pipelines.digest.reading import Reading
from longdoc.pipelines.units.hygiene import readable
from longdoc.pipelines.wording.ordinary_words import ORDINARY

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


def speakers(reading: Reading) -> Sequence[tuple[str, int]]:
    """The speakers of a transcript by the words that they say, most first."""
    said: Counter[str] = Counter()
    for unit in reading.found("turn"):
        said[unit.label] += len(unit.value.split())
    return said.most_common()
