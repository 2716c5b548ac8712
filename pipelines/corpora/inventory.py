"""The documents that there are: files of folders, rows of JSON lines, each with a name that holds wherever it runs."""

from __future__ import annotations

import json
import mimetypes
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path

from longdoc.errors import InputError

_ROWS = (".jsonl", ".ndjson")
_MEDIA = ("image", "audio", "video", "font")
_BLOCK = 1 << 20  # bytes
_SETTLED = 2_000_000_000  # nanoseconds after which a change shows in a file's time on every disk


@dataclass(frozen=True, slots=True)
class Found:
    """A document: its name, where it is, how many bytes it has; or, in one sentence, why it is none.

    `changed` is its file's time in nanoseconds, 0 for one too young for that to tell its content. `digest` is known
    where its bytes had to be read to find it.
    """

    name: str
    path: str
    offset: int = 0
    length: int = 0
    size: int = 0
    changed: int = 0
    digest: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A file of JSON lines whose rows are called after another name than its own."""

    path: Path
    name: str


@dataclass(frozen=True)
class Chosen:
    """Which files of a folder are documents: those that one of `include` fits, where there are any, and none of
    `exclude`. A pattern (`*.pdf`, `drafts/*`) is held against the path below the folder and against the file's name.

    Without `include` pictures, sound and films are left out. What is hidden, links to folders, and `apart` always are.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()  # real paths

    def takes(self, below: str) -> bool:
        """Whether the file at that path below its folder is a document."""
        if _fits(below, self.exclude):
            return False
        if self.include:
            return _fits(below, self.include)
        kind = mimetypes.guess_type(below)[0] or ""
        return kind.partition("/")[0] not in _MEDIA


def documents_in(sources: Sequence[Path | Rows], chosen: Chosen, now: int) -> Iterator[Found]:
    """The documents of files and folders, folder by folder in the order of their names.

    A file in a folder is named by the folder's own name and the path below it; a row of a file of JSON lines, which
    has to be given itself, by the file's name and its `source`, its `id` or its number. Raises `InputError` for a
    source that is not there.
    """
    taken: dict[str, int] = {}
    for source in sources:
        if isinstance(source, Rows):
            yield from _rows(source.path, _distinct(source.name, taken))
            continue
        real = Path(os.path.abspath(source))
        name = _distinct(real.name or "root", taken)
        if real.is_dir():
            yield from _below(real, name, "", chosen, now)
        elif not real.exists():
            raise InputError(f"{str(source)!r} does not exist; check the path")
        elif real.suffix.lower() in _ROWS:
            yield from _rows(real, name)
        else:
            yield _file(real, name, now)


def file_digest(path: str) -> str:
    """The digest of a file's bytes. Raises `OSError`."""
    made = blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            made.update(block)
    return made.hexdigest()


def _below(folder: Path, name: str, below: str, chosen: Chosen, now: int) -> Iterator[Found]:
    try:
        with os.scandir(folder) as listed:
            within = sorted(listed, key=lambda one: one.name)
    except OSError as error:
        yield Found(name, str(folder), error=f"the folder cannot be read ({error.strerror}); give yourself permission")
        return
    for one in within:
        path = f"{below}{one.name}"
        if one.name.startswith(".") or os.path.realpath(one.path) in chosen.apart:
            continue
        if one.is_dir():
            if not one.is_symlink():
                yield from _below(Path(one.path), f"{name}/{one.name}", f"{path}/", chosen, now)
        elif chosen.takes(path):
            yield _file(Path(one.path), f"{name}/{one.name}", now)


def _file(path: Path, name: str, now: int) -> Found:
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "backslashreplace").decode()
        return Found(shown, shown, error="its name is no Unicode; rename the file")
    try:
        told = path.stat()
    except OSError as error:
        return Found(name, str(path), error=f"it cannot be read ({error.strerror}); check the path")
    if not stat.S_ISREG(told.st_mode):
        return Found(name, str(path), error="it is not a regular file; save what it gives to a file")
    changed = told.st_mtime_ns if now - told.st_mtime_ns > _SETTLED else 0
    return Found(name, str(path), size=told.st_size, changed=changed)


def _rows(path: Path, name: str) -> Iterator[Found]:
    taken: dict[str, int] = {}
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                own = _distinct(f"{name}#{_row_name(line) or number}", taken)
                digest = blake2b(line, digest_size=16).hexdigest()
                yield Found(own, str(path), offset, len(line), len(line), digest=digest)
            offset += len(line)


def _row_name(line: bytes) -> str:
    """What a row calls itself; "" for one that does not, or is no JSON, which whoever reads it tells."""
    try:
        row = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(row, dict):
        return ""
    called = row.get("source") or row.get("id") or ""
    return called.encode("utf-8", "backslashreplace").decode() if isinstance(called, str) else str(called)


def _distinct(name: str, taken: dict[str, int]) -> str:
    """The name, with a number behind it where it was taken."""
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else _distinct(f"{name}#{taken[name]}", taken)


def _fits(below: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(below, one) or fnmatchcase(below.rpartition("/")[2], one) for one in patterns)
