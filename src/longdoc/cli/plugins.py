"""The group of all commands: longdoc's own, those of other packages, and one line for a slip on the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

_GROUP = "longdoc.commands"


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
        return [*own, *sorted({entry.name for entry in entry_points(group=_GROUP)} - {*own})]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None where there is none."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        found = list(entry_points(group=_GROUP, name=cmd_name))
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
