"""What a cache on disk says when it cannot go on, and when it found an entry damaged."""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass
from pathlib import Path

_log = logging.getLogger(__name__)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Damage:
    """An entry whose bytes are not those that were written."""

    key: str
    reason: str

    def __str__(self) -> str:
        return f"cache entry {self.key!r} is damaged ({self.reason}): dropped, to be made again"


def log_damage(damage: Damage) -> None:
    """Reports as a warning of the logger `longdoc.memory.cache.errors`."""
    _log.warning("%s", damage)


def in_words(folder: Path, code: int, said: str) -> str:
    """What an error of the system means for the user of the cache in `folder`, and the remedy."""
    if code in _FULL:
        return f"no room on the disk for the cache in {folder}: free some, or give another folder with --cache"
    if code == errno.EIO:  # also what LMDB says when only part of its write found room
        return f"the disk of the cache in {folder} is full or failing ({said}): free some, or give another with --cache"
    if code in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return f"the cache folder {folder} cannot be written ({said}): give another with --cache"
    return f"the cache in {folder} cannot be read ({said}): empty it with `longdoc cache clear`"
