"""Answers about a text as a whole: what it says, what was decided in it, how it begins and ends."""

from __future__ import annotations

import re
from collections.abc import Sequence

from langchain_core.documents import Document

from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.summaries.summary import Sentence, join_lines
from longdoc.pipelines.digest.points import COMES_TO
from longdoc.pipelines.summarizers.extractive import ExtractiveSummarizer
from longdoc.pipelines.summarizers.learned_salience import LearnedSalience
from longdoc.pipelines.summarizers.protocol import Passage
from longdoc.pipelines.units.find import units_of
from longdoc.pipelines.units.hygiene import readable
from longdoc.pipelines.units.unit import Unit

_DECIDES = re.compile(
    r"\b(?:decid\w+|agre(?:e|ed|es|eing) (?:to|that|on|upon|with)|resolv\w+|conclud\w+|settl(?:e|ed) on|approv\w+"
    r"|adopt\w*|voted|let's|let us|we(?:'ll| will| should| shall| have to| need to| can| could)"
    r"|we(?:'re| are) going (?:to|for|with)"
    r"|going to (?:be|have|use|do|make)|go (?:for|with)|action items?|next steps?|by (?:next|the end of))\b",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(
    r"\W*(?:[\dIVX]+[.)]?\s*)?(?:(?:discussion|summary|results|findings) (?:and|&) )?(?:the )?(?:conclusions?"
    r"|concluding remarks|disposition|decision|orders?|holding|outcome|recommendations?)"
    r"(?: (?:and|&) (?:(?:future|further) \w+|recommendations?|discussion|outlook|orders?))?\W*\Z",
    re.IGNORECASE,
)
_AIMS = re.compile(
    r"\b(?:aim(?:s|ed)? (?:to|at|of|is|was)|(?:goal|aim|purpose|objective|motivation)s?\b[^.]{0,60}\b(?:is|was|are"
    r"|were|of)\b"
    r"|in this (?:paper|study|article|work|report|document|proposal)[^.]{0,20} we\b|this (?:paper|study|article|work"
    r"|report"
    r"|document|proposal|specification) (?:\w+ )?(?:describes?|presents?|proposes?|examines?|investigates?|reports?"
    r"|defines?"
    r"|explores?|addresses?|introduces?|evaluates?|will)|(?:we|I) (?:\w+ )?(?:present|propose|describe|introduce"
    r"|investigate"
    r"|examine|study|seek|set out)\b|(?:will be|is|was) (?:performed|carried out|done|undertaken) to)",
    re.IGNORECASE,
)
_LATE = 0.5  # of a text, from where it may say what it comes to
_FEWEST = 2  # units that say so
_MOST_AIMS = 3
_LAST = 0.05  # of a text: its end, and its beginning,
_LEAST = 2_400  # at least so many characters,
_MOST = 16_000  # and at most so many
_WORDS = 6  # of a turn that says something


def summary_of(document: Document, max_tokens: int, tokenizer: Tokenizer) -> tuple[Sentence, ...]:
    """A summary of a document by the extractive default, in at most so many tokens."""
    from longdoc.pipelines.summarize.summarize import summarize

    tree = summarize(document, max_tokens=max_tokens, tokenizer=tokenizer)
    return _cleaned(tree.summary.sentences)


def decisions_of(document: Document, max_tokens: int, tokenizer: Tokenizer) -> tuple[Sentence, ...]:
    """What was decided and is to be done, in order; of a text without turns what it comes to, else a summary."""
    units = _units(document)
    if 2 * sum(one.kind == "turn" for one in units) < len(units):
        return conclusions_of(document, max_tokens, tokenizer)
    return _those(units, _DECIDES, document, max_tokens, tokenizer)


def aims_of(document: Document, max_tokens: int, tokenizer: Tokenizer) -> tuple[Sentence, ...]:
    """What a text says that it is for, the first that say so; empty where none does."""
    found = [one for one in _units(document) if _says(one, _AIMS)][:_MOST_AIMS]
    return _best(found, max_tokens, tokenizer) if found else ()


def conclusions_of(document: Document, max_tokens: int, tokenizer: Tokenizer) -> tuple[Sentence, ...]:
    """What a text comes to: its section of conclusions, else the sentences that say so; a summary where none does."""
    units = _units(document)
    told = [one for one in units if one.kind not in _BESIDE]
    last = [one for one in told if any(_CONCLUSION.match(heading) for heading in one.headings)]
    if len(last) >= _FEWEST:
        return _best(last, max_tokens, tokenizer)
    if 2 * sum(one.kind == "turn" for one in units) > len(units):
        return _those(units, _DECIDES, document, max_tokens, tokenizer)
    from_where = int(_LATE * len(document.page_content))
    return _those([one for one in units if one.start >= from_where], COMES_TO, document, max_tokens, tokenizer)


def _those(
    units: Sequence[Unit], saying: re.Pattern[str], document: Document, max_tokens: int, tokenizer: Tokenizer
) -> tuple[Sentence, ...]:
    """The units that say so, the best in order; a summary of the document where there are hardly any."""
    found = [one for one in units if _says(one, saying)]
    if len(found) < _FEWEST:
        return summary_of(document, max_tokens, tokenizer)
    return _best(found, max_tokens, tokenizer)


def _best(units: Sequence[Unit], max_tokens: int, tokenizer: Tokenizer) -> tuple[Sentence, ...]:
    every = tuple(Sentence(one.text, one.spans) for one in units)
    if tokenizer.count(join_lines(every)) <= max_tokens:
        return every
    chosen = _summarizer(tokenizer).summarize([_passage(one) for one in units], max_tokens)
    spans = {span for sentence in chosen.sentences for span in sentence.spans}
    kept = [one for one in units if any(span.overlaps(one.spans[-1]) for span in spans)]
    return _fitting([Sentence(one.text, one.spans) for one in kept], max_tokens, tokenizer)


def _units(document: Document) -> list[Unit]:
    return units_of(document.page_content, str(document.metadata.get("source") or ""))


def ending_of(document: Document, max_tokens: int, tokenizer: Tokenizer) -> tuple[Sentence, ...]:
    """What the last part of a text says, its last sentences among it."""
    text = document.page_content
    size = min(_MOST, max(_LEAST, int(_LAST * len(text))))
    start = text.find("\n", max(0, len(text) - size)) + 1 if len(text) > size else 0
    return _part(document, start, len(text), max_tokens, tokenizer, last=True)


def beginning_of(document: Document, max_tokens: int, tokenizer: Tokenizer) -> tuple[Sentence, ...]:
    """What the first part of a text says."""
    size = min(_MOST, max(_LEAST, int(_LAST * len(document.page_content))))
    return _part(document, 0, min(len(document.page_content), size), max_tokens, tokenizer, last=False)


def _part(
    document: Document, start: int, end: int, max_tokens: int, tokenizer: Tokenizer, last: bool
) -> tuple[Sentence, ...]:
    source = str(document.metadata.get("source") or "")
    units = [one for one in units_of(document.page_content[start:end], source, start) if one.kind not in _BESIDE]
    if not units:
        return ()
    edge = units[-2:] if last else units[:2]
    edges = [Sentence(one.text, one.spans) for one in edge]
    room = max_tokens - tokenizer.count(join_lines(edges))
    inner = [one for one in units if one not in edge and one.whole]
    if room < _ROOM or not inner:
        return _fitting(edges, max_tokens, tokenizer)
    chosen = _summarizer(tokenizer).summarize([_passage(one) for one in inner], room).sentences
    held = sorted([*_cleaned(chosen), *edges], key=lambda one: one.spans[0].start)
    return _fitting(held, max_tokens, tokenizer)


_BESIDE = ("heading", "code", "list", "row")
_ROOM = 40  # tokens


def _summarizer(tokenizer: Tokenizer) -> ExtractiveSummarizer:
    return ExtractiveSummarizer(tokenizer=tokenizer, scorer=LearnedSalience())


def _passage(unit: Unit) -> Passage:
    span = unit.spans[-1]
    return Passage(unit.text, (span,), unit.headings)


def _says(unit: Unit, saying: re.Pattern[str]) -> bool:
    said = unit.value if unit.kind == "turn" else unit.text
    return unit.kind in ("sentence", "turn", "item") and len(said.split()) >= _WORDS and bool(saying.search(said))


def _cleaned(sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """The sentences as they are read: without marks and markup."""
    return tuple(Sentence(readable(one.text), one.spans, one.supported, one.problems) for one in sentences)


def _fitting(sentences: Sequence[Sentence], max_tokens: int, tokenizer: Tokenizer) -> tuple[Sentence, ...]:
    kept: list[Sentence] = []
    for one in sentences:
        if tokenizer.count(join_lines([*kept, one])) <= max_tokens:
            kept.append(one)
    return tuple(kept)
