"""The pages that a summary cites, as pictures with the cited lines marked, for a self-contained file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from itertools import islice
from typing import Any

from longdoc.chunkers.readers.base import Box
from longdoc.chunkers.readers.pages import looked_at, page_words
from longdoc.memory.summaries.tree import Run
from longdoc.pipelines.render.footnotes import Citation, plain

MOST = 100
"""Pages that are shown at most: the first by source and number."""

_WIDTH = 1000  # pixels
_SECTION = (
    '<section id="sheets" aria-labelledby="sheets-heading"><h2 id="sheets-heading">Cited pages</h2>{note}{figures}'
    "</section>"
)


def sheets(run: Run, citations: list[Citation]) -> str:
    """A section with a figure for each page cited, in order, its citations linked; "" where there is no page to show.

    A page is there to show while the file is the one that was read.
    """
    found: dict[str, dict[int, dict[int, list[Box]]]] = {}
    for citation in citations:
        for box in citation.boxes:
            own = found.setdefault(citation.span.source, {}).setdefault(box[0], {})
            own.setdefault(citation.number, []).append(box)
    count = sum(map(len, found.values()))
    if not count:
        return ""
    note = f'<p class="note" lang="en">The first {MOST} of {count:,} cited pages.</p>' if count > MOST else ""
    every = (figure for source, pages in found.items() for figure in _figures(run, source, pages))
    figures = list(islice(every, MOST))
    return _SECTION.format(note=note, figures="".join(figures)) if figures else ""


def _figures(run: Run, source: str, cited: dict[int, dict[int, list[Box]]]) -> Iterator[str]:
    file = run.places.file(source)
    if file is None:
        return
    labels = run.places.labels(source)
    with looked_at(*file) as pages:
        sizes = pages.sizes()
        for page, numbers in sorted(cited.items()):
            label = labels[page - 1] if page <= len(labels) else None
            yield _figure(pages, sizes[page - 1], page, f"{plain(source)}, {page_words(page, label)}", numbers)


def _figure(pages: Any, size: tuple[float, float], page: int, name: str, numbers: dict[int, list[Box]]) -> str:
    from longdoc.chunkers.readers.pdf.pictures import png

    picture = b64encode(png(pages.pixels(page - 1, _WIDTH))).decode()
    wide, high = size
    drawn = [_rectangle(mark, wide, high) for boxes in numbers.values() for mark in pages.marks(boxes)]
    links = ", ".join(f'<a href="#c{number}">{number}</a>' for number in numbers)
    return (
        f'<figure><svg viewBox="0 0 {wide:.2f} {high:.2f}" role="img" aria-label="{escape(name)}">'
        f'<image width="{wide:.2f}" height="{high:.2f}" href="data:image/png;base64,{picture}"/>{"".join(drawn)}</svg>'
        f'<figcaption lang="en">{escape(name)}: {links}</figcaption></figure>'
    )


def _rectangle(mark: tuple[int, float, float, float, float], wide: float, high: float) -> str:
    _, left, top, right, bottom = mark
    x, y, width, height = left * wide, top * high, (right - left) * wide, (bottom - top) * high
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"/>'
