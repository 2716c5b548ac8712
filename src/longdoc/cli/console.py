"""What all commands share: errors in one line, results on stdout, progress on stderr, commands of other packages."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from longdoc.errors import InputError, LongdocError
from longdoc.plugins import brought

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from longdoc.pipelines.summarize.map_reduce import Event

_GROUP = "longdoc.commands"


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turns longdoc's errors into one line on stderr and exit code 2."""
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
    except OSError as error:
        raise typer.Exit(gave_up_writing(error)) from None


def gave_up_writing(error: OSError) -> int:
    """Says in one line what the system refused, most likely to write the result, and gives the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what waits to be written would fail at the end
    named = f" {error.filename!r}" if error.filename else " the result"
    sys.stderr.write(
        f"longdoc: the system refused{named} ({error.strerror or error}); make room, or name another place\n"
    )
    return 2


def refuse(message: str) -> NoReturn:
    """Ends the command with one line on stderr and exit code 2."""
    sys.stderr.write(f"longdoc: {' '.join(message.split())}\n")
    raise typer.Exit(2)


def write(text: str, output: Path | None = None) -> None:
    """Writes a result, ended by a line break, to stdout or as a file that is there as a whole or not at all."""
    write_lines([text.removesuffix("\n")], output)


def write_lines(lines: Iterable[str], output: Path | None = None) -> None:
    """Writes the lines of a result as they come. Raises `InputError` where the file cannot be written."""
    if output is None:
        for line in lines:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        return
    part = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with part.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
        part.replace(output)
    except OSError as error:
        raise InputError(f"{str(output)!r} cannot be written ({error.strerror}); give another --output") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[Event], None] | None]:
    """A function that shows a run's events as a progress bar on stderr; None where stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("summarizing", total=None)

        def on_event(event: Event) -> None:
            from longdoc.pipelines.summarize.map_reduce import NodeDone, StageBegan

            if isinstance(event, NodeDone):
                bar.update(task, completed=event.done, total=event.planned)
            elif isinstance(event, StageBegan):
                bar.update(task, description=event.stage)
            else:
                bar.console.print(f"again in {event.delay:.1f} s: {event.title}: {event.error}", markup=False)

        yield on_event


class Commands(TyperGroup):
    """longdoc's own commands, then those of other packages, which are looked for only where no own one is meant.

    Another package's command is an entry point of the group `longdoc.commands`: a function with typer's annotations,
    or a `typer.Typer`.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs the command that is asked for; a command line that is wrong is told in one line, with exit code 2."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except typer.TyperException as error:
            if not standalone_mode or not (said := _said(error)):
                raise
            sys.stderr.write(f"{said}\n")
            code = 2
        if standalone_mode:
            sys.exit(code or 0)
        return code

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands."""
        own = super().list_commands(ctx)
        return [*own, *sorted({entry.name for entry in brought(_GROUP)} - {*own})]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None where there is none."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        found = brought(_GROUP, cmd_name)
        return _command(found[0]) if found else None


def _command(entry: EntryPoint) -> Any:
    made = entry.load()
    if not isinstance(made, typer.Typer):
        app = typer.Typer(add_completion=False)
        app.command(entry.name)(made)
        made = app
    return typer.main.get_command(made)


def _said(error: typer.TyperException) -> str:
    """What is wrong with the command line, in one line that names where help is; "" for an error of another kind."""
    context, told = getattr(error, "ctx", None), getattr(error, "format_message", None)
    if context is None or told is None:
        return ""
    message = " ".join(told().replace("Value error, ", "").split()).rstrip(".")
    return f"longdoc: {message}; see {context.command_path} --help" if message else str(context.get_help())
