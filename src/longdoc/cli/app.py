"""The command line: `longdoc summarize`, `plan`, `chunk`, `ask`, `chat`, `serve` and more. Only results on stdout."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import threading
from contextlib import ExitStack, suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from longdoc import __version__, garbage
from longdoc.cli.ask import annotate, ask
from longdoc.cli.cache import cache as cache_commands
from longdoc.cli.chat import chat
from longdoc.cli.config import defaults
from longdoc.cli.console import Commands, gave_up_writing, one_line_errors, progress, refuse, write, write_lines
from longdoc.cli.corpus import corpus as corpus_commands
from longdoc.cli.generate import classify, generate
from longdoc.cli.options import (
    By,
    ContextTokens,
    Format,
    MaxTokens,
    Models,
    OcrMode,
    Output,
    Quiet,
    Sources,
    Strategy,
    Strict,
    TokenizerName,
    Verbose,
    names_of,
)
from longdoc.cli.serve import mcp, serve, watch
from longdoc.cli.sources import documents_of
from longdoc.cli.verify import verify
from longdoc.models.ahead import networks_ahead

if TYPE_CHECKING:
    from langchain_core.documents import Document

    from longdoc.pipelines.calls.executor import FanOutOptions
    from longdoc.pipelines.route import Route

app = typer.Typer(
    name="longdoc",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,  # importing what draws boxes takes longer than all else that help does
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

Query = Annotated[str | None, typer.Option(help="What the summary is to be about.")]
_CHUNK_KEYS = ("source", "start_index", "end_index", "token_count", "headings", "page", "page_label", "table_header")
ChunkTokens = Annotated[int | None, typer.Option(help="The most that one call reads of the text; 1024 by default.")]
StrategyName = Annotated[Strategy, typer.Option(help="All chunks at once, or one after the other, by a model.")]
CacheFolder = Annotated[str | None, typer.Option("--cache", metavar="DIR", help="Where finished work is kept.")]


def _version(wanted: bool) -> None:
    if wanted:
        write(f"longdoc {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Summaries of documents that do not fit a model's context, and answers from them, every sentence cited."""
    with one_line_errors():
        own = context.command.commands  # type: ignore[attr-defined]
        options = {
            name: [str(one.name) for one in command.params if one.opts[0][0] == "-"] for name, command in own.items()
        }
        context.default_map = {
            name: _listed(own[name], values) for name, values in defaults(options, os.environ).items()
        }


