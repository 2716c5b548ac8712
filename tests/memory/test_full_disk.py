"""A disk that is full at any write: one line, and nothing that was kept is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import full_disk_worker
import pytest
from langchain_core.documents import Document

from longdoc.errors import CacheError

SIZES = (0, 5_000, 40_000, 66_000, 70_000, 76_000, 84_000, 92_000, 100_000, 120_000, 150_000, 1_000_000)


@pytest.fixture(scope="module")
def worker() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, full_disk_worker.__file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        yield child
        child.communicate()


@pytest.mark.parametrize("what", ["index", "cache", "history"])
def test_a_full_disk_is_told_in_a_line_and_costs_nothing(
    what: str, worker: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert worker.stdin is not None
    assert worker.stdout is not None
    failed = []
    for most in SIZES:
        folder = tmp_path / str(most)
        folder.mkdir()
        worker.stdin.write(json.dumps([what, str(folder), most]) + "\n")
        worker.stdin.flush()
        told: dict[str, Any] = json.loads(worker.stdout.readline())
        assert set(told["kept"]) <= set(told["held"]), (most, told)
        assert "TRACEBACK" not in told["told"], (most, told["told"])
        assert "\n" not in told["told"]
        if told["told"]:
            assert str(tmp_path) in told["told"]
            failed.append(most)
    assert len(failed) >= 3
    assert failed[-1] < SIZES[-1]


def test_segments_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    index = full_disk_worker.index_in(tmp_path)
    (tmp_path / "segments").write_text("in the way")
    with pytest.raises(CacheError, match=r"the index folder .* cannot be written .*--index"):
        index.put([Document("a text", id="d")])
    (tmp_path / "segments").unlink()
    index.put([Document("a text", id="d")])
    assert index.documents() == {"d": 1}
