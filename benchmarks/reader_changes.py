"""Sentences said in other words, and sentences made false by the errors that writers' models make. English."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from reader_words import BOUNDS, DAYS, HEDGES, MONTHS, NUMERALS, OPPOSITE, SAME, SCALES, STRONGER, UNITS

Spans = tuple[tuple[int, int], ...]
CONTRADICTS, SILENT, EITHER = 1, 2, 3


@dataclass(frozen=True)
class Around:
    """What a sentence's document offers to mix it up with: names, numbers, other sentences, phrases of elsewhere."""

    names: Sequence[str]
    numbers: Sequence[str]
    others: Sequence[str]
    phrases: Sequence[str]


@dataclass(frozen=True)
class Changed:
    """A false sentence, by which kind of change, and what its text then says: a label of the verdict head."""

    text: str
    kind: str
    label: int


_AUXILIARIES = "is|are|was|were|can|could|will|would|should|has|have|had|does|do|did|may|must|might|shall"
_NUMBER = re.compile(r"(?<![\w.,-])[$€£]?\d+(?:[.,]\d+)*(?![\w-]|[.,]\d)")
_NAME = re.compile(r"(?<![.!?:;\"“(] )(?<=\s)[A-Z][\w'’.-]*[\w](?: (?:(?:of|de|the|van|von|and) )?[A-Z][\w'’-]+)*")
_OPENERS = re.compile(
    r"(?:In|On|At|During|After|Before|For|Since|By|From|With|The|A|An|As|When|If|While|Although|However) "
)
_NOT_NAMES = frozenset(
    [
        "I",
        "The",
        "A",
        "An",
        "In",
        "It",
        "He",
        "She",
        "They",
        "We",
        "You",
        "This",
        "That",
        "There",
        "If",
        "As",
        "At",
        "On",
        "For",
        "MUST",
        "SHOULD",
        "MAY",
        "NOT",
    ]
)


def names(text: str) -> list[str]:
    """The capitalised words inside sentences, those that belong together as one."""
    return [one for one in _NAME.findall(text) if one not in _NOT_NAMES and len(one) > 1]


def numbers(text: str) -> list[str]:
    """Numbers in figures."""
    return _NUMBER.findall(text)


def doubted(true: str, false: str) -> Spans:
    """Which characters of the false sentence are not the true one's."""
    one, other = _words(true), _words(false)
    matcher = SequenceMatcher(None, [text.lower() for text, _, _ in one], [text.lower() for text, _, _ in other], False)
    found = []
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag in ("replace", "insert"):
            found.append((other[start][1], other[end - 1][2]))
        elif tag == "delete" and other:  # what is left out is doubted in the word that follows
            place = min(start, len(other) - 1)
            found.append((other[place][1], other[place][2]))
    return tuple(found)


def _words(text: str) -> list[tuple[str, int, int]]:
    return [(match[0], match.start(), match.end()) for match in re.finditer(r"\w+|[^\w\s]", text)]


def _replace(text: str, match: re.Match[str], new: str) -> str:
    if match[0][:1].isupper() and not match[0].isupper():
        new = new[:1].upper() + new[1:]
    return text[: match.start()] + new + text[match.end() :]


def _mapped(text: str, table: dict[str, str], rng: random.Random) -> str | None:
    pattern = r"\b(?:" + "|".join(sorted(map(re.escape, table), key=len, reverse=True)) + r")\b"
    found = list(re.finditer(pattern, text, re.IGNORECASE))
    if not found:
        return None
    match = rng.choice(found)
    return _replace(text, match, table[match[0].lower()])


