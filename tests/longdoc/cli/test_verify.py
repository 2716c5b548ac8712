from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from longdoc.cli.app import app


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    (tmp_path / "report.md").write_text("The harbour was built in 1843 by the town council.", "utf-8")
    (tmp_path / "notes.md").write_text("The ferry made 12 trips a day in June.", "utf-8")
    return [str(tmp_path / "report.md"), str(tmp_path / "notes.md")]


def verified(folder: Path, draft: str, sources: list[str], *options: str) -> Result:
    (folder / "draft.md").write_text(draft, "utf-8")
    given = ["verify", str(folder / "draft.md"), "--against", *sources, *options]
    return CliRunner().invoke(app, given)


def test_a_draft_that_holds_ends_with_nought(tmp_path: Path, sources: list[str]) -> None:
    result = verified(tmp_path, "The harbour was built in 1843. The ferry made 12 trips a day.", sources)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "2 of 2 sentences hold."


def test_a_draft_that_does_not_hold_ends_with_one(tmp_path: Path, sources: list[str]) -> None:
    result = verified(tmp_path, "The harbour was built in 1844 by the town council.", sources, "--format", "json")
    assert result.exit_code == 1
    shown = json.loads(result.stdout)
    assert shown["holds"] is False
    assert shown["sentences"][0]["verdict"] in ("unsupported", "contradicted")
    assert "1844" in shown["sentences"][0]["problems"][0]


def test_the_page_stands_alone(tmp_path: Path, sources: list[str]) -> None:
    result = verified(tmp_path, "The ferry made 12 trips a day.", sources, "--format", "html")
    assert result.exit_code == 0
    assert result.stdout.lstrip().lower().startswith("<!doctype html>")


def test_nothing_to_check_against_is_refused(tmp_path: Path) -> None:
    (tmp_path / "draft.md").write_text("Any text.", "utf-8")
    result = CliRunner().invoke(app, ["verify", str(tmp_path / "draft.md")])
    assert result.exit_code == 2
    assert "--against" in result.stderr
