"""The command `longdoc serve`: the page and the HTTP interface, on this machine unless told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longdoc.cli.console import one_line_errors

Port = Annotated[int, typer.Option(help="0 takes one that is free.")]
Host = Annotated[str, typer.Option(help="The address to listen on; any but this machine's own needs a token.")]
ModelName = Annotated[str, typer.Option(help="extractive, hf:ID-or-folder, or what init_chat_model takes (openai:…).")]
Folder = Annotated[Path | None, typer.Option(metavar="DIR", help="Where documents are kept; by default your data.")]
Token = Annotated[
    str | None, typer.Option(envvar="LONGDOC_TOKEN", help="What each call has to bring; better in the environment.")
]
AllowHost = Annotated[list[str] | None, typer.Option(metavar="NAME", help="A further name of this server.")]
MaxMegabytes = Annotated[int, typer.Option(help="The largest file that is taken, in MiB.")]


def serve(
    port: Port = 8321,
    host: Host = "127.0.0.1",
    model: ModelName = "extractive",
    folder: Folder = None,
    token: Token = None,
    allow_host: AllowHost = None,
    max_megabytes: MaxMegabytes = 64,
) -> None:
    """Serve documents, summaries and questions over HTTP, with a page for the browser."""
    with one_line_errors():
        from longdoc.errors import MissingExtraError
        from longdoc.server.settings import MIB, Limits, ServerSettings

        limits = Limits(upload_bytes=max_megabytes * MIB)
        settings = ServerSettings(
            folder or default_folder(), host, port, model, token or None, tuple(allow_host or ()), limits
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
