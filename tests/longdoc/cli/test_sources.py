from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from longdoc.cli.sources import documents_of, paths_of
from longdoc.errors import InputError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    files = {
        "docs/b.txt": b"Text of b.",
        "docs/a.md": b"# A\n\nText of a.",
        "docs/deep/c.html": b"<p>Text of c.</p>",
        "docs/deep/notes": "Größe".encode("latin-1"),
        "docs/deep/wide.log": "Text of a log.".encode("utf-16"),
        "docs/deep/empty.txt": b" \n",
        "docs/deep/blank.html": b"<p></p>",
        "docs/image.png": b"\x89PNG\r\n\x1a\n" + bytes(range(64)),
        "docs/renamed.txt": b"%PDF-1.4 ...",
        "docs/data.bin": bytes(range(32)) * 9,
        "docs/.hidden/x.txt": b"hidden",
        "docs/.x.txt": b"hidden",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


READABLE = ["docs/a.md", "docs/b.txt", "docs/deep/c.html", "docs/deep/notes", "docs/deep/wide.log"]


def names(paths: list[Path]) -> list[str]:
    return [path.as_posix() for path in paths]


def test_a_folder_is_every_readable_file_below_it_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert names(paths_of(["docs"])) == sorted([*READABLE, "docs/deep/blank.html"])
    said = capsys.readouterr().err
    assert said.startswith("longdoc: left out 6 files: ")
    assert said.count("\n") == 1
    assert "docs/.hidden (hidden)" in said.replace(os.sep, "/")


def test_what_turns_out_to_hold_nothing_is_left_out_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [
        getattr(d, "metadata", {})["source"].replace(os.sep, "/") for d in documents_of(["docs"]).documents
    ] == READABLE
    assert "left out 7 files" in capsys.readouterr().err
    assert documents_of(["docs/deep/blank.html"]).documents == [
        Path("docs/deep/blank.html")
    ]  # to be refused by who reads it


def test_patterns_and_files_and_stdin(folder: Path) -> None:
    assert names(paths_of(["docs/*.txt", "-", "docs/a.md"])) == ["docs/b.txt", "-", "docs/a.md"]
    assert names(paths_of(["docs/**/*.html"])) == ["docs/deep/blank.html", "docs/deep/c.html"]
    assert names(paths_of(["docs/b.txt", "docs/*.md", "docs"]))[:2] == ["docs/b.txt", "docs/a.md"]
    assert len(paths_of(["docs/b.txt", "docs"])) == 6  # each once
    Path("odd[1].txt").write_text("a file with marks in its name")
    assert names(paths_of(["odd[1].txt"])) == ["odd[1].txt"]


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (["http://example.org/a.pdf"], "fetches nothing; save the page"),
        (["HTTPS://example.org"], "fetches nothing"),
        (["docs/*.pdf"], "no file matches 'docs/\\*.pdf'"),
        (["docs/.hidden/none"], None),
        (["hollow"], "there is no file to read"),
    ],
)
def test_what_is_no_source_is_refused(folder: Path, sources: list[str], said: str | None) -> None:
    Path("hollow").mkdir()
    if said is None:
        assert names(paths_of(sources)) == sources  # whoever reads it says that it is not there
        return
    with pytest.raises(InputError, match=said):
        paths_of(sources)


def test_a_link_in_a_circle_ends(folder: Path) -> None:
    try:
        Path("docs/round").symlink_to(folder / "docs", target_is_directory=True)
    except OSError:
        pytest.skip("this system lets this user make no links")
    assert "docs/round/a.md" not in names(paths_of(["docs"]))


def test_the_command_takes_a_folder(folder: Path) -> None:
    words = [sys.executable, "-m", "longdoc.cli", "chunk", "docs"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    assert [json.loads(line)["source"].replace(os.sep, "/") for line in done.stdout.splitlines()] == READABLE
    assert done.stderr.startswith("longdoc: left out 7 files")
    assert done.stderr.count("\n") == 1
