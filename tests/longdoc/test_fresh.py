"""What a fresh process loads for what needs no other model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = "# Harbour\n\nThe harbour was built in 1843 by the town council. Ships brought timber and salt to it.\n" * 3
HEAVY = {"torch", "transformers", "sentence_transformers", "scipy", "sklearn"}


def run(folder: Path, *arguments: object) -> set[str]:
    """The packages that a process has loaded after a command that went well."""
    told = folder / "loaded.json"
    code = (
        "import json, sys\nfrom longdoc.cli.app import main\ntry:\n    main()\nexcept SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        f"open({str(told)!r}, 'w').write(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    )
    given = [sys.executable, "-c", code, *map(str, arguments)]
    home = {"HOME": str(folder / "home"), "USERPROFILE": str(folder / "home")}
    subprocess.run(given, check=True, capture_output=True, env={**os.environ, **home, "NO_COLOR": "1"})
    return set(json.loads(told.read_text()))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_a_summary_loads_no_torch_and_no_stage_of_langchain(book: Path, tmp_path: Path) -> None:
    loaded = run(tmp_path, "summarize", book, "--no-cache", "--max-tokens", "60")
    assert "openvino" in loaded
    assert loaded & {*HEAVY, "langsmith", "faiss", "lmdb", "openvino_telemetry"} == set()
    assert not (tmp_path / "home").exists()


def test_a_kept_summary_loads_no_network_and_no_stage(book: Path, tmp_path: Path) -> None:
    for _ in range(2):
        loaded = run(tmp_path, "summarize", book, "--cache", tmp_path / "kept", "--max-tokens", "60")
    assert "lmdb" in loaded
    assert loaded & {*HEAVY, "langsmith", "faiss", "openvino", "tokenizers"} == set()


def test_reading_and_asking_load_no_torch_and_no_stage_of_langchain(book: Path, tmp_path: Path) -> None:
    loaded = run(tmp_path, "ask", book, "When was the harbour built?", "--index", tmp_path / "kept")
    assert loaded & {*HEAVY, "langsmith"} == set()
