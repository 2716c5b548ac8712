"""Claims that are made, true ones beside false ones: sentences of documents, and answers to questions."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from datasets import records
from reader_changes import Around, doubted, falsified, names, numbers, restated
from reader_data import (
    EITHER,
    SUPPORTS,
    Example,
    Spans,
    Unit,
    claims,
    english,
    headed,
    questions,
    sentences_of,
    windows,
)

from longdoc.models.cross_encoder.evidence import aligned

SENTENCES = {"techspec": 3, "scisumm": 4, "qmsum": 7, "squality": 12}  # minimal pairs a document

# Minimal pairs of our own

_PHRASE = re.compile(
    r"(?<= )(?:(?:in|at|by|with|for|from|during|after|before|because of|despite|according to|through|without"
    r"|on behalf of) (?:the |a |an |its |their |his |her )?(?:[\w-]+ ){0,3}[\w-]{3,})(?= ?[.,;])"
)
_GOOD = re.compile(r"[A-Z\"“(][^|{}<>=_\\`*#@\[\]]{30,260}[.!]")


def documents(rng: random.Random, part: str) -> Iterator[tuple[str, str, list[str], int]]:
    """Documents whose licence lets weights ship: set, heading, sentences, pairs to make."""
    for row in records("techspec", part):
        yield "techspec", "", sentences_of(row["document"])[:150], SENTENCES["techspec"]
    for row in records("scisumm", part):
        section = rng.choice(row["sections"])
        found = [re.sub(r"\s+", " ", one) for one in section["sentences"]]
        yield "scisumm", f"{row['title'] or ''} > {section['title'] or ''}", found, SENTENCES["scisumm"]
    for row in records("qmsum", part):
        at = rng.randrange(max(1, len(row["turns"]) - 60))
        found = [
            one for turn in row["turns"][at : at + 60] for one in sentences_of(f"{turn['speaker']}: {turn['text']}")
        ]
        yield "qmsum", "", found, SENTENCES["qmsum"]
    for row in records("squality", part):
        text = re.sub(r"(?<!\n)\n(?!\n)", " ", row["document"])
        yield "squality", "", sentences_of(text)[:400], SENTENCES["squality"]
    seen: set[str] = set()
    for name in ("squad2", "xquad", "expmrc_squad", "clapnq", "selqa", "hybridqa", "ottqa"):
        for row in english(name, part):
            if row["context"] not in seen and row["kind"] != "table":
                seen.add(row["context"])
                yield name, row.get("title") or "", sentences_of(row["context"]), 1
    for row in english("medquad", part)[::6]:
        yield "medquad", "", sentences_of(row["positives"][0])[:60], 2


def minimal_pairs(rng: random.Random, part: str = "train") -> Iterator[Unit]:
    """A sentence of a document, said alike or in other words, and the same made false, against the same evidence."""
    phrases: list[str] = []
    for _, heading, found, most in documents(rng, part):
        good = [at for at, one in enumerate(found) if _GOOD.fullmatch(one) and len(one.split()) > 6]
        text = " ".join(found)
        order = sorted(good, key=lambda at: rng.random() - 0.3 * bool(re.search(r"\d", found[at])))
        for at in order[:most]:
            around = Around(names(" " + text), numbers(text), found[max(0, at - 6) : at + 7], phrases[-400:])
            true = restated(found[at], rng) if rng.random() < 0.75 else found[at]
            changed = falsified(true, around, rng)
            if changed is None:
                continue
            window = _around(found, at, true, heading, rng)
            spans = doubted(true, changed.text)
            pair = [
                Example("pairs", true, window, verdict=SUPPORTS, doubts=()),
                Example(f"pairs/{changed.kind}", changed.text, window, verdict=changed.label, doubts=spans),
            ]
            yield pair
            if rng.random() < 0.08 and len(found) > 8:
                rest = found[:at] + found[at + 1 :]
                away = " ".join(rest[one] for one in aligned(true, rest, 350))
                yield [Example("pairs/away", true, away, verdict=EITHER)]
        phrases += [match[0] for one in good for match in _PHRASE.finditer(found[one])]


def _around(found: Sequence[str], at: int, claim: str, heading: str, rng: random.Random) -> str:
    budget = rng.choice([150, 250, 350, 450])
    if rng.random() < 0.5:
        low = max(0, at - rng.randrange(3))
        chosen = list(range(low, min(len(found), max(at + 1, low + rng.randrange(1, 5)))))
        while len(chosen) > 1 and sum(len(found[one]) for one in chosen) > budget + len(found[at]):
            chosen.remove(chosen[-1] if chosen[-1] != at else chosen[0])
    else:
        low = max(0, at - 30)
        chosen = [low + one for one in aligned(claim, found[low : at + 30], budget)]
        chosen = chosen if at in chosen else sorted({at, *chosen[:2]})
    head = f"{heading}\n" if heading and rng.random() < 0.3 else ""
    return head + " ".join(found[one] for one in chosen)


# Answers as claims


def as_claim(question: str, answer: str, rng: random.Random) -> tuple[str, Spans]:
    """A question with its answer as one claim, a sentence where a rule makes one, and where the answer stands in it."""
    bare = question.strip().rstrip("?").strip()
    number = r"(?=[a-z]+(?:s|ed|d|t|ve|n|re|w)\b)(?!(?:did|does|was|were|is|are|do|has|had|have)\b)"
    before, after = "", ""
    if match := re.match(rf"(?:who|what|which (?:[a-z]+))\s+({number}\w+ .+)", bare, re.IGNORECASE):
        after = match[1]
    elif match := re.match(r"(?:who|what) (was|is|were|are) (the .+)", bare, re.IGNORECASE):
        before = f"{match[2][:1].upper()}{match[2][1:]} {match[1]}"
    elif match := re.match(
        r"(when|where|in what year|in which year|what year) (was|were|is|are) (.+) (\w+(?:ed|en|wn|lt|nt|de|ld|rn|ht))",
        bare,
        re.IGNORECASE,
    ):
        before = f"{match[3][:1].upper()}{match[3][1:]} {match[2]} {match[4]}"
        after = ""
        if not re.match(r"(in|on|at|from|during|after|before|since)\b", answer, re.IGNORECASE):
            before += " in" if match[1].lower() != "when" or re.fullmatch(r"\d{4}", answer) else " on"
    elif match := re.match(
        r"how (?:many|much) (\w+) ((?:are|were|is|was|have|had|has|can|live|lived|attended|took) .+)",
        bare,
        re.IGNORECASE,
    ):
        after = f"{match[1]} {match[2]}" if match[1] not in answer else match[2]
    elif rng.random() < 0.3:
        before = f"Question: {question} Answer:"
    else:
        before = question
    start = len(before) + 1 if before else 0
    text = f"{before} {answer} {after}".strip().rstrip(".") + "."
    return text, ((start, start + len(answer)),)


def answers_as_claims(rng: random.Random, most: int) -> Iterator[Unit]:
    """A right answer as a claim beside a wrong one of the same kind from the same text, against the same window."""
    rows = [
        row
        for name in ("squad2", "xquad", "expmrc_squad", "qed", "qamr")
        for row in english(name, "train")
        if row["answers"]
    ]
    said: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        said[row["context"]].append(row["answers"][0]["text"])
    rng.shuffle(rows)
    for row in islice((row for row in rows if row["kind"] == "span" and len(row["answers"][0]["text"]) < 60), most):
        answer, begin = row["answers"][0]["text"], row["answers"][0]["start"]
        text = row["context"]
        found = numbers(text) if re.search(r"\d", answer) else names(text) if answer[:1].isupper() else said[text]
        wrong = [
            one
            for one in dict.fromkeys(found)
            if one.lower() not in answer.lower() and answer.lower() not in one.lower()
        ]
        parts = [
            part for part in windows(row, rng.choice([300, 400, 500])) if part[1] <= begin < part[1] + len(part[0])
        ]
        if not wrong or not parts:
            continue
        form = rng.random()
        true, _ = as_claim(row["question"], answer, random.Random(form))
        false, spans = as_claim(row["question"], rng.choice(wrong), random.Random(form))
        window, _ = headed(row, parts[0], rng)
        yield [
            Example("answers", true, window, verdict=SUPPORTS, doubts=()),
            Example("answers/wrong", false, window, verdict=EITHER, doubts=spans),
        ]


def table_claims(rng: random.Random) -> Iterator[Unit]:
    """Sentences that people wrote from a table, and the same made false, against the table."""
    for row in english("fetaqa", "train")[::2]:
        true, table = row["answer_text"], row["context"]
        if len(table) > 900:
            lines = table.split("\n")
            budget = 800 - len("\n".join(lines[:2]))
            table = "\n".join([*lines[:2], *(lines[2:][at] for at in aligned(true, lines[2:], budget))])
        changed = falsified(true, Around(names(" " + table.replace("|", ",")), numbers(table), (), ()), rng)
        if changed is not None and len(table) < 1100:
            yield [
                Example("tables", true, table, verdict=SUPPORTS, doubts=()),
                Example(
                    f"tables/{changed.kind}", changed.text, table, verdict=EITHER, doubts=doubted(true, changed.text)
                ),
            ]


def training_units(seed: int) -> list[Unit]:
    """All that the reader is trained on, in an order drawn from the seed."""
    rng = random.Random(seed)
    units = [
        *questions(rng), *claims(rng), *minimal_pairs(rng), *answers_as_claims(rng, 3600), *table_claims(rng)
    ]  # fmt: skip
    rng.shuffle(units)
    return units
