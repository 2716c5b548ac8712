"""The command `longdoc chat`: questions about documents one by one, in a conversation that outlives the process."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longdoc.cli.ask import ContextTokens, MaxTokens
from longdoc.cli.console import one_line_errors
from longdoc.cli.options import IndexFolder, Models, OcrMode, names_of
from longdoc.cli.sources import paths_of
from longdoc.errors import InputError, LongdocError

if TYPE_CHECKING:
    from longdoc.memory.history.chat_history import ChatHistory
    from longdoc.pipelines.ask.library import Library
    from longdoc.pipelines.routing.at_hand import AtHand, Chat

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_COMMANDS = "/sources, /summary, /clear or /quit"


def chat(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE...", help="Files, folders to talk about.")
    ] = None,
    model: Models = None,
    max_tokens: MaxTokens = 200,
    context_tokens: ContextTokens = 8192,
    index: IndexFolder = None,
    ocr: OcrMode = "auto",
) -> None:
    """Answer the questions on stdin, line by line.

    /sources, /summary, /clear and /quit are commands. At a
    terminal lines can be edited, and earlier ones come back with the arrow keys; in a pipe only the end of the lines
    ends it, with exit code 1 where one of them could not be answered.
    """
    with one_line_errors():
        if not sources:
            raise InputError("no source was given; give one file or more to talk about")
        if "-" in sources:
            raise InputError("stdin ('-') is where the questions come from; give a file as the source")
        from longdoc.memory.history.chat_history import ChatHistory
        from longdoc.pipelines.ask.library import default_folder, library, session_of
        from longdoc.pipelines.ask.settings import ChatSettings
        from longdoc.pipelines.routing.at_hand import at_hand

        settings = ChatSettings(max_tokens=max_tokens, context_tokens=context_tokens)
        folder = index or default_folder()
        models = at_hand(names_of(model), chats=True)
        held = library([str(path) for path in paths_of(sources, ocr)], folder, ocr)
        history = ChatHistory(folder / "chats.sqlite3", session_of(held.ids))
        talk = models.chat(lambda model: held.chat(model, settings, history), held.of, settings, history)
        if not _Conversation(held, talk, history, models).run(folder / "questions.txt"):
            raise typer.Exit(1)


class _Conversation:
    """Lines of stdin in, answers out."""

    def __init__(self, held: Library, chat: Chat, history: ChatHistory, models: AtHand) -> None:
        self._held, self._chat, self._history, self._models = held, chat, history, models

    def run(self, asked: Path) -> bool:
        """Answers until the end of stdin, or /quit at a terminal; False where a line could not be answered in a pipe.

        `asked` is the file of earlier lines, for whoever is at the terminal.
        """
        attended, fine = sys.stdin.isatty(), True
        if attended and self._history.messages:
            _say(f"going on after {len(self._history.messages):,} messages; /clear begins anew")
        for line in _typed(asked) if attended and sys.stdout.isatty() else _lines():
            if line == "/quit" and attended:
                return True
            try:
                (self._obey if line.startswith("/") else self._answer)(line)
            except LongdocError as error:
                fine = attended
                sys.stderr.write(f"longdoc: {' '.join(str(error).split())}\n")
        return fine

    def _obey(self, command: str) -> None:
        if command == "/sources":
            for name, document in zip(self._held.names, self._held.documents, strict=True):
                pages = document.metadata.get("pages")
                told = f", {len(pages):,} pages" if pages else ""
                _say(f"{name}: {len(document.page_content.split()):,} words{told}")
        elif command == "/summary":
            self._summarize()
        elif command == "/clear":
            self._history.clear()
            _say("the conversation is cleared")
        elif command == "/quit":
            sys.stderr.write("longdoc: /quit is for a terminal; here the end of the lines ends it\n")
        else:
            raise InputError(f"there is no command {command.split()[0]!r}; give a question, or {_COMMANDS}")

    def _summarize(self) -> None:
        """A summary of each source, whose tree the index has from then on."""
        from longdoc.memory.cache.encoding_cache import EncodingCache
        from longdoc.pipelines.render.render import render
        from longdoc.pipelines.summarize.summarize import Settings

        with EncodingCache(None) as cache:
            for name, document in zip(self._held.ids, self._held.documents, strict=True):
                tree = self._models.tree(document, Settings(cache=cache))
                _say(render(tree, "text"))
                self._held.add_tree(name, tree)

    def _answer(self, question: str) -> None:
        from longdoc.pipelines.ask.answer import Answer, answer_text

        with _written() as write:
            for piece in self._chat.stream_answer(question, documents=self._held.ids):
                if isinstance(piece, Answer):
                    answer = piece
                else:
                    write(piece)
        _say(answer_text(self._held.named(answer)))


def shown(piece: str) -> str:
    """The text with U+FFFD in place of control characters, which a terminal would obey."""
    return _OBEYED.sub("\ufffd", piece)


@contextmanager
def _written() -> Iterator[Callable[[str], None]]:
    """A function that shows the unchecked text at a terminal while it is written; the checked answer replaces it."""
    if not sys.stdout.isatty():
        yield lambda piece: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    text = Text()
    with Live(text, console=Console(), transient=True) as live:
        yield lambda piece: live.update(text.append(shown(piece)))


def _typed(asked: Path) -> Iterator[str]:
    """The lines that someone types, with editing and those typed before; Ctrl-C gives up a line, Ctrl-D ends."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory

    commands = WordCompleter(["/sources", "/summary", "/clear", "/quit"], sentence=True)
    session: PromptSession[str] = PromptSession(
        history=FileHistory(str(asked)), completer=commands, complete_while_typing=False
    )
    while True:
        try:
            line = session.prompt("> ").strip()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if line:
            yield line


def _lines() -> Iterator[str]:
    """The lines of stdin that are not blank, asked for where someone is there."""
    asked = sys.stdin.isatty()
    while True:
        if asked:
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n" if text else "\n")
    sys.stdout.flush()
