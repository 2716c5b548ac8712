"""Many calls to a model at once, within bounds, with slot i always holding item i's result or item i's error.

    outcomes = fan_out(model.ainvoke, prompts, FanOutOptions(max_concurrency=4, requests_per_minute=60))
    texts = [outcome.unwrap() for outcome in outcomes]

Retries happen inside an item, never around the batch: an answer cannot land in another item's slot.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import math
import queue
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast, overload

from longdoc.errors import StageError
from longdoc.pipelines.calls.attempt import GRACE, attempt, look, pause
from longdoc.pipelines.calls.daemon_threads import DaemonThreads, start
from longdoc.pipelines.calls.rate_limit import Clock, RateLimiter, RealClock, check_rate
from longdoc.pipelines.calls.retry import backoff, is_transient, retry_after

R = TypeVar("R")
T = TypeVar("T")

_POLL = 0.05  # seconds between looks at the cancel event, which asyncio cannot wait for


@dataclass(frozen=True)
class FanOutOptions:
    """How many calls at once, how often again, how fast, and what a failure does.

    `timeout` (seconds) is for one attempt, not counting the wait for a rate limit. `backoff` (seconds)
    doubles with each attempt up to `max_backoff`, then loses up to half to jitter drawn from `seed`, item
    and attempt; a `retry_after` that the error carries is waited out in full, however long. An item that
    waits to try again keeps its place among the `max_concurrency`.
    """

    max_concurrency: int = 8
    max_attempts: int = 4
    timeout: float | None = 120.0
    backoff: float = 0.5
    max_backoff: float = 30.0
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    on_error: Literal["raise", "return"] = "raise"
    retry_on: Callable[[BaseException], bool] = is_transient
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("max_concurrency", "max_attempts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, not {getattr(self, name)}")
        for name in ("backoff", "max_backoff"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 or more seconds, not {getattr(self, name)}")
        if self.timeout is not None and not self.timeout > 0:
            raise ValueError(f"timeout must be over 0 seconds, or None for no limit, not {self.timeout}")
        if self.on_error not in ("raise", "return"):
            raise ValueError(f"on_error must be 'raise' or 'return', not {self.on_error!r}")
        check_rate("requests_per_minute", self.requests_per_minute)
        check_rate("tokens_per_minute", self.tokens_per_minute)

    def most_calls(self, items: int) -> int:
        """The number of calls that a fan-out over that many items never exceeds."""
        return self.max_attempts * items

    def delay(self, index: int, attempt: int, error: BaseException) -> float:
        """Seconds from that failed attempt (1 is the first) of that item to the next."""
        waited = backoff(self.backoff, self.max_backoff, attempt, f"{self.seed}/{index}")
        return max(waited, retry_after(error))


DEFAULTS = FanOutOptions()


@dataclass(frozen=True)
class ItemStarted:
    """The first call for an item begins."""

    index: int


@dataclass(frozen=True)
class ItemRetried:
    """Attempt number `attempt` failed; the next one begins after `delay` seconds."""

    index: int
    attempt: int
    error: BaseException
    delay: float


@dataclass(frozen=True)
class ItemFinished:
    """An item has its result, after that many attempts."""

    index: int
    attempts: int


@dataclass(frozen=True)
class ItemFailed:
    """An item has failed for good, after that many attempts."""

    index: int
    attempts: int
    error: BaseException


FanOutEvent: TypeAlias = ItemStarted | ItemRetried | ItemFinished | ItemFailed


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What became of item `index` (from 0): a value or an error, CancelledError if it was left undone."""

    index: int
    value: R | None
    error: BaseException | None
    attempts: int

    @property
    def ok(self) -> bool:
        """True if the item has its value."""
        return self.error is None

    def unwrap(self) -> R:
        """The value; a StageError that names the item, raised from its error, if there is none."""
        if self.error is not None:
            reason = f"{type(self.error).__name__}: {self.error}"
            raise StageError(f"item {self.index} failed on attempt {self.attempts}: {reason}") from self.error
        return cast(R, self.value)


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


@overload
def fan_out(
    call: Callable[[T], Awaitable[R]],
    items: Sequence[T],
    options: FanOutOptions = ...,
    *,
    tokens: Callable[[T], int] | None = ...,
    on_event: Callable[[FanOutEvent], object] | None = ...,
    cancel: threading.Event | None = ...,
    clock: Clock | None = ...,
    limiter: RateLimiter | None = ...,
) -> list[Outcome[R]]: ...
@overload
def fan_out(
    call: Callable[[T], R],
    items: Sequence[T],
    options: FanOutOptions = ...,
    *,
    tokens: Callable[[T], int] | None = ...,
    on_event: Callable[[FanOutEvent], object] | None = ...,
    cancel: threading.Event | None = ...,
    clock: Clock | None = ...,
    limiter: RateLimiter | None = ...,
) -> list[Outcome[R]]: ...
def fan_out(
    call: Callable[[T], Any],
    items: Sequence[T],
    options: FanOutOptions = DEFAULTS,
    *,
    tokens: Callable[[T], int] | None = None,
    on_event: Callable[[FanOutEvent], object] | None = None,
    cancel: threading.Event | None = None,
    clock: Clock | None = None,
    limiter: RateLimiter | None = None,
) -> list[Outcome[Any]]:
    """What `afan_out` gives, without async: works in a script, in a thread, and inside a running event loop.

    A coroutine function runs on an event loop of its own; any other `call` runs in daemon threads, and what
    it returns is awaited if it can be. Nothing waits for a hung call, not even the end of the process.
    `on_event` is called in the caller's thread.
    """
    inbox: queue.SimpleQueue[FanOutEvent | None] = queue.SimpleQueue()
    run = _Run(_awaitable(call), items, options, tokens, inbox.put, cancel, clock, limiter)
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    runner.get_loop().set_default_executor(DaemonThreads())
    done: Future[list[Outcome[Any]]] = Future()
    done.add_done_callback(lambda _: inbox.put(None))
    outcomes = run.outcomes()
    try:
        start(done, lambda: runner.run(outcomes))
        _deliver(inbox, on_event or _ignore)
    finally:  # also when on_event raises, or a KeyboardInterrupt comes, be it while the thread starts
        _finish(runner, outcomes, done)
    return done.result()


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


def _finish(runner: asyncio.Runner, outcomes: Coroutine[Any, Any, R], done: Future[R]) -> None:
    """Cancel what still runs and close the loop, each within a time that nothing hung can prolong."""
    if done.cancel():  # it has not begun, and now never will
        outcomes.close()
    elif not done.done():
        runner.get_loop().call_soon_threadsafe(_cancel, outcomes)
    if done.cancelled() or wait([done], 2 * GRACE).done:
        wait([DaemonThreads().submit(runner.close)], GRACE)


def _cancel(coroutine: Coroutine[Any, Any, Any]) -> None:
    for task in asyncio.all_tasks():
        if task.get_coro() is coroutine:
            task.cancel()


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
