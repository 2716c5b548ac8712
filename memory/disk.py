"""Files that a kill or a full disk leaves as they were or as they are to be."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from filelock import FileLock

_UNABLE = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.EBADF, errno.EISDIR, errno.ENOTSUP)


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that a kill leaves the old one or the new one, and it is on disk when this returns."""
    part = path.with_name(f"{path.name}.{uuid4().int}")  # processes of two machines may have one number
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Flushes a file to the disk."""
    with path.open("r+b") as file:  # Windows syncs only what is open for writing
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flushes the names in a folder to the disk, where the system can: Windows and some disks sync no folders."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise


def claimed(folder: Path, refusal: Exception) -> FileLock:
    """Locks the folder and returns the lock; the system releases that of a process that is killed.

    Raises `refusal` where another process has it.
    """
    from filelock import FileLock, Timeout

    claim = FileLock(folder / "lock", thread_local=False)
    try:
        claim.acquire(timeout=0)
    except Timeout as error:
        raise refusal from error
    return claim
