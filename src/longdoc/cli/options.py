"""Options that several commands share."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

Format = Literal["text", "markdown", "json", "html"]
Strategy = Literal["map-reduce", "refine"]
By = Literal["sections", "sentences", "tokens", "meaning", "content"]


def _log(verbose: bool) -> None:
    """Has longdoc's log records written to stderr."""
    if verbose:
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(message)s", datefmt="%H:%M:%S")
        logging.getLogger("longdoc").setLevel(logging.INFO)


Sources = Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, folders, patterns; - is stdin.")]
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="extractive, extractive:centrality, smollm2, led: or hf: and an ID or folder, or what init_chat_model "
        "takes.",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="extractive (the default), extractive:centrality, smollm2, hf:, led: or longformer: and an ID or folder, "
        "or what init_chat_model takes (openai:…). Given again, the one that fits is chosen.",
        show_default=False,
    ),
]
MaxTokens = Annotated[int, typer.Option(help="The result is never longer, in tokens of the model's tokenizer.")]
TokenizerName = Annotated[str | None, typer.Option(help="minilm, a tiktoken encoding, a folder, or hf:ID.")]
ContextTokens = Annotated[int, typer.Option(help="What a chat model holds, prompt and reply together.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where the result is written; by default stdout.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
OcrMode = Annotated[
    Literal["auto", "always", "never"],
    typer.Option(
        "--ocr", help="Recognise the text of pages without a text layer and of images, of all pages, or never."
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="One file that cannot be read ends it all.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", callback=_log, help="Say on stderr what is being done.")]
IndexFolder = Annotated[
    Path | None, typer.Option("--index", metavar="DIR", help="Where what was read is kept; by default your cache.")
]


def names_of(models: list[str] | None) -> tuple[str, ...]:
    """The models that were named, each once; "extractive" where none was."""
    return tuple(dict.fromkeys(models or ("extractive",)))
