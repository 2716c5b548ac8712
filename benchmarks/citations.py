"""How many altered sentences the check catches, and how many honest ones it doubts.

    python benchmarks/citations.py [--seed N] [--each 200] [--only WORDS] [--name citations] [--show]

Sentences come from real documents in ../shared/data/dev: books, specifications and meetings, on which the checks were
tuned with other seeds, and stories, hearings and leases, on which they were not. Honest: as they stand, lightly
paraphrased by rule, and two of them fused. Altered: every number made another, a name swapped for one that the
passages do not have, a quotation made up. Which words are names is told from the whole document (a word
that it has inside sentences and never in lower case), not by the code under test.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator

import changed_words
from datasets import records
from table import markdown, publish

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.pipelines.checks.checker import Checker
from longdoc.pipelines.summarizers.protocol import Passage

WINDOW = 6000  # characters of source that each sentence is checked against
TUNED, FRESH = ("books", "techspec", "qmsum"), ("squality", "scotus_args", "leases")
Make = Callable[[str, str, list[str], random.Random], str | None]
INVENTED = [
    "Harcourt",
    "Okonkwo",
    "Vasquez",
    "Lindqvist",
    "Petrova",
    "Castellan",
    "Wrexham",
    "Tanaka",
    "Zurich",
    "Osborne",
]
QUOTES = [
    "we shall never sign this paper", "nobody asked for the blue lamp", "a ferry without a captain",
    "the whole plan was a mistake", "I would sell the orchard tomorrow",
]  # fmt: skip
SYNONYMS = {
    "began": "started", "said": "stated", "large": "big", "very": "quite", "because": "since", "however": "but",
    "should": "ought to", "must": "has to", "also": "too", "many": "a lot of", "perhaps": "maybe", "use": "employ",
    "need": "require", "think": "believe", "show": "demonstrate", "such as": "for example", "but": "yet",
}  # fmt: skip


def documents(name: str) -> Iterator[str]:
    """The texts of a set, a meeting as its turns."""
    for record in records(name):
        turns = (f"{turn['speaker']}: {turn['text']}" for turn in record.get("turns", ()))
        yield record["document"] if "document" in record else "\n".join(turns)


def windows(name: str, random_: random.Random) -> Iterator[tuple[str, str, list[str]]]:
    """Document, window of it, and the window's sentences of 8 to 45 words, without end."""
    texts = [text for text in documents(name) if len(text) > 2 * WINDOW]
    while True:
        text = random_.choice(texts)
        start = random_.randrange(len(text) - WINDOW)
        part = text[start : start + WINDOW]
        sentences = [" ".join(span.of(part).split()) for span in split_sentences(part)][1:-1]
        sentences = [one for one in sentences if 8 <= len(one.split()) <= 45 and re.match(r"[A-Z\"“].*[.!?]", one)]
        if sentences:
            yield text, part, sentences


def paraphrased(sentence: str) -> str:
    """The sentence with other words for common ones, and an opening clause moved to its end."""
    for word, other in SYNONYMS.items():
        sentence = re.sub(rf"\b{word}\b", other, sentence)
    lead, comma, rest = sentence.partition(", ")
    if (
        comma
        and 3 <= len(lead.split()) <= 8
        and len(rest.split()) > 5
        and lead.split()[0] in ("In", "On", "At", "When", "If")
    ):
        sentence = f"{rest[0].upper()}{rest[1:].rstrip('.')} {lead[0].lower()}{lead[1:]}."
    return sentence


def fused(first: str, second: str) -> str:
    """Two sentences as one."""
    lead = second if re.match(r"I\b|[A-Z]\w*[A-Z]", second) else second[0].lower() + second[1:]
    return f"{first.rstrip('.!? ')}, and {lead}"


def other_number(sentence: str, part: str, random_: random.Random) -> str | None:
    """The sentence with every number made one that the passages do not have; None for one without."""
    taken = set(re.findall(r"\d+", part))

    def change(match: re.Match[str]) -> str:
        while (number := str(random_.randrange(100, 10 ** (len(match[0]) + 2)))) in taken:
            pass
        return number

    return re.sub(r"\d+", change, sentence) if re.search(r"(?<![\w.])\d+(?!\w)", sentence) else None


