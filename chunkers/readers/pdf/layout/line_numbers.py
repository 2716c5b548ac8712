"""The numbers of lines in the margin, as transcripts and pleadings have them, which are no text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from longdoc.chunkers.readers.pdf.layout.columns import by_rows
from longdoc.chunkers.readers.pdf.layout.rows import Fragment

_FEWEST = 12  # numbers that follow one another
_SHARE = 0.8  # of the rows have one


def without_line_numbers(fragments: Sequence[Fragment]) -> list[Fragment]:
    """The fragments without the numbers that count the rows of the page on its left."""
    rows = by_rows(fragments)
    numbered = [row[0] for row in rows if row[0].text.isdecimal() and len(row[0].text) <= 2]
    if len(numbered) < max(_FEWEST, _SHARE * len(rows)) or sum(map(len, rows)) > 2.4 * len(rows):
        return list(fragments)
    steps = [int(b.text) - int(a.text) for a, b in pairwise(numbered)]
    if steps.count(1) < _SHARE * len(steps):
        return list(fragments)
    margin = {id(one) for one in numbered}
    return [one for one in fragments if id(one) not in margin]
