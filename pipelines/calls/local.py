"""Many calls to a model at once, within bounds, with slot i always holding item i's result or item i's error.

    outcomes = fan_out(model.ainvoke, prompts, FanOutOptions(max_concurrency=4, requests_per_minute=60))
    texts = [outcome.unwrap() for outcome in outcomes]

Retries happen inside an item, never around the batch: an answer cannot land in another item's slot.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import queue
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future, wait
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from longdoc.arguments import checked
from longdoc.pipelines.calls.attempt import GRACE, attempt, look, pause
from longdoc.pipelines.calls.daemon_threads import DaemonThreads, start
from longdoc.pipelines.calls.executor import (
    DEFAULTS,
    FanOutEvent,
    FanOutOptions,
    ItemFailed,
    ItemFinished,
    ItemRetried,
    ItemStarted,
    Outcome,
)
from longdoc.pipelines.calls.rate_limit import Clock, RateLimiter, RealClock

R = TypeVar("R")
T = TypeVar("T")

_POLL = 0.05  # seconds between looks at the cancel event, which asyncio cannot wait for


@checked
async def afan_out(
    call: Callable[[T], Awaitable[R]],
    items: Sequence[T],
    options: FanOutOptions = DEFAULTS,
    *,
    tokens: Callable[[T], int] | None = None,
    on_event: Callable[[FanOutEvent], object] | None = None,
    cancel: threading.Event | None = None,
    clock: Clock | None = None,
    limiter: RateLimiter | None = None,
) -> list[Outcome[R]]:
    """An outcome for each item, in the order of the items; at most `options.most_calls(len(items))` calls.

    With `on_error="raise"` the first item that fails for good stops the rest: nothing new starts, the items
    after it are cancelled, those before it run to their end, and a StageError names the first failed item
    in item order, the one a serial run would name. With `"return"` every item is tried. Setting `cancel`
    starts nothing more and cancels what runs; the unfinished slots then hold a CancelledError, which
    `"raise"` reports as a StageError. Cancelling the caller's task does the same, and raises
    CancelledError.

    A call that will not be cancelled is left behind after its timeout and no longer counted among the running
    ones. On Python's default executor (where LangChain runs models that have no async code) such a call still
    delays the end of `asyncio.run`; `fan_out` has no such trouble.

    `limiter` takes the place of the options' two rates and may be shared between fan-outs.
    """
    return await _Run(call, items, options, tokens, on_event, cancel, clock, limiter).outcomes()


@checked
def fan_out(
    call: Callable[[T], Awaitable[R] | R],
    items: Sequence[T],
    options: FanOutOptions = DEFAULTS,
    *,
    tokens: Callable[[T], int] | None = None,
    on_event: Callable[[FanOutEvent], object] | None = None,
    cancel: threading.Event | None = None,
    clock: Clock | None = None,
    limiter: RateLimiter | None = None,
) -> list[Outcome[R]]:
    """What `afan_out` gives, without async: works in a script, in a thread, and inside a running event loop.

    A coroutine function runs on an event loop of its own; any other `call` runs in daemon threads, and what
    it returns is awaited if it can be. Nothing waits for a hung call, not even the end of the process.
    `on_event` is called in the caller's thread.
    """
    with LocalExecutor(clock, limiter) as executor:
        return executor.map(call, items, options, tokens=tokens, on_event=on_event, cancel=cancel)


@checked
class LocalExecutor:
    """The `Executor` of this process: one event loop, and daemon threads for functions that are not coroutines.

    The loop begins with the first map and ends with the `with`. Rates hold over all maps with the same rates, or, if
    `limiter` is given, over whatever shares it.
    """

    def __init__(self, clock: Clock | None = None, limiter: RateLimiter | None = None) -> None:
        self._clock = clock
        self._limiter = limiter
        self._limiters: dict[tuple[float | None, float | None], RateLimiter] = {}
        self._loop: _LoopThread | None = None

    def map(
        self,
        function: Callable[[T], Any],
        items: Sequence[T],
        options: FanOutOptions = DEFAULTS,
        *,
        tokens: Callable[[T], int] | None = None,
        on_event: Callable[[FanOutEvent], object] | None = None,
        cancel: threading.Event | None = None,
    ) -> list[Outcome[Any]]:
        """See `Executor.map` and `fan_out`."""
        inbox: queue.SimpleQueue[FanOutEvent | None] = queue.SimpleQueue()
        limiter = self._limiter_for(options)
        run = _Run(_awaitable(function), items, options, tokens, inbox.put, cancel, self._clock, limiter)
        loop = self._loop = self._running()
        done: Future[list[Outcome[Any]]] = Future()
        done.add_done_callback(lambda _: inbox.put(None))
        outcomes = run.outcomes()
        try:
            loop.begin(outcomes, done)
            _deliver(inbox, on_event or _ignore)
        finally:  # also when on_event raises, or a KeyboardInterrupt comes
            loop.end(outcomes, done)
        return done.result()

    def _running(self) -> _LoopThread:
        if self._loop is not None and self._loop.ended:
            self._loop.close()
            self._loop = None
        return self._loop or _LoopThread()

    def _limiter_for(self, options: FanOutOptions) -> RateLimiter:
        rates = options.requests_per_minute, options.tokens_per_minute
        return self._limiter or self._limiters.setdefault(rates, RateLimiter(*rates))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()


class _LoopThread:
    """An event loop in a daemon thread, whose end nothing hung can put off for long."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._loop.set_default_executor(DaemonThreads())
        self._closing = self._loop.create_future()
        self._ended: Future[None] = Future()
        self._tasks: dict[Future[Any], asyncio.Task[Any]] = {}
        self._ended.add_done_callback(self._lost)
        start(self._ended, lambda: self._runner.run(_until(self._closing)))

    @property
    def ended(self) -> bool:
        """Whether it runs no longer: an interrupt that a call raises ends the loop that it runs on."""
        return self._ended.done()

    def begin(self, coroutine: Coroutine[Any, Any, R], done: Future[R]) -> None:
        """Runs the coroutine, in the caller's context; `done` gets what comes of it."""

        def begin() -> None:
            if not done.set_running_or_notify_cancel():
                coroutine.close()
                return
            task = self._tasks[done] = asyncio.ensure_future(coroutine)
            task.add_done_callback(lambda _: _settle(self._tasks.pop(done), done))

        self._loop.call_soon_threadsafe(begin)

    def end(self, coroutine: Coroutine[Any, Any, R], done: Future[R]) -> None:
        """Cancels the coroutine if it still runs, and waits a little for it to clean up."""
        if done.done():
            return
        if not done.cancel():  # it has begun
            self._loop.call_soon_threadsafe(self._cancel, done)
            wait([done], 2 * GRACE)

    def close(self) -> None:
        """Ends the loop."""
        self._loop.call_soon_threadsafe(self._close)
        if wait([self._ended], 2 * GRACE).done:
            wait([DaemonThreads().submit(self._runner.close)], GRACE)

    def _lost(self, ended: Future[None]) -> None:
        for done in [done for done in self._tasks if not done.done()]:
            done.set_exception(ended.exception() or asyncio.CancelledError())

    def _cancel(self, done: Future[Any]) -> None:
        if done in self._tasks:
            self._tasks[done].cancel()

    def _close(self) -> None:
        if not self._closing.done():
            self._closing.set_result(None)


