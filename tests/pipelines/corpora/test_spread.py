from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from longdoc.models.encoder.encoder import WIDTH
from longdoc.pipelines.corpora.corpus import Corpus
from longdoc.pipelines.corpora.recipe import Task
from longdoc.pipelines.corpora.spread import Pieces, Spread


class Counting:
    """An encoder whose vectors tell the text and how many texts it was embedded with."""

    fingerprint = "counting"

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        return np.array([[hash(text) % 997, len(texts), *[0.5] * (WIDTH - 2)] for text in texts], np.float32)


pieces = st.lists(st.lists(st.text(max_size=4), min_size=1, max_size=3), max_size=6)


@settings(max_examples=25)
@given(pieces, st.integers(1, 4), st.integers(0, 5))
def test_what_several_embed_is_what_one_does_whichever_are_lost(
    tmp_path_factory: pytest.TempPathFactory, given: list[list[str]], parts: int, lost: int
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    for part in range(parts):
        if part != lost:
            share = Pieces(Counting(), folder, (part, parts))
            made = [share.encode(piece) for piece in given]
            assert all(one.shape == (len(piece), WIDTH) for one, piece in zip(made, given, strict=True))
    for path in list(folder.iterdir())[: lost // 2]:
        path.write_bytes(path.read_bytes()[:-1])
    alone, last = Counting(), Counting()
    whole = Pieces(last, folder)
    for piece in given:
        np.testing.assert_array_equal(whole.encode(piece), alone.encode(piece))
    if lost >= parts and lost < 2:
        assert last.calls == 0


@given(st.lists(st.integers(0, 400), max_size=12), st.integers(1, 4), st.randoms())
def test_every_document_is_made_once_after_its_parts(sizes: list[int], jobs: int, draw: object) -> None:
    spread = Spread(jobs, sum(sizes), least=100)
    makes = [Task("make", f"t{at}", size=size) for at, size in enumerate(sorted(sizes, reverse=True))]
    flying: list[Task] = []
    made: list[str] = []
    tasks = spread.tasks(makes)
    while (task := next(tasks, None)) is not None:
        if task.kind == "embed":
            assert 2 <= task.share[1] <= jobs
            flying.append(task)
        else:
            assert task.name not in {one.name for one in flying}
            made.append(task.name)
        if len(flying) > 1 and draw.random() < 0.5:  # type: ignore[attr-defined]
            spread.landed(flying.pop(0), 0.25)
    for part in flying:
        spread.landed(part, 0.25)
    made += [task.name for task in spread.left()]
    assert sorted(made) == sorted(task.name for task in makes)
    assert spread.left() == []


def test_only_what_would_hold_a_worker_up_is_spread() -> None:
    def parts(sizes: list[int], jobs: int) -> list[str]:
        tasks = [Task("make", str(size), size=size) for size in sizes]
        return [task.name for task in Spread(jobs, sum(sizes), least=100).tasks(tasks) if task.kind == "embed"]

    assert parts([1000, *[10] * 100], 2) == ["1000", "1000"]
    assert parts([1000] * 20, 2) == []
    assert parts([90, 5, 5], 4) == []
    assert parts([1000], 1) == []


@pytest.mark.slow
def test_a_long_document_among_short_ones_is_as_if_made_by_one_worker(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    said = "The council met on {0} May 2023 about ward {0}, and set aside {0} thousand pounds for item {0}."
    (docs / "long.txt").write_text("\n\n".join(said.format(number) for number in range(800)), encoding="utf-8")
    for number in range(3):
        (docs / f"n{number}.txt").write_text(said.format(number), encoding="utf-8")
    made = []
    for jobs in (1, 2):
        with Corpus(tmp_path / f"out{jobs}", jobs=jobs, max_tokens=100) as corpus:
            assert corpus.run(docs).done == 4
        out = tmp_path / f"out{jobs}"
        assert not (out / "parts").exists()
        paths = [*(out / "results").iterdir(), *(out / "kept").rglob("*.json"), out / "corpus.json"]
        made.append({str(path.relative_to(out)): path.read_bytes() for path in paths})
    assert made[0] == made[1]
