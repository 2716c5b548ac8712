"""What anyone expects of a command: help, version, output file, choices, one line for a slip."""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import longdoc
from longdoc.cli.app import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("habits")
    (made / "a.txt").write_text("The fox ran home. It was late.", encoding="utf-8")
    (made / "b.txt").write_text("Another text is here.", encoding="utf-8")
    return made


def run(folder: Path, *given: str) -> Result:
    with chdir(folder):
        return CliRunner().invoke(app, given, env={"XDG_CONFIG_HOME": str(folder / "none")})


def test_version_and_short_help(folder: Path) -> None:
    assert run(folder, "--version").stdout == f"longdoc {longdoc.__version__}\n"
    shown = run(folder, "chunk", "-h")
    assert shown.exit_code == 0
    assert "sections|sentences" in shown.stdout.replace("\n", "")


def test_a_result_is_written_to_a_file_whole(folder: Path) -> None:
    made = run(folder, "chunk", "a.txt", "-o", "out.jsonl")
    assert (made.exit_code, made.stdout) == (0, "")
    assert json.loads((folder / "out.jsonl").read_text(encoding="utf-8"))["text"].startswith("The fox")
    refused = run(folder, "chunk", "a.txt", "-o", "no/such/out.jsonl")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("longdoc: ")
    assert refused.stderr.count("\n") == 1


def test_one_file_that_cannot_be_read_costs_itself_alone(folder: Path) -> None:
    made = run(folder, "chunk", "a.txt", "missing.txt", "b.txt")
    assert made.exit_code == 1
    assert [json.loads(line)["source"] for line in made.stdout.splitlines()] == ["a.txt", "b.txt"]
    assert made.stderr == "longdoc: 'missing.txt' does not exist; check the path\n"
    strict = run(folder, "chunk", "a.txt", "missing.txt", "b.txt", "--strict")
    assert (strict.exit_code, strict.stdout) == (2, "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("sumarize", "a.txt"), "No such command 'sumarize'"),
        (("chunk", "a.txt", "--nope"), "--nope"),
        (("chunk", "a.txt", "--by", "lines"), "'lines' is not one of 'sections'"),
        (("chunk", "a.txt", "--max-tokens", "ten"), "--max-tokens"),
        (("chunk",), "SOURCE"),
    ],
)
def test_a_slip_is_told_in_one_line_that_says_where_help_is(folder: Path, given: tuple[str, ...], said: str) -> None:
    made = run(folder, *given)
    assert made.exit_code == 2
    assert made.stdout == ""
    assert said in made.stderr
    assert made.stderr.startswith("longdoc: ")
    assert made.stderr.count("\n") == 1
    assert "--help" in made.stderr


def test_defaults_come_from_a_file_and_the_environment(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "longdoc.toml").write_text("[chunk]\nmax-tokens = 9\n", encoding="utf-8")
    counts = [
        json.loads(line)["token_count"] for line in run(tmp_path, "chunk", str(folder / "a.txt")).stdout.splitlines()
    ]
    assert max(counts) <= 9
    assert len(counts) > 0
