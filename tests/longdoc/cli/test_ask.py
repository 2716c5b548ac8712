from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from langchain_core.documents import Document
from typer.testing import CliRunner

from longdoc.cli.app import app
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.pipelines.ask.answer import NOT_SAID, answer_json
from longdoc.pipelines.ask.library import keep_recent, library, session_of
from longdoc.pipelines.ask.settings import ChatSettings

HARBOUR = """\
# Harbour

The harbour was built in 1843 by the town council. Ships from the north brought timber and salt to it.

# Ice

In winter the ice closed the harbour for two months. The council paid for an ice breaker in 1901.
"""
QUESTION = "When was the harbour built?"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.md"
    path.write_text(HARBOUR, encoding="utf-8")
    return path


def ask(folder: Path, *arguments: object, stdin: str = "") -> Result:
    given = ["ask", *map(str, arguments), "--index", str(folder / "kept")]
    return CliRunner().invoke(app, given, input=stdin)


def refused(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("longdoc: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_the_json_cites_the_very_characters(book: Path, tmp_path: Path) -> None:
    result = ask(tmp_path, book, QUESTION, "--format", "json")
    assert result.exit_code == 0, result.stderr
    made = json.loads(result.stdout)
    assert set(made) == {"answer", "supported", "sentences", "citations", "confidence", "seconds"}
    assert "1843" in made["answer"]
    assert made["supported"]
    for place in made["citations"]:
        assert place["source"] == str(book)
        assert HARBOUR[place["start"] : place["end"]] == place["quote"]
        assert place["page"] is None


def test_the_text_has_the_places_below(book: Path, tmp_path: Path) -> None:
    result = ask(tmp_path, book, QUESTION)
    assert result.exit_code == 0, result.stderr
    answer, blank, *places = result.stdout.splitlines()
    assert "built in 1843 by the town council. [" in answer
    assert blank == ""
    assert places[0].startswith(f"[1] {book}:")
    assert result.stderr == ""


def test_it_may_be_silent(book: Path, tmp_path: Path) -> None:
    result = ask(tmp_path, book, "Which quantum codes tolerate photon loss?")
    assert (result.exit_code, result.stdout) == (3, f"{NOT_SAID}\n")


def test_markdown_and_a_page_show_the_same_places(book: Path, tmp_path: Path) -> None:
    markdown = ask(tmp_path, book, QUESTION, "--format", "markdown").stdout
    assert markdown.startswith(f"## {QUESTION}\n\n")
    assert "built in 1843 by the town council.[^1]" in markdown
    assert "[^1]: " in markdown
    page = tmp_path / "answer.html"
    assert ask(tmp_path, book, QUESTION, "--format", "html", "-o", page).stdout == ""
    assert QUESTION in page.read_text()
    assert "The council paid for an ice breaker in 1901." in page.read_text()
    silent = ask(tmp_path, book, "Which quantum codes tolerate photon loss?", "--format", "html")
    assert silent.exit_code == 3
    assert NOT_SAID in silent.stdout


def test_stdin_is_a_source(tmp_path: Path) -> None:
    result = ask(tmp_path, "-", QUESTION, stdin=HARBOUR)
    assert result.exit_code == 0, result.stderr
    assert "[1] -:" in result.stdout


def test_only_the_sources_given_are_read(book: Path, tmp_path: Path) -> None:
    other = tmp_path / "kitchen.md"
    other.write_text("# Bread\n\nBob Carter bakes the bread at six in the morning.\n")
    assert "Bob Carter" in ask(tmp_path, book, other, "Who bakes the bread?").stdout
    assert "Bob Carter" not in ask(tmp_path, book, "Who bakes the bread?").stdout


def test_a_source_is_embedded_again_only_where_it_changed(book: Path, tmp_path: Path) -> None:
    first = library([str(book)], tmp_path / "kept")
    before = first.index.entries(first.ids[0])
    assert library([str(book)], tmp_path / "kept").index.entries(first.ids[0]) == before
    book.write_text(HARBOUR.replace("1901", "1902"))
    after = library([str(book)], tmp_path / "kept").index.entries(first.ids[0])
    assert after[0].id == before[0].id
    assert after[-1].id != before[-1].id
    assert "1902" in ask(tmp_path, book, "When did the council pay for an ice breaker?").stdout


def test_a_file_asked_from_another_folder_is_not_indexed_again(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = library([str(book)], tmp_path / "kept")
    before = (first.index.entries(first.ids[0]), first.index.first(first.ids[0]))
    monkeypatch.chdir(book.parent)
    second = library([book.name], tmp_path / "kept")
    assert (second.index.entries(first.ids[0]), second.index.first(first.ids[0])) == before
    assert second.names == (book.name,)
    answer = second.named(second.chat("extractive", ChatSettings()).ask(QUESTION))
    assert {one.source for one in answer.citations} == {book.name}
    assert answer_json(answer)["sentences"][0]["citations"]
    other = tmp_path / "other"
    other.mkdir()
    (other / book.name).write_text("The mill was built in 1911 by the miller.")
    monkeypatch.chdir(other)
    both = library([book.name, str(book)], tmp_path / "kept")
    assert len({str(one.metadata["source"]) for one in both.documents}) == 2


def test_two_texts_on_stdin_do_not_meet(tmp_path: Path) -> None:
    assert "1843" in ask(tmp_path, "-", QUESTION, stdin=HARBOUR).stdout
    other = "The mill was built in 1911 by the miller."
    assert "1911" in ask(tmp_path, "-", "When was the mill built?", stdin=other).stdout
    (folder,) = tmp_path.rglob("index-*")
    assert sum(name.startswith("-:") for name in DocumentIndex(folder).documents()) == 2


def test_what_was_asked_least_recently_leaves(tmp_path: Path) -> None:
    index = DocumentIndex(tmp_path / "index")
    for number in range(6):
        index.put([Document(f"This is text {number}.", id=str(number))])
        keep_recent(index, tmp_path / "asked.json", [str(number)], most=4)
        keep_recent(index, tmp_path / "asked.json", ["0"], most=4)
    assert sorted(index.documents()) == ["0", "3", "4", "5"]


def test_a_damaged_index_is_told_and_made_anew(book: Path, tmp_path: Path) -> None:
    ask(tmp_path, book, QUESTION)
    (folder,) = tmp_path.rglob("index-*")
    copy = tmp_path / "copy" / folder.name
    shutil.copytree(folder, copy)
    (copy / "data.mdb").write_bytes((folder / "data.mdb").read_bytes()[:9_000])
    held = library([str(book)], tmp_path / "copy")
    assert "1843" in held.chat("extractive", ChatSettings()).ask(QUESTION).text
    assert copy.with_name(f"{copy.name}.damaged").is_dir()


def test_a_conversation_is_known_by_its_files_in_any_order() -> None:
    assert session_of(["a", "b"]) == session_of(["b", "a"]) != session_of(["a"])


REFUSED = {
    "nothing": ([], "nothing was given"),
    "no question": (["BOOK"], "was given; give one source or more, then the question"),
    "empty question": (["BOOK", ""], "the question is ''"),
    "blank question": (["BOOK", " \n "], "say in words"),
    "a file for a question": (["BOOK", "BOOK"], "is a file; give the question last"),
    "the question first": (["When was the harbour built?", "BOOK"], "is a file; give the question last"),
    "two questions": (["BOOK", "When was it built?", "And by whom?"], "no file 'When was it built?'"),
    "missing file": (["HERE/none.md", QUESTION], "none.md' does not exist"),
    "an address": (["https://example.org/a.pdf", QUESTION], "fetches nothing"),
    "twice": (["BOOK", "BOOK", QUESTION], "given twice"),
    "format": (["BOOK", QUESTION, "--format", "yaml"], "'yaml' is not one of"),
    "model": (["BOOK", QUESTION, "--model", "nobody-knows-this"], "nobody-knows-this"),
    "no model": (["BOOK", QUESTION, "--model", ""], "unknown chat model ''"),
    "no tokens": (["BOOK", QUESTION, "--max-tokens", "0"], "max_tokens is 0"),
    "negative": (["BOOK", QUESTION, "--max-tokens", "-3"], "max_tokens is -3"),
    "context": (["BOOK", QUESTION, "--context-tokens", "100"], "context_tokens is 100"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_line(case: str, book: Path, tmp_path: Path) -> None:
    arguments, named = REFUSED[case]
    given = [one.replace("BOOK", str(book)).replace("HERE", str(tmp_path)) for one in arguments]
    assert named.replace("HERE", str(tmp_path)) in refused(ask(tmp_path, *given))


@pytest.mark.slow
def test_as_a_process(book: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "longdoc.cli", "ask", str(book), QUESTION, "--index", str(tmp_path / "kept")]
    outs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)]
    assert outs[0].stdout == outs[1].stdout
    assert "1843" in outs[0].stdout
    assert outs[0].stderr == outs[1].stderr == ""
