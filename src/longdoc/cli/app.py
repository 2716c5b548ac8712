"""The command line: `longdoc summarize`, `plan`, `chunk`, `ask`, `chat`, `serve` and more. Only results on stdout."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longdoc import garbage
from longdoc.cli.ask import ask
from longdoc.cli.cache import cache as cache_commands
from longdoc.cli.chat import chat
from longdoc.cli.console import one_line_errors, progress, refuse, write
from longdoc.cli.generate import generate
from longdoc.cli.plugins import WithBrought
from longdoc.cli.serve import serve
from longdoc.cli.sources import documents_of

if TYPE_CHECKING:
    from longdoc.pipelines.calls.executor import FanOutOptions
    from longdoc.pipelines.route import Route
    from longdoc.pipelines.summarize.summarize import Settings

app = typer.Typer(
    name="longdoc",
    cls=WithBrought,
    help="Summaries from documents that do not fit a model's context, every sentence cited.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

FORMATS = ("text", "markdown", "json", "html")

SourceArguments = Annotated[
    list[str], typer.Argument(metavar="SOURCE...", help="Files, folders, patterns; - is stdin.")
]
MaxTokens = Annotated[int, typer.Option(help="The summary is never longer, in tokens of the model's tokenizer.")]
Query = Annotated[str | None, typer.Option(help="What the summary is to be about.")]
ModelName = Annotated[
    str,
    typer.Option(help="extractive, extractive:centrality, hf:ID-or-folder, or what init_chat_model takes (openai:…)."),
]
TokenizerName = Annotated[str | None, typer.Option(help="minilm, a tiktoken encoding, a folder, or hf:ID.")]
_CHUNK_KEYS = ("source", "start_index", "end_index", "token_count", "headings", "page", "table_header")
ChunkTokens = Annotated[int | None, typer.Option(help="The most that one call reads of the text; 1024 by default.")]
ContextTokens = Annotated[int, typer.Option(help="What a chat model holds, prompt and reply together.")]
StrategyName = Annotated[str, typer.Option("--strategy", help="map-reduce, or refine: chunk by chunk, by a model.")]
CacheFolder = Annotated[str | None, typer.Option("--cache", metavar="DIR", help="Where finished work is kept.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


@app.command()
def summarize(
    sources: SourceArguments,
    max_tokens: MaxTokens = 300,
    query: Query = None,
    model: ModelName = "extractive",
    format: Annotated[str, typer.Option(help="text, markdown, json or html.")] = "text",
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
    quiet: Quiet = False,
) -> None:
    """Summarize the sources as one, every sentence with the place it comes from."""
    with garbage.kept():
        from longdoc.memory.cache.encoding_cache import EncodingCache
        from longdoc.pipelines.render.render import render
        from longdoc.pipelines.summarize.summarize import Summarization
    with one_line_errors():
        wanted = _settings(
            max_tokens=max_tokens,
            query=query,
            model=model,
            tokenizer=tokenizer,
            chunk_tokens=chunk_tokens,
            context_tokens=context_tokens,
            strategy=strategy,
            style=style,
            options=_options(concurrency, partial, model),
        )
        if format not in FORMATS:
            refuse(f"unknown format {format!r}; give one of {', '.join(FORMATS)}")
        if cache is not None and no_cache:
            refuse("--cache and --no-cache were both given; give one of them")
        if not no_cache:
            wanted = dataclasses.replace(wanted, cache=EncodingCache(cache))
        with progress(quiet) as on_event:
            on_route = _tell_route if route else None
            tree = Summarization(wanted, on_event=on_event, on_route=on_route).run(documents_of(sources))
        if tree.run is not None and tree.run.reused and not quiet:
            sys.stderr.write(f"reused {tree.run.reused:,} of {tree.run.planned_calls:,} summaries\n")
        write(render(tree, format))  # type: ignore[arg-type]


@app.command()
def plan(
    sources: SourceArguments,
    max_tokens: MaxTokens = 300,
    query: Query = None,
    model: ModelName = "extractive",
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
    tokenizer: TokenizerName = None,
    chunk_tokens: ChunkTokens = None,
    context_tokens: ContextTokens = 8192,
    strategy: StrategyName = "map-reduce",
    price_in: Annotated[float | None, typer.Option(help="Money per million tokens read.")] = None,
    price_out: Annotated[float | None, typer.Option(help="Money per million tokens written.")] = None,
    quiet: Quiet = False,
) -> None:
    """Say what summarize will take with the same options: calls, tokens, cost, bytes. No model is called."""
    with one_line_errors():
        wanted = _settings(
            max_tokens=max_tokens,
            query=query,
            model=model,
            tokenizer=tokenizer,
            chunk_tokens=chunk_tokens,
            context_tokens=context_tokens,
            strategy=strategy,
        )
        if format not in ("text", "json"):
            refuse(f"unknown format {format!r}; give text or json")
        if (price_in is None) != (price_out is None):
            refuse("only one price was given; give both --price-in and --price-out")
        from longdoc.pipelines.summarize.plan import Prices

        prices = None if price_in is None or price_out is None else Prices(price_in, price_out)
        made = dataclasses.asdict(wanted.plan(documents_of(sources), prices))
        if format == "json":
            write(json.dumps(made) + "\n")
        else:
            write("".join(f"{name.replace('_', ' '):14} {_amount(value)}\n" for name, value in made.items()))


@app.command()
def chunk(
    sources: SourceArguments,
    max_tokens: Annotated[int, typer.Option(help="No chunk has more tokens.")] = 512,
    overlap: Annotated[int, typer.Option(help="Tokens said again at the start of the next chunk.")] = 0,
    by: Annotated[str, typer.Option(help="sections, sentences, tokens, meaning or content.")] = "sections",
    tokenizer: Annotated[str, typer.Option(help="minilm, a tiktoken encoding, a folder, or hf:ID.")] = "minilm",
    quiet: Quiet = False,
) -> None:
    """Split the sources into chunks, one JSON object a line."""
    with one_line_errors():
        from longdoc.pipelines.chunk import chunk as chunks_of

        chunks = chunks_of(documents_of(sources), max_tokens=max_tokens, overlap=overlap, by=by, tokenizer=tokenizer)  # type: ignore[arg-type]
        for piece in chunks:
            told = {key: piece.metadata[key] for key in _CHUNK_KEYS if key in piece.metadata}
            write(json.dumps({"text": piece.page_content, **told}) + "\n")


app.command()(ask)
app.command()(chat)
app.command()(generate)
app.command()(serve)
app.add_typer(cache_commands, name="cache")


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


def _leave(ended: SystemExit) -> None:
    """Ends at once where calls were left behind: an orderly end would crash on a thread that is inside torch."""
    if any(thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 1)


def _settings(**given: Any) -> Settings:
    from longdoc.pipelines.summarize.summarize import Settings

    return Settings(**given)


def _options(concurrency: int, partial: bool, model: str) -> FanOutOptions:
    if concurrency < 1:
        refuse(f"concurrency is {concurrency}; give 1 or more")
    from longdoc.pipelines.calls.executor import FanOutOptions

    timeout = None if model.startswith("hf:") else 120.0  # a model on this machine takes what it takes
    return FanOutOptions(max_concurrency=concurrency, timeout=timeout, on_error="return" if partial else "raise")


def _tell_route(route: Route) -> None:
    sys.stderr.write(f"route: {route}\n")


def _amount(value: Any) -> str:
    if value is None:
        return "no prices given"
    return f"{value:,.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
