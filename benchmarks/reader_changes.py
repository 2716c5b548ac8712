"""Sentences said in other words, and sentences made false by the errors that writers' models make. English."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

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


_ANTONYMS = """increase decrease|increased decreased|increases decreases|increasing decreasing|rise fall|rose fell|rises falls|rising falling
risen fallen|grow shrink|grew shrank|grows shrinks|growth decline|gain loss|gained lost|gains losses|higher lower|high low|highest lowest
larger smaller|large small|largest smallest|greater lesser|more fewer|most least|better worse|best worst|good bad|strong weak|stronger weaker
early late|earlier later|first last|before after|above below|over under|inside outside|internal external|public private|true false|open closed
opened closed|opens closes|start end|started ended|starts ends|begin end|began ended|beginning end|accept reject|accepted rejected|accepts rejects
allow forbid|allowed forbidden|allows forbids|support oppose|supported opposed|supports opposes|agree disagree|agreed disagreed|agrees disagrees
win lose|won lost|wins loses|winner loser|success failure|succeeded failed|successful unsuccessful|pass fail|passed failed|improve worsen
improved worsened|improves worsens|include exclude|included excluded|includes excludes|including excluding|add remove|added removed|adds removes
create destroy|created destroyed|enable disable|enabled disabled|enables disables|encrypt decrypt|encrypted decrypted|valid invalid|legal illegal
necessary unnecessary|possible impossible|likely unlikely|able unable|common rare|fast slow|faster slower|new old|newer older|younger older
young old|easy difficult|simple complex|short long|shorter longer|wide narrow|heavy light|hot cold|warm cool|dark bright|rich poor|safe dangerous
positive negative|active passive|required optional|explicit implicit|local remote|upper lower|north south|northern southern|east west|eastern western
left right|men women|man woman|male female|boy girl|father mother|son daughter|brother sister|husband wife|king queen|arrive leave|arrived left
buy sell|bought sold|buys sells|lend borrow|import export|imports exports|love hate|loved hated|remember forget|remembered forgot|rejected approved
deny confirm|denied confirmed|attack defend|attacked defended|present absent|presence absence|advantage disadvantage|majority minority
maximum minimum|synchronous asynchronous|server client|sender receiver|read write|reads writes|input output|push pull|encode decode|encoder decoder
supervised unsupervised|outperforms underperforms|similar different|same different|always never|everyone nobody|everything nothing|up down
upward downward|inner outer|front back|top bottom|morning evening|day night|summer winter|hired fired|appointed dismissed|joined left|expanded reduced
expand reduce|raise cut|raised cut|strengthened weakened|accelerated slowed|profit loss|surplus deficit|demand supply|teacher student|parent child
guilty innocent|alive dead|born killed|peace war|victory defeat|friend enemy|praised criticized|praise criticism|optimistic pessimistic"""  # noqa: E501
_SYNONYMS = """begin start|began started|begins starts|big large|bigger larger|about approximately|around approximately|help assist|helped assisted
buy purchase|bought purchased|show demonstrate|shows demonstrates|showed demonstrated|use employ|uses employs|used employed|need require|needs requires
get obtain|obtained got|because since|but however|also additionally|many numerous|important significant|method approach|methods approaches|error mistake
errors mistakes|quick fast|quickly rapidly|often frequently|usually typically|mainly primarily|city town|kids children|said stated|says states
end finish|ended finished|ends finishes|main principal|near close to|children kids|film movie|movie film|create make|created made|creates makes
choose select|chosen selected|chose selected|allow permit|allows permits|allowed permitted|try attempt|tries attempts|tried attempted|ask request
change modify|changes modifies|changed modified|build construct|built constructed|gave provided|give provide|gives provides|whole entire|kind type
kinds types|hard difficult|simple easy|enough sufficient|goal aim|goals aims|part portion|area region|areas regions|people persons|job position
leave depart|get receive|got received|gets receives|think believe|thinks believes|thought believed|happen occur|happens occurs|happened occurred
describe outline|describes outlines|contain include|contains includes|propose suggest|proposes suggests|proposed suggested
results findings|result outcome|huge enormous|tiny very small|rise increase|rose increased|rises increases|fell dropped|fall drop|falls drops
die pass away|died passed away|dead deceased|well-known famous|famous well known|now currently|currently now|house home|live reside|lived resided
lives resides|speak talk|spoke talked|answer reply|answered replied|car automobile|road street|company firm|companies firms|money funds|cost price
costs prices|ill sick|doctor physician|doctors physicians|several a number of|almost nearly|nearly almost|only just|perhaps maybe|entire whole
total overall|keep retain|keeps retains|kept retained|later afterwards|within inside|among amongst|via through|through via|though although
although though|each every|every each|obtain get|obtains gets|construct build|select choose|permits allows|requires needs|require need|purchase buy
purchased bought|frequently often|rapidly quickly|approximately about|roughly about|significant important|additional further|further additional
previous earlier|subsequent later|initially at first|finally in the end|therefore so|thus therefore"""  # noqa: E501
_STRONGER = {
    "some": "all", "many": "all", "most": "all", "several": "all", "few": "most", "often": "always", "sometimes": "always",
    "usually": "always", "typically": "always", "rarely": "often", "never": "always", "always": "rarely", "all": "no",
    "every": "no", "each": "no", "both": "neither of the", "one of the": "all of the", "generally": "always",
    "partly": "entirely", "partially": "fully", "mostly": "entirely", "nearly all": "all", "almost": "fully", "half": "all",
    "any": "no", "none": "all", "only": "not only", "mainly": "only", "frequently": "always", "occasionally": "always",
}  # fmt: skip
_BOUNDS = {
    "at least": "at most", "at most": "at least", "more than": "less than", "less than": "more than", "up to": "at least",
    "no more than": "more than", "fewer than": "more than", "over": "under", "under": "over", "before": "after",
    "after": "before", "above": "below", "below": "above", "maximum": "minimum", "minimum": "maximum", "exceed": "stay below",
    "exceeds": "stays below", "exceeded": "stayed below", "until": "from", "since": "until", "as well as": "but not",
    "prior to": "after", "following": "before", "longer than": "shorter than", "greater than": "smaller than",
    "higher than": "lower than", "lower than": "higher than", "with": "without", "without": "with", "except": "including",
    "unless": "if", "instead of": "because of", "rather than": "as well as", "despite": "because of", "because of": "despite",
    "even if": "only if", "if": "unless", "when": "before", "or": "and",
}  # fmt: skip
_HEDGES = {
    "may": "will", "might": "will", "could": "will", "should": "must", "can": "must", "likely": "certainly", "possibly": "certainly",
    "perhaps": "certainly", "probably": "certainly", "suggests that": "proves that", "suggest that": "prove that",
    "suggested that": "proved that", "appears to": "is known to", "appear to": "are known to", "seems to": "is known to",
    "expected to": "certain to", "planned to": "began to", "plans to": "has begun to", "hopes to": "will", "tried to": "managed to",
    "attempted to": "managed to", "intends to": "has begun to", "considering": "committed to", "proposed": "approved",
    "alleged": "proven", "allegedly": "certainly", "reportedly": "certainly", "up to": "exactly", "about": "exactly",
    "approximately": "exactly", "would": "did", "recommended": "required", "recommends": "requires", "encouraged": "required",
    "optional": "required", "could have": "had", "believes": "knows", "believed": "knew", "claimed": "proved", "claims": "proves",
}  # fmt: skip
_UNITS = (
    "mg g kg", "km miles meters", "miles kilometers", "seconds minutes hours days weeks months years", "kb mb gb tb", "bits bytes",
    "percent percentage_points", "dollars euros pounds yen", "thousand million billion trillion", "thousands millions billions",
    "feet meters yards", "inches centimeters", "grams kilograms tons", "litres gallons", "acres hectares", "daily weekly monthly annually",
    "second minute hour day week month year decade century", "decades centuries years", "ms s", "mm cm m", "kilometers miles", "hz khz mhz",
    "doubled tripled halved", "once twice", "weekly monthly yearly", "quarter half third",
)  # fmt: skip
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_NUMERALS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_AUXILIARIES = "is|are|was|were|can|could|will|would|should|has|have|had|does|do|did|may|must|might|shall"
_NUMBER = re.compile(r"(?<![\w.,-])[$€£]?\d+(?:[.,]\d+)*(?![\w-]|[.,]\d)")
_NAME = re.compile(r"(?<![.!?:;\"“(] )(?<=\s)[A-Z][\w'’.-]*[\w](?: (?:(?:of|de|the|van|von|and) )?[A-Z][\w'’-]+)*")
_OPENERS = re.compile(r"(?:In|On|At|During|After|Before|For|Since|By|From|With|The|A|An|As|When|If|While|Although|However) ")
_NOT_NAMES = frozenset("I The A An In It He She They We You This That There If As At On For MUST SHOULD MAY NOT".split())


def _both_ways(listed: str) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for pair in re.split(r"[|\n]", listed):
        one, _, other = pair.partition(" ")
        table.setdefault(one, []).append(other)
        table.setdefault(other, []).append(one)
    return table


_OPPOSITE, _SAME = _both_ways(_ANTONYMS), _both_ways(_SYNONYMS)


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
    found = list(_NUMBER.finditer(text)) + list(re.finditer(r"\b(?:" + "|".join(_NUMERALS[2:]) + r")\b", text, re.IGNORECASE))
    if not found:
        return None
    match = rng.choice(found)
    old = match[0]
    if old.lower() in _NUMERALS:
        return Changed(_replace(text, match, rng.choice([one for one in _NUMERALS[2:] if one != old.lower()])), "number", CONTRADICTS)
    alike = [one for one in around.numbers if one != old and abs(len(one) - len(old)) <= 1 and one[0].isdigit() == old[0].isdigit()]
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
    for group in _UNITS:
        members = [one.replace("_", " ") for one in group.split()]
        for match in re.finditer(r"(?<![A-Za-z])(?:" + "|".join(members) + r")\b", text, re.IGNORECASE):
            if len(match[0]) > 2 or re.search(r"\d ?$", text[: match.start()]):
                found.append((match, [one for one in members if one != match[0].lower()]))
    for match in re.finditer(r"[$€£](?=\d)", text):
        found.append((match, [one for one in "$€£" if one != match[0]]))
    for match in re.finditer(r"(?<=\d)%", text):
        found.append((match, [" percentage points", ""]))
    if not found:
        return None
    match, members = rng.choice(found)
    return Changed(_replace(text, match, rng.choice(members)), "unit", CONTRADICTS)


def _scale(text: str, around: Around, rng: random.Random) -> Changed | None:
    table = {"thousand": "million", "million": "billion", "billion": "million", "trillion": "billion", "millions": "thousands",
             "hundreds": "thousands", "thousands": "hundreds", "dozens": "hundreds", "hundred": "thousand"}  # fmt: skip
    new = _mapped(text, table, rng)
    if new is None and (match := re.search(r"[$€£]\d+(?:[.,]\d+)*(?! ?[\dmbt%])", text)):
        new = text[: match.end()] + rng.choice([" million", " billion", " thousand"]) + text[match.end() :]
    return new and Changed(new, "scale", CONTRADICTS) or None


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
    found = [m for m in re.finditer(r"[A-Za-z]+", text) if m[0].lower() in _OPPOSITE]
    if not found:
        return None
    match = rng.choice(found)
    return Changed(_replace(text, match, rng.choice(_OPPOSITE[match[0].lower()])), "antonym", CONTRADICTS)


def _bound(text: str, around: Around, rng: random.Random) -> Changed | None:
    new = _mapped(text, _BOUNDS, rng)
    return new and Changed(new, "bound", EITHER) or None


def _date(text: str, around: Around, rng: random.Random) -> Changed | None:
    for listed in rng.sample([_MONTHS, _DAYS, ["spring", "summer", "autumn", "winter"]], 3):
        found = [m for m in re.finditer(r"\b(?:" + "|".join(listed) + r")\b", text) if m[0] != "May" or re.search(r"\d", text)]
        if found:
            match = rng.choice(found)
            return Changed(_replace(text, match, rng.choice([one for one in listed if one != match[0]])), "date", CONTRADICTS)
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
    return [m for m in found if m.start() > 1 or (m[0] in around.names if " " not in m[0] else not _OPENERS.match(m[0]))]


def _roles(text: str, around: Around, rng: random.Random) -> Changed | None:
    found = _named(text, around)
    if len(found) < 2 or found[0][0] == found[-1][0]:
        return None
    one, other = (found[at][0] for at in sorted(rng.sample(range(len(found)), 2)))
    if one == other or one in other or other in one or re.search(re.escape(one) + r"(?:,| and| or| &) ?.{0,30}?" + re.escape(other), text):
        return None
    return Changed(text.replace(one, "\0").replace(other, one).replace("\0", other), "roles", EITHER)


def _merged(text: str, around: Around, rng: random.Random) -> Changed | None:
    cut = re.compile(rf" (?:{_AUXILIARIES}|said|says|became|made|used|gave|won|took|includes?|provides?) ")
    mine = cut.search(text)
    others = [(one, match) for one in around.others if (match := cut.search(one)) and match.start() < 80 and one != text]
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
    new = _mapped(text, _HEDGES, rng)
    return new and Changed(new, "modality", EITHER) or None


def _quantifier(text: str, around: Around, rng: random.Random) -> Changed | None:
    new = _mapped(text, _STRONGER, rng)
    return new and Changed(new, "quantifier", EITHER) or None


def _cause(text: str, around: Around, rng: random.Random) -> Changed | None:
    match = re.fullmatch(r"([A-Z][^,;]{15,}?),? (because|so that|in order to|which led to|after|before) ([^,;]{15,})\.", text)
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
            if match[0] in _SAME and rng.random() < 0.35:
                new = _replace(new, match, rng.choice(_SAME[match[0]]))
    return new if len(new.split()) >= 4 else text


def _shorter(text: str, rng: random.Random) -> str:
    new = re.sub(r" \([^()]*\)| ?\[[^\[\]]*\]", "", text)
    new = re.sub(r"^(?:However|In addition|Moreover|Furthermore|Therefore|Thus|Also|Finally|For example|In fact|Then|So|And|But|Well|Yeah), ?", "", new)
    if rng.random() < 0.5:
        new = re.sub(r", which [^,.;]*(?=[.,])", "", new, count=1)
    if rng.random() < 0.5:
        new = re.sub(r"^(.{40,}?)(?:;|, (?:and|but|while|whereas) (?=(?:he|she|it|they|the|we|this|\w+ (?:is|was|has|have|are|were)) )).*$", r"\1.", new)
    if rng.random() < 0.3:
        new = re.sub(r"\b(?:also|very|then|thus|really|quite|just|therefore|actually) ", "", new)
    return new[:1].upper() + new[1:]


def _reordered(text: str, rng: random.Random) -> str:
    if match := re.fullmatch(r"((?:In|On|At|During|After|Before|When|If|Since|For|By|Because|Although|While) [^,]{3,60}), ([^;]{15,})\.", text):
        rest = match[2] if match[2].split()[0] in names(" " + match[2]) else match[2][:1].upper() + match[2][1:]
        return f"{rest} {match[1][:1].lower()}{match[1][1:]}."
    if match := re.fullmatch(r"([^,;:]{20,}) ((?:in|during|on) (?:the )?(?:[A-Z][a-z]+ )?\d[^,;:]{1,20}|because [^,;:]{10,60}|when [^,;:]{10,60})\.", text):
        return f"{match[2][:1].upper()}{match[2][1:]}, {match[1]}."
    return text


def _reformed(text: str, rng: random.Random) -> str:
    new = re.sub(r"(\d) ?percent\b", r"\1%", text) if "percent" in text else re.sub(r"(\d)%", r"\1 percent", text)
    if rng.random() < 0.5:
        new = re.sub(r"(?<![\w.,-])(?:[2-9]|1[0-2])(?![\w.,:%-])(?= [a-z])", lambda m: _NUMERALS[int(m[0])], new)
    else:
        new = re.sub(r"\b(?:" + "|".join(_NUMERALS[2:]) + r")\b(?= [a-z])", lambda m: str(_NUMERALS.index(m[0])), new)
    months = "|".join(_MONTHS)
    if rng.random() < 0.5:
        new = re.sub(rf"\b({months}) (\d\d?), (\d{{4}})\b", r"\2 \1 \3", new)
    else:
        new = re.sub(rf"\b(\d\d?) ({months}) (\d{{4}})\b", r"\2 \1, \3", new)
    new = re.sub(r"(?<=\d),(?=\d{3}\b)", "", new) if rng.random() < 0.5 else new
    new = re.sub(r"\b(\d+),(\d)00,000\b", r"\1.\2 million", new)
    for long, short in (("did not", "didn't"), ("does not", "doesn't"), ("is not", "isn't"), ("cannot", "can't"), ("was not", "wasn't")):
        new = new.replace(long, short) if rng.random() < 0.5 else new.replace(short, long)
    return new
