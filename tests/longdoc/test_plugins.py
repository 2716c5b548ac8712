"""What another installed package brings: a reader, a summarizer and a command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = '''
import typer
from langchain_core.documents import Document
from longdoc.chunkers import load_tokenizer
from longdoc.memory import Sentence, Summary
from longdoc.pipelines import WritingSummarizer


class Shouts:
    suffixes = (".shout",)

    def read(self, stream, name):
        text = stream.read().decode().upper()
        return Document(text, metadata={"source": name, "format": "shout"})


class First(WritingSummarizer):
    """The first sentence of each passage, as long as they fit."""

    max_input_tokens = 4000
    tokenizer = load_tokenizer("minilm")

    def __init__(self, rest):
        self._rest = rest

    @property
    def name(self):
        return f"first:{self._rest}"

    def summarize(self, passages, budget, query=None, memory=""):
        kept = [Sentence(one.text.split(".")[0] + ".", one.spans) for one in passages]
        while kept and Summary.of(tuple(kept), self.tokenizer).tokens > budget:
            kept.pop()
        return Summary.of(tuple(kept), self.tokenizer)


def greet(name: str) -> None:
    """Greet someone."""
    print(f"Hello, {name}")


reader = Shouts()
'''
ENTRIES = """
[longdoc.readers]
shout = brought:reader
[longdoc.summarizers]
first = brought:First
[longdoc.commands]
greet = brought:greet
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    (tmp_path / "brought.py").write_text(MODULE)
    about = tmp_path / "brought-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRIES)
    (tmp_path / "story.shout").write_text("The fox ran. It was late.")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "longdoc.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)


def test_a_reader_of_another_package_reads_its_suffix(installed: Path) -> None:
    made = run(installed, "chunk", "story.shout")
    assert '"text": "THE FOX RAN. IT WAS LATE."' in made.stdout, made.stderr


def test_a_summarizer_of_another_package_is_found_by_its_name(installed: Path) -> None:
    made = run(installed, "summarize", "story.shout", "--model", "first:one", "--no-cache", "--max-tokens", "20")
    assert made.stdout.startswith("THE FOX RAN."), made.stderr


def test_a_command_of_another_package_is_among_the_commands(installed: Path) -> None:
    assert run(installed, "greet", "Ann").stdout == "Hello, Ann\n"
    assert "Greet someone." in run(installed, "--help").stdout