def _number(text: str, around: Around, rng: random.Random) -> Changed | None:
    found = list(_NUMBER.finditer(text)) + list(
        re.finditer(r"\b(?:" + "|".join(NUMERALS[2:]) + r")\b", text, re.IGNORECASE)
    )
    if not found:
        return None
    match = rng.choice(found)
    old = match[0]
    if old.lower() in NUMERALS:
        return Changed(
            _replace(text, match, rng.choice([one for one in NUMERALS[2:] if one != old.lower()])),
            "number",
            CONTRADICTS,
        )
    alike = [
        one
        for one in around.numbers
        if one != old and abs(len(one) - len(old)) <= 1 and one[0].isdigit() == old[0].isdigit()
    ]
    if alike and rng.random() < 0.5:
        return Changed(_replace(text, match, rng.choice(alike)), "number", CONTRADICTS)
    if re.fullmatch(r"1[5-9]\d\d|20\d\d", old):
        new = str(int(old) + rng.choice([-1, 1]) * rng.choice([1, 1, 2, 3, 5, 10, 20, 100]))
    else:
        digits = [at for at, c in enumerate(old) if c.isdigit()]
        at = rng.choice(digits[: max(1, len(digits) - 1)] if len(digits) > 2 else digits)
        choice = rng.random()
        if choice < 0.7:
            low = "123456789" if at == digits[0] and len(digits) > 1 else "0123456789"
            new = old[:at] + rng.choice([c for c in low if c != old[at]]) + old[at + 1 :]
        elif choice < 0.85 and "." not in old and "," not in old:
            new = old + "0"
        else:
            new = re.sub(r"\d+", lambda m: str(int(m[0]) * rng.choice([2, 3]) + 1), old, count=1)
    return None if new == old else Changed(_replace(text, match, new), "number", CONTRADICTS)


def _unit(text: str, around: Around, rng: random.Random) -> Changed | None:
    found = []
    for group in UNITS:
        members = [one.replace("_", " ") for one in group.split()]
        pattern = re.compile(r"(?<![A-Za-z])(?:" + "|".join(members) + r")\b", re.IGNORECASE)
        units = [one for one in pattern.finditer(text) if len(one[0]) > 2 or re.search(r"\d ?$", text[: one.start()])]
        found += [(match, [one for one in members if one != match[0].lower()]) for match in units]
    found += [(match, [one for one in "$€£" if one != match[0]]) for match in re.finditer(r"[$€£](?=\d)", text)]
    found += [(match, [" percentage points", ""]) for match in re.finditer(r"(?<=\d)%", text)]
    if not found:
        return None
    match, members = rng.choice(found)
    return Changed(_replace(text, match, rng.choice(members)), "unit", CONTRADICTS)


def _scale(text: str, around: Around, rng: random.Random) -> Changed | None:
    new = _mapped(text, SCALES, rng)
    if new is None and (match := re.search(r"[$€£]\d+(?:[.,]\d+)*(?! ?[\dmbt%])", text)):
        new = text[: match.end()] + rng.choice([" million", " billion", " thousand"]) + text[match.end() :]
    return (new and Changed(new, "scale", CONTRADICTS)) or None


def _negation(text: str, around: Around, rng: random.Random) -> Changed | None:
    removed = re.sub(r"\b(?:not|never) |n't\b", "", text, count=1)
    if removed != text:
        return Changed(removed.replace("ca ", "can ").replace("wo ", "will "), "negation", CONTRADICTS)
    found = list(re.finditer(rf"\b(?:{_AUXILIARIES})\b(?! not|n't)(?! \w+\?)", text))
    if not found:
        return None
    match = found[0] if rng.random() < 0.6 else rng.choice(found)
    word = rng.choice([" not", " not", " not", " never", " no longer"])
    return Changed(text[: match.end()] + word + text[match.end() :], "negation", CONTRADICTS)


def _antonym(text: str, around: Around, rng: random.Random) -> Changed | None:
    found = [m for m in re.finditer(r"[A-Za-z]+", text) if m[0].lower() in OPPOSITE]
    if not found:
        return None
    match = rng.choice(found)
    return Changed(_replace(text, match, rng.choice(OPPOSITE[match[0].lower()])), "antonym", CONTRADICTS)


def _bound(text: str, around: Around, rng: random.Random) -> Changed | None:
    new = _mapped(text, BOUNDS, rng)
    return (new and Changed(new, "bound", EITHER)) or None


def _date(text: str, around: Around, rng: random.Random) -> Changed | None:
    for listed in rng.sample([MONTHS, DAYS, ["spring", "summer", "autumn", "winter"]], 3):
        found = [
            m
            for m in re.finditer(r"\b(?:" + "|".join(listed) + r")\b", text)
            if m[0] != "May" or re.search(r"\d", text)
        ]
        if found:
            match = rng.choice(found)
            return Changed(
                _replace(text, match, rng.choice([one for one in listed if one != match[0]])), "date", CONTRADICTS
            )
    return None


