"""Runs of a sequence whose edges hang on the items near them alone, so that a change far off moves none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise


def grouped(ranks: Sequence[int], sizes: Sequence[int], limit: int) -> Iterator[tuple[int, int]]:
    """Stretches [a, b) that tile the sequence, of at most `limit` in size each, or of one item.

    A stretch begins at each item whose rank is the lowest within half of `limit` before and after it; those that
    are still too long are cut at their lowest rank (local minima: Bjørner, Blass and Gurevich, 2010). With sizes of 1
    and a limit of 2 or more there are fewer stretches than items, unless the items are two at most.
    """
    before = [0, *accumulate(sizes)]
    near = max(1, limit // 2)
    starts = [0, *(i for i in range(1, len(ranks)) if _is_lowest(ranks, before, i, near))] if ranks else []
    for start, end in pairwise([*starts, len(ranks)]):
        yield from _within(ranks, before, start, end, limit)


def _is_lowest(ranks: Sequence[int], before: Sequence[int], at: int, near: int) -> bool:
    """Whether no item within reach ranks as low before it, or lower after it; the nearest are asked first."""
    for i in range(at - 1, -1, -1):
        if before[at] - before[i] > near:
            break
        if ranks[i] <= ranks[at]:
            return False
    for i in range(at + 1, len(ranks)):
        if before[i] - before[at] > near:
            break
        if ranks[i] < ranks[at]:
            return False
    return True


def _within(ranks: Sequence[int], before: Sequence[int], start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    """The stretch, cut where its middle half has the lowest rank until no part is over the limit."""
    pending = [(start, end)]
    while pending:
        first, last = pending.pop()
        size = before[last] - before[first]
        if size <= limit or last - first == 1:
            yield first, last
            continue
        inner = range(first + 1, last)
        middle = [i for i in inner if size <= 4 * (before[i] - before[first]) <= 3 * size]
        cut = min(middle or inner, key=lambda i: ranks[i])
        pending += [(cut, last), (first, cut)]
