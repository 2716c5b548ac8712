"""The engine of a Ray cluster: an actor a worker, on whatever node has room, each with its own process for documents.

corpus = Corpus("/shared/out", engine=RayWorkers("auto"), jobs=16)
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from longdoc.arguments import checked
from longdoc.errors import InputError, StageError
from longdoc.pipelines.calls.child import Answer
from longdoc.pipelines.calls.ray import connected
from longdoc.pipelines.corpora.engines.engine import Done, Limits, child_of
from longdoc.pipelines.corpora.recipe import Recipe, Task

_log = logging.getLogger(__name__)

_NO_LIMIT = -1  # of memory: a GPU's driver maps more than any machine has
_STILL = 30.0  # seconds without a worker before that is told


@checked
class RayWorkers:
    """Does the tasks of a corpus on a Ray cluster; results are written by the workers, and only outcomes come back.

    `address` is the cluster's ("auto", "host:6379"); None begins one on this machine. The folder of the corpus and its
    documents have the same path on every node. A worker takes `cpus` and `gpus` of a node; Ray begins it again there
    or elsewhere up to `max_restarts` times, without end for -1. A task whose worker is lost goes to whichever is
    idle, up to `max_task_retries` times. In flight are one document a worker, and no more than `max_bytes` of them
    together; one that is larger goes alone.
    """

    def __init__(
        self,
        address: str | None = None,
        limits: Limits | None = None,
        *,
        cpus: float = 1.0,
        gpus: float = 0.0,
        max_restarts: int = -1,
        max_task_retries: int = 3,
        max_bytes: int = 4 << 30,
    ) -> None:
        if max_restarts < -1 or max_task_retries < 0 or max_bytes < 1:
            raise InputError(
                f"max_restarts is {max_restarts}, max_task_retries {max_task_retries} and max_bytes {max_bytes}; give "
                "-1 or more, 0 or more and 1 or more"
            )
        self._address, self._limits = address, limits or Limits()
        self._placed = {"num_cpus": cpus, "num_gpus": gpus, "max_restarts": max_restarts, "max_task_retries": -1}
        self._tries, self._bytes = max_task_retries, max_bytes
        self._recipe: Recipe | None = None
        self._staff: list[Any] = []

    def size(self) -> int:
        """How many workers the cluster has room for now, at least 1."""
        there = connected(self._address).cluster_resources()
        rooms = [there.get(name, 0.0) // self._placed[f"num_{name.lower()}s"] for name in self._asked()]
        return max(1, int(min(rooms, default=1)))

    def stream(self, recipe: Recipe, tasks: Iterable[Task], jobs: int) -> Generator[Done, None, None]:
        """See `Engine`."""
        ray = connected(self._address)
        if not recipe.far and sum(node["Alive"] for node in ray.nodes()) > 1:
            raise InputError(
                "index and cache in folders are for one machine; give postgresql:// and redis:// addresses"
            )
        flow = _Flow(ray, self._staffed(ray, recipe, jobs), iter(tasks), self._tries, self._bytes)
        whole = False
        try:
            yield from flow.run()
            whole = True
        finally:
            self._staff = flow.staff
            if not whole:
                self.close()

    def close(self) -> None:
        """Ends the workers; a cluster that was begun here ends with this process."""
        staff, self._staff = self._staff, []
        for worker in staff:
            connected(self._address).kill(worker)

    def _asked(self) -> list[str]:
        return [name for name in ("CPU", "GPU") if self._placed[f"num_{name.lower()}s"]]

    def _staffed(self, ray: Any, recipe: Recipe, jobs: int) -> list[Any]:
        """As many workers as jobs, none of whom knows another recipe; those that are too many are let go."""
        if recipe != self._recipe:
            self.close()
        self._recipe = recipe
        while len(self._staff) > jobs:
            ray.kill(self._staff.pop())
        memory = _NO_LIMIT if self._placed["num_gpus"] else self._limits.memory
        actor = ray.remote(**self._placed)(_Worker)
        while len(self._staff) < jobs:
            self._staff.append(actor.remote(recipe.json(), self._limits.seconds, memory))
        return list(self._staff)


class _Worker:
    """On a node: what a task does to its process costs that task's answer only."""

    def __init__(self, recipe: dict[str, Any], seconds: float, memory: int) -> None:
        self._child = child_of(recipe, seconds, memory)

    def ready(self) -> None:
        """Answers once the worker is there."""

    def do(self, task: dict[str, Any]) -> tuple[dict[str, Any], float]:
        """What became of a task, which is on disk by then, and its seconds."""
        began = time.monotonic()
        answer = self._child.ask(task)
        return asdict(answer), time.monotonic() - began


class _Flow:
    """One stream: which worker has which task, what is in flight, what has been lost."""

    def __init__(self, ray: Any, staff: list[Any], tasks: Iterator[Task], tries: int, most: int) -> None:
        self._ray, self.staff, self._tasks, self._tries, self._most = ray, staff, tasks, tries, most
        self._idle: list[Any] = []
        self._flying: dict[Any, tuple[Any, Task | None]] = {worker.ready.remote(): (worker, None) for worker in staff}
        self._next: deque[Task] = deque()
        self._lost: dict[str, int] = {}
        self._over = False

    def run(self) -> Iterator[Done]:
        """What became of each task."""
        while True:
            self._hand_out()
            if self._over and not self._next and not self._sizes:
                return
            if not self._flying:
                raise StageError("no worker of the Ray cluster is left; see its logs, and give max_restarts=-1")
            landed, _ = self._ray.wait(list(self._flying), num_returns=1, timeout=_STILL)
            if not landed and not self._idle and not self._sizes:
                _log.warning("the Ray cluster has had no room for a worker in %.0f s", _STILL)
            for one in landed:
                if (done := self._landed(one)) is not None:
                    yield done

    @property
    def _sizes(self) -> list[int]:
        """The bytes of each document in flight."""
        return [task.size for _, task in self._flying.values() if task is not None]

    def _hand_out(self) -> None:
        """Gives each idle worker a task, while the documents in flight are not too large together."""
        while self._idle:
            if not self._next:
                task = next(self._tasks, None)
                if task is None:
                    self._over = True
                    return
                self._next.append(task)
            if (held := self._sizes) and sum(held) + self._next[0].size > self._most:
                return
            worker, task = self._idle.pop(), self._next.popleft()
            once = worker.do.options(max_task_retries=0)
            self._flying[once.remote(asdict(task))] = worker, task

    def _landed(self, one: Any) -> Done | None:
        """What became of a task; None for a worker that has begun, or a task that is to be tried again."""
        worker, task = self._flying.pop(one)
        errors = self._ray.exceptions
        try:
            told = self._ray.get(one)
        except errors.RayTaskError:
            raise
        except errors.RayError as error:
            return self._without(worker, task, error)
        self._idle.append(worker)
        return None if task is None else Done(task, Answer(**told[0]), told[1])

    def _without(self, worker: Any, task: Task | None, error: Exception) -> Done | None:
        """What becomes of a task whose worker was lost: another has it, until it has cost too many."""
        if task is None:  # it does not come back
            _log.warning("a worker of the Ray cluster is lost: %s", " ".join(str(error).split())[:300])
            self.staff.remove(worker)
            return None
        self._flying[worker.ready.remote()] = worker, None
        name = f"{task.kind}/{task.name}"
        self._lost[name] = self._lost.get(name, 0) + 1
        if self._lost[name] > self._tries:
            return Done(task, Answer(error="came to an unexpected end", cause="lost"), 0.0)
        self._next.appendleft(task)
        return None
