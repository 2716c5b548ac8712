"""Any text, written by anyone, checked sentence by sentence against documents."""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.documents import Document

from longdoc.arguments import checked
from longdoc.chunkers.readers.pages import SourcePages, page_words, place_json
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.memory.summaries.summary import Sentence, Summary
from longdoc.memory.summaries.tree import Run, SummaryTree
from longdoc.pipelines.checks.checker import Checker, sentence_of
from longdoc.pipelines.checks.evidence import Evidence
from longdoc.pipelines.checks.finding import Finding
from longdoc.pipelines.render.page import render_html
from longdoc.pipelines.sources import Sources, load_sources
from longdoc.pipelines.summarizers.protocol import Passage

_QUOTE = 200  # characters of a place that is shown
_MARKS = {"supported": "ok", "contradicted": "contradicted", "unsupported": "unsupported", "unjudged": "not judged"}


@dataclass(frozen=True)
class Verification:
    """What the documents say of each sentence of a text, in order."""

    sentences: tuple[Finding, ...]
    texts: dict[str, str] = field(repr=False)  # the documents by name
    pages: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)  # where their pages begin
    seconds: float = 0.0
    places: SourcePages = field(default_factory=SourcePages, repr=False)  # where spans stand on their pages

    @property
    def holds(self) -> bool:
        """Whether every sentence is supported."""
        return all(one.supported for one in self.sentences)


@checked
def verify(text: str, against: Sources, *, checker: Checker | None = None) -> Verification:
    """Checks each sentence of a text against documents. Cost: sentences times the documents' sentences.

    `against` are documents, paths or texts, as `longdoc.summarize` takes them. Raises `InputError` for one that cannot
    be read or has no text.
    """
    began = time.monotonic()
    documents = load_sources(against)
    checker = checker or Checker.load()
    evidence = Evidence([_passage(document) for document in documents])
    said = [" ".join(span.of(text).split()) for span in split_sentences(text)]
    findings = checker.check_all([one for one in said if any(map(str.isalnum, one))], evidence)
    texts = {str(document.metadata["source"]): document.page_content for document in documents}
    pages = {name: starts for document in documents for name, starts in _pages(document)}
    return Verification(tuple(findings), texts, pages, time.monotonic() - began, SourcePages(documents))


def _passage(document: Document) -> Passage:
    text = document.page_content
    return Passage(text, (Span(0, len(text), str(document.metadata["source"])),))


def _pages(document: Document) -> Sequence[tuple[str, tuple[int, ...]]]:
    starts = document.metadata.get("pages")
    return [(str(document.metadata["source"]), tuple(starts))] if starts else []


def verification_text(found: Verification) -> str:
    """A line for each sentence with its verdict, why it does not hold, and where it stands."""
    lines: list[str] = []
    for one in found.sentences:
        lines.append(f"[{_MARKS[one.verdict]}] {one.text}")
        lines += [f"    {problem}" for problem in one.problems]
        lines += [f"    {_place(found, span)}" for span in one.spans]
    held = sum(one.supported for one in found.sentences)
    return "\n".join([*lines, "", f"{held} of {len(found.sentences)} sentences hold."])


def _place(found: Verification, span: Span) -> str:
    quote = " ".join(span.of(found.texts[span.source]).split())
    quote = quote if len(quote) <= _QUOTE else f"{quote[: _QUOTE - 3]}..."
    return f'{span.source}{_on_page(found, span)} {span.start}-{span.end}: "{quote}"'


def _on_page(found: Verification, span: Span) -> str:
    starts = found.pages.get(span.source, ())
    page = bisect_right(starts, span.start) if starts else None
    return f" {page_words(page, found.places.label(span))}".rstrip()


def verification_json(found: Verification) -> str:
    """The findings as one JSON object in ASCII."""
    shown: dict[str, Any] = {
        "holds": found.holds,
        "sentences": [
            {
                "text": one.text,
                "verdict": one.verdict,
                "support": round(one.support, 4),
                "problems": list(one.problems),
                "spans": [
                    {"source": span.source, "start": span.start, "end": span.end, **place_json(span, found.places)}
                    for span in one.spans
                ],
            }
            for one in found.sentences
        ],
        "seconds": found.seconds,
    }
    return json.dumps(shown, ensure_ascii=True)


def verification_html(found: Verification, title: str) -> str:
    """The page of `render_html` for a text that was checked, headed as such."""
    sentences: tuple[Sentence, ...] = tuple(sentence_of(one) for one in found.sentences)
    summary = Summary.of(sentences, load_tokenizer("minilm"))
    run = Run(
        "checked text", summary.tokens, seconds=found.seconds, writes=False, texts=found.texts, pages=found.pages,
        places=found.places,
    )  # fmt: skip
    borne_out = sum(one.verdict == "supported" for one in found.sentences)
    facts = [
        ("Supported", f"{borne_out:,} of {len(found.sentences):,} sentences"),
        ("Time", f"{found.seconds:.1f} s"),
        ("Sources", f"{len(found.texts):,}"),
    ]
    return render_html(SummaryTree(title, summary.spans, summary, "", run=run), "Checked text", facts)
