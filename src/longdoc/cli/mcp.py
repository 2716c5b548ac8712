"""The command `longdoc mcp`: documents for agents, over the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longdoc.cli.console import one_line_errors
from longdoc.cli.options import IndexFolder
from longdoc.cli.sources import paths_of


def mcp(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders, patterns.")],
    http: Annotated[int | None, typer.Option("--http", metavar="PORT", help="Serve HTTP here, not stdio.")] = None,
    index: IndexFolder = None,
) -> None:
    """Serve documents to agents over MCP: list, search, read, summarize, ask, verify."""
    with one_line_errors():
        from longdoc.errors import InputError, MissingExtraError

        if "-" in sources:
            raise InputError("stdin ('-') is where the client speaks; give files or folders")
        try:
            from longdoc.mcp.app import server_of
        except ModuleNotFoundError as error:
            if error.name != "mcp":
                raise
            raise MissingExtraError("mcp", "mcp") from error
        from longdoc.mcp.shelf import Shelf
        from longdoc.pipelines.ask.library import default_folder

        paths = paths_of(sources)
        given = Path(sources[0])
        root = given if len(sources) == 1 and given.is_dir() else Path()
        settings = {} if http is None else {"host": "127.0.0.1", "port": http}
        app = server_of(lambda: Shelf(paths, root, index or default_folder()), **settings)
        app.run("stdio" if http is None else "streamable-http")