@app.command()
def summarize(
    sources: Sources,
    max_tokens: MaxTokens = 300,
    query: Query = None,
    model: Models = None,
    format: Annotated[Format, typer.Option(help="What the result is written as.")] = "text",
    tokenizer: TokenizerName = None,
    chunk_tokens: ChunkTokens = None,
    context_tokens: ContextTokens = 8192,
    strategy: StrategyName = "map-reduce",
    style: Annotated[str, typer.Option(help="Without a model: digest, or bare sentences.")] = "digest",
    concurrency: Annotated[int, typer.Option(help="Calls to a chat model at once.")] = 8,
    partial: Annotated[bool, typer.Option("--partial", help="Go on where a chat model fails for good.")] = False,
    cache: CacheFolder = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither use nor keep finished work.")] = False,
    route: Annotated[bool, typer.Option("--route", help="Say on stderr how the text is read, and why.")] = False,
    pages: Annotated[bool, typer.Option("--pages", help="With html: pictures of the pages cited, marked.")] = False,
    output: Output = None,
    ocr: OcrMode = "auto",
    strict: Strict = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Summarize the sources as one, every sentence with its place."""
    with one_line_errors(), ExitStack() as opened:
        if cache is not None and no_cache:
            refuse("--cache and --no-cache were both given; give one of them")
        kept, known = None, _seen([max_tokens, query, model, strategy, style, tokenizer, chunk_tokens], sources)
        if not no_cache:
            from longdoc.memory.cache.byte_cache import ByteCache

            kept = opened.enter_context(ByteCache(cache))
        made_before = kept is not None and kept.mget([known]) != [None]
        ahead = networks_ahead() if names_of(model)[0].startswith("extractive") and not made_before else None
        with garbage.kept():
            from longdoc.pipelines.render.render import render
            from longdoc.pipelines.routing.at_hand import at_hand
            from longdoc.pipelines.summarize.summarize import Settings
        wanted = Settings(
            max_tokens=max_tokens,
            query=query,
            tokenizer=tokenizer,
            chunk_tokens=chunk_tokens,
            context_tokens=context_tokens,
            strategy=strategy,
            style=style,  # type: ignore[arg-type]  # which there are, is checked with the job
            options=_options(concurrency, partial, names_of(model)),
            cache=kept,
        )
        if pages and format != "html":
            refuse(f"--pages was given with --format {format}; give --format html")
        given = documents_of(sources, strict, ocr)
        with progress(quiet) as on_event:
            on_route = _tell_route if route else None
            tree = at_hand(names_of(model)).tree(given.documents, wanted, on_event, on_route, _tell_failure)
        if tree.run is not None and tree.run.reused and not quiet:
            sys.stderr.write(f"reused {tree.run.reused:,} of {tree.run.planned_calls:,} summaries\n")
        del ahead  # held until here
        if kept is not None and not made_before:
            kept.mset([(known, b"")])
        write(render(tree, format, pages=pages), output)
        given.end()


@app.command()
def plan(
    sources: Sources,
    max_tokens: MaxTokens = 300,
    query: Query = None,
    model: Models = None,
    format: Annotated[Literal["text", "json"], typer.Option(help="What the result is written as.")] = "text",
    tokenizer: TokenizerName = None,
    chunk_tokens: ChunkTokens = None,
    context_tokens: ContextTokens = 8192,
    strategy: StrategyName = "map-reduce",
    price_in: Annotated[float | None, typer.Option(help="Money per million tokens read.")] = None,
    price_out: Annotated[float | None, typer.Option(help="Money per million tokens written.")] = None,
    output: Output = None,
    ocr: OcrMode = "auto",
    strict: Strict = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say what summarize will take with the same options.

    Calls, tokens, cost, bytes. No model is called.
    """
    with one_line_errors():
        from longdoc.pipelines.summarize.summarize import Settings

        wanted = Settings(
            max_tokens=max_tokens,
            query=query,
            tokenizer=tokenizer,
            chunk_tokens=chunk_tokens,
            context_tokens=context_tokens,
            strategy=strategy,
        )
        if (price_in is None) != (price_out is None):
            refuse("only one price was given; give both --price-in and --price-out")
        from longdoc.pipelines.routing.at_hand import at_hand
        from longdoc.pipelines.summarize.plan import Prices

        given = documents_of(sources, strict, ocr)
        prices = None if price_in is None or price_out is None else Prices(price_in, price_out)
        made = dataclasses.asdict(at_hand(names_of(model)).plan(given.documents, wanted, prices))
        if format == "json":
            write(json.dumps(made), output)
        else:
            write("".join(f"{name.replace('_', ' '):14} {_amount(value)}\n" for name, value in made.items()), output)
        given.end()


@app.command()
def chunk(
    sources: Sources,
    max_tokens: Annotated[int, typer.Option(help="No chunk has more tokens.")] = 512,
    overlap: Annotated[int, typer.Option(help="Tokens said again at the start of the next chunk.")] = 0,
    by: Annotated[By, typer.Option(help="What a chunk keeps together.")] = "sections",
    tokenizer: Annotated[str, typer.Option(help="minilm, a tiktoken encoding, a folder, or hf:ID.")] = "minilm",
    output: Output = None,
    ocr: OcrMode = "auto",
    strict: Strict = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Split the sources into chunks, one JSON object a line."""
    with one_line_errors():
        from longdoc.pipelines.chunk import chunk as chunks_of

        given = documents_of(sources, strict, ocr)
        chunks = chunks_of(given.documents, max_tokens=max_tokens, overlap=overlap, by=by, tokenizer=tokenizer)
        lines = (json.dumps({"text": one.page_content, **_told(one)}) for one in chunks)
        write_lines(lines, output)
        given.end()


app.command()(ask)
app.command()(annotate)
app.command()(chat)
app.command()(generate)
app.command()(classify)
app.command()(serve)
app.command()(mcp)
app.command()(watch)
app.command()(verify)
app.add_typer(cache_commands, name="cache")
app.add_typer(corpus_commands, name="corpus")


def main() -> None:
    """The console script. Errors that are the user's are one line on stderr and exit code 2."""
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # read at import; its warnings would stand beside our one line
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app()
    except SystemExit as ended:
        _leave(ended)
        raise
    except OSError as error:  # of what the commands do not say themselves, such as --help to a full disk
        sys.exit(gave_up_writing(error))


def _leave(ended: SystemExit) -> None:
    """Ends at once where calls were left behind: an orderly end would crash on a thread that is inside torch."""
    calls = sys.modules.get("longdoc.pipelines.calls.daemon_threads")
    if calls and any(thread.name.startswith(calls.LEFT_BEHIND) for thread in threading.enumerate()):
        with suppress(OSError):
            sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 1)


def _listed(command: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The defaults of a command; of an option that may be given again one value is a list of one."""
    again = {str(one.name) for one in command.params if getattr(one, "multiple", False)}
    return {name: [value] if name in again and isinstance(value, str) else value for name, value in values.items()}


def _told(chunk: Document) -> dict[str, Any]:
    return {key: chunk.metadata[key] for key in _CHUNK_KEYS if key in chunk.metadata}


def _seen(options: list[object], sources: list[str]) -> str:
    """A key for what is asked of these files as they are now: only a hint whether the networks will be needed."""
    files = []
    for source in sources:
        with suppress(OSError, ValueError):
            told = os.stat(source)
            files.append((told.st_size, told.st_mtime_ns))
    said = repr([__version__, options, [os.path.abspath(source) for source in sources], files])
    return f"seen:{blake2b(said.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def _options(concurrency: int, partial: bool, names: tuple[str, ...]) -> FanOutOptions:
    if concurrency < 1:
        refuse(f"concurrency is {concurrency}; give 1 or more")
    from longdoc.pipelines.calls.executor import FanOutOptions

    here = any(name.startswith(("hf:", "led:", "smollm2")) for name in names)
    timeout = None if here else 120.0  # a model on this machine takes what it takes
    return FanOutOptions(max_concurrency=concurrency, timeout=timeout, on_error="return" if partial else "raise")


def _tell_route(route: Route) -> None:
    sys.stderr.write(f"route: {route}\n")


def _tell_failure(word: str) -> None:
    sys.stderr.write(f"longdoc: {word}, and another model read the text\n")


def _amount(value: Any) -> str:
    if value is None:
        return "no prices given"
    return f"{value:,.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