async def _until(future: asyncio.Future[None]) -> None:
    await future


def _settle(task: asyncio.Task[R], done: Future[R]) -> None:
    """Hands a finished task's result or error to the thread that waits for it."""
    if done.done():
        return
    if task.cancelled():
        done.set_exception(asyncio.CancelledError())
    elif (error := task.exception()) is not None:
        done.set_exception(error)
    else:
        done.set_result(task.result())


def _ignore(event: FanOutEvent) -> None:
    """The default on_event."""


def _deliver(inbox: queue.SimpleQueue[FanOutEvent | None], on_event: Callable[[FanOutEvent], object]) -> None:
    """Hand each event on, until None comes."""
    while True:
        try:
            event = inbox.get(timeout=_POLL)  # without a timeout Windows holds back KeyboardInterrupt
        except queue.Empty:
            continue
        if event is None:
            return
        on_event(event)


def _awaitable(call: Callable[[T], Any]) -> Callable[[T], Awaitable[Any]]:
    """The call if it is a coroutine function; else one that runs it in the loop's executor."""
    if inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None)):  # noqa: B004
        return call

    async def in_thread(item: T) -> Any:
        context = contextvars.copy_context()
        result = await asyncio.get_running_loop().run_in_executor(None, context.run, call, item)
        return await result if inspect.isawaitable(result) else result

    return in_thread


