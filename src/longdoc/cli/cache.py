"""The commands `longdoc cache info|verify|clear`: what is kept between runs, whether it is whole, and none of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from longdoc.cli.console import one_line_errors

cache = typer.Typer(help="What is kept between runs: what it holds, and emptying it.")

Folder = Annotated[Path | None, typer.Option("--cache", metavar="DIR", help="The cache's folder; by default yours.")]
Asked = Annotated[
    Path | None,
    typer.Option("--index", metavar="DIR", help="Where ask and chat keep what they read; by default your cache."),
]


@cache.command()
def info(folder: Folder = None, index: Asked = None) -> None:
    """Say what the cache holds, and what ask and chat keep."""
    with one_line_errors():
        from longdoc.memory.cache.byte_cache import ByteCache

        for kept in _asked(folder, index):
            size = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
            typer.echo(f"{'asked':14} {size:,} bytes in {kept}")
        where = _existing(folder)
        if where is None:
            return
        with ByteCache(where) as opened:
            held = opened.info()
        lines = [("folder", str(held.folder)), ("format", str(held.format)), ("entries", f"{held.entries:,}")]
        lines += [(f"  {kind}", f"{count:,}") for kind, count in held.kinds.items()]
        lines.append(("bytes", f"{held.bytes:,}"))
        typer.echo("\n".join(f"{name:14} {told}" for name, told in lines))


@cache.command()
def verify(folder: Folder = None) -> None:
    """Read every entry and drop those that are damaged; exit code 1 if there were any."""
    with one_line_errors():
        from longdoc.memory.cache.byte_cache import ByteCache

        where = _existing(folder)
        if where is None:
            return
        with ByteCache(where, on_damage=lambda damage: typer.echo(str(damage), err=True)) as opened:
            read = opened.verify()
        left = f", {len(read.left_over):,} files that belonged to none removed" if read.left_over else ""
        typer.echo(f"{read.entries:,} entries read, {len(read.damaged):,} damaged{left}")
        if read.damaged:
            raise typer.Exit(1)


@cache.command()
def clear(folder: Folder = None, index: Asked = None) -> None:
    """Delete the cache's files and what ask and chat read; conversations and other files in the folders stay."""
    with one_line_errors():
        from longdoc.memory.cache.byte_cache import remove

        for kept in _asked(folder, index):
            shutil.rmtree(kept)
            typer.echo(f"what was asked about is gone from {kept}")
        where = _existing(folder)
        if where is not None:
            remove(where)
            typer.echo(f"the cache in {where} is empty")


def _asked(folder: Path | None, index: Path | None) -> list[Path]:
    """The indexes that ask and chat keep; none where only a cache was named."""
    if folder is not None and index is None:
        return []
    from longdoc.pipelines.ask.library import default_folder

    return sorted(path for path in (index or default_folder()).glob("index-*") if path.is_dir())


def _existing(folder: Path | None) -> Path | None:
    """The folder if a cache is in it; else says that it is empty. Nothing is made by looking."""
    from longdoc.memory.cache.byte_cache import default_folder

    where = default_folder() if folder is None else folder
    if (where / "data.mdb").exists():
        return where
    typer.echo(f"the cache in {where} is empty")
    return None
