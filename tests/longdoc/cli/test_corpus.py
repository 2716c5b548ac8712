from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from longdoc.cli.app import app
from longdoc.cli.corpus import left
from longdoc.pipelines.corpora.manifest import Entry, Manifest


def test_status_and_report_of_what_a_manifest_has(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "manifest.sqlite")
    manifest.put(
        Entry("docs/a.txt", "a.txt", state="done", result="a.json", seconds=2.5, size=900),
        Entry("docs/<b>.pdf", "b.pdf", state="failed", error="'docs/<b>.pdf' is not a PDF; give it a suffix"),
    )
    manifest.tell("recipe", {"out": str(tmp_path), "max_tokens": 50})
    manifest.close()
    told = CliRunner().invoke(app, ["corpus", "status", str(tmp_path)])
    assert told.exit_code == 0
    assert "done           1\nfailed         1\n" in told.stdout
    told = CliRunner().invoke(app, ["corpus", "report", str(tmp_path)])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert told.stdout.strip() == str(tmp_path / "report.html")
    assert '<a dir="auto" href="results/a.json">docs/a.txt</a>' in page
    assert "<b>.pdf" not in page
    assert "it is not a PDF" in page


def test_slips_are_told_in_one_line(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["corpus", "status", str(tmp_path)])
    assert told.exit_code == 2
    assert told.stderr.startswith("longdoc: there is no corpus in")
    told = CliRunner().invoke(app, ["corpus", "retry", str(tmp_path)])
    assert told.exit_code == 2
    assert "give --failed" in told.stderr


@pytest.mark.parametrize("words", [["status"], ["retry", "--failed"], ["report"]])
def test_what_is_no_manifest_any_more_is_told_in_one_line(tmp_path: Path, words: list[str]) -> None:
    manifest = tmp_path / "manifest.sqlite"

    def told() -> str:
        made = CliRunner().invoke(app, ["corpus", *words, str(tmp_path)])
        assert made.exit_code == 2
        assert made.stderr.count("\n") == 1
        return made.stderr

    manifest.touch()
    assert "there is no corpus in" in told()
    manifest.write_bytes(b"something else" * 99)
    assert "is no manifest of a corpus, or damaged" in told()
    manifest.unlink()
    Manifest(manifest).close()
    held = manifest.read_bytes()
    manifest.write_bytes(held[:4096] + b"Z" * (len(held) - 4096))
    assert "is no manifest of a corpus, or damaged" in told()
    manifest.unlink()
    manifest.mkdir()
    assert "cannot be written (unable to open database file); make room" in told()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--address", "auto"], "give --engine ray as well"),
        (["--engine", "ray"], "pip install 'longdoc[ray]'"),
        (["--index", "postgresql://ann:secret@host/db"], "put it in PGPASSWORD"),
        (["--cache", "here"], "give an address of Redis"),
    ],
)
def test_slips_of_a_cluster_are_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    told = CliRunner().invoke(app, ["corpus", "run", str(tmp_path), "--out", str(tmp_path / "out"), *options])
    assert told.exit_code == 2
    assert said in told.stderr
    assert told.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.enable_socket
def test_a_cluster_makes_what_processes_make(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text(
        "The council met on 2 May 2023. It will spend nine pounds.", encoding="utf-8"
    )
    made = []
    for engine in ("local", "ray"):
        words = ["corpus", "run", str(tmp_path / "docs"), "--out", str(tmp_path / engine), "--engine", engine, "-q"]
        told = subprocess.run([sys.executable, "-m", "longdoc.cli", *words], capture_output=True, text=True)
        assert told.stdout == "1 done, 0 failed, 0 waiting\n"
        made.append([path.read_bytes() for path in sorted((tmp_path / engine).glob("results/*"))])
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "not known yet"), (5, "less than a minute"), (90, "about 2 min"), (9000, "about 2.5 h")],
)
def test_the_time_left_is_told_roughly(seconds: float | None, said: str) -> None:
    assert said in left(seconds)
