"""Where sentences end, by longdoc and by other splitters: cases right by group, and speed on a novel.

    python benchmarks/sentences.py [--characters 300000] [--repeats 3]

The cases are in `sentence_cases.py`. A case is right if every cut it asks for is made and no cut is made where it
allows none. The others (pip install pysbd blingfire nltk spacy syntok PyICU) are told the case's language where they
take one; what is not installed is left out and named.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from datasets import records
from sentence_cases import all_cases, boundaries
from table import markdown, publish

from longdoc.chunkers.text.sentences import split_sentences

Splitter = Callable[[str, str], list[str]]
_ABOUT = """Most of longdoc's rules and all cases come from one hand: the cases were written from each language's
rules before any splitter was run on them, but longdoc's rules were corrected after its first run (243 of 256) where a
failure showed a mistake in a rule or a list; the others had no such second run. Read the counts as what each splitter
covers, not as its accuracy on a corpus. A cut that a case marks as free (within a quotation, between lines of code)
counts for nobody."""


def _longdoc() -> Splitter:
    return lambda text, _: [span.of(text) for span in split_sentences(text)]


def _pysbd() -> Splitter:
    import pysbd
    from pysbd.languages import LANGUAGE_CODES

    segmenter = lru_cache(None)(lambda language: pysbd.Segmenter(language=language, clean=False))
    return lambda text, language: list(segmenter(language if language in LANGUAGE_CODES else "en").segment(text))


def _icu() -> Splitter:
    import icu

    def split(text: str, language: str) -> list[str]:
        breaks = icu.BreakIterator.createSentenceInstance(icu.Locale(f"{language}@ss=standard"))
        units = text.encode("utf-16-le")
        breaks.setText(text)
        places = [0, *breaks]
        return [units[2 * a : 2 * b].decode("utf-16-le") for a, b in itertools.pairwise(places)]

    return split


def _spacy() -> Splitter:
    import spacy

    @lru_cache(None)
    def pipeline(language: str) -> Any:
        pipe = spacy.blank(language)
        pipe.add_pipe("sentencizer")
        pipe.max_length = 10_000_000
        return pipe

    return lambda text, language: [s.text for s in pipeline("en" if language == "en" else "xx")(text).sents]


def _blingfire() -> Splitter:
    from blingfire import text_to_sentences_and_offsets

    return lambda text, _: [text[a:b] for a, b in text_to_sentences_and_offsets(text)[1]]


def _punkt() -> Splitter:
    from nltk.tokenize.punkt import PunktSentenceTokenizer, PunktTrainer

    trainer = PunktTrainer()
    trainer.INCLUDE_ALL_COLLOCS = True
    for novel in list(records("books"))[1:]:
        trainer.train(novel["document"], finalize=False)
    trainer.finalize_training()
    tokenizer = PunktSentenceTokenizer(trainer.get_params())
    return lambda text, _: list(tokenizer.tokenize(text))


def _syntok() -> Splitter:
    from syntok import segmenter

    def sentences(text: str) -> Iterator[str]:
        for paragraph in segmenter.process(text):
            for tokens in paragraph:
                yield text[tokens[0].offset : tokens[-1].offset + len(tokens[-1].value)]

    return lambda text, _: list(sentences(text))


_SPLITTERS: dict[str, tuple[str, Callable[[], Splitter]]] = {
    "longdoc": ("longdoc", _longdoc),
    "pysbd": ("pysbd", _pysbd),
    "ICU": ("PyICU", _icu),
    "spaCy sentencizer": ("spacy", _spacy),
    "BlingFire": ("blingfire", _blingfire),
    "Punkt": ("nltk", _punkt),
    "syntok": ("syntok", _syntok),
}


def right(split: Splitter, case: str, language: str) -> bool:
    """Whether a splitter makes every cut that a case asks for, and none where it allows none."""
    text, must, may = boundaries(case)
    made, seen = set(), 0
    for sentence in split(text, language):
        seen += sum(not character.isspace() for character in sentence)
        made.add(seen)
    whole = sum(not character.isspace() for character in text)
    return must - {whole} <= made - {whole} <= must | may


def speeds(splitters: dict[str, Splitter], text: str, repeats: int) -> dict[str, float]:
    """The median megabytes a second of each, measured in turns."""
    taken: dict[str, list[float]] = {name: [] for name in splitters}
    for split in splitters.values():
        split(text[:5000], "en")
    for _ in range(repeats):
        for name in random.sample(list(splitters), len(splitters)):
            began = time.perf_counter()
            splitters[name](text, "en")
            taken[name].append(time.perf_counter() - began)
    return {name: len(text.encode()) / 1e6 / statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--characters", type=int, default=300_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    splitters: dict[str, Splitter] = {}
    absent = []
    for name, (_, make) in _SPLITTERS.items():
        try:
            splitters[name] = make()
        except ImportError:
            absent.append(name)
    total, correct = Counter[str](), {name: Counter[str]() for name in splitters}
    failed = []
    for group, language, case in all_cases():
        total[group] += 1
        for name, split in splitters.items():
            correct[name][group] += right(split, case, language)
        if not right(splitters["longdoc"], case, language):
            failed.append(f"- {group}: `{case!r}`")
    rows: list[list[object]] = [
        [f"{group} ({count})", *(correct[name][group] for name in splitters)] for group, count in total.items()
    ]
    rows.append([f"all ({total.total()})", *(f"{correct[name].total()}" for name in splitters)])
    rates = speeds(splitters, next(records("books"))["document"][: given.characters], given.repeats)
    rows.append(["MB/s", *(f"{rates[name]:.2f}" for name in splitters)])
    rows.append(["of longdoc's speed", *(f"{rates[name] / rates['longdoc']:.3f}" for name in splitters)])
    versions = ", ".join(
        f"{package} {version(package)}" for name, (package, _) in _SPLITTERS.items() if name in splitters
    )
    notes = [
        _ABOUT.replace("\n", " "),
        f"Versions: {versions}. Not installed: {', '.join(absent) or 'none'}. "
        "ICU has its abbreviations on (ss=standard). Punkt was trained here, on the other novels, as its released "
        "parameters could not be had: with them it would know more abbreviations.",
        f"Speed: {given.characters:,} characters of a novel, median of {given.repeats}, in turns.",
        "Cases that longdoc gets wrong (`¦` must be cut, `¬` may be):\n\n" + "\n".join(failed),
    ]
    publish("sentences", "Sentence ends", "\n\n".join([markdown(("cases", *splitters), rows), *notes]))


if __name__ == "__main__":
    sys.exit(main())
