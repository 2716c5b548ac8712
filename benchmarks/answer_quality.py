"""Plain questions as a new user types them, without a chat model: right, partly right, wrong or refused, kind by kind.

    python benchmarks/answer_quality.py [--set plain] [--kinds KIND ...] [--documents NAME ...] [--said FILE]

The questions of `questions/plain.jsonl` name documents of the data beside the checkout, the values that a right answer
has, and where they stand in the reading text of today. `--said` writes every question with its answer, to be read. The
set `aggregate` is no file: it takes so many documents of each part of `aggregate_qa` (to count, list, compare, and to
read from tables), its answers judged by value.
A fact, a definition, a reason, a follow-up is right where all values are in the answer, partly where some are or the
place is cited; a list is right from four items in five, partly from two in five; a question that the document does not
answer is right where nothing is claimed. A request about the whole is right where the answer has three sentences or
more from three fifths of the document or more, or, for a question how it ends, from its last fifth.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from datasets import DATA, archive, records
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.documents import Document
from table import markdown, publish

import longdoc
from longdoc import DocumentChat, DocumentIndex

QUESTIONS = Path(__file__).with_name("questions")
ARCHIVES = {"messy": "messy_files", "financebench": "financebench_pdfs", "pdfs": "pdfs"}
FIFTHS = 5
EACH = 10  # documents of a part of aggregate_qa, and of the longest two parts one
LONG = ("crd3", "loogle")


@lru_cache
def document(name: str) -> Document:
    """The document that a question names, read as a user's file is."""
    kind, _, rest = name.partition("/")
    if kind == "cases":
        return longdoc.read(DATA.parent / "cases" / rest)
    if kind in ARCHIVES:
        return _file(ARCHIVES[kind], rest if "." in rest else f"{rest}.pdf")
    return Document(_record(kind, rest), metadata={"source": name})


def document_text(name: str) -> str:
    """Its reading text."""
    return document(name).page_content


def _file(packed: str, name: str) -> Document:
    with TemporaryDirectory() as folder, archive(packed) as members:
        held = members.extractfile(next(one for one in members if Path(one.name).name == name))
        assert held is not None
        (Path(folder) / name).write_bytes(held.read())
        return longdoc.read(Path(folder) / name)


def _record(kind: str, name: str) -> str:
    file = {"scotus": "scotus_args"}.get(kind, kind)
    record = next(one for one in records(file) if name in (one["id"].partition("/")[2], one["id"]))
    if kind == "aggregate_qa":
        return str(record["document"])
    if "turns" in record:
        return "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in record["turns"])
    if "sections" in record:
        parts = [f"{part['title'] or ''}\n\n{' '.join(part['sentences'])}" for part in record["sections"]]
        return "\n\n".join([record["title"], *parts])
    if "catchphrases" in record:
        return "\n\n".join([record["title"], "\n".join(record["sentences"])])
    return str(record["document"])


def aggregated() -> list[dict[str, Any]]:
    """The questions of `aggregate_qa` on the first documents of each part.

    What is worked out, put in order or answered by yes or no is left out: no quotation has a value that no text has.
    """
    rows: list[dict[str, Any]] = []
    taken: Counter[str] = Counter()
    for record in records("aggregate_qa"):
        part = str(record["set"])
        taken[part] += 1
        if taken[part] > (1 if part in LONG else EACH):
            continue
        for one in record["questions"]:
            answers = one["answer"] if isinstance(one["answer"], list) else [one["answer"]]
            if one["type"] in ("count", "list", "span", "argmax", "compare"):
                values = [[str(value)] for value in answers]
                kind = f"{part}: {one['type']}"
                row = {"id": one["qid"], "document": f"aggregate_qa/{record['id']}", "kind": kind, "values": values}
                rows.append({**row, "question": one["question"]})
    return rows


def find(text: str, quote: str) -> tuple[int, int] | None:
    """Where the words stand in the text, whatever white space lies between them."""
    match = re.search(r"\s+".join(re.escape(word) for word in quote.split()), text, re.IGNORECASE)
    return match.span() if match else None


def ask(row: dict[str, Any], index: DocumentIndex, text: str) -> tuple[str, str, float]:
    """The judgement, the answer's text and the seconds that it took."""
    chat = DocumentChat(index, history=InMemoryChatMessageHistory())
    for earlier in row.get("before", ()):
        chat.ask(earlier)
    began = time.monotonic()
    answer = chat.ask(row["question"])
    seconds = time.monotonic() - began
    spans = [(one.start, one.end) for one in answer.citations]
    lines = len(answer.sentences)
    return judged(row, answer.text, spans, lines, text), answer.text, seconds


