"""The command `longdoc verify`: a text by anyone, checked sentence by sentence against documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from longdoc.cli.console import one_line_errors, refuse, write
from longdoc.cli.options import OcrMode, Output, Strict, Verbose
from longdoc.cli.sources import documents_of

Draft = Annotated[str, typer.Argument(metavar="DRAFT", help="The text to check: a file, or - for stdin.")]
Against = Annotated[
    list[str] | None,
    typer.Option("--against", metavar="SOURCE", help="A file or folder to check against; more may follow it."),
]
More = Annotated[list[str] | None, typer.Argument(metavar="[SOURCE...]", help="More to check against.")]


def verify(
    draft: Draft,
    more: More = None,
    against: Against = None,
    format: Annotated[Literal["text", "json", "html"], typer.Option(help="What the result is written as.")] = "text",
    output: Output = None,
    ocr: OcrMode = "auto",
    strict: Strict = False,
    verbose: Verbose = False,
) -> None:
    """Check each sentence of a text against documents. Exit code 0 where all hold, 1 where one does not."""
    with one_line_errors():
        sources = [*(against or []), *(more or [])]
        if not sources:
            refuse("there is nothing to check against; give --against and a file or more")
        from longdoc.pipelines.sources import load_sources
        from longdoc.pipelines.verification import verification_html, verification_json, verification_text
        from longdoc.pipelines.verification import verify as verified

        [text] = load_sources(Path(draft))
        given = documents_of(sources, strict, ocr)
        found = verified(text.page_content, given.documents)
        match format:
            case "json":
                shown = verification_json(found)
            case "html":
                shown = verification_html(found, Path(draft).name)
            case _:
                shown = verification_text(found)
        write(shown, output)
        given.end()
        if not found.holds:
            raise typer.Exit(1)