class _Run(Generic[T, R]):
    """One fan-out: the single core behind both entry points."""

    def __init__(
        self,
        call: Callable[[T], Awaitable[R]],
        items: Sequence[T],
        options: FanOutOptions,
        tokens: Callable[[T], int] | None,
        on_event: Callable[[FanOutEvent], object] | None,
        cancel: threading.Event | None,
        clock: Clock | None,
        limiter: RateLimiter | None,
    ) -> None:
        self._call = call
        self._items = tuple(items)
        self._options = options
        self._emit = on_event or _ignore
        self._cancel = cancel
        self._clock = clock or RealClock()
        self._limiter = limiter or RateLimiter(options.requests_per_minute, options.tokens_per_minute)
        self._turn = asyncio.Lock()  # items pass the limiter in order; a large one is not overtaken for ever
        self._costs = self._count(tokens)
        self._attempts = [0] * len(self._items)
        self._slots: dict[int, Outcome[R]] = {}
        self._running: dict[asyncio.Task[Outcome[R]], int] = {}
        self._next = 0
        self._end = len(self._items)  # items from here on are not wanted any more

    def _count(self, tokens: Callable[[T], int] | None) -> list[int]:
        """The tokens of each item, before any call is made: an item that can never pass fails here."""
        if self._limiter.tokens_per_minute is None:
            return [0] * len(self._items)
        if tokens is None:
            raise ValueError("tokens_per_minute needs tokens=, a function that counts the tokens of an item")
        costs = [tokens(item) for item in self._items]
        for index, cost in enumerate(costs):
            self._limiter.check(cost, f"item {index}")
        return costs

    async def outcomes(self) -> list[Outcome[R]]:
        stopped = asyncio.ensure_future(self._cancelled())
        try:
            while self._collect():
                await asyncio.wait({stopped, *self._running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._abandon(stopped)
        outcomes = [self._slots.get(index) or self._unfinished(index) for index in range(len(self._items))]
        if self._options.on_error == "raise":
            for outcome in outcomes:
                outcome.unwrap()
        return outcomes

    def _collect(self) -> bool:
        """Take in what is done and start what there is room for; False when nothing is left to wait for."""
        for task in [task for task in self._running if task.done()]:
            self._take(task, self._running.pop(task))
        if self._is_cancelled():
            return False
        while self._next < self._end and len(self._running) < self._options.max_concurrency:
            self._running[task := asyncio.create_task(self._item(self._next))] = self._next
            task.add_done_callback(look)
            self._next += 1
        return bool(self._running)

    def _take(self, task: asyncio.Task[Outcome[R]], index: int) -> None:
        if task.cancelled() and (index > self._end or self._is_cancelled()):
            return
        outcome = self._slots[index] = task.result()  # raises what on_event or a cancelled call raised
        if outcome.error is not None and self._options.on_error == "raise":
            self._end = min(self._end, index)
            for other, place in self._running.items():
                if place > index:
                    other.cancel()

    async def _item(self, index: int) -> Outcome[R]:
        while True:
            await self._admission(index)
            attempts = self._attempts[index] = self._attempts[index] + 1
            if attempts == 1:
                self._emit(ItemStarted(index))
            tried = await attempt(lambda: self._begin(index), self._options.timeout, self._clock)
            error = tried.exception()  # raises if the call was cancelled: that is not ours to swallow
            if error is None:
                self._emit(ItemFinished(index, attempts))
                return Outcome(index, tried.result(), None, attempts)
            if not isinstance(error, Exception):
                raise error
            if attempts == self._options.max_attempts or not self._options.retry_on(error):
                self._emit(ItemFailed(index, attempts, error))
                return Outcome(index, None, error, attempts)
            delay = self._options.delay(index, attempts, error)
            self._emit(ItemRetried(index, attempts, error, delay))
            await self._clock.sleep(delay)

    async def _admission(self, index: int) -> None:
        async with self._turn:
            await self._limiter.acquire(self._clock, self._costs[index])
        self._check_cancel()

    async def _begin(self, index: int) -> R:
        self._check_cancel()  # again: the loop may have turned since the admission
        return await self._call(self._items[index])

    async def _abandon(self, stopped: asyncio.Future[None]) -> None:
        tasks: set[asyncio.Future[Any]] = {stopped, *self._running}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)  # each ends within the grace that it gives its call

    async def _cancelled(self) -> None:
        """Return when the caller's event is set; never, if there is none."""
        if self._cancel is None:
            await pause(None, self._clock)
        while not self._is_cancelled():
            await self._clock.sleep(_POLL)

    def _check_cancel(self) -> None:
        if self._is_cancelled():
            raise asyncio.CancelledError

    def _is_cancelled(self) -> bool:
        return self._cancel is not None and self._cancel.is_set()

    def _unfinished(self, index: int) -> Outcome[R]:
        reason = asyncio.CancelledError("the fan-out was cancelled before this item was done")
        return Outcome(index, None, reason, self._attempts[index])
