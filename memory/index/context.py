"""How a passage's score is raised by those around it: an answer runs on, and one good passage shows where."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from longdoc.memory.index.view import View


class Context:
    """The surroundings of rows in a view, as far as `allowed` lets them be found."""

    def __init__(self, view: View, allowed: Callable[[int], bool]) -> None:
        self._view, self._allowed = view, allowed
        self._orders: dict[str, tuple[list[int], dict[int, int]]] = {}

    def widened(self, rows: Iterable[int]) -> list[int]:
        """The rows and those beside them, rising."""
        given = list(rows)
        return sorted({*given, *(other for row in given for other in self._beside(row))})

    def raised(self, rows: Sequence[int], scores: NDArray[np.float64], share: float) -> NDArray[np.float64]:
        """The scores of `rows`, raised by their sections and by those of them that are beside each."""
        places = {row: at for at, row in enumerate(rows)}
        beside = [[places[one] for one in self._beside(row) if one in places] for row in rows]
        return raised(scores, [self._section(row) for row in rows], beside, share)

    def _section(self, row: int) -> tuple[str, str, str]:
        record = self._view.record(row)
        return record.document, record.kind, str(record.metadata.get("headings"))

    def _beside(self, row: int) -> list[int]:
        """The rows before and after a row in its document that are of its kind."""
        record = self._view.record(row)
        if record.document not in self._orders:
            rows = self._view.rows_of_document(record.document) or []
            self._orders[record.document] = rows, {one: at for at, one in enumerate(rows)}
        rows, places = self._orders[record.document]
        at = places[row]
        near = rows[max(at - 1, 0) : at] + rows[at + 1 : at + 2]
        return [one for one in near if self._view.record(one).kind == record.kind and self._allowed(one)]


def raised(
    scores: NDArray[np.float64], sections: Sequence[Hashable], beside: Sequence[Iterable[int]], share: float
) -> NDArray[np.float64]:
    """The scores, moved by `share` to the best of the same section, then to the best of those beside each."""
    best: dict[Hashable, float] = {}
    for section, score in zip(sections, scores.tolist(), strict=True):
        best[section] = max(score, best.get(section, score))
    moved = scores + share * (np.array([best[section] for section in sections]) - scores)
    near = [max([moved[at], *moved[list(others)]]) for at, others in enumerate(beside)]
    found: NDArray[np.float64] = moved + share * (np.array(near) - moved)
    return found
