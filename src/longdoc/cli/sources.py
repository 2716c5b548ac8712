"""Turns the command line's sources into paths: files, folders, globs, and - for stdin."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from longdoc.errors import InputError

if TYPE_CHECKING:
    from langchain_core.documents import Document

    from longdoc.chunkers.readers.base import Ocr

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_NAMED = 3  # files left out that are named


@dataclass
class Found:
    """The paths that the sources stand for, in order, each once; and what was left out of folders, with the reason."""

    paths: list[Path] = field(default_factory=list)
    in_folders: set[Path] = field(default_factory=set)
    left_out: list[tuple[Path, str]] = field(default_factory=list)
    images: bool = False  # whether those in folders are wanted: most are no pages

    def told(self) -> str:
        """What was left out, in one line; "" where nothing was."""
        if not self.left_out:
            return ""
        some = ", ".join(f"{path} ({why})" for path, why in self.left_out[:_NAMED])
        more = len(self.left_out) - _NAMED
        files = "1 file" if len(self.left_out) == 1 else f"{len(self.left_out):,} files"
        return f"left out {files}: {some}{f' and {more:,} more' if more > 0 else ''}"


def paths_of(sources: Iterable[str], ocr: Ocr = "auto") -> list[Path]:
    """The files that `sources` stand for; one line on stderr says what was left out of folders.

    Raises `InputError` for an address of the network, a pattern that matches nothing, and a folder without any file
    that can be read.
    """
    found = _found(sources, ocr)
    _tell(found)
    return found.paths


@dataclass(frozen=True)
class Given:
    """The documents that sources stand for, and whether one that was named could not be read."""

    documents: list[Document | Path]
    failed: bool = False

    def end(self) -> None:
        """Ends the command with exit code 1 where a file that was named could not be read."""
        if self.failed:
            raise typer.Exit(1)


def documents_of(sources: Iterable[str], strict: bool = False, ocr: Ocr = "auto") -> Given:
    """The documents that `sources` stand for.

    A file of a folder that turns out to be unreadable is left out; so is, unless `strict`, one of several that were
    named, with a line on stderr.
    """
    from longdoc.chunkers.readers.registry import read, read_stdin

    found = _found(sources, ocr)
    given: list[Document | Path] = []
    failed = False
    alone = strict or len(found.paths) == 1
    for path in found.paths:
        named = alone and path not in found.in_folders
        if ocr == "auto" and (named or path == Path("-")):
            given.append(path)
            continue
        try:
            given.append(read_stdin(ocr) if path == Path("-") else read(path, ocr))
        except InputError as error:
            if named:
                raise
            if path in found.in_folders:
                found.left_out.append((path, _why(error, path)))
            else:
                failed = True
                sys.stderr.write(f"longdoc: {' '.join(str(error).split())}\n")
    _tell(found)
    if not given:
        raise _nothing(found)
    return Given(given, failed)


def _found(sources: Iterable[str], ocr: Ocr) -> Found:
    found = Found(images=ocr == "always")
    seen: set[str] = set()
    for source in sources:
        for path in _expanded(source, found):
            real = _real(path)
            if real not in seen or path not in found.in_folders:
                found.paths.append(path)
            seen.add(real)
    if not found.paths:
        raise _nothing(found)
    return found


def _real(path: Path) -> str:
    try:
        return "-" if path == Path("-") else os.path.realpath(path)
    except ValueError:  # a NUL, which whoever reads the path tells
        return str(path)


def _expanded(source: str, found: Found) -> Iterator[Path]:
    path = Path(source)
    if _ADDRESS.match(source):
        raise InputError(
            f"{source!r} is an address, and longdoc fetches nothing; save the page or file, then give its path"
        )
    if source != "-" and _is_folder(path):
        yield from _below([path], found)
    elif source != "-" and any(mark in source for mark in "*?[") and not os.path.lexists(path):
        matched = sorted(Path(name) for name in glob(source, recursive=True))
        if not matched:
            raise InputError(f"no file matches {source!r}; check the pattern")
        yield from _below(matched, found)
    else:
        yield path


def _below(paths: Iterable[Path], found: Found) -> Iterator[Path]:
    """The readable files among `paths` and below those that are folders, in the order of their names."""
    for path in paths:
        if _is_folder(path):
            yield from _below(_within(path, found), found)
        elif path not in found.in_folders:
            why = _unreadable(path, found.images)
            if why:
                found.left_out.append((path, why))
            else:
                found.in_folders.add(path)
                yield path


def _within(folder: Path, found: Found) -> list[Path]:
    """What lies in the folder, sorted; links to folders and what is hidden aside."""
    try:
        within = sorted(each for each in folder.iterdir() if each.is_file() or not each.is_symlink())
    except OSError as error:
        found.left_out.append((folder, (error.strerror or "unreadable").lower()))
        return []
    hidden = [each for each in within if each.name.startswith(".")]
    found.left_out += [(each, "hidden") for each in hidden]
    return [each for each in within if each not in hidden]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _unreadable(path: Path, images: bool) -> str:
    """Why the file is not worth an attempt, from its name and its first bytes; "" where it is."""
    from longdoc.chunkers.readers.registry import left_out

    try:
        with path.open("rb") as opened:
            begins = opened.read(1 << 16)
    except OSError as error:
        return (error.strerror or "unreadable").lower()
    return left_out(str(path), begins, images)


def _why(error: InputError, path: Path) -> str:
    return str(error).removeprefix(f"{str(path)!r} ").partition(";")[0]


def _nothing(found: Found) -> InputError:
    told = f" ({found.told()})" if found.left_out else ""
    return InputError(f"there is no file to read in what was given{told}; give a file, or a folder with files")


def _tell(found: Found) -> None:
    if found.left_out:
        sys.stderr.write(f"longdoc: {found.told()}\n")
