"""Corpora that are made in this process, of documents about few things."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from longdoc.errors import LongdocError
from longdoc.pipelines.calls.child import Answer, refused
from longdoc.pipelines.corpora.corpus import Corpus
from longdoc.pipelines.corpora.engines.engine import Done
from longdoc.pipelines.corpora.make import Maker
from longdoc.pipelines.corpora.recipe import Recipe, Task


class Here:
    """The engine of this very process; `answers` takes the place of what becomes of a document, by its name."""

    def __init__(self, answers: dict[str, list[Answer]] | None = None, stop_after: int = 10**9) -> None:
        self.answers = answers or {}
        self.left = stop_after
        self.tasks: list[Task] = []
        self.jobs: list[int] = []
        self._maker: Maker | None = None

    def stream(self, recipe: Recipe, tasks: Iterable[Task], jobs: int) -> Generator[Done, None, None]:
        self._maker = self._maker if self._maker and self._maker.recipe == recipe else Maker(recipe)
        self.jobs.append(jobs)
        for task in tasks:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            self.tasks.append(task)
            yield Done(task, self._answer(self._maker, task), 0.5)

    def _answer(self, maker: Maker, task: Task) -> Answer:
        if self.answers.get(task.name):
            return self.answers[task.name].pop(0)
        try:
            return Answer(maker.do(task, lambda seconds: None, 1.0))
        except LongdocError as error:
            return Answer(**refused(error))

    def close(self) -> None:
        pass

    def made(self, kind: str = "make") -> list[str]:
        return [task.name for task in self.tasks if task.kind == kind]


ABOUT = ["harbour", "school", "library", "market", "bridge", "museum"]


def text_of(number: int, edit: int = 0) -> str:
    about = ABOUT[number % 6]
    return (
        f"# The {about}\n\nThe council met on {number % 27 + 1} May 2023 to speak about the {about} in ward {number}. "
        f"It will spend {number + 3 + edit * 100} thousand pounds on the {about}. Nobody spoke against the plan."
    )


def filled(folder: Path, numbers: Iterable[int]) -> Path:
    for number in numbers:
        path = folder / ("north" if number % 2 else "south") / f"n{number:02}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(number), encoding="utf-8")
    return folder


def results(out: Path) -> dict[str, bytes]:
    made = {path.name: path.read_bytes() for path in (out / "results").iterdir()}
    return {**made, "corpus.json": (out / "corpus.json").read_bytes()}


def run(out: Path, *sources: Any, engine: Here | None = None, prune: bool = False, **settings: Any) -> Here:
    engine = engine or Here()
    with Corpus(out, engine=engine, jobs=2, **{"max_tokens": 60, **settings}) as corpus:
        corpus.run(sources, prune=prune)
    return engine
