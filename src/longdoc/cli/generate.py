"""The commands `longdoc generate` and `classify`: a local model goes on with a text of any length or tells its kind."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from longdoc.cli.console import one_line_errors, write
from longdoc.cli.options import Sources, Strict
from longdoc.cli.sources import documents_of

if TYPE_CHECKING:
    from longdoc.models.decoder.chat_model import WindowedChatModel
    from longdoc.pipelines.routing.windows import Classified

Window = Annotated[int, typer.Option(help="How many of the latest tokens each token sees.")]
Sinks = Annotated[int, typer.Option(help="How many of the first tokens stay in sight.")]
MaxNewTokens = Annotated[int, typer.Option(help="The most tokens to write.")]
Temperature = Annotated[float | None, typer.Option(help="0 takes the likeliest; by default as the model has it.")]
TopP = Annotated[float | None, typer.Option(help="Draw from the likeliest tokens that add up to this share.")]
TopK = Annotated[int | None, typer.Option(help="Draw from this many of the likeliest tokens.")]
Seed = Annotated[int | None, typer.Option(help="The same seed draws the same text.")]
Stop = Annotated[list[str] | None, typer.Option(help="End before this text; may be given again.")]
Chat = Annotated[bool, typer.Option("--chat", help="The text is a message: lay it out as the model's chats are.")]


def generate(
    model: Annotated[str, typer.Option(help="A folder or hub id of a causal model, safetensors only; or smollm2.")],
    attention_window: Window = 256,
    sinks: Sinks = 4,
    max_new_tokens: MaxNewTokens = 256,
    temperature: Temperature = None,
    top_p: TopP = None,
    top_k: TopK = None,
    seed: Seed = None,
    stop: Stop = None,
    chat: Chat = False,
) -> None:
    """Continue the text on stdin with a model, in bounded memory."""
    with one_line_errors():
        from longdoc.chunkers.readers.registry import read_bytes
        from longdoc.pipelines.summarizers.models import local_chat_model

        text = read_bytes(sys.stdin.buffer.read(), "stdin", ".txt").page_content
        local = local_chat_model(
            model,
            attention_window=attention_window,
            sinks=sinks,
            max_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            seed=seed,
            stop=stop,
        )
        for piece in _pieces(local, text, chat):
            sys.stdout.write(piece)
            sys.stdout.flush()
        sys.stdout.write("\n")


def _pieces(model: WindowedChatModel, text: str, chat: bool) -> Iterator[str]:
    if not chat:
        yield from model.stream_text(text)
        return
    for chunk in model.stream(text):
        yield str(chunk.content)


def classify(
    sources: Sources,
    model: Annotated[str, typer.Option("--model", "-m", help="longformer: and an ID or folder; it tells classes.")],
    merge: Annotated[Literal["mean", "max"], typer.Option(help="How what the windows say is put together.")] = "mean",
    format: Annotated[Literal["text", "json"], typer.Option(help="json is one object a line.")] = "text",
    strict: Strict = False,
) -> None:
    """Tell the class of each source, of any length, with every class's probability and the places that decided."""
    with one_line_errors():
        from longdoc.pipelines.routing.classify import classify as classes_of
        from longdoc.pipelines.routing.windows import classified_json

        given = documents_of(sources, strict)
        for one in classes_of(given.documents, model=model, merge=merge):
            write(json.dumps(classified_json(one)) if format == "json" else _told(one))
        given.end()


def _told(found: Classified) -> str:
    from longdoc.pipelines.ask.answer import place_line
    from longdoc.pipelines.render.footnotes import plain

    odds = sorted(found.probabilities.items(), key=lambda pair: -pair[1])
    lines = [
        f"{plain(found.source)}: {plain(found.label)}",
        *(f"  {share:6.1%}  {plain(name)}" for name, share in odds),
    ]
    lines += [f"  [{at}] {one.share:.1%} {place_line(one.citation)}" for at, one in enumerate(found.windows, start=1)]
    return "\n".join(lines)
