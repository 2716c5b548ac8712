"""The real documents beside the checkout, as tasks: a text, a query or none, and reference summaries."""

from __future__ import annotations

import io
import itertools
import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import zstandard
from nltk.stem.porter import PorterStemmer

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Task:
    """One summary to make, and what people wrote."""

    id: str
    text: str
    query: str | None
    references: list[str]


def file_of(name: str, split: str = "dev") -> Path:
    """The path of a data file. Ends the script with a word where it is not there."""
    path = DATA / split / name
    if not path.exists():
        raise SystemExit(f"{path} is not there: this benchmark reads real documents from it")
    return path


@contextmanager
def archive(name: str) -> Iterator[tarfile.TarFile]:
    """The members of an archive of the development data, to be read in order."""
    with (
        file_of(f"{name}.tar.zst").open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as plain,
        tarfile.open(fileobj=plain, mode="r|") as members,
    ):
        yield members


def records(name: str, split: str = "dev") -> Iterator[dict[str, Any]]:
    """The JSON objects of a data file."""
    with file_of(f"{name}.jsonl.zst", split).open("rb") as file:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8"):
            yield json.loads(line)


def tasks(name: str, split: str = "dev") -> Iterator[Task]:
    """The tasks of a set, documents put together as a reader would meet them."""
    for record in records(name, split):
        yield from _TASKS[name](record)


def _pubmed(record: dict[str, Any]) -> Iterator[Task]:
    yield Task(record["id"], " ".join(record["sentences"]), None, ["\n".join(record["summary_sentences"])])


def _scisumm(record: dict[str, Any]) -> Iterator[Task]:
    parts = [f"{section['title'] or ''}\n\n{' '.join(section['sentences'])}" for section in record["sections"]]
    yield Task(record["id"], "\n\n".join(parts), None, ["\n".join(record["summary_sentences"])])


def _techspec(record: dict[str, Any]) -> Iterator[Task]:
    yield Task(record["id"], record["document"], None, [record["summary"]])


def _squality(record: dict[str, Any]) -> Iterator[Task]:
    for question in record["questions"]:
        yield Task(record["id"], record["document"], question["question"], question["references"])


def _qmsum(record: dict[str, Any]) -> Iterator[Task]:
    text = "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in record["turns"])
    for query in record["general_queries"] + record["specific_queries"]:
        yield Task(record["id"], text, query["query"], [query["answer"]])


def _sumpubmed(record: dict[str, Any]) -> Iterator[Task]:
    parts = [f"{section['title'] or ''}\n\n{section['text']}" for section in record["sections"]]
    yield Task(record["id"], "\n\n".join(parts), None, [record["summary"]])


def _austlii(record: dict[str, Any]) -> Iterator[Task]:
    yield Task(record["id"], "\n".join(record["sentences"]), None, ["\n".join(record["catchphrases"])])


def _scotus_args(record: dict[str, Any]) -> Iterator[Task]:
    text = "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in record["turns"])
    yield Task(record["id"], text, None, [record["summary"]])


_TASKS = {
    "pubmed_memsum": _pubmed,
    "scisumm": _scisumm,
    "techspec": _techspec,
    "squality": _squality,
    "qmsum": _qmsum,
    "sumpubmed": _sumpubmed,
    "austlii": _austlii,
    "scotus_args": _scotus_args,
}
_STEMMER = PorterStemmer()


@lru_cache(maxsize=500_000)
def _stem(word: str) -> str:
    return str(_STEMMER.stem(word)) if len(word) > 3 else word


def grams(text: str) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """The stemmed words of a text and their pairs, as ROUGE counts them (Lin, 2004)."""
    words = [_stem(word) for word in re.findall(r"[a-z0-9]+", text.lower())]
    return Counter(words), Counter(itertools.pairwise(words))
