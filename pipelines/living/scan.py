"""The files below a folder as the disk shows them, and when they change."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from longdoc.errors import InputError, LongdocError, MissingExtraError

_log = logging.getLogger(__name__)
_STEP_MS = 200  # without a change for as long, what changed has settled
_MOST_MS = 1600  # what goes on changing is looked at all the same
_LOOK_MS = 1000  # how often the loop is asked whether to stop
_AGAIN = 30  # looks between two scans of a folder where nothing was told


@dataclass(frozen=True, slots=True)
class Stat:
    """A file's size, the time of its last change in nanoseconds, and its inode: others once it is written anew."""

    size: int
    changed: int
    inode: int

    @classmethod
    def of(cls, path: str | Path | os.DirEntry[str]) -> Stat:
        """The stat of the file at a path. Raises `OSError` where there is none."""
        told = path.stat() if isinstance(path, os.DirEntry) else os.stat(path)
        return cls(told.st_size, told.st_mtime_ns, told.st_ino)


def scan(root: Path) -> dict[str, Stat]:
    """The files below `root` by their path from it, with /, in order; what is hidden and linked folders aside.

    Raises `InputError` where `root` is no folder; what vanishes meanwhile, and folders that cannot be read, are left
    out.
    """
    if not root.is_dir():
        raise InputError(f"{str(root)!r} is no folder; give one that is there")
    found: dict[str, Stat] = {}
    waiting = [(str(root), "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            name = f"{prefix}{entry.name}"
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{name}/"))
                elif entry.is_file():
                    found[name] = Stat.of(entry)
            except OSError:
                continue
    return dict(sorted(found.items()))


def check_watchable(root: Path) -> None:
    """Raises `InputError` where `root` is no folder, and `MissingExtraError` without watchfiles."""
    if not root.is_dir():
        raise InputError(f"{str(root)!r} is no folder; give one that is there")
    if find_spec("watchfiles") is None:
        raise MissingExtraError("watch", "watch")


def changes(root: Path, stop: threading.Event | None = None) -> Iterator[set[str]]:
    """The paths from `root` that were written, made or removed, whenever they have settled, until `stop` is set.

    The set is empty once when the watch has begun, and again every half minute: time to look at all of the folder,
    for a system may forget to tell. Raises `MissingExtraError` without watchfiles.
    """
    check_watchable(root)
    from watchfiles import watch

    quiet = _AGAIN
    told = watch(
        root, watch_filter=None, step=_STEP_MS, debounce=_MOST_MS, stop_event=stop, rust_timeout=_LOOK_MS,
        yield_on_timeout=True, recursive=True, ignore_permission_denied=True,
    )  # fmt: skip
    for batch in told:
        quiet = 0 if batch else quiet + 1
        if batch or quiet > _AGAIN:
            quiet = 0
            yield {name for _, path in batch if (name := _name(root, path))}


def keep_up(root: Path, catch_up: Callable[[Collection[str]], object], stop: threading.Event | None = None) -> None:
    """Calls `catch_up` at once and with each of `changes`: what a thread of its own does. What goes wrong is logged."""
    try:
        for touched in chain([frozenset[str]()], changes(root, stop)):
            try:
                catch_up(touched)
            except (OSError, LongdocError):  # a full disk, a mount that is gone for a moment: the next look tells
                _log.warning("a look at %s failed", root, exc_info=True)
    except Exception:  # noqa: BLE001  the edge of the thread
        _log.exception("the folder %s is no longer watched", root)


def _name(root: Path, path: str) -> str:
    """The path from the folder, "" for what is hidden."""
    name = os.path.relpath(path, root).replace(os.sep, "/")
    return "" if any(part.startswith(".") for part in name.split("/")) else name
