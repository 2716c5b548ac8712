"""The commands `longdoc corpus run|status|retry|report`: many documents, of which what is done stays done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from longdoc.cli.console import one_line_errors, refuse, write
from longdoc.cli.options import ContextTokens, MaxTokens, ModelName, Quiet, TokenizerName

if TYPE_CHECKING:
    from longdoc.pipelines.corpora.corpus import Corpus
    from longdoc.pipelines.corpora.engines.engine import Limits
    from longdoc.pipelines.corpora.remaining import Progress

corpus = typer.Typer(help="Many documents, each summarized once, whatever is killed.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What corpus run was given as --out.")]
Jobs = Annotated[int | None, typer.Option(help="Documents at once; by default one for each core.")]
Seconds = Annotated[float, typer.Option(help="What one document has to be read in.")]
EngineName = Annotated[Literal["local", "ray"], typer.Option(help="Here, or on a Ray cluster (extra 'ray').")]
Address = Annotated[str | None, typer.Option(help="The Ray cluster's: auto, HOST:6379; else one is begun here.")]
Gpus = Annotated[float, typer.Option(help="Of a node, for each worker on a Ray cluster.")]
Memory = Annotated[int, typer.Option(metavar="MIB", help="What the process of one document may map.")]


@corpus.command()
def run(
    sources: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders, files, JSON lines, Parquet.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where manifest and results are.")],
    format: Annotated[Literal["json", "markdown", "html"], typer.Option(help="What a result is.")] = "json",
    index: Annotated[
        str, typer.Option("--index", metavar="DIR|URL", help="An index to put each in: a folder, postgresql://.")
    ] = "",
    cache: Annotated[
        str, typer.Option("--cache", metavar="URL", help="A chat model's replies: redis://; else in --out.")
    ] = "",
    include: Annotated[list[str] | None, typer.Option(metavar="PATTERN", help="Only such files: '*.pdf'.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(metavar="PATTERN", help="No such files: 'drafts/*'.")] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove the results of documents that are gone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would take.")] = False,
    price_in: Annotated[float | None, typer.Option(help="Money per million tokens read, for --dry-run.")] = None,
    price_out: Annotated[float | None, typer.Option(help="Money per million tokens written.")] = None,
    max_tokens: MaxTokens = 300,
    overall_tokens: Annotated[int, typer.Option(help="Of the summary of each folder and of all; 0 for none.")] = 400,
    group: Annotated[
        Literal["folder", "likeness"], typer.Option(help="What is summarized together, below all of it.")
    ] = "folder",
    query: Annotated[str | None, typer.Option(help="What the summaries are to be about.")] = None,
    model: ModelName = "extractive",
    tokenizer: TokenizerName = None,
    chunk_tokens: Annotated[int | None, typer.Option(help="The most that one call reads of the text.")] = None,
    context_tokens: ContextTokens = 8192,
    style: Annotated[Literal["digest", "sentences"], typer.Option(help="What it is without a model.")] = "digest",
    device: Annotated[str, typer.Option(help="Where the encoder computes: cpu, cuda.")] = "cpu",
    engine: EngineName = "local",
    address: Address = None,
    gpus: Gpus = 0.0,
    jobs: Jobs = None,
    seconds: Seconds = 120.0,
    memory: Memory = 6144,
    quiet: Quiet = False,
) -> None:
    """Summarize each document of the folders, and all of them together. Exit code 1 where one failed."""
    with one_line_errors():
        settings = {
            "format": format,
            "index": index if not index or "://" in index else str(Path(index).absolute()),
            "cache": cache,
            "max_tokens": max_tokens,
            "overall_tokens": overall_tokens,
            "group": group,
            "query": query,
            "model": model,
            "tokenizer": tokenizer,
            "chunk_tokens": chunk_tokens,
            "context_tokens": context_tokens,
            "style": style,
            "device": device,
        }
        chosen = {"include": include or (), "exclude": exclude or ()}
        with _opened(out, engine, address, gpus, jobs, _limits(seconds, memory), **settings) as opened:
            if dry_run:
                plan = opened.plan(sources, **chosen)
                lines = [f"{name.replace('_', ' '):14} {count:,}" for name, count in asdict(plan).items()]
                if price_in is not None and price_out is not None:
                    paid = 0.0 if model.startswith("extractive") else 1e-6
                    lines.append(
                        f"cost           {paid * (plan.input_tokens * price_in + plan.output_tokens * price_out):,.4f}"
                    )
                write("\n".join(lines))
                return
            with _progress(quiet) as on_progress:
                opened.run(sources, prune=prune, on_progress=on_progress, **chosen)
            _tell(opened)


@corpus.command()
def status(folder: Folder) -> None:
    """Say how many documents are done, have failed and wait."""
    with one_line_errors(), _existing(folder) as opened:
        told = opened.status()
        write("\n".join(f"{name:14} {value:,}" for name, value in asdict(told).items()))


@corpus.command()
def retry(
    folder: Folder,
    failed: Annotated[bool, typer.Option("--failed", help="Those that failed; there are no others to try.")] = False,
    engine: EngineName = "local",
    address: Address = None,
    gpus: Gpus = 0.0,
    jobs: Jobs = None,
    seconds: Seconds = 120.0,
    memory: Memory = 6144,
    quiet: Quiet = False,
) -> None:
    """Try what failed once more, with other limits if need be. Exit code 1 where one failed again."""
    with one_line_errors():
        if not failed:
            refuse("what is done is not tried again; give --failed")
        with _existing(folder, engine, address, gpus, jobs, _limits(seconds, memory)) as opened:
            with _progress(quiet) as on_progress:
                opened.retry(on_progress)
            _tell(opened)


@corpus.command()
def report(
    folder: Folder,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="By default in DIR.")] = None,
) -> None:
    """Write one HTML page: counts, the slowest, failures by their cause, and every document to open."""
    with one_line_errors(), _existing(folder) as opened:
        write(str(opened.report(output)))


def _opened(
    folder: Path,
    engine: str = "local",
    address: str | None = None,
    gpus: float = 0.0,
    jobs: int | None = None,
    limits: Limits | None = None,
    **settings: Any,
) -> Corpus:
    """The corpus of a folder, worked on by processes here or by workers of a cluster. Raises `LongdocError`."""
    from longdoc.pipelines.corpora.corpus import Corpus

    if engine == "local":
        if address is not None or gpus:
            refuse("--address and --gpus are for a Ray cluster; give --engine ray as well")
        return Corpus(folder, jobs=jobs, limits=limits, **settings)
    from longdoc.pipelines.corpora.engines.ray import RayWorkers

    workers = RayWorkers(address, limits, gpus=gpus)
    return Corpus(folder, jobs=jobs or workers.size(), limits=limits, engine=workers, **settings)


def _limits(seconds: float, memory: int) -> Limits:
    from longdoc.pipelines.corpora.engines.engine import Limits

    return Limits(seconds, memory << 20)


def _existing(folder: Path, *where: Any) -> Corpus:
    manifest = folder / "manifest.sqlite"
    if not manifest.exists() or (manifest.is_file() and not manifest.stat().st_size):
        refuse(f"there is no corpus in {str(folder)!r}; give the folder that corpus run had as --out")
    return _opened(folder, *where)


def _tell(opened: Corpus) -> None:
    """Prints the status on stdout and each failure on stderr; exit code 1 where there was one."""
    told = opened.status()
    for entry in opened.entries("failed"):
        sys.stderr.write(f"longdoc: {entry.name}: {entry.error}\n")
    write(str(told))
    if told.failed:
        raise typer.Exit(1)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A function that shows progress as a bar on stderr with the time left; None where stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def on_progress(now: Any) -> None:
            failed = f"{now.failed:,} failed, " if now.failed else ""
            made = now.done + now.failed
            bar.update(task, completed=made, total=now.total, description=f"{failed}{left(now.seconds_left)}")

        yield on_progress


def left(seconds: float | None) -> str:
    """The time that is left, as roughly as it is known."""
    if seconds is None:
        return "time left not known yet"
    if seconds < 60:
        return "less than a minute left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"