def _entity(text: str, around: Around, rng: random.Random) -> Changed | None:
    found = _named(text, around)
    others = [one for one in around.names if one not in text]
    if not found or not others:
        return None
    match = rng.choice(found)
    alike = [one for one in others if len(one.split()) == len(match[0].split())] or others
    return Changed(_replace(" " + text, match, rng.choice(alike))[1:], "entity", EITHER)


def _named(text: str, around: Around) -> list[re.Match[str]]:
    """Names in a sentence with a blank before it; its first word is one if it is one elsewhere too."""
    found = [m for m in _NAME.finditer(" " + text) if m[0] not in _NOT_NAMES]
    return [
        m for m in found if m.start() > 1 or (m[0] in around.names if " " not in m[0] else not _OPENERS.match(m[0]))
    ]


def _roles(text: str, around: Around, rng: random.Random) -> Changed | None:
    found = _named(text, around)
    if len(found) < 2 or found[0][0] == found[-1][0]:
        return None
    one, other = (found[at][0] for at in sorted(rng.sample(range(len(found)), 2)))
    if (
        one == other
        or one in other
        or other in one
        or re.search(re.escape(one) + r"(?:,| and| or| &) ?.{0,30}?" + re.escape(other), text)
    ):
        return None
    return Changed(text.replace(one, "\0").replace(other, one).replace("\0", other), "roles", EITHER)


def _merged(text: str, around: Around, rng: random.Random) -> Changed | None:
    cut = re.compile(rf" (?:{_AUXILIARIES}|said|says|became|made|used|gave|won|took|includes?|provides?) ")
    mine = cut.search(text)
    others = [
        (one, match) for one in around.others if (match := cut.search(one)) and match.start() < 80 and one != text
    ]
    if mine is None or mine.start() > 80 or not others:
        return None
    other, match = rng.choice(others)
    if other[: match.start()].lower() == text[: mine.start()].lower():
        return None
    return Changed(text[: mine.start()] + other[match.start() :], "merged", EITHER)


def _invented(text: str, around: Around, rng: random.Random) -> Changed | None:
    if not around.phrases or text[-1:] != ".":
        return None
    phrase = rng.choice(around.phrases)
    commas = [m.start() for m in re.finditer(r",(?= )", text)]
    at = rng.choice([len(text) - 1, len(text) - 1, *commas])
    return Changed(f"{text[:at].rstrip()} {phrase}{text[at:]}", "invented", SILENT)


def _modality(text: str, around: Around, rng: random.Random) -> Changed | None:
    new = _mapped(text, HEDGES, rng)
    return (new and Changed(new, "modality", EITHER)) or None


def _quantifier(text: str, around: Around, rng: random.Random) -> Changed | None:
    new = _mapped(text, STRONGER, rng)
    return (new and Changed(new, "quantifier", EITHER)) or None


def _cause(text: str, around: Around, rng: random.Random) -> Changed | None:
    match = re.fullmatch(
        r"([A-Z][^,;]{15,}?),? (because|so that|in order to|which led to|after|before) ([^,;]{15,})\.", text
    )
    if match is None or match[2] in ("so that", "in order to"):
        return None
    first, second = match[1], match[3]
    return Changed(f"{second[:1].upper()}{second[1:]} {match[2]} {first[:1].lower()}{first[1:]}.", "cause", EITHER)


Change = Callable[[str, Around, random.Random], Changed | None]
CHANGES: dict[Change, float] = {
    _number: 4, _unit: 5, _scale: 8, _negation: 1.3, _antonym: 2, _bound: 1.8, _date: 5, _entity: 1.6, _roles: 1.3,
    _merged: 0.9, _invented: 0.7, _modality: 2, _quantifier: 2, _cause: 8,
}  # fmt: skip


