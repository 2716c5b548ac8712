"""Digests of documents whose sentences have been embedded: of one, of several, and about a query."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from langchain_core.documents import Document
from numpy.typing import NDArray

from longdoc.bundled import FINGERPRINT
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.chunkers.tokenizers.huggingface import HuggingFaceTokenizer
from longdoc.memory.summaries.summary import EMPTY, Block, Sentence, Summary
from longdoc.pipelines.digest.digest import about, all_facts, digest
from longdoc.pipelines.digest.kinds import Kind
from longdoc.pipelines.digest.points import is_common, is_outcome
from longdoc.pipelines.digest.reading import Reading
from longdoc.pipelines.summarizers.learned_salience import LearnedSalience
from longdoc.pipelines.summarizers.protocol import Chooser
from longdoc.pipelines.summarizers.salience import GENERAL, Scorer, features, readable, scores_of, standardized
from longdoc.pipelines.summarizers.sentence_table import EMPTY_TABLE, SentenceTable
from longdoc.pipelines.units.hygiene import readable as legible
from longdoc.pipelines.wording.words import content_words

LEAST = 60  # tokens; a smaller summary has no room for headings
_SAMPLED = 60  # sentences that tell the language
_ASCII = 0.95  # of the characters of a text of few sentences that is taken for English
_WORD = re.compile(r"(?<![{\[<])\b[^\W\d_]{5,}")  # not of a transcript's marks
_NO_WORD = re.compile(r"</?\w[^<>]*>|[\d\W_]+(?=\s|$)")  # tags, numbers and signs, which are of no language
_MOST_SHARED = 7  # words
_PROMINENT = 40  # of each document's words, those that it says most often, and that no text is full of
_ORDINARY = 5000  # below it the bundled vocabulary, in order of frequency, has some 3,000 words of English
_OF_A_KIND = {
    Kind.TRANSCRIPT: ("Who takes part?", "What was decided?"),
    Kind.NARRATIVE: ("Who are the characters?", "How does it end?"),
}
_ASKED, _TRIED = 3, 8  # questions of a document, and facts that they are made from
_ASKABLE = re.compile(r"[^\W\d_][^\W\d_]+(?:[ '’&/-][^\W\d_]+){0,4}")  # a label that reads as a name
_ASIDE = re.compile(r"\s*\([^()]*\)")
_SAID = 2  # times that each document says a word


def digest_of(
    documents: Sequence[Document],
    tables: Mapping[str, SentenceTable],
    chooser: Chooser,
    budget: int,
    query: str | None = None,
    begun: Mapping[str, Reading] | None = None,
) -> Summary:
    """A digest of at most `budget` tokens, a part for each document; empty where they leave no room for one.

    `tables` are the documents' sentences by source, `begun` what was read of them before they had vectors. Linear in
    the text; costs no vectors but the query's.
    """
    if budget < LEAST * len(documents):
        return EMPTY
    asked = chooser.query_vector(query)
    familiar = chooser.encoder.fingerprint.startswith(FINGERPRINT)
    readings = []
    for document in documents:
        source = str(document.metadata["source"])
        reading = (begun or {}).get(source) or begin(document, tables[source])
        readings.append(_scored(reading, tables[source], familiar, asked, query, chooser.scorer))
    if len(readings) == 1:
        return _one(readings[0], budget, chooser.tokenizer, query)
    return _several(readings, budget, chooser.tokenizer, query)


def _one(reading: Reading, budget: int, tokenizer: Tokenizer, query: str | None) -> Summary:
    return digest(reading, budget, tokenizer) if query is None else about(reading, query, budget, tokenizer)


def _several(readings: Sequence[Reading], budget: int, tokenizer: Tokenizer, query: str | None) -> Summary:
    """A part for each document under its name, and before them what they have in common."""
    shared = in_common(readings) if query is None else None
    names = [reading.source for reading in readings]
    head = sum(tokenizer.count(name) for name in names) + (tokenizer.count(shared.line) if shared else 0)
    each = (budget - head) // len(readings)
    while each > 0:
        summary = _joined(readings, names, [_one(one, each, tokenizer, query) for one in readings], shared, tokenizer)
        if summary.tokens <= budget:
            return summary
        each -= max(1, (summary.tokens - budget) // len(readings))
    return EMPTY


def _joined(
    readings: Sequence[Reading],
    names: Sequence[str],
    parts: Sequence[Summary],
    shared: Sentence | None,
    tokenizer: Tokenizer,
) -> Summary:
    blocks: list[Block] = [Block("", 1, "facts")] if shared else []
    sentences: list[Sentence] = [shared] if shared else []
    for name, part in zip(names, parts, strict=True):
        blocks += [Block(name, 0, "document"), *part.blocks]
        sentences += part.sentences
    return Summary.of(tuple(sentences), tokenizer, tuple(blocks))


def begin(document: Document, table: SentenceTable) -> Reading:
    """A document read as far as that needs no vectors."""
    known = _is_known(document.page_content, table)
    reading = Reading(document, table, np.zeros(len(table)), known)
    if not known and reading.kind in (Kind.FORM, Kind.REPORT, Kind.CODE) and _is_ascii(document.page_content):
        reading.known = True  # a form has too few words of prose to be told by
    return reading


def shown(reading: Reading) -> NDArray[np.bool_]:
    """Which rows of the table its digest may show: all others only count in the mean."""
    speech = reading.speech if reading.kind is Kind.NARRATIVE else []
    late = (one for one in reading.said if is_outcome(reading, one.unit))
    rows = [one.row for one in (*reading.points, *speech, *late, *reading.turns) if one.row >= 0]
    found = np.zeros(len(reading.table), np.bool_)
    found[rows] = True
    return found


def _scored(
    begun: Reading,
    table: SentenceTable,
    familiar: bool,
    asked: NDArray[np.float32] | None,
    query: str | None,
    scorer: Scorer | None,
) -> Reading:
    """What was read, with the table as it has vectors, and what each row is worth."""
    reading = Reading(begun.document, table, np.zeros(len(table)), begun.known, familiar)
    reading.units, reading.kind = begun.units, begun.kind
    reading.scores = _scores(reading, asked, query, scorer)
    worth = [*reading.scores.tolist(), -9.0]  # the last of what has no row
    made = {id(one): replace(one, score=worth[one.row]) for one in begun.said}
    reading.said, reading.points = list(made.values()), [made[id(one)] for one in begun.points]
    return reading


def _scores(
    reading: Reading, asked: NDArray[np.float32] | None, query: str | None, scorer: Scorer | None
) -> NDArray[np.float64]:
    """How much each row matters: by salience, or, of a language that it does not know, by words and positions."""
    table = reading.table
    if not len(table):
        return np.zeros(0)
    if reading.known:
        return scores_of([table], asked, scorer)
    if query is not None:
        words = content_words(query)
        rows = zip(table.starts.tolist(), table.ends.tolist(), strict=True)
        return np.array([float(len(words & content_words(reading.text[start:end]))) for start, end in rows])
    values, weights = features(table), np.array(GENERAL)
    weights[0] = 0.0  # nearness to the mean vector
    return standardized(values @ weights, readable(table))


def _is_known(text: str, table: SentenceTable) -> bool:
    step = max(1, -(-len(table) // _SAMPLED))
    rows = range(0, len(table), step)
    sampled = (text[int(table.starts[row]) : int(table.ends[row])] for row in rows)
    return LearnedSalience().knows([_NO_WORD.sub(" ", one) for one in sampled])


def _is_ascii(text: str) -> bool:
    return sum(map(str.isascii, text)) > _ASCII * len(text)


class Placed(Protocol):
    """A place that an answer rests on."""

    @property
    def span(self) -> Span:
        """As a span."""


def questions_of(document: Document, answers: Callable[[str], Sequence[Placed]]) -> list[str]:
    """At most three questions about a document's heaviest facts, of which each is answered where the fact stands; and
    what any text of its kind is asked, where that is answered.

    `answers` gives the places that the answer to a question rests on. Costs ten answers at most.
    """
    reading = Reading(document, EMPTY_TABLE, np.zeros(0), known=True)
    facts: dict[str, Span] = {}
    for one in sorted(all_facts(reading), key=lambda one: (-one.weight, one.place)):
        facts.setdefault(_ASIDE.sub("", one.sentence.label), one.sentence.spans[-1])
    asked: list[str] = []
    askable = [(label, span) for label, span in facts.items() if _ASKABLE.fullmatch(label)]
    for label, span in askable[:_TRIED]:
        question = f"What is the {label}?"
        if any(span.overlaps(place.span) for place in answers(question)):
            asked.append(question)
        if len(asked) == _ASKED:
            break
    if len(asked) < _ASKED:
        asked += filter(answers, _OF_A_KIND.get(reading.kind, ()))
    return asked[:_ASKED]


def in_common(readings: Sequence[Reading]) -> Sentence | None:
    """What every document is full of and not any text, each word cited where each says it first; None for none."""
    known = HuggingFaceTokenizer.bundled().backend.token_to_id
    counts = [Counter(match[0].casefold() for match in _WORD.finditer(reading.text)) for reading in readings]
    shares = []
    for count in counts:
        own = [one for one in count.most_common() if one[1] >= _SAID and not is_common(one[0])]
        shares.append({word: times / count.total() for word, times in own[:_PROMINENT]})
    shared = [
        word for word in shares[0] if all(word in one for one in shares) and (known(word) or _ORDINARY) >= _ORDINARY
    ]
    best = sorted(shared, key=lambda word: (-min(share[word] for share in shares), word))[:_MOST_SHARED]
    if not best:
        return None
    places = [[_first(reading, word) for reading in readings] for word in best]
    said = ", ".join(legible(spans[0].of(readings[0].text)) for spans in places)
    return Sentence(f"In common: {said}", tuple(span for spans in places for span in spans), label="In common")


def _first(reading: Reading, word: str) -> Span:
    match = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE).search(reading.text)
    start = match.start() if match else 0
    return Span(start, start + len(word), reading.source)
