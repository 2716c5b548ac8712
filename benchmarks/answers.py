"""What the extractive default answers, and when it says nothing, beside two plain ways of quoting.

    python benchmarks/answers.py [--sets NAME ...] [--limit N]

`--limit` takes so many documents of a set. Each question is asked of its own document, and of another one of the set
(for rag_docs of the chroma_chunking documents): there the right answer is none.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from datasets import grams, records
from langchain_core.documents import Document
from retrieval_sets import SETS, Question
from table import markdown, publish

from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.memory.index.document_index import DocumentIndex, Match
from longdoc.models.encoder.embedder import Embedder
from longdoc.pipelines.answers.extractive_answer import extractive_answer

MAX_TOKENS = 200
PASSAGES = 12
SILENT_BELOW = 0.48  # cosine: where the second baseline says nothing, fitted on the same questions
_GENERAL = re.compile(r"\bplot of the story\b|\bsetting of the story\b", re.IGNORECASE)  # any story answers these
Quote = Callable[[str, Sequence[Match], int], list[str]]


@dataclass(frozen=True)
class Case:
    """A question, what people answered, and the passages found in its own document and in another one."""

    name: str
    question: str
    references: list[str]
    own: list[Match]
    foreign: list[Match] | None


def squality(limit: int | None) -> Iterator[Case]:
    """Questions on stories, four answers each; those that any story answers are not asked of another."""
    stories = list(records("squality"))[:limit]
    found = [_index([Document(one["document"], metadata={"source": one["id"]})]) for one in stories]
    for at, story in enumerate(stories):
        for one in story["questions"]:
            asked = one["question"]
            other = None if _GENERAL.search(asked) else _matches(found[at - len(found) // 2], asked)
            yield Case("squality", asked, one["references"], _matches(found[at], asked), other)


def qmsum(limit: int | None) -> Iterator[Case]:
    """Specific queries on meetings; some are on the same project, so that another meeting may answer too."""
    meetings = list(records("qmsum"))[:limit]
    texts = ["\n".join(f"{turn['speaker']}: {turn['text']}" for turn in one["turns"]) for one in meetings]
    found = [
        _index([Document(text, metadata={"source": one["id"]})]) for one, text in zip(meetings, texts, strict=True)
    ]
    for at, meeting in enumerate(meetings):
        for one in meeting["specific_queries"]:
            own, other = (_matches(index, one["query"]) for index in (found[at], found[at - len(found) // 2]))
            yield Case("qmsum", one["query"], [one["answer"]], own, other)


def financebench(limit: int | None) -> Iterator[Case]:
    """Questions on filings, asked of the pages with their evidence; the reference is the evidence."""
    asked = list(records("financebench"))[:limit]
    pages: dict[str, dict[int, str]] = {}
    for record in asked:
        for part in record["evidence"]:
            text = part["evidence_text_full_page"] or part["evidence_text"]
            pages.setdefault(record["doc_name"], {})[part["evidence_page_num"]] = text
    index = _index(
        Document("\n\f".join(text for _, text in sorted(held.items())), metadata={"source": name})
        for name, held in pages.items()
    )
    names = sorted(pages)
    for record in asked:
        own, question = record["doc_name"], record["question"]
        others = [one for one in names if one.split("_")[0] != own.split("_")[0]]
        other = others[(names.index(own) + len(names) // 2) % len(others)] if others else None
        evidence = [" ".join(part["evidence_text"] for part in record["evidence"])]
        found = index.matches(question, PASSAGES, documents=[own], kind="chunk")
        strange = index.matches(question, PASSAGES, documents=[other], kind="chunk") if other else None
        yield Case("financebench", question, evidence, found, strange)


def rag_docs(limit: int | None) -> Iterator[Case]:
    """Questions on a product's documentation, asked of all of it, and of two texts about other things."""
    [record] = records("rag_docs")
    answers = {one["question"]: one["correct_answer"] for one in record["questions"]}
    own, other = (next(iter(SETS[name]())) for name in ("rag_docs", "chroma_chunking"))
    found, foreign = _index(own.documents), _index(other.documents)
    asked: list[Question] = own.questions[:limit]
    for one in asked:
        yield Case("rag_docs", one.text, [answers[one.text]], _matches(found, one.text), _matches(foreign, one.text))


def _index(documents: Iterator[Document] | Sequence[Document]) -> DocumentIndex:
    index = DocumentIndex(embeddings=EMBEDDER)
    index.put(documents)
    return index


def _matches(index: DocumentIndex, question: str) -> list[Match]:
    return index.matches(question, PASSAGES, kind="chunk")


def ours(question: str, matches: Sequence[Match], tokens: int) -> list[str]:
    """The extractive default."""
    said = extractive_answer(question, matches, encoder=EMBEDDER, tokenizer=TOKENIZER, max_tokens=tokens)
    return [sentence.line for sentence in said]


def first(question: str, matches: Sequence[Match], tokens: int) -> list[str]:
    """The first sentences of the first passage."""
    return _fitting(_sentences(matches[:1]), tokens)


