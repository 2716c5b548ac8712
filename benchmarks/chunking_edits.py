"""How many chunks stay as they were when one sentence is put into a book."""

from __future__ import annotations

import argparse
import random
import re
import statistics
from collections import Counter

from chunking_peers import RememberedEmbeddings, Setting, System, available, versions
from datasets import records
from table import markdown, publish

from longdoc.models.encoder.embedder import Embedder

NEW = "The lamp on the landing had been lit an hour before anyone thought to ask who had lit it. "
PLACES, CHARACTERS = 100, 300_000
_STARTS = re.compile(r"(?<=[.!?] )[A-Z]")


def kept(before: list[str], after: list[str]) -> float:
    """The share of the new chunks that were there before, each old one counted once."""
    return (Counter(before) & Counter(after)).total() / len(after)


assert kept(["a", "b", "b"], ["a", "b", "c", "b", "b"]) == 3 / 5


def shares(system: System, text: str, places: list[int], setting: Setting) -> list[float]:
    """What is kept after the sentence has been put in at each place alone."""
    split = system.make(setting)

    def chunks(given: str) -> list[str]:
        return [piece[0] for piece in system.pieces(split(given))]

    before = chunks(text)
    return [kept(before, chunks(text[:place] + NEW + text[place:])) for place in places]


def edits(given: argparse.Namespace) -> None:
    """A row for each system: chunks, mean and worst share kept, and the most chunks made again."""
    text = next(records("books"))["document"][: given.limit or CHARACTERS]
    starts = [match.start() for match in _STARTS.finditer(text)]
    places = random.Random(given.seed).sample(starts, min(PLACES, len(starts)))
    systems = [system for system in available(given.systems) if not system.same]
    rows: list[list[object]] = []
    for system in systems:
        setting = Setting(embeddings=RememberedEmbeddings(Embedder()))
        found = shares(system, text, places, setting)
        count = len(system.pieces(system.make(setting)(text)))
        worst = min(found)
        made = f"{(1 - statistics.mean(found)) * count:.1f}"
        rows.append([system.name, count, f"{statistics.mean(found):.1%}", f"{worst:.1%}", made])
    headers = ("system", "chunks", "kept, mean", "kept, worst", "made again, mean")
    said = (
        f"The first {len(text):,} characters of a novel in chunks of 512 tokens; one sentence of {len(NEW)} characters "
        f"is put in at {len(places)} random starts of sentences, one at a time. Kept: the share of the chunks "
        "afterwards whose text is that of a chunk before. Half is what a splitter keeps that cuts anew from the edit "
        "on. chonkie with its own tokenizer cuts as it does with tiktoken, and is left out."
    )
    body = f"{said}\n\n{markdown(headers, rows)}\n\nSeed {given.seed}. {versions(systems)}."
    publish("chunking_edits", "Chunks that outlive an edit", body)
