"""The `Executor` of a Ray cluster: each call is a task that Ray places, slots and retries are as on one machine."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

from longdoc.arguments import checked
from longdoc.errors import InputError, MissingExtraError, UnavailableError
from longdoc.pipelines.calls.executor import DEFAULTS, FanOutEvent, FanOutOptions, Outcome
from longdoc.pipelines.calls.local import LocalExecutor

T = TypeVar("T")

_held: dict[str, Callable[[Any], Any]] = {}  # in a worker: the last function, with the models that it has loaded


def connected(address: str | None) -> Any:
    """Ray, joined to the cluster at `address`; where it is None to that of RAY_ADDRESS, or to one begun here.

    What is joined already is kept, whatever its address. Raises `MissingExtraError` and `UnavailableError`.
    """
    try:
        ray: Any = import_module("ray")
    except ImportError as error:
        raise MissingExtraError("a Ray cluster", "ray") from error
    if not ray.is_initialized():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # or a cluster begun here would tell its makers of it
        os.environ.setdefault("RAY_worker_niceness", "0")  # its 15 would have all else on a machine go first
        try:
            ray.init(address, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            said = " ".join(str(error).split())
            raise UnavailableError(f"no Ray cluster answers at {address!r} ({said:.200}); check --address") from error
    return ray


@checked
class RayExecutor:
    """Maps functions over items on a Ray cluster.

    `address` is the cluster's ("auto", "host:6379"); None begins one on this machine. A call takes `num_cpus` and
    `num_gpus` of a node while it runs; one whose process or node is lost is made again up to `max_retries` times, which
    counts as one attempt. At most `max_concurrency` of the options are in flight, with their items; their `timeout`
    counts from when a call first begins on a node. What a function loads it keeps in each process from one item to the
    next.
    """

    def __init__(
        self, address: str | None = None, *, num_cpus: float = 1.0, num_gpus: float = 0.0, max_retries: int = 3
    ) -> None:
        if max_retries < 0:
            raise InputError(f"max_retries is {max_retries}; give 0 or more")
        self._address = address
        self._placed = {"num_cpus": num_cpus, "num_gpus": num_gpus, "max_retries": max_retries}
        self._local = LocalExecutor()

    def map(
        self,
        function: Callable[[T], Any],
        items: Sequence[T],
        options: FanOutOptions = DEFAULTS,
        *,
        tokens: Callable[[T], int] | None = None,
        on_event: Callable[[FanOutEvent], object] | None = None,
    ) -> list[Outcome[Any]]:
        """See `Executor.map`."""
        ray = connected(self._address)
        there = ray.remote(num_returns="streaming", **self._placed)(_called)
        name, given = uuid4().hex, [ray.put(function)]  # in a list Ray leaves it where it is until it is asked for

        async def call(item: T) -> Any:
            made = there.remote(name, given, item)
            try:
                await (await anext(made))
                async with asyncio.timeout(options.timeout):
                    return await (await anext(made))
            except asyncio.CancelledError:
                ray.cancel(made, force=True)
                raise
            except ray.exceptions.RayTaskError as error:
                raise (error.cause if isinstance(error.cause, Exception) else error) from None
            except TimeoutError:  # after the other: a task's own error is of its kind too
                ray.cancel(made, force=True)
                raise TimeoutError(f"no answer within timeout={options.timeout} seconds") from None

        return self._local.map(call, items, replace(options, timeout=None), tokens=tokens, on_event=on_event)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._local.__exit__(kind, error, trace)


def _called(name: str, given: list[Any], item: Any) -> Iterator[Any]:
    """In a worker: None as it begins, then what the function makes of the item."""
    yield None
    if name not in _held:
        _held.clear()
        _held[name] = import_module("ray").get(given[0])
    made = _held[name](item)
    yield asyncio.run(_awaited(made)) if inspect.isawaitable(made) else made


async def _awaited(made: Awaitable[Any]) -> Any:
    return await made
