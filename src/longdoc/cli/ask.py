"""The commands `longdoc ask`, one question about documents, and `longdoc annotate`, its places marked in the PDF."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from longdoc import garbage
from longdoc.cli.console import one_line_errors, write
from longdoc.cli.options import Format, IndexFolder, Models, OcrMode, Output, Verbose, names_of
from longdoc.cli.sources import paths_of
from longdoc.models.ahead import networks_ahead

REFUSED = 3  # the exit code of a question that the documents do not answer

MaxTokens = Annotated[int, typer.Option(help="The answer is never longer, in tokens of the model's tokenizer.")]
ContextTokens = Annotated[int, typer.Option(help="What a chat model holds, prompt and answer together.")]


def ask(
    sources_and_question: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE... QUESTION", help="Files, folders; then the question."),
    ] = None,
    model: Models = None,
    format: Annotated[Format, typer.Option(help="What the answer is written as.")] = "text",
    max_tokens: MaxTokens = 200,
    context_tokens: ContextTokens = 8192,
    index: IndexFolder = None,
    route: Annotated[bool, typer.Option("--route", help="Say on stderr what was taken to be asked, and why.")] = False,
    output: Output = None,
    ocr: OcrMode = "auto",
    verbose: Verbose = False,
) -> None:
    """Answer a question, every sentence with its place.

    Exit code 3 where the documents do not say.
    """
    with one_line_errors():
        sources, question = _parted(sources_and_question or [])
        ahead = networks_ahead(reader=True)
        with garbage.kept():
            from longdoc.pipelines.ask.answer import NOT_SAID, answer_json, answer_text
            from longdoc.pipelines.ask.library import default_folder, library
            from longdoc.pipelines.ask.settings import ChatSettings
            from longdoc.pipelines.render.footnotes import plain
            from longdoc.pipelines.routing.at_hand import at_hand

        settings = ChatSettings(max_tokens=max_tokens, context_tokens=context_tokens)
        models = at_hand(names_of(model), chats=True)
        held = library([str(path) for path in paths_of(sources, ocr)], index or default_folder(), ocr)
        chat = models.chat(lambda model: held.chat(model, settings), held.of, settings)
        answer = held.named(chat.ask(question, documents=held.ids))
        if route:
            sys.stderr.write(f"longdoc: {plain(answer.route) or 'the chat model read what was found'}\n")
        match format:
            case "json":
                said = json.dumps(answer_json(answer))
            case "markdown":
                from longdoc.pipelines.render.answer import answer_markdown

                said = answer_markdown(answer, question)
            case "html":
                from longdoc.pipelines.render.answer import answer_html

                named = dict(zip(held.texts, held.names, strict=True))
                texts = {named[source]: text for source, text in held.texts.items()}
                pages = {named[source]: starts for source, starts in held.pages.items()}
                said = answer_html(answer, question, texts, pages)
            case _:
                said = answer_text(answer)
        del ahead  # held until here
        write(said, output)
        if str(answer.text) == NOT_SAID:
            raise typer.Exit(REFUSED)


def annotate(
    pdf: Annotated[str, typer.Argument(metavar="PDF", help="The PDF that was asked or summarized.")],
    cited: Annotated[
        str, typer.Argument(metavar="JSON", help="What ask or summarize gave with --format json; - is stdin.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the marked PDF is written.")],
) -> None:
    """Mark in a PDF what an answer or a summary rests on: highlights, with each sentence as the note."""
    with one_line_errors():
        from longdoc.errors import InputError
        from longdoc.memory.disk import write_whole
        from longdoc.pipelines.render.highlights import highlighted, highlights_of

        try:
            data = Path(pdf).read_bytes()
            said = sys.stdin.buffer.read() if cited == "-" else Path(cited).read_bytes()
        except OSError as error:
            raise InputError(f"{error.filename!r} cannot be read ({error.strerror}); check the path") from error
        write_whole(output, highlighted(data, pdf, highlights_of(said, pdf)))


def _parted(given: list[str]) -> tuple[list[str], str]:
    """The sources and the question behind them. Raises `InputError` for what is likelier a slip than meant."""
    from longdoc.errors import InputError

    if len(given) < 2:
        named = f"only {given[0]!r} was given" if given else "nothing was given"
        raise InputError(f"{named}; give one source or more, then the question")
    *sources, question = given
    if not question.strip():
        raise InputError(f"the question is {question!r}; say in words what you want to know, behind the sources")
    if _exists(question):
        raise InputError(f"the question {question!r} is a file; give the question last, behind the sources")
    for source in sources:
        if source != "-" and not _exists(source) and len(source.split()) > 2:
            raise InputError(f"there is no file {source!r}; give the sources first and one question last, in quotes")
    return sources, question


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
