"""The engine of one machine: worker processes, each with its encoder."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict

from longdoc.pipelines.calls.child import Child
from longdoc.pipelines.corpora.engines.engine import Done, Limits, child_of
from longdoc.pipelines.corpora.recipe import Recipe, Task


class Processes:
    """The engine of this machine: worker processes, each with its encoder, one task at a time each.

    A task that ends its process costs no other. They are kept from one stream to the next of the same recipe, and end
    with `close`, or when whoever reads a stream stops in the middle.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._recipe: Recipe | None = None
        self._children: list[Child] = []

    def stream(self, recipe: Recipe, tasks: Iterable[Task], jobs: int) -> Generator[Done, None, None]:
        """See `Engine`."""
        pending = _Shared(iter(tasks))
        done: queue.SimpleQueue[Done | BaseException | None] = queue.SimpleQueue()
        children = self._staffed(recipe, jobs)
        threads = [threading.Thread(target=_work, args=(child, pending, done), daemon=True) for child in children]
        for thread in threads:
            thread.start()
        running = len(threads)
        try:
            while running:
                one = done.get()
                if isinstance(one, BaseException):
                    raise one
                if one is None:
                    running -= 1
                else:
                    yield one
        finally:
            pending.close()
            if running:
                self._interrupt()
            for thread in threads:
                thread.join()
            if running:
                self.close()

    def close(self) -> None:
        """Ends the processes."""
        children, self._children = self._children, []
        for child in children:
            child.close()

    def _interrupt(self) -> None:
        for child in self._children:
            child.interrupt()

    def _staffed(self, recipe: Recipe, jobs: int) -> list[Child]:
        """As many children as jobs, none of whom knows another recipe; those that are too many are let go."""
        if recipe != self._recipe:
            self.close()
        self._recipe = recipe
        while len(self._children) > jobs:
            self._children.pop().close()
        while len(self._children) < jobs:
            self._children.append(child_of(recipe.json(), self._limits.seconds, self._limits.memory))
        return list(self._children)


def _work(child: Child, pending: _Shared, done: queue.SimpleQueue[Done | BaseException | None]) -> None:
    """Has the child do what is pending, until nothing is; what became of it, then None, goes to `done`."""
    try:
        while (task := pending.next()) is not None:
            began = time.monotonic()
            answer = child.ask(asdict(task))
            if answer.cause != "closed":
                done.put(Done(task, answer, time.monotonic() - began))
    except BaseException as error:  # noqa: BLE001  the edge of a thread: raised again where the stream is read
        done.put(error)
    finally:
        done.put(None)


class _Shared:
    """An iterator that several threads take from."""

    def __init__(self, tasks: Iterator[Task]) -> None:
        self._tasks = tasks
        self._lock = threading.Lock()
        self._closed = False

    def next(self) -> Task | None:
        """The next task; None where there is none, or no more is wanted."""
        with self._lock:
            return None if self._closed else next(self._tasks, None)

    def close(self) -> None:
        """Gives no more."""
        self._closed = True
