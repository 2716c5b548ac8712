"""The numbers of lines in the margin, as transcripts and pleadings have them, which are no text."""

from __future__ import annotations

from itertools import pairwise

from longdoc.chunkers.readers.pdf.layout.columns import Row

_FEWEST = 12  # numbers that follow one another
_SHARE = 0.8  # of the rows have one


def without_line_numbers(rows: list[Row]) -> list[Row]:
    """The rows without the numbers that count those of the page on its left."""
    numbered = [row[0] for row in rows if row[0].text.isdecimal() and len(row[0].text) <= 2]
    if len(numbered) < max(_FEWEST, _SHARE * len(rows)) or sum(map(len, rows)) > 2.4 * len(rows):
        return rows
    steps = [int(b.text) - int(a.text) for a, b in pairwise(numbered)]
    if steps.count(1) < _SHARE * len(steps):
        return rows
    margin = set(map(id, numbered))
    return [left for row in rows if (left := [one for one in row if id(one) not in margin])]
