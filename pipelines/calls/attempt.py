"""One call with a time limit, and without a way to get stuck on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from longdoc.pipelines.calls.rate_limit import Clock

R = TypeVar("R")

GRACE = 1.0  # seconds that a cancelled call gets to clean up before it is left behind


async def attempt(call: Callable[[], Awaitable[R]], timeout: float | None, clock: Clock) -> asyncio.Future[R]:
    """The call's future, done: it holds a result, an error, or a TimeoutError after `timeout` seconds.

    A call that is late, or whose caller is cancelled, is cancelled; if that does not end it within a second
    it is left to run on, unheard. (asyncio.wait_for would wait for it for ever.)
    """
    task = asyncio.create_task(_awaited(call))
    task.add_done_callback(look)
    try:
        if await _done_within(task, timeout, clock):
            return task
    finally:
        if task.cancel():
            await _done_within(task, GRACE, clock)
    late: asyncio.Future[R] = asyncio.get_running_loop().create_future()
    late.set_exception(TimeoutError(f"no answer within timeout={timeout:g} seconds"))
    return late


def look(future: asyncio.Future[Any]) -> None:
    """Look at the future's error, so that asyncio does not log it when nobody else does."""
    if not future.cancelled():
        future.exception()


async def pause(seconds: float | None, clock: Clock) -> None:
    """Return after that many seconds; never, if None."""
    if seconds is None:
        await asyncio.get_running_loop().create_future()
    else:
        await clock.sleep(seconds)


async def _awaited(call: Callable[[], Awaitable[R]]) -> R:
    return await call()


async def _done_within(task: asyncio.Task[R], seconds: float | None, clock: Clock) -> bool:
    alarm = asyncio.create_task(pause(seconds, clock))
    try:
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        alarm.cancel()
    return task.done()
