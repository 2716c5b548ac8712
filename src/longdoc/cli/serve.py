"""The commands `longdoc serve`, `mcp` and `watch`: documents for the browser, for agents, and as they change."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longdoc.cli.console import one_line_errors, write
from longdoc.cli.options import IndexFolder, Models, OcrMode, Verbose, names_of
from longdoc.cli.sources import paths_of

if TYPE_CHECKING:
    from longdoc.chunkers.readers.base import Ocr
    from longdoc.mcp.app import Desk
    from longdoc.pipelines.living.folder import Change

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
    watch: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder whose files are documents, as they change.")
    ] = None,
    ocr: OcrMode = "auto",
) -> None:
    """Serve documents, summaries and questions, with a page."""
    with one_line_errors():
        from longdoc.errors import MissingExtraError
        from longdoc.server.settings import MIB, Limits, ServerSettings

        limits = Limits(upload_bytes=max_megabytes * MIB)
        names, where = tuple(allow_host or ()), folder or default_folder()
        settings = ServerSettings(where, host, port, names_of(model), token or None, names, limits, watch, ocr)
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


def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Whose files are followed; hidden ones are not.")],
    index: Annotated[
        Path | None, typer.Option("--index", metavar="DIR", help="Where what is made is kept; by default your data.")
    ] = None,
    digests: Annotated[bool, typer.Option(help="Keep a digest of each document too.")] = True,
    once: Annotated[bool, typer.Option("--once", help="Catch up with the folder, and end.")] = False,
    ocr: OcrMode = "auto",
    verbose: Verbose = False,
) -> None:
    """Keep an index and digests as the files of a folder are.

    A line for each change, until it is interrupted. One process writes, any number may read the index meanwhile.
    """
    with one_line_errors():
        from longdoc.pipelines.living.folder import LivingFolder, default_folder, follow

        out = index or default_folder(folder)
        with LivingFolder(folder, out, digests=digests, ocr=ocr) as living, suppress(KeyboardInterrupt):
            sys.stderr.write(f"longdoc: the index is {out / 'index'}\n")
            if once:
                living.catch_up((), _tell)
            else:
                follow(living, _tell)


def _tell(change: Change) -> None:
    about = "" if not change.about else f" (was {change.about})" if change.kind == "renamed" else f" ({change.about})"
    from longdoc.pipelines.render.footnotes import plain

    write(plain(f"{change.kind} {change.name}{about}"))


def _fixed(sources: list[str], root: Path, index: Path | None, ocr: Ocr) -> Callable[[], Desk]:
    from longdoc.mcp.shelf import Shelf
    from longdoc.pipelines.ask.library import default_folder

    paths = paths_of(sources, ocr)
    return lambda: Shelf.of(paths, root, index or default_folder(), ocr)


def _watched(root: Path, index: Path | None, ocr: Ocr) -> Callable[[], Desk]:
    from longdoc.mcp.watched import WatchedShelf
    from longdoc.pipelines.living.folder import default_folder

    return lambda: WatchedShelf(root, (index or default_folder(root)) / "mcp", ocr)


def mcp(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders, patterns.")],
    http: Annotated[int | None, typer.Option("--http", metavar="PORT", help="Serve HTTP here, not stdio.")] = None,
    index: IndexFolder = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the one folder given as its files change.")] = False,
    ocr: OcrMode = "auto",
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
        given = Path(sources[0])
        is_folder = len(sources) == 1 and given.is_dir()
        if watch and not is_folder:
            raise InputError("--watch follows one folder; give one, and no other source")
        settings = {} if http is None else {"host": "127.0.0.1", "port": http}
        app = server_of(
            _watched(given, index, ocr) if watch else _fixed(sources, given if is_folder else Path(), index, ocr),
            **settings,
        )
        app.run("stdio" if http is None else "streamable-http")
