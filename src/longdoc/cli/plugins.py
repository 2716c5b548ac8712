"""Commands that other installed packages bring: entry points of the group `longdoc.commands`."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

_GROUP = "longdoc.commands"


class WithBrought(TyperGroup):
    """longdoc's own commands, then those of other packages, which are looked for only where no own one is meant.

    An entry point is a function with typer's annotations, or a `typer.Typer`.
    """

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
