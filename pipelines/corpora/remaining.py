"""How long a run has still to go: what is left, at the pace at which documents of its kind have been made."""

from __future__ import annotations

from collections.abc import Mapping

_ENOUGH = 10  # documents that make a pace
_EACH = 2000  # bytes that a document counts for besides its own


class Remaining:
    """Seconds that are left, learned from what is done, suffix by suffix; `left` has counts and bytes by suffix."""

    def __init__(self, left: Mapping[str, tuple[int, int]], jobs: int) -> None:
        self._left = {suffix: bytes_ + _EACH * count for suffix, (count, bytes_) in left.items()}
        self._done: dict[str, int] = {}
        self._took: dict[str, float] = {}
        self._jobs = jobs
        self._count = 0

    def add(self, suffix: str, size: int, seconds: float) -> None:
        """A document of that suffix and size took that long, in one of the jobs."""
        work = size + _EACH
        self._left[suffix] = max(0, self._left.get(suffix, 0) - work)
        self._done[suffix] = self._done.get(suffix, 0) + work
        self._took[suffix] = self._took.get(suffix, 0.0) + seconds
        self._count += 1

    @property
    def seconds(self) -> float | None:
        """None while too little is done to say."""
        if self._count < _ENOUGH:
            return None
        overall = sum(self._took.values()) / sum(self._done.values())
        paces = {name: self._took[name] / self._done[name] for name in self._done}
        return sum(work * paces.get(name, overall) for name, work in self._left.items()) / self._jobs
