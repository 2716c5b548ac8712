"""Counts and lists over whole documents with known counts: by a chat model that labels, and without one.

    python benchmarks/counting.py [--tokens 16000 64000 256000 1000000] [--seed N]

In the manner of OOLONG and RULER: entries of several kinds lie among sentences of a harbour's log that are none. The
chat model is scripted: it names what a passage has of the kind asked for, as a good labeller would, so that what is
measured is cutting, merging, placing and counting. Without a model the units of the text are read by rules alone.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from table import markdown, publish

from longdoc import DocumentChat, DocumentIndex
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.pipelines.answers.counted import counted, pieces_of
from longdoc.pipelines.answers.listing import listing_of
from longdoc.pipelines.ask.prompts import list_messages
from longdoc.pipelines.ask.settings import ChatSettings
from longdoc.pipelines.units.find import units_of
from longdoc.testing import ScriptedChatModel

PIECE = 2000  # tokens that the model reads at once
ASKED_IN_FULL = 64_000  # tokens of a document up to which the chat itself is asked too
_SYLLABLES = ("an", "bel", "cor", "dun", "el", "far", "gim", "hal", "ir", "jo", "kel", "lom", "mar", "nor", "os", "per")
_CARGO = ("salt", "timber", "wool", "coal")
_FILLER = (
    "The wind came from the {way} and the water stood {n} inches below the mark.",
    "Two men of the watch spoke with the keeper about the lamp on the {way} mole.",
    "Nothing passed the bar before noon, and the boats lay still along the {way} wall.",
    "A clerk wrote the letters of the week and carried {n} of them to the post.",
    "The nets were dry by evening; the children of the {way} street had carried them in.",
)
_WAYS = ("north", "south", "east", "west", "old", "new")
_TOKENIZER = load_tokenizer()


@dataclass(frozen=True)
class Question:
    """What is asked, what an entry of its kind looks like, and whether entries of one name are one item."""

    text: str
    pattern: re.Pattern[str]
    by_name: bool


QUESTIONS = (
    Question("Which ships delivered salt?", re.compile(r"The ship (\w+) delivered \d+ tonnes of salt\."), True),
    Question("List all ships that were repaired.", re.compile(r"The ship (\w+) was repaired at the \w+ yard\."), True),
    Question(
        "How many deliveries of timber were there?",
        re.compile(r"The ship (\w+) delivered \d+ tonnes of timber\."),
        False,
    ),
    Question("How many collisions were there?", re.compile(r"A collision with the ship (\w+) was noted\."), False),
)


def log(tokens: int, r: random.Random) -> str:
    """A log of some so many tokens: one sentence in some forty is an entry, and a ship may have several."""
    ships = ["".join(r.choices(_SYLLABLES, k=3)).capitalize() for _ in range(60)]
    lines: list[str] = []
    told, entries = 0, 0
    chance = min(1 / 12, 2400 / tokens)  # no kind has more entries than a listing holds
    while told < tokens:
        said = []
        for _ in range(r.randint(4, 8)):
            if r.random() < chance:
                said.append(_entry(r.choice(ships), r))
                entries += 1
            else:
                said.append(r.choice(_FILLER).format(way=r.choice(_WAYS), n=r.randint(2, 40)))
        lines.append(" ".join(said))
        told += _TOKENIZER.count(lines[-1])
    return "\n\n".join(lines)


def _entry(ship: str, r: random.Random) -> str:
    kind = r.randrange(6)
    if kind < 4:
        return f"The ship {ship} delivered {r.randint(3, 90)} tonnes of {_CARGO[kind]}."
    if kind == 4:
        return f"The ship {ship} was repaired at the {r.choice(_WAYS)} yard."
    return f"A collision with the ship {ship} was noted."


def labeller(asked: Question) -> ScriptedChatModel:
    """A model that names all that a passage has of the kind: with its ship where that is the item."""

    def reply(messages: list[BaseMessage]) -> str:
        passage = str(messages[-1].text).partition("</passage-")[0]
        found = asked.pattern.finditer(" ".join(passage.split()))
        lines = [f"{match[1]} | {match[0]}" if asked.by_name else match[0] for match in found]
        return "\n".join(lines) or "NONE"

    return ScriptedChatModel(replies=reply)


def gold(asked: Question, text: str) -> Counter[str]:
    """The items: ships with how often each is named so, or places."""
    found = asked.pattern.finditer(text)
    return Counter(match[1] for match in found) if asked.by_name else Counter(str(m.start()) for m in found)


def measured(tokens: int, seed: int) -> Iterator[list[object]]:
    """A row a question."""
    text = log(tokens, random.Random(f"{seed} {tokens}"))
    document = Document(text, metadata={"source": "log"})
    units = units_of(text, "log")
    pieces = pieces_of([document], _TOKENIZER, PIECE)
    index = DocumentIndex()
    if tokens <= ASKED_IN_FULL:
        index.put([document])
    for asked in QUESTIONS:
        right = set(gold(asked, text))
        began = time.process_time()
        labelled = counted(pieces, labeller(asked), lambda piece, asked=asked: list_messages(asked.text, piece))
        took = time.process_time() - began
        by_rules = listing_of(asked.text, units)
        found = [_item(asked, text, one.spans[-1].start) for one in by_rules.items] if by_rules else []
        hits = {one for one in found if one in right}
        told = _told(index, asked) if tokens <= ASKED_IN_FULL else "-"
        yield [
            f"{tokens:,}",
            asked.text,
            len(right),
            len(labelled.items),
            told,
            f"{took:.1f}",
            f"{100 * len(hits) / len(right):.0f}",
            f"{100 * sum(one in right for one in found) / len(found):.0f}" if found else "-",
        ]


def _item(asked: Question, text: str, start: int) -> str:
    """The item that begins at a place, "" for what is none."""
    match = asked.pattern.match(text, start)
    return "" if match is None else match[1] if asked.by_name else str(match.start())


def _told(index: DocumentIndex, asked: Question) -> str:
    """The number that the chat's answer gives, asked as a user would."""
    settings = ChatSettings(list_calls=200, max_tokens=4000, context_tokens=16_000)
    said = DocumentChat(index, model=labeller(asked), settings=settings).ask(asked.text).text
    found = re.search(r"(\d+) in all of the document", str(said))
    return found[1] if found else "none"


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, nargs="*", default=[16_000, 64_000, 256_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=20261129)
    given = parser.parse_args()
    rows = [row for tokens in given.tokens for row in measured(tokens, given.seed)]
    headers = (
        *("tokens", "question", "there are", "labelled", "the chat says", "s"),
        *("recall %, without a model", "precision %"),
    )
    said = (
        "Labelled: what is counted out of the scripted labeller's lines. The chat says: the number in the answer of "
        "`DocumentChat` with `ChatSettings(list_calls=200)`, asked of an index. s: processor time of cutting's "
        "follow-up, prompts and merging. A ship that did something twice is one item where ships are asked for."
    )
    publish("counting", "Counts and lists over whole documents", f"{said}\n\n{markdown(headers, rows)}")


if __name__ == "__main__":
    main()
