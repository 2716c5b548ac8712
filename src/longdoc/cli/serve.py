"""The commands `longdoc serve` and `longdoc mcp`: documents for the browser and for agents, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longdoc.cli.console import one_line_errors
from longdoc.cli.options import IndexFolder, Models, names_of
from longdoc.cli.sources import paths_of

Port = Annotated[int, typer.Option(help="0 takes one that is free.")]
Host = Annotated[str, typer.Option(help="The address to listen on; any but this machine's own needs a token.")]
Folder = Annotated[Path | None, typer.Option(metavar="DIR", help="Where documents are kept; by default your data.")]
Token = Annotated[
    str | None, typer.Option(envvar="LONGDOC_TOKEN", help="What each call has to bring; better in the environment.")
]
AllowHost = Annotated[list[str] | None, typer.Option(metavar="NAME", help="A further name of this server.")]
MaxMegabytes = Annotated[int, typer.Option(help="The largest file that is taken, in MiB.")]


def serve(
    port: Port = 8321,
    host: Host = "127.0.0.1",
    model: Models = None,
    folder: Folder = None,
    token: Token = None,
    allow_host: AllowHost = None,
    max_megabytes: MaxMegabytes = 64,
) -> None:
    """Serve documents, summaries and questions, with a page."""
    with one_line_errors():
        from longdoc.errors import MissingExtraError
        from longdoc.server.settings import MIB, Limits, ServerSettings

        limits = Limits(upload_bytes=max_megabytes * MIB)
        settings = ServerSettings(
            folder or default_folder(), host, port, names_of(model), token or None, tuple(allow_host or ()), limits
        )
        try:
            from longdoc.server.app import serve as run
        except ModuleNotFoundError as error:
            if error.name not in ("fastapi", "uvicorn", "starlette"):
                raise
            raise MissingExtraError("serve", "serve") from error
        run(settings)


def default_folder() -> Path:
    """Where documents are kept by default: the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("longdoc", appauthor=False) / "server"


def mcp(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders, patterns.")],
    http: Annotated[int | None, typer.Option("--http", metavar="PORT", help="Serve HTTP here, not stdio.")] = None,
    index: IndexFolder = None,
) -> None:
    """Serve documents to agents over MCP.

    Tools: list, search, read, summarize, ask, verify.
    """
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
