"""Every snippet of README, the docs and the docstrings runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import longdoc
from longdoc import testing
from longdoc.pipelines.calls import local as fan_out_module
from longdoc.testing import ScriptedChatModel

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
STORY = """\
# Chapter 1

Mr. Bennet has five daughters and an estate that a cousin will inherit. Mrs. Bennet wants to see them married. "Our new
neighbour is a single man of large fortune," she says. Mr. Bennet says that he will not visit the neighbour.

# Chapter 2

Mr. Bennet visits the neighbour after all, and tells nobody. The girls ask who will introduce them at the ball. In the
evening he says where he has been, and the whole family is astonished and delighted.
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "book.txt").write_text(STORY * 8, encoding="utf-8")
    (tmp_path / "notes.md").write_text("# Notes\n\nThe cousin inherits the estate when Mr. Bennet dies.\n")
    return tmp_path


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_snippets_run_in_order(page: Path, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(book)
    namespace: dict[str, Any] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), namespace)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
)
def test_commands_run(line: str, book: Path) -> None:
    command, _, target = line.partition(" > ")
    words = [sys.executable, "-m", "longdoc.cli", *shlex.split(command)[1:]]
    done = subprocess.run(words, cwd=book, capture_output=True, text=True, check=True, env={**os.environ})
    assert done.stdout.strip()
    assert not done.stderr
    assert not target or done.stdout.startswith("<!")


def indented(docstring: str | None) -> str:
    lines = (docstring or "").splitlines()
    return "\n".join(line[4:] for line in lines if line.startswith("    "))


def test_docstring_examples_run(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(book)
    exec(indented(longdoc.__doc__), {"longdoc": longdoc})
    exec(indented(testing.__doc__), {"longdoc": longdoc, **vars(testing)})
    names = {**vars(fan_out_module), "model": ScriptedChatModel(replies=["Yes."]), "prompts": ["Is it so?"]}
    exec(indented(fan_out_module.__doc__), names)
    assert names["texts"][0].content == "Yes."


def test_the_readme_shows_what_the_demo_prints() -> None:
    shown = re.search(r"<!-- demo -->\n```text\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    assert "Sources:" in shown[1]
    assert re.search(r"\[1\] +language reference:\d+-\d+  line \d+", shown[1])
