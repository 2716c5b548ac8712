"""What a cache on disk says when it cannot go on, and when it found an entry damaged."""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_log = logging.getLogger(__name__)
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.ELOOP)

Kind = Literal["cache", "index"]


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


def in_words(folder: Path, code: int, said: str, of: Kind = "cache") -> str:
    """A system error in words: what it means for the cache or index in `folder`, and the remedy."""
    another = f"give another folder with --{of}"
    said = " ".join(said.split())
    if code in FULL:
        return f"no room on the disk for the {of} in {folder}: free some, or {another}"
    if code == errno.EIO:  # also what LMDB says when only part of its write found room
        return f"the disk of the {of} in {folder} is full or failing ({said}): free some, or {another}"
    if code in _REFUSED:
        return f"the {of} folder {folder} cannot be written ({said}): {another}"
    remedy = "empty it with `longdoc cache clear`" if of == "cache" else "delete it, and put its documents in again"
    return f"the {of} in {folder} cannot be read ({said}): {remedy}"
