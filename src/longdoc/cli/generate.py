"""The command `longdoc generate`: a local model goes on with the text on stdin, whatever its length."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from longdoc.cli.console import one_line_errors

if TYPE_CHECKING:
    from longdoc.models.decoder.chat_model import WindowedChatModel

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
    model: Annotated[str, typer.Option(help="A folder or hub id of a causal model, safetensors only.")],
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
