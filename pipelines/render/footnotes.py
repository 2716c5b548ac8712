"""The numbered citations under a summary: which span has which number, and how its text is quoted."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from longdoc.chunkers.readers.base import Box
from longdoc.chunkers.readers.pages import SourcePages, page_words
from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Sentence
from longdoc.memory.summaries.tree import Run, SummaryTree

_NEAR = 600  # characters
# What a terminal obeys and what no encoding can write.
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered span and the source text that it lies in."""

    number: int
    span: Span
    source_text: str
    pages: tuple[int, ...] = ()  # where each page of the source begins; empty for a source without pages
    places: SourcePages = field(default_factory=SourcePages, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The cited characters."""
        return self.span.of(self.source_text)

    @property
    def line(self) -> int:
        """The line of the source that the span starts on, from 1. Linear in the text before it."""
        return self.source_text.count("\n", 0, self.span.start) + 1

    @property
    def page(self) -> int | None:
        """The page that the span starts on, from 1; None for a source without pages."""
        return bisect_right(self.pages, self.span.start) if self.pages else None

    @property
    def page_label(self) -> str | None:
        """The label printed on that page, or its number; None for a source without pages."""
        return self.places.label(self.span) or (None if self.page is None else str(self.page))

    @property
    def boxes(self) -> tuple[Box, ...]:
        """One rectangle for each line and page, in order; none but for a PDF. Made when asked for."""
        return self.places.boxes(self.span)

    @property
    def page_words(self) -> str:
        """The page for a person; empty where there are no pages."""
        return page_words(self.page, self.page_label)

    @property
    def place(self) -> str:
        """The line and, where there are pages, the page, in words."""
        return ", ".join(filter(None, (f"line {self.line}", self.page_words)))


class Footnotes:
    """Gives each span that sentences rest on a number from 1 up, in the order they are asked about.

    A span that is cited again keeps its number. Raises `ValueError` for a span of a source that is not in `texts`.
    """

    def __init__(
        self, texts: Mapping[str, str], pages: Mapping[str, tuple[int, ...]], places: SourcePages | None = None
    ) -> None:
        self._texts = texts
        self._pages = pages
        self._places = places or SourcePages()
        self._citations: dict[Span, Citation] = {}

    @property
    def citations(self) -> list[Citation]:
        """All that have a number, by number."""
        return list(self._citations.values())

    def cite(self, sentence: Sentence) -> list[int]:
        """The numbers of the sentence's spans, new ones where they have none yet."""
        return [self._number(span) for span in cited(sentence)]

    def known(self, span: Span) -> int | None:
        """The number of a span, None where it has none."""
        citation = self._citations.get(span)
        return None if citation is None else citation.number

    def _number(self, span: Span) -> int:
        if span not in self._citations:
            if span.source not in self._texts:
                raise ValueError(f"a sentence cites {span.source!r}; the run's texts are {sorted(self._texts)}")
            self._citations[span] = Citation(
                len(self._citations) + 1,
                span,
                self._texts[span.source],
                self._pages.get(span.source, ()),
                self._places,
            )
        return self._citations[span].number


def cited(sentence: Sentence) -> list[Span]:
    """The spans that a sentence is shown to rest on: a label and its value, where they are near, as one stretch."""
    spans = list(dict.fromkeys(sentence.spans))
    if not sentence.label or len(spans) < 2 or len({span.source for span in spans}) > 1:
        return spans
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return [Span(start, end, spans[0].source)] if end - start <= _NEAR else spans


def run_of(tree: SummaryTree) -> Run:
    """What the run took that `tree` is the root of. Raises `ValueError` for any other node."""
    if tree.run is None:
        raise ValueError(f"{tree.title!r} is not the root of a finished run; give the tree that the run returned")
    return tree.run


def plain(text: str) -> str:
    """`text` on one line, safe to print and to encode: white space as blanks, control characters as U+FFFD."""
    return _UNSHOWABLE.sub("\ufffd", " ".join(text.split()))


def quoted(text: str, limit: int) -> str:
    """`plain` text of at most `limit` characters and an ellipsis, cut between words where there are any."""
    line = plain(text[: 4 * limit])
    if len(line) <= limit and len(text) <= 4 * limit:
        return line
    cut = line[: limit + 1].rfind(" ")
    return line[: cut if cut > limit // 2 else limit].rstrip() + "…"


def figures(tree: SummaryTree, run: Run) -> Sequence[tuple[str, str]]:
    """What the run took, as labels and values for a reader."""
    extra = f" + {run.extra_calls:,} extra" if run.extra_calls else ""
    extra += f", {run.reused:,} reused" if run.reused else ""
    return [
        ("Tokens", f"{tree.summary.tokens:,} of {run.max_tokens:,}"),
        *([("Calls", f"{run.calls:,}{extra}")] if run.writes else []),
        *([] if run.seconds is None else [("Time", f"{run.seconds:.1f} s")]),
        ("Model", plain(run.model)),
        ("Sources", f"{len(run.texts):,}"),
    ]