def judged(row: dict[str, Any], said: str, spans: list[tuple[int, int]], lines: int, text: str) -> str:
    """right, partly, wrong or refused."""
    kind, silent = row["kind"].rpartition(" ")[2], not spans
    if kind in ("none", "hello"):
        return "right" if silent else "wrong"
    if silent and not (kind == "count" and _has(said, row["values"][0])):
        return "refused"
    if kind == "whole":
        return _whole(row["question"], spans, lines, len(text))
    share = sum(_has(said, one) for one in row["values"]) / len(row["values"])
    if share == 1 or (kind in ("list", "count") and share >= 0.8):
        return "right"
    start, end = row.get("place", (0, 0))
    near = any(one[0] < end + 40 and start - 40 < one[1] for one in spans)
    return "partly" if share >= 0.4 or near else "wrong"


def _has(said: str, alternatives: list[str]) -> bool:
    plain = _bare(said)
    return any(re.search(rf"(?<!\d){re.escape(_bare(one))}", plain) for one in alternatives)


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[`*]", "", text).split()).casefold()


def _whole(question: str, spans: list[tuple[int, int]], lines: int, length: int) -> str:
    fifths = {min(FIFTHS - 1, FIFTHS * start // max(1, length)) for start, _ in spans}
    if re.search(r"\bend\b", question):
        return "right" if FIFTHS - 1 in fifths and len(fifths) == 1 else "partly" if FIFTHS - 1 in fifths else "wrong"
    return "right" if lines >= 3 and len(fifths) >= 3 else "partly" if lines >= 2 else "wrong"


def report(results: list[tuple[str, str]]) -> str:
    """A row a kind, and one of all."""
    names = ("right", "partly", "wrong", "refused")
    kinds = [*dict.fromkeys(kind for kind, _ in results)]
    rows = []
    for kind in [*sorted(kinds), "all"]:
        held = Counter(one for at, one in results if kind in (at, "all"))
        rows.append([kind, str(held.total()), *(f"{100 * held[one] / held.total():.0f}" for one in names)])
    return markdown(("kind", "questions", *(f"{one} %" for one in names)), rows)


def _asked(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Asks the questions asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--set", default="plain", help="plain, fresh, after, unseen or unseen_more, files of questions/; or aggregate"
    )
    parser.add_argument("--kinds", nargs="*")
    parser.add_argument("--documents", nargs="*")
    parser.add_argument("--said", type=Path)
    parser.add_argument("--kept", type=Path, help="a folder in which the indexes are kept for the next time")
    parser.add_argument("--quiet", action="store_true", help="do not write the table of results")
    given = parser.parse_args()
    rows = aggregated() if given.set == "aggregate" else _asked(QUESTIONS / f"{given.set}.jsonl")
    rows = [one for one in rows if not given.kinds or one["kind"] in given.kinds]
    rows = [one for one in rows if not given.documents or any(name in one["document"] for name in given.documents)]
    results, said, seconds = [], [], []
    for name in dict.fromkeys(one["document"] for one in rows):
        folder = given.kept / re.sub(r"\W+", "_", name) if given.kept else None
        index = DocumentIndex(folder)
        if not index.documents():
            index.put([document(name)])
        for row in (one for one in rows if one["document"] == name):
            verdict, answer, took = ask(row, index, document_text(name))
            results.append((row["kind"], verdict))
            seconds.append(took)
            before = " >> ".join([*row.get("before", ()), row["question"]])
            said.append(f"{row['id']} {name} [{row['kind']}] {verdict.upper()}\n  Q {before}\n  A {answer}\n")
            if given.said:
                given.said.write_text("\n".join(said))
    table = report(results)
    middle = sorted(seconds)[len(seconds) // 2]
    words = sum(len(one.split("\n  A ")[1].split()) for one in said) / len(said)
    told = f"{len(results)} questions; {middle:.2f} s an answer in the middle, {max(seconds):.1f} s at most"
    told = f"{told}; {words:.0f} words an answer."
    if given.quiet:
        print(told, table, sep="\n\n")
    else:
        name = "answer_quality" if given.set == "plain" else f"answer_quality_{given.set}"
        publish(name, "Plain questions, answered without a chat model", f"{told}\n\n{table}")


if __name__ == "__main__":
    main()
