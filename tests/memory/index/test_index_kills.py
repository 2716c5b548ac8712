"""A hundred kills while an index is changed, at calls of the code that writes, and more from outside."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import HashEmbeddings
from langchain_core.documents import Document

from longdoc.chunkers.section import SectionChunker
from longdoc.memory.index.document_index import DocumentIndex

WORKER = Path(__file__).resolve().parents[2] / "index_worker.py"
CALLS = 5_000  # that write, in a dozen changes


@pytest.fixture
def workers() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(WORKER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def killed(workers: subprocess.Popen[str], folder: Path, seed: int, call: int | None, after: int = 0) -> list[Any]:
    """What a worker said before it was killed: at a call, or from outside when it has said so many lines."""
    assert workers.stdin is not None
    assert workers.stdout is not None
    workers.stdin.write(json.dumps([str(folder), seed, call]) + "\n")
    workers.stdin.flush()
    said = []
    for line in workers.stdout:
        said.append(json.loads(line))
        if said[-1]["step"] == "ended":
            assert said.pop()["version"] == -signal.SIGKILL
            break
        if call is None and len(said) == after:
            os.kill(said[-1]["process"], signal.SIGKILL)
    return said


def check_index(folder: Path, said: list[Any]) -> tuple[str, bool]:
    """What the kill broke off, and whether it was done all the same. Every document is as it was or as it is to be."""
    state: dict[str, int | None] = {}
    for line in said:
        if line["step"] == "done":
            state[line["name"]] = line["version"]
    begun = said[-1] if said and said[-1]["step"] == "begin" else None
    index = DocumentIndex(folder, HashEmbeddings(), chunker=SectionChunker(20))
    found = {name: whole([one.page_content for one in index.entries(name)]) for name in {one["name"] for one in said}}
    for name, version in found.items():
        allowed = [state.get(name)] + ([begun["version"]] if begun and begun["name"] == name else [])
        assert version in allowed, name
    assert len(index) == sum(index.documents().values())
    ids = [one.document.id for one in index.matches("version of section", 1000)]
    assert len(ids) == len(set(ids)) == len(index)
    index.put([Document("# Last\n\nStill writable.", id="last")])
    assert index.matches("still writable", 1)[0].document.page_content.endswith("Still writable.")
    assert len(list((folder / "segments").iterdir())) <= 8
    if begun is None or state.get(begun["name"]) == begun["version"]:
        return "nothing", False
    kind = "delete" if begun["version"] is None else "add" if state.get(begun["name"]) is None else "update"
    return kind, found[begun["name"]] == begun["version"]


@pytest.mark.slow
def test_a_hundred_kills_leave_each_document_old_or_new(tmp_path: Path, workers: subprocess.Popen[str]) -> None:
    chance = random.Random(5)
    ends: Counter[tuple[str, bool]] = Counter()
    for seed in range(100):
        folder = tmp_path / str(seed)
        ends[check_index(folder, killed(workers, folder, seed, chance.randrange(CALLS)))] += 1
    assert all(ends[kind, False] for kind in ("add", "update", "delete")), ends
    assert all(ends[kind, True] for kind in ("add", "update", "delete")), ends


@pytest.mark.slow
def test_kills_from_outside_do_too(tmp_path: Path, workers: subprocess.Popen[str]) -> None:
    for seed in range(25):
        folder = tmp_path / str(seed)
        check_index(folder, killed(workers, folder, seed, None, after=1 + 2 * seed))


def whole(parts: list[str]) -> int | None:
    """The version that the parts are all of, None where there is none, -1 where they are not whole."""
    if not parts:
        return None
    versions = Counter(part.split()[-1].rstrip(".") for part in parts)
    [(version, held)] = versions.most_common(1)
    return int(version) if len(versions) == 1 and held == 6 else -1
