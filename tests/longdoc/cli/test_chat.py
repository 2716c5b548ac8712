from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from longdoc.cli.app import app
from longdoc.cli.chat import shown
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.pipelines.ask.answer import NOT_SAID
from longdoc.pipelines.ask.library import session_of

HARBOUR = """\
# Harbour

The harbour was built in 1843 by the town council. Ships from the north brought timber and salt to it.

# Ice

In winter the ice closed the harbour for two months. The council paid for an ice breaker in 1901.
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.md"
    path.write_text(HARBOUR, encoding="utf-8")
    return path


def chat(folder: Path, *arguments: object, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["chat", *map(str, arguments), "--index", str(folder / "kept")], input=stdin)


def kept(folder: Path, book: Path) -> list[str]:
    history = ChatHistory(folder / "kept" / "chats.sqlite3", session_of([str(book.resolve())]))
    return [str(message.text) for message in history.messages]


def test_each_line_is_a_question(book: Path, tmp_path: Path) -> None:
    lines = "When was the harbour built?\n\n  \nWhat did ships bring?\r\nWhich quantum codes tolerate loss?"
    result = chat(tmp_path, book, stdin=lines)
    assert result.exit_code == 0, result.stderr
    assert "built in 1843 by the town council." in result.stdout
    assert "timber and salt" in result.stdout
    assert NOT_SAID in result.stdout
    assert f"[1] {book}:" in result.stdout
    assert result.stderr == ""


def test_the_conversation_outlives_the_process_until_it_is_cleared(book: Path, tmp_path: Path) -> None:
    chat(tmp_path, book, stdin="When was the harbour built?\n")
    chat(tmp_path, book, stdin="What did ships bring to it?\n/quit\nWho paid?\n")
    asked = ["When was the harbour built?", "What did ships bring to it?", "Who paid?"]
    assert kept(tmp_path, book)[::2] == asked
    assert len(kept(tmp_path, book)) == 6
    assert "cleared" in chat(tmp_path, book, stdin="/clear\n").stdout
    assert kept(tmp_path, book) == []


def test_the_sources_are_listed(book: Path, tmp_path: Path) -> None:
    other = tmp_path / "kitchen.md"
    other.write_text("Bread is baked at six.")
    result = chat(tmp_path, book, other, stdin="/sources\n")
    assert result.stdout.splitlines() == [f"{book}: {len(HARBOUR.split())} words", f"{other}: 5 words"]


def test_a_summary_is_shown_and_read_from_then_on(book: Path, tmp_path: Path) -> None:
    result = chat(tmp_path, book, stdin="/summary\nWhen was the harbour built?\n")
    assert result.exit_code == 0, result.stderr
    assert "Sources:" in result.stdout
    assert "1843" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_at_a_terminal_what_goes_wrong_does_not_end_the_chat(book: Path, tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    os.write(ours, b"/nothing here\nWhen was the harbour built?\n/quit\n")
    command = [sys.executable, "-m", "longdoc.cli", "chat", str(book), "--index", str(tmp_path / "kept")]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "no command '/nothing'" in done.stderr
    assert "built in 1843 by the town council." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "named"),
    [
        ([], "", "no source was given"),
        (["-"], "", "stdin ('-') is where the questions come from"),
        (["HERE/none.md"], "", "does not exist"),
        (["BOOK", "--model", "nobody-knows-this"], "", "nobody-knows-this"),
        (["BOOK", "--max-tokens", "0"], "", "max_tokens is 0"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], stdin: str, named: str, book: Path, tmp_path: Path) -> None:
    given = [one.replace("BOOK", str(book)).replace("HERE", str(tmp_path)) for one in arguments]
    result = chat(tmp_path, *given, stdin=stdin)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("longdoc: ")
    assert result.stderr.count("\n") == 1
    assert named in result.stderr


def test_in_a_pipe_a_wrong_command_costs_itself(book: Path, tmp_path: Path) -> None:
    result = chat(tmp_path, book, stdin="/nothing here\n/quit\nWhen was the harbour built?\n")
    assert result.exit_code == 1
    assert "no command '/nothing'" in result.stderr
    assert "built in 1843 by the town council. [1]\n\n[1] " in result.stdout


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_at_a_terminal_lines_are_edited_and_come_back(book: Path, tmp_path: Path) -> None:
    import pty

    command = [sys.executable, "-m", "longdoc.cli", "chat", str(book), "--index", str(tmp_path / "kept")]
    asked = b"Who baked bread\x15When was the harbour bilt\x1b[D\x1b[D\x1b[Du\r"  # Ctrl-U, then three to the left
    for typed in (asked, b"\x1b[A\x1b[A\r"):  # /quit was the last line, the question the one before
        ours, theirs = pty.openpty()
        os.write(ours, typed + b"/quit\r")
        with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True) as process:
            os.close(theirs)
            shown = b""
            with suppress(OSError):  # how the end of a terminal is told
                while piece := os.read(ours, 65536):
                    shown += piece
            assert process.wait() == 0, process.stderr.read() if process.stderr else ""
        os.close(ours)
        assert b"built in 1843 by the town council. [1]" in shown
    assert kept(tmp_path, book)[::2] == ["When was the harbour built"] * 2


def test_a_terminal_obeys_nothing() -> None:
    assert shown("a\x1b[2Jb\x07\ud800\n\tc\u00a0é") == "a\ufffd[2Jb\ufffd\ufffd\n\tc\u00a0é"


@pytest.mark.slow
def test_piped_into_a_process(book: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "longdoc.cli", "chat", str(book), "--index", str(tmp_path / "kept")]
    done = subprocess.run(command, input="When was the harbour built?\n", capture_output=True, text=True, check=True)
    assert "1843" in done.stdout
    assert done.stderr == ""
    assert len(kept(tmp_path, book)) == 2
