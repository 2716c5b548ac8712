"""How far a run is, and how long it has still to go: what is left, at the pace of the documents of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from longdoc.pipelines.corpora.manifest import Entry, Manifest

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


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is: documents done and failed of all that waited, and seconds left, None while none can say."""

    done: int
    failed: int
    total: int
    seconds_left: float | None


OnProgress: TypeAlias = Callable[[Progress], object]


class Watch:
    """Tells of a run's progress, with an estimate of what is left."""

    def __init__(self, manifest: Manifest, jobs: int, on_progress: OnProgress | None) -> None:
        left = manifest.left()
        self._remaining = Remaining(left, jobs)
        self._total = sum(count for count, _ in left.values())
        self._done = self._failed = 0
        self._on_progress = on_progress

    def told(self, entry: Entry) -> None:
        """One more document is done or has failed."""
        self._remaining.add(Path(entry.path).suffix.lower(), entry.size, entry.seconds)
        self._done += entry.state == "done"
        self._failed += entry.state == "failed"
        if self._on_progress is not None:
            self._on_progress(Progress(self._done, self._failed, self._total, self._remaining.seconds))