def falsified(text: str, around: Around, rng: random.Random) -> Changed | None:
    """The sentence made false in one way that it allows, drawn by weight; None where it allows none."""
    left = dict(CHANGES)
    while left:
        [change] = rng.choices(list(left), list(left.values()))
        del left[change]
        found = change(text, around, rng)
        if found is not None and found.text.lower() != text.lower():
            return found
    return None


def restated(text: str, rng: random.Random) -> str:
    """The sentence with the same meaning: shorter, in another order or form, in other words, or as it was."""
    new = text
    for change in (_shorter, _reordered, _reformed):
        if rng.random() < 0.45:
            new = change(new, rng)
    if rng.random() < 0.6:
        for match in list(re.finditer(r"[A-Za-z-]+", new))[::-1]:
            if match[0] in SAME and rng.random() < 0.35:
                new = _replace(new, match, rng.choice(SAME[match[0]]))
    return new if len(new.split()) >= 4 else text


def _shorter(text: str, rng: random.Random) -> str:
    new = re.sub(r" \([^()]*\)| ?\[[^\[\]]*\]", "", text)
    new = re.sub(
        r"^(?:However|In addition|Moreover|Furthermore|Therefore|Thus|Also|Finally"
        r"|For example|In fact|Then|So|And|But|Well|Yeah), ?",
        "",
        new,
    )
    if rng.random() < 0.5:
        new = re.sub(r", which [^,.;]*(?=[.,])", "", new, count=1)
    if rng.random() < 0.5:
        new = re.sub(
            r"^(.{40,}?)(?:;|, (?:and|but|while|whereas) "
            r"(?=(?:he|she|it|they|the|we|this|\w+ (?:is|was|has|have|are|were)) )).*$",
            r"\1.",
            new,
        )
    if rng.random() < 0.3:
        new = re.sub(r"\b(?:also|very|then|thus|really|quite|just|therefore|actually) ", "", new)
    return new[:1].upper() + new[1:]


def _reordered(text: str, rng: random.Random) -> str:
    if match := re.fullmatch(
        r"((?:In|On|At|During|After|Before|When|If|Since|For|By|Because|Although|While) [^,]{3,60}), ([^;]{15,})\.",
        text,
    ):
        rest = match[2] if match[2].split()[0] in names(" " + match[2]) else match[2][:1].upper() + match[2][1:]
        return f"{rest} {match[1][:1].lower()}{match[1][1:]}."
    if match := re.fullmatch(
        r"([^,;:]{20,}) ((?:in|during|on) (?:the )?(?:[A-Z][a-z]+ )?\d[^,;:]{1,20}"
        r"|because [^,;:]{10,60}|when [^,;:]{10,60})\.",
        text,
    ):
        return f"{match[2][:1].upper()}{match[2][1:]}, {match[1]}."
    return text


def _reformed(text: str, rng: random.Random) -> str:
    new = re.sub(r"(\d) ?percent\b", r"\1%", text) if "percent" in text else re.sub(r"(\d)%", r"\1 percent", text)
    if rng.random() < 0.5:
        new = re.sub(r"(?<![\w.,-])(?:[2-9]|1[0-2])(?![\w.,:%-])(?= [a-z])", lambda m: NUMERALS[int(m[0])], new)
    else:
        new = re.sub(r"\b(?:" + "|".join(NUMERALS[2:]) + r")\b(?= [a-z])", lambda m: str(NUMERALS.index(m[0])), new)
    months = "|".join(MONTHS)
    if rng.random() < 0.5:
        new = re.sub(rf"\b({months}) (\d\d?), (\d{{4}})\b", r"\2 \1 \3", new)
    else:
        new = re.sub(rf"\b(\d\d?) ({months}) (\d{{4}})\b", r"\2 \1, \3", new)
    new = re.sub(r"(?<=\d),(?=\d{3}\b)", "", new) if rng.random() < 0.5 else new
    new = re.sub(r"\b(\d+),(\d)00,000\b", r"\1.\2 million", new)
    for long, short in (
        ("did not", "didn't"),
        ("does not", "doesn't"),
        ("is not", "isn't"),
        ("cannot", "can't"),
        ("was not", "wasn't"),
    ):
        new = new.replace(long, short) if rng.random() < 0.5 else new.replace(short, long)
    return new
