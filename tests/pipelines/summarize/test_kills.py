"""Runs that are killed, gone on with until they end: the same tree, and nothing paid for but what was in flight."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from summary_worker import IN_FLIGHT

WORKER = Path(__file__).resolve().parents[2] / "summary_worker.py"
TEXT = " ".join(f"The miller of the {place}th village sold {place * 7} sacks of flour." for place in range(60))


def calls_of(folder: Path, strategy: str, kill_after: int | None = None) -> int:
    """How many calls a run made, killed as soon as it has told of so many."""
    (folder / "text.txt").write_text(TEXT, encoding="utf-8")
    command = [sys.executable, str(WORKER), str(folder), strategy]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = len(process.stdout.read(kill_after or -1))
        if kill_after is not None:
            process.kill()
        told += len(process.stdout.read())
    assert kill_after is not None or process.returncode == 0
    return told


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "in_flight"), [("map-reduce", IN_FLIGHT), ("refine", 1)])
def test_a_run_that_is_killed_goes_on_where_it_was(strategy: str, in_flight: int, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    cold = calls_of(whole, strategy)
    deaths = (1, 5, 2, 9)
    paid = sum(calls_of(killed, strategy, after) for after in deaths) + calls_of(killed, strategy)
    assert (killed / "tree.json").read_bytes() == (whole / "tree.json").read_bytes()
    assert cold <= paid <= cold + len(deaths) * in_flight
    assert calls_of(killed, strategy) == 0