def nearest(question: str, matches: Sequence[Match], tokens: int) -> list[str]:
    """The sentences nearest to the question; none where the nearest is too far."""
    lines = list(dict.fromkeys(_sentences(matches)))
    vectors = EMBEDDER.encode([question, *lines])
    cosines = vectors[1:] @ vectors[0]
    order = np.argsort(-cosines, kind="stable")
    return _fitting([lines[row] for row in order], tokens) if len(lines) and cosines.max() >= SILENT_BELOW else []


def _sentences(matches: Sequence[Match]) -> list[str]:
    texts = [match.document.page_content for match in matches]
    return [" ".join(span.of(text).split()) for text in texts for span in split_sentences(text)]


def _fitting(lines: Sequence[str], tokens: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if TOKENIZER.count(" ".join([*kept, line])) > tokens:
            break
        kept.append(line)
    return kept or [" ".join(lines[0].split()[: max(1, tokens // 2)])] if lines else []


def recall(said: Sequence[str], references: Sequence[str]) -> float:
    """The share of a reference's stemmed words that the answer has, the mean over the references."""
    words = grams(" ".join(said))[0]
    return statistics.mean(_share(words, grams(one)[0]) for one in references)


def precision(said: Sequence[str], references: Sequence[str]) -> float:
    """The share of the answer's stemmed words that a reference has, the mean over the references; 0 for no answer."""
    words = grams(" ".join(said))[0]
    return statistics.mean(_share(grams(one)[0], words) for one in references)


def _share(held: Counter[str], asked: Counter[str]) -> float:
    return (held & asked).total() / max(asked.total(), 1)


assert recall(["the cat sat"], ["a cat sat down"]) == 0.5
assert precision([], ["a cat"]) == 0.0


def measured(cases: Sequence[Case]) -> list[list[object]]:
    """A row a system. The baselines are given the tokens that ours took for the question, or all where it is silent."""
    rows: list[list[object]] = []
    lengths: list[int] = []
    for name, quote in SYSTEMS.items():
        said = []
        for place, case in enumerate(cases):
            said.append(quote(case.question, case.own, lengths[place] if rows else MAX_TOKENS))
        if not rows:
            lengths = [TOKENIZER.count(" ".join(one)) or MAX_TOKENS for one in said]
        strange = [quote(one.question, one.foreign, MAX_TOKENS) for one in cases if one.foreign is not None]
        figures = (
            statistics.mean(recall(one, case.references) for one, case in zip(said, cases, strict=True)),
            statistics.mean(precision(one, case.references) for one, case in zip(said, cases, strict=True)),
            statistics.mean(not one for one in said),
            statistics.mean(bool(one) for one in strange) if strange else float("nan"),
        )
        tokens = statistics.mean(TOKENIZER.count(" ".join(one)) for one in said)
        rows.append([name, *(f"{100 * figure:.1f}" for figure in figures), f"{tokens:.0f}"])
    return rows


def milliseconds(cases: Sequence[Case]) -> str:
    """The median and the 95th percentile of the time of an answer after retrieval, processor time of this process."""
    times = []
    for case in cases:
        began = time.process_time()
        ours(case.question, case.own, MAX_TOKENS)
        times.append(1000 * (time.process_time() - began))
    return f"{np.percentile(times, 50):.0f} ms, at the 95th percentile {np.percentile(times, 95):.0f} ms"


def report(cases: Sequence[Case]) -> str:
    """The table of a set."""
    foreign = sum(case.foreign is not None for case in cases)
    table = markdown(("system", "recall", "precision", "silent, own", "answered, foreign", "tokens"), measured(cases))
    asked = f"{len(cases)} questions, {foreign} of them asked of another document too."
    return f"## {cases[0].name}\n\n{asked} Processor time of an answer: {milliseconds(cases)}.\n\n{table}"


EMBEDDER = Embedder()
TOKENIZER = load_tokenizer()
SYSTEMS: dict[str, Quote] = {"extractive_answer": ours, "first of the first passage": first, "nearest": nearest}
TASKS = {"squality": squality, "qmsum": qmsum, "financebench": financebench, "rag_docs": rag_docs}
SAID = (
    f"Percent, means over the questions; {PASSAGES} passages found, answers of {MAX_TOKENS} tokens at most, and the "
    "baselines' as long as longdoc's on the same question. Recall and precision are of stemmed words, against what "
    "people wrote, for financebench against the evidence; an answer not given has 0 of each. Silent, own: the "
    "document answers, and nothing is said. Answered, foreign: another document is asked, and something is said. "
    f'"Nearest" says nothing below a cosine of {SILENT_BELOW}, fitted like longdoc\'s threshold on these questions.'
)


def main() -> None:
    """Measures the sets asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="*", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--limit", type=int)
    given = parser.parse_args()
    if given.limit is not None and given.limit < 2:
        raise SystemExit(f"--limit is {given.limit}; give 2 or more, for another document is asked too")
    tables = [report(list(TASKS[name](given.limit))) for name in given.sets]
    publish("answers", "What the extractive default answers", "\n\n".join([SAID, *tables]))


if __name__ == "__main__":
    main()
