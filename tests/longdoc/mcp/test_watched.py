"""A shelf that follows a folder, and the command that keeps an index of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from longdoc.mcp.watched import WatchedShelf
from longdoc.memory.index.document_index import DocumentIndex

pytestmark = pytest.mark.slow


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_tools_see_the_files_as_they_now_are(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    write(root / "a.md", "# Gates\n\nThe north gate opens at high water.\n")
    shelf = WatchedShelf(root, tmp_path / "out")
    assert shelf.use(lambda held: held.search("gate", None, 3)).passages[0].document == "a.md"
    write(root / "deep" / "b.md", "The gate's key hangs in the mill.\n")
    (root / "a.md").unlink()
    other = WatchedShelf(root, tmp_path / "out")
    assert [one.id for one in other.use(lambda held: held.documents()).documents] == ["deep/b.md"]
    while [one.id for one in shelf.use(lambda held: held.documents()).documents] != ["deep/b.md"]:
        pass
    found = shelf.use(lambda held: held.search("gate", None, 3)).passages
    assert [(one.document, one.quote.strip()) for one in found] == [("deep/b.md", "The gate's key hangs in the mill.")]


def run(*given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "longdoc.cli", "watch", *given]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_catches_up_and_tells_what_changed(tmp_path: Path) -> None:
    root, out = tmp_path / "docs", tmp_path / "out"
    write(root / "a.md", "# Gates\n\nThe north gate opens at high water.\n")
    write(root / "b.md", "The loaf bakes for forty minutes.\n")
    first = run(str(root), "--index", str(out), "--once")
    assert (first.returncode, first.stdout) == (0, "added a.md\nadded b.md\n")
    assert str(out / "index") in first.stderr
    (root / "b.md").rename(root / "c.md")
    write(root / "a.md", "The south gate is shut.\n")
    assert run(str(root), "--index", str(out), "--once").stdout == "changed a.md\nrenamed c.md (was b.md)\n"
    assert DocumentIndex(out / "index").documents().keys() == {"a.md", "c.md"}
    none = run(str(tmp_path / "none"), "--once")
    assert none.returncode == 2
    assert "is no folder; give one that is there" in none.stderr
