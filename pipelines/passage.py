"""A passage: what a summarizer reads, and what a check is held against."""

from __future__ import annotations

from dataclasses import dataclass

from longdoc.chunkers.text.span import Span


@dataclass(frozen=True, slots=True)
class Passage:
    """Text to be summarized and the spans of the source it stands for.

    A passage of source text has one span, whose characters it is. A passage that is a sentence of another summary
    has the spans that the sentence rests on. Passages of which the first is `so_far` begin with a summary, to be
    rewritten with what follows it.
    """

    text: str
    spans: tuple[Span, ...]
    headings: tuple[str, ...] = ()
    so_far: bool = False
