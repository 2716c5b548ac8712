"""What every command does alike: errors in one line, results on stdout, progress on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from longdoc.errors import LongdocError

if TYPE_CHECKING:
    from longdoc.pipelines.summarize.map_reduce import Event


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns what goes wrong on purpose into one line on stderr and exit code 2."""
    try:
        yield
    except LongdocError as error:
        refuse(str(error))
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        sys.stderr.write("longdoc: stopped\n")
        raise typer.Exit(130) from None


def refuse(message: str) -> NoReturn:
    """Ends the command with one line on stderr and exit code 2."""
    sys.stderr.write(f"longdoc: {' '.join(message.split())}\n")
    raise typer.Exit(2)


def write(text: str) -> None:
    """Writes a result to stdout, ended by a line break."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
    sys.stdout.flush()


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[Event], None] | None]:
    """What shows a run's events as a bar on stderr, out of the calls planned; nothing where no one is watching."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("summarizing", total=None)

        def on_event(event: Event) -> None:
            from longdoc.pipelines.summarize.map_reduce import NodeDone

            if isinstance(event, NodeDone):
                bar.update(task, completed=event.done, total=event.planned)
            else:
                bar.console.print(f"again in {event.delay:.1f} s: {event.title}: {event.error}", markup=False)

        yield on_event
