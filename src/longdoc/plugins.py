"""Readers, summarizers and commands of other installed packages, found by their entry points."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


def brought(group: str, name: str | None = None) -> list[EntryPoint]:
    """The entry points of a group, or those of them with a name.

    The files are looked through for the group first: parsing all that is installed, and importing what parses it,
    takes longer than all else that `longdoc --help` does, and nearly always to find nothing.
    """
    if not any(f"[{group}]".encode() in told for told in _told()):
        return []
    from importlib.metadata import entry_points

    return list(entry_points(group=group) if name is None else entry_points(group=group, name=name))


def _told() -> Iterator[bytes]:
    """What is written in the entry points' files of the packages on `sys.path`."""
    for folder in dict.fromkeys(path or os.curdir for path in sys.path):
        try:
            names = [name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue  # not there, or an archive, in which no package of ours is looked for
        for name in names:
            try:
                yield Path(folder, name, "entry_points.txt").read_bytes()
            except OSError:
                continue
