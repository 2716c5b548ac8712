"""The half-open character range that every sentence and chunk points back with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The characters `[start, end)` of the text named `source`.

    `source` is empty where one text is meant throughout. Raises `ValueError` for a range that runs backwards.
    """

    start: int
    end: int
    source: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span [{self.start}, {self.end}) is not a range; give 0 <= start <= end")

    def of(self, text: str) -> str:
        """The characters of `text` that this span names."""
        return text[self.start : self.end]

    def overlaps(self, other: Span) -> bool:
        """Whether the two share at least one character of the same source."""
        return self.source == other.source and self.start < other.end and other.start < self.end


def merge_spans(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """The same characters as the fewest spans, in order of source and start."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.source, s.start, s.end)):
        last = merged[-1] if merged else None
        if last is not None and last.source == span.source and span.start <= last.end:
            merged[-1] = Span(last.start, max(last.end, span.end), span.source)
        else:
            merged.append(span)
    return tuple(merged)
