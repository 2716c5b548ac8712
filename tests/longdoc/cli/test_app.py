from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pdf_files
import pytest
from click.testing import Result
from pypdf import PdfWriter
from typer.testing import CliRunner

from longdoc.chunkers.readers.pdf.pictures import png
from longdoc.chunkers.tokenizers.base import load_tokenizer
from longdoc.cli.app import app

TEXT = (
    "The harbour was built in 1843 by the town council. Ships from the north brought timber and salt to it. "
    "In winter the ice closed the harbour for two months. The council paid for an ice breaker in 1901.\n"
)
KEYS = ["text", "source", "start_index", "end_index", "token_count", "headings"]


def longdoc(*arguments: str | Path, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def process(*arguments: str | Path, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "longdoc.cli", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, env={**os.environ, **environment}, check=False)


def refused(result: Result) -> str:
    """The one line on stderr of a command that refused, after checking that it did so as it should."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.endswith("\n")
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("longdoc: ")
    return result.stderr


def chunks_in(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def book(file: Callable[[str, bytes], Path]) -> Path:
    return file("book.txt", TEXT.encode())


def pdf(*, password: str | None = None) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(300, 300)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


BAD_FILES = {
    "empty.txt": (b"", "is empty"),
    "blank.txt": (b" \n\t\n", "nothing but white space"),
    "blank.html": (b"<html><body> </body></html>", "text"),
    "image.png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "PNG"),
    "noise.bin": (bytes(range(256)) * 40, "binary"),
    "word.docx": (b"PK\x03\x04" + b"\0" * 30 + b"word/document.xml" + b"\0" * 400, "Word"),
    "image.txt": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "PNG"),
    "torn.pdf": (b"%PDF-1.7\nnot really\n", "PDF"),
    "text.pdf": (b"just text", "PDF"),
    "locked.pdf": (pdf(password="secret"), "password"),
    "scanned.pdf": (pdf(), "text"),
}


@pytest.mark.parametrize("command", ["summarize", "plan", "chunk"])
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_text_is_refused(name: str, command: str, file: Callable[[str, bytes], Path]) -> None:
    data, said = BAD_FILES[name]
    path = file(name, data)
    message = refused(longdoc(command, path))
    assert name in message
    assert said.lower() in message.lower()


@pytest.mark.parametrize("command", ["summarize", "plan", "chunk"])
@pytest.mark.parametrize(
    ("source", "said"),
    [("missing.txt", "does not exist"), ("missing", "does not exist"), ("\0", "NUL")],
)
def test_a_path_that_leads_nowhere_is_refused(source: str, said: str, command: str) -> None:
    assert said in refused(longdoc(command, source))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "no-such-model"], "no-such-model"),
        (["--model", "nobody:nothing"], "nobody"),
        (["--tokenizer", "no-such-tokenizer"], "give 'minilm'"),
        (["--format", "docx"], "is not one of 'text', 'markdown', 'json', 'html'"),
        (["--max-tokens", "0"], "max_tokens is 0"),
        (["--max-tokens", "-5"], "max_tokens is -5"),
        (["--max-tokens", "1"], "the shortest sentence has"),
        (["--chunk-tokens", "0"], "chunk_tokens is 0"),
        (["--query", " "], "query is blank"),
        (["--concurrency", "0"], "concurrency is 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(arguments: list[str], said: str, book: Path) -> None:
    assert said in refused(longdoc("summarize", book, *arguments))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "html"], "is not one of 'text', 'json'"),
        (["--price-in", "1"], "give both"),
        (["--price-in", "-1", "--price-out", "1"], "0 or more"),
        (["--model", "no-such-model"], "no-such-model"),
    ],
)
def test_plans_that_cannot_be_are_refused(arguments: list[str], said: str, book: Path) -> None:
    assert said in refused(longdoc("plan", book, *arguments))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--max-tokens", "0"], "max_tokens is 0"),
        (["--overlap", "-1"], "overlap is -1"),
        (["--max-tokens", "9", "--overlap", "9"], "less than max_tokens"),
        (["--by", "pages"], "is not one of 'sections', 'sentences', 'tokens'"),
        (["--tokenizer", "no-such-tokenizer"], "give 'minilm'"),
    ],
)
def test_chunks_that_cannot_be_are_refused(arguments: list[str], said: str, book: Path) -> None:
    assert said in refused(longdoc("chunk", book, *arguments))


NOWHERE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("tokenizer", "environment", "remedy"),
    [
        ("o200k_base", {}, "TIKTOKEN_CACHE_DIR"),
        ("gpt-4o", {}, "TIKTOKEN_CACHE_DIR"),
        ("hf:nobody/nothing", {"HF_HUB_OFFLINE": "1"}, "give a folder"),
        pytest.param("hf:nobody/nothing", {}, "give a folder", marks=pytest.mark.slow),  # it tries again for long
    ],
)
def test_a_tokenizer_that_cannot_be_had_offline_is_refused(
    tokenizer: str, environment: dict[str, str], remedy: str, book: Path, tmp_path: Path
) -> None:
    nowhere = {**NOWHERE, "NO_PROXY": "", "no_proxy": "", **environment}
    folders = {"TIKTOKEN_CACHE_DIR": str(tmp_path / "none"), "HF_HOME": str(tmp_path)}
    made = process("chunk", book, "--tokenizer", tokenizer, **nowhere, **folders)
    stderr = made.stderr.decode()
    assert (made.returncode, made.stdout) == (2, b"")
    assert stderr.count("\n") == 1, stderr
    assert "is not on this machine and could not be downloaded" in stderr
    assert remedy in stderr


def test_no_arguments_print_the_help() -> None:
    assert "summarize" in longdoc().output
    assert longdoc("--help").exit_code == 0


def test_a_summary_and_its_places(book: Path) -> None:
    result = longdoc("summarize", book, "--max-tokens", "20")
    assert result.exit_code == 0
    assert result.stderr == ""
    shown = json.loads(longdoc("summarize", book, "--max-tokens", "20", "--format", "json").stdout)
    sentences = shown["sentences"]
    assert sentences
    for sentence in sentences:
        (span,) = sentence["spans"]
        assert TEXT[span["start"] : span["end"]] == sentence["text"]
        assert sentence["text"] in result.stdout
    text = " ".join(sentence["text"] for sentence in sentences)
    assert load_tokenizer().count(text) == shown["tokens"] <= 20


def test_a_query_is_answered(book: Path) -> None:
    result = longdoc("summarize", book, "--query", "What did the ships bring?", "--max-tokens", "13")
    assert result.stdout.startswith("Ships from the north brought timber and salt to it.")


@pytest.mark.parametrize(("format", "begins"), [("text", ""), ("markdown", ""), ("json", "{"), ("html", "<!")])
def test_every_format_is_written(format: str, begins: str, book: Path) -> None:
    result = longdoc("summarize", book, "--format", format, "--quiet")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.lower().startswith(begins)
    assert "harbour" in result.stdout


def test_a_second_summary_is_read_from_the_cache_and_the_same(book: Path, tmp_path: Path) -> None:
    kept = longdoc("summarize", book, "--cache", tmp_path / "kept")
    again = longdoc("summarize", book, "--cache", tmp_path / "kept")
    assert again.stdout == kept.stdout == longdoc("summarize", book, "--no-cache").stdout
    assert "reused" not in kept.stderr
    assert re.fullmatch(r"reused (\d+) of \1 summaries\n", again.stderr)
    assert longdoc("summarize", book, "--cache", tmp_path / "kept", "--quiet").stderr == ""


def test_a_plan_is_what_the_run_takes(book: Path) -> None:
    made = json.loads(longdoc("plan", book, "--format", "json", "--chunk-tokens", "30").stdout)
    assert (made["sources"], made["model"], made["cost"]) == (1, "extractive", None)
    assert made["bytes"] == len(TEXT.encode())
    assert made["calls"] == made["chunks"] + 1 > 2
    shown = longdoc("plan", book, "--chunk-tokens", "30").stdout
    assert re.search(rf"^calls +{made['calls']}$", shown, re.MULTILINE)
    assert "no prices given" in shown


def test_chunk_lines_have_exactly_their_keys(file: Callable[[str, bytes], Path]) -> None:
    path = file("a.md", b"# One\r\n\r\nSome text.\r\n\r\n## Two\r\n\r\nMore text here.\r\n")
    lines = chunks_in(longdoc("chunk", path, "--max-tokens", "10"))
    assert [list(line) for line in lines] == [KEYS] * 2
    assert [line["headings"] for line in lines] == [["One"], ["One", "Two"]]
    assert {line["source"] for line in lines} == {str(path)}
    assert lines[0]["token_count"] == load_tokenizer().count(str(lines[0]["text"]))


def test_chunks_of_a_pdf_have_their_page(file: Callable[[str, bytes], Path]) -> None:
    pages = [b"BT /F1 12 Tf 72 720 Td (Page %d speaks of something else.) Tj ET" % n for n in (1, 2)]
    lines = chunks_in(longdoc("chunk", file("a.pdf", pdf_files.pdf(pages)), "--max-tokens", "8"))
    assert {tuple(line) for line in lines} == {(*KEYS, "page")}
    text = "".join(str(line["text"]) for line in lines)
    assert "Page 1 speaks" in text
    assert "Page 2 speaks" in text
    assert [line["page"] for line in lines] == sorted(line["page"] for line in lines)  # type: ignore[type-var]
    assert {line["page"] for line in lines} == {1, 2}


ODD = {
    "nul.txt": ("A line with a\0 NUL in it. And then a second one.\n" * 3, "utf-8"),
    "bom.txt": ("\ufeffA text with a mark. And more.\n", "utf-8"),
    "wide.txt": ("A text in two bytes. And more: é, 日本.\n", "utf-16"),
    "mixed.txt": ("One.\r\nTwo.\rThree.\nFour.\r\n\r\nFive.\x85Six.\u2028Seven.", "utf-8"),
    "latin.txt": (
        "L'été dernier, nous avons mangé des crêpes à la plage. C'était déjà l'hiver là-bas.\n" * 3,
        "cp1252",
    ),
    "no_suffix": ("Just words in a file. Nothing else.", "utf-8"),
    "notes.log": ("An unknown suffix is plain text. It is.", "utf-8"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_keep_their_offsets(name: str, file: Callable[[str, bytes], Path]) -> None:
    text, encoding = ODD[name]
    lines = chunks_in(longdoc("chunk", file(name, text.encode(encoding)), "--max-tokens", "6", "--overlap", "2"))
    text = text.removeprefix("\ufeff")
    assert lines[-1]["end_index"] == len(text)
    assert all(text[line["start_index"] : line["end_index"]] == line["text"] for line in lines)  # type: ignore[misc]


def test_a_long_line_without_a_space(file: Callable[[str, bytes], Path]) -> None:
    check_long_line(file("long.txt", b"abcdefghij" * 20_000))


@pytest.mark.slow
def test_five_megabytes_without_a_space(file: Callable[[str, bytes], Path]) -> None:
    check_long_line(file("long.txt", b"abcdefghij" * 500_000))


def check_long_line(path: Path) -> None:
    text = path.read_text()
    lines = chunks_in(longdoc("chunk", path))
    assert "".join(str(line["text"]) for line in lines) == text
    assert max(line["token_count"] for line in lines) <= 512  # type: ignore[type-var]


def test_a_summary_of_a_long_line_without_a_space(file: Callable[[str, bytes], Path]) -> None:
    result = longdoc("summarize", file("long.txt", b"abcdefghij" * 500), "--max-tokens", "600", "-q")
    assert result.exit_code == 0
    assert "abcdefghij" in result.stdout


def test_what_is_to_be_recognised_holds_for_stdin_beside_files(book: Path) -> None:
    image = png(np.full((40, 40, 3), 255, np.uint8))
    done = longdoc("summarize", book, "-", "--ocr", "never", stdin=image)
    assert done.exit_code == 1  # the book beside it is read
    assert "'-' is an image; read it with" in done.stderr


def test_stdin_and_files_side_by_side(book: Path) -> None:
    made = process("chunk", "-", book, stdin=b"From the pipe.\r\n")
    assert made.stderr == b""
    lines = [json.loads(line) for line in made.stdout.splitlines()]
    assert [(line["source"], line["text"]) for line in lines] == [("-", "From the pipe.\r\n"), (str(book), TEXT)]


def test_the_same_file_twice_has_two_names(book: Path) -> None:
    assert [line["source"] for line in chunks_in(longdoc("chunk", book, book))] == [str(book), f"{book}#2"]


def test_several_sources_are_summarized_as_one(book: Path, file: Callable[[str, bytes], Path]) -> None:
    other = file("other.txt", b"The railway reached the town in 1868. It took the timber trade from the ships.")
    shown = json.loads(longdoc("summarize", book, other, "--format", "json", "--max-tokens", "200").stdout)
    spans = [span for sentence in shown["sentences"] for span in sentence["spans"]]
    assert {span["source"] for span in spans} == {str(book), str(other)}


def test_a_process_prints_the_result_and_nothing_else_in_utf_8(file: Callable[[str, bytes], Path]) -> None:
    path = file("a.txt", f"Élan vital 日本 is what the old people of the town said here.\n\n{TEXT}".encode())
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    made = process("summarize", path, PYTHONHASHSEED="1", **plain)
    assert (made.returncode, made.stderr) == (0, b"")
    assert made.stdout.decode() == longdoc("summarize", path).stdout
    assert "Élan vital 日本 is what the old people of the town said here." in made.stdout.decode()


def test_a_process_refuses_in_one_line() -> None:
    made = process("summarize", "missing.txt")
    assert (made.returncode, made.stdout) == (2, b"")
    assert made.stderr == b"longdoc: 'missing.txt' does not exist; check the path\n"


def test_a_reader_that_has_enough_is_no_error(book: Path) -> None:
    command = [sys.executable, "-m", "longdoc.cli", "chunk", str(book), "--max-tokens", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as made:
        assert made.stdout is not None
        assert made.stderr is not None
        made.stdout.close()
        assert made.stderr.read() == b""
    assert made.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("arguments", [("chunk", "BOOK"), ("--help",), ("summarize", "BOOK")])
def test_a_full_disk_behind_stdout_is_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text("The harbour was built in 1843 by the town council.")
    given = [str(book) if one == "BOOK" else one for one in arguments]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "longdoc.cli", *given]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    assert ended.returncode == 2, ended.stderr
    said = "longdoc: the system refused the result (No space left on device); make room, or name another place\n"
    assert ended.stderr == said
