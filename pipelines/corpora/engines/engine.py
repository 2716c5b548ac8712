"""What does the tasks of a corpus: the seam between what is to be made and where."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from longdoc.arguments import checked
from longdoc.errors import InputError
from longdoc.pipelines.calls.child import Answer, Child
from longdoc.pipelines.corpora.recipe import Recipe, Task

_MEMORY = 6 << 30  # bytes that a worker may map: the encoder maps a fifth of it
_WORKER = "longdoc.pipelines.corpora.engines.worker"


@checked
@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may take.

    `seconds` are for its reading; it has as many again, and more by its length, to be summarized. `memory` is what its
    process may map, in bytes; a file of more than `file_bytes` is not read.
    """

    seconds: float = 120.0
    memory: int = _MEMORY
    file_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise InputError(f"a document is given {self.seconds} s; give it more than 0")
        if self.memory < 1 << 30:
            raise InputError(f"a worker is given {self.memory:,} bytes of memory; give it 1 GiB or more")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task, and the seconds that it took."""

    task: Task
    answer: Answer
    seconds: float


class Engine(Protocol):
    """Does tasks, here or on other machines; recipe and tasks are plain values.

    An `Executor` answers in slots, one for each item; a corpus is larger than its slots, so that outcomes come here as
    they are, each with its task.
    """

    def stream(self, recipe: Recipe, tasks: Iterable[Task], jobs: int) -> Generator[Done, None, None]:
        """What becomes of each task, in any order; `tasks` is asked for the next only where one of `jobs` is idle."""

    def close(self) -> None:
        """Lets go of what it holds from one stream to the next; it is asked for no more, or begins anew."""


def child_of(recipe: dict[str, Any], seconds: float, memory: int) -> Child:
    """A process that tasks of the recipe are done in; what ends it, by time or memory, is told as the task's answer.

    It computes on one thread, as one of many, where OMP_NUM_THREADS does not say otherwise.
    """
    threads = {} if "OMP_NUM_THREADS" in os.environ else {"OMP_NUM_THREADS": "1"}
    return Child(_WORKER, seconds, memory, threads, {"recipe": recipe, "seconds": seconds})