def other_name(text: str, sentence: str, part: str, random_: random.Random) -> str | None:
    """The sentence with a name made one that the passages do not have; None for one without."""
    words = re.findall(r"(?<![\w'’.-])[A-Z][a-z]{2,}(?![\w'’.-])", sentence)
    names = [word for word in words if not re.search(rf"\b{word.lower()}\b", text)]
    names = [word for word in names if len(re.findall(rf"[a-z] {word}\b", text)) > 1]  # not just first in sentences
    free = [name for name in INVENTED if not re.search(name, part, re.IGNORECASE)]
    if not names or not free:
        return None
    return re.sub(rf"\b{random_.choice(names)}\b", random_.choice(free), sentence)


def invented_quotation(sentence: str, random_: random.Random) -> str:
    """The sentence with a quotation that nobody said."""
    marks = random_.choice(['"{}"', "“{}”", "‘{}’"])
    end = '.!?"” '
    return f"{sentence.rstrip(end)}, saying {marks.format(random_.choice(QUOTES))}."


def rate(checker: Checker, make: Make, sets: tuple[str, ...], seed: str, each: int, show: bool) -> str:
    """How many of so many sentences were doubted."""
    random_ = random.Random(seed)
    sources = [windows(name, random_) for name in sets]
    flagged = tried = 0
    turn = 0
    while tried < each:
        turn += 1
        text, part, sentences = next(sources[turn % len(sources)])
        if (claim := make(text, part, sentences, random_)) is None:
            continue
        tried += 1
        [cited] = checker.cite([claim], [Passage(part, (Span(0, len(part)),))])
        flagged += not cited.supported
        if show and cited.supported == seed.startswith("altered"):
            print(f"  {seed}: {claim} {cited.problems}", file=sys.stderr)
    return f"{flagged} of {tried}"


def foreign(part: str, random_: random.Random) -> str | None:
    """A sentence of another document."""
    _, other, sentences = next(windows(random_.choice(["books", "techspec"]), random_))
    return None if other in part else random_.choice(sentences)


def first_made(
    make: Callable[[str, str, str, random.Random], str | None], text: str, part: str, s: list[str], r: random.Random
) -> str | None:
    """One of the sentences with a change, the first that can have it."""
    return next((made for one in r.sample(s, len(s)) if (made := make(text, part, one, r)) is not None), None)


ROWS: dict[str, Make] = {
    "honest, as it stands": lambda text, part, s, r: r.choice(s),
    "honest, paraphrased": lambda text, part, s, r: paraphrased(r.choice(s)),
    "honest, two fused": lambda text, part, s, r: fused(r.choice(s), r.choice(s)),
    "altered, a number": lambda text, part, s, r: other_number(r.choice(s), part, r),
    "altered, a name": lambda text, part, s, r: other_name(text, r.choice(s), part, r),
    "altered, a quotation made up": lambda text, part, s, r: invented_quotation(r.choice(s), r),
    "altered, of another document": lambda text, part, s, r: foreign(part, r),
    "altered, a unit": lambda text, part, s, r: first_made(changed_words.unit, text, part, s, r),
    "altered, a scale": lambda text, part, s, r: first_made(changed_words.scale, text, part, s, r),
    "altered, polarity": lambda text, part, s, r: first_made(changed_words.polarity, text, part, s, r),
    "altered, a bound": lambda text, part, s, r: first_made(changed_words.bound, text, part, s, r),
    "altered, roles": lambda text, part, s, r: first_made(changed_words.role, text, part, s, r),
}


def main() -> None:
    """Prints the table and writes it to results; `--show` prints what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--each", type=int, default=200)
    parser.add_argument("--only", default="", help="rows whose name has these words")
    parser.add_argument("--name", default="citations", help="of the table in results")
    given = parser.parse_args()
    checker = Checker.load()
    rows = [
        [name, *(rate(checker, make, sets, f"{name} {given.seed}", given.each, given.show) for sets in (TUNED, FRESH))]
        for name, make in ROWS.items()
        if given.only in name
    ]
    headers = ("sentences", f"doubted: {', '.join(TUNED)}", f"doubted: {', '.join(FRESH)}")
    publish(given.name, "Checked citations: sentences that are marked as unsupported", markdown(headers, rows))


if __name__ == "__main__":
    main()
