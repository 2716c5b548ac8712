"""Notes on each file as it was last read, so that one that did not change is not read again."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from longdoc.memory.disk import write_whole
from longdoc.pipelines.living.scan import Stat


@dataclass(frozen=True, slots=True)
class Noted:
    """A file as it was read: `digest` of what was in it, `entries` of it in the index, why it is left out if it is.

    `settled` is False where it changed so shortly before that a further change may not show in its `stat`; `told` is
    whether its digest is made.
    """

    stat: Stat
    digest: str = ""
    entries: int = 0
    left_out: str = ""
    settled: bool = False
    told: bool = False


class Notes:
    """The notes of a folder, in one JSON file that is written whole. Lost or damaged, all is read again."""

    def __init__(self, path: Path, version: str) -> None:
        self._path, self._version = path, version
        self._held = _loaded(path, version)

    def get(self, name: str) -> Noted | None:
        """The note on a file."""
        return self._held.get(name)

    def set(self, name: str, noted: Noted) -> None:
        """Sets the note on a file, not on disk yet."""
        self._held[name] = noted

    def update(self, name: str, **changes: Any) -> None:
        """Adds to the note on a file."""
        self._held[name] = replace(self._held[name], **changes)

    def drop(self, name: str) -> Noted | None:
        """Deletes the note on a file and returns it."""
        return self._held.pop(name, None)

    def entries(self) -> dict[str, int]:
        """The files that have entries in the index, and how many."""
        return {name: one.entries for name, one in self._held.items() if one.entries}

    def names(self) -> list[str]:
        """The files noted."""
        return list(self._held)

    def save(self) -> None:
        """Puts the notes on disk."""
        rows = {name: [*astuple(one.stat), *astuple(one)[1:]] for name, one in self._held.items()}
        write_whole(self._path, json.dumps({"version": self._version, "files": rows}).encode())


def _loaded(path: Path, version: str) -> dict[str, Noted]:
    try:
        told = json.loads(path.read_bytes())
        if told["version"] != version:
            return {}
        return {name: Noted(Stat(*row[:3]), *row[3:]) for name, row in told["files"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
