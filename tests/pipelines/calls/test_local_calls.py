from __future__ import annotations

import _thread
import asyncio
import contextvars
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, TypeAlias

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from longdoc.errors import BudgetError, InputError, StageError
from longdoc.pipelines.calls.local import (
    FanOutEvent,
    FanOutOptions,
    Outcome,
    afan_out,
    fan_out,
)

Virtually: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]


class InstantClock:
    """Every sleep is over at once: any call that does not answer at once is late."""

    def now(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


# Timeouts


def test_a_hung_coroutine_times_out_and_the_others_answer(virtually: Virtually) -> None:
    async def call(item: int) -> int:
        if item == 1:
            await asyncio.Event().wait()
        return item

    options = FanOutOptions(max_concurrency=1, max_attempts=2, timeout=5, on_error="return")
    outcomes = virtually(afan_out(call, range(3), options))
    assert [outcome.value for outcome in outcomes] == [0, None, 2]
    assert isinstance(outcomes[1].error, TimeoutError)
    assert outcomes[1].attempts == 2


def test_a_coroutine_that_refuses_to_be_cancelled_is_left_behind(virtually: Virtually) -> None:
    async def main() -> list[Outcome[int]]:
        released = asyncio.Event()

        async def call(item: int) -> int:
            while item == 0 and not released.is_set():
                try:
                    await released.wait()
                except asyncio.CancelledError:
                    continue
            return item

        options = FanOutOptions(max_concurrency=1, max_attempts=1, timeout=5, on_error="return")
        outcomes = await afan_out(call, range(2), options)
        released.set()
        return outcomes

    outcomes = virtually(main())
    assert isinstance(outcomes[0].error, TimeoutError)
    assert outcomes[1].value == 1


def test_a_late_coroutine_has_cleaned_up_before_it_is_tried_again(virtually: Virtually) -> None:
    log: list[str] = []

    async def call(item: int) -> int:
        log.append("begin")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.5)
            log.append("end")
        return item

    options = FanOutOptions(max_attempts=2, timeout=5, backoff=0, on_error="return")
    virtually(afan_out(call, [0], options))
    assert log == ["begin", "end", "begin", "end"]


class FirstAlarmClock(InstantClock):
    """The first timeout of five seconds passes at once, the later ones never."""

    def __init__(self) -> None:
        self.alarms = 0

    async def sleep(self, seconds: float) -> None:
        self.alarms += seconds == 5
        if seconds == 5 and self.alarms > 1:
            await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_hung_thread_times_out_and_the_others_answer(concurrency: int) -> None:
    hung = threading.Event()

    def call(item: int) -> int:
        if item == 0:
            hung.wait()
        return item

    options = FanOutOptions(concurrency, max_attempts=1, timeout=5, on_error="return")
    outcomes = fan_out(call, range(4), options, clock=FirstAlarmClock())
    hung.set()
    assert isinstance(outcomes[0].error, TimeoutError)
    assert [outcome.value for outcome in outcomes] == [None, 1, 2, 3]


class HungModel(BaseChatModel):
    """A chat model with no async code of its own, the first calls of which never return."""

    hung: int
    release: Any
    calls: list[int] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "hung"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self.calls.append(1)
        if len(self.calls) <= self.hung:
            self.release.wait()
        return ChatResult(generations=[ChatGeneration(message=AIMessage("answer"))])


def test_hung_calls_of_a_synchronous_chat_model_take_no_room_from_the_rest() -> None:
    release = threading.Event()
    model = HungModel(hung=20, release=release)
    options = FanOutOptions(max_concurrency=2, max_attempts=20, timeout=0.01, backoff=0, on_error="return")
    outcomes = fan_out(model.ainvoke, ["a"], options, clock=InstantClock())
    assert isinstance(outcomes[0].error, TimeoutError)
    patient = FanOutOptions(max_concurrency=2, timeout=None)
    assert [o.unwrap().content for o in fan_out(model.ainvoke, ["b", "c"], patient)] == ["answer", "answer"]
    release.set()


EXITS = """
import threading
from longdoc.pipelines.calls.local import FanOutOptions, fan_out

def hang(item):
    threading.Event().wait()

options = FanOutOptions(max_concurrency=2, max_attempts=1, timeout=0.01, on_error="return")
print([type(outcome.error).__name__ for outcome in fan_out(hang, ["a", "b", "c"], options)])
"""


def test_hung_calls_do_not_stop_the_interpreter_from_exiting() -> None:
    done = subprocess.run([sys.executable, "-c", EXITS], capture_output=True, text=True, timeout=120)
    assert done.stdout == "['TimeoutError', 'TimeoutError', 'TimeoutError']\n"
    assert (done.stderr, done.returncode) == ("", 0)


# Failure and cancellation


def test_raise_starts_nothing_more_cancels_later_items_and_lets_earlier_ones_end(
    virtually: Virtually,
) -> None:
    log: list[str] = []
    seconds = {0: 20.0, 1: 10.0, 2: 30.0}

    async def call(item: int) -> int:
        log.append(f"begin {item}")
        try:
            await asyncio.sleep(seconds[item])
        except asyncio.CancelledError:
            log.append(f"cancel {item}")
            raise
        if item == 1:
            raise InputError("bad page")
        log.append(f"end {item}")
        return item

    with pytest.raises(StageError, match="item 1 failed on attempt 1: InputError: bad page") as info:
        virtually(afan_out(call, range(9), FanOutOptions(max_concurrency=3)))
    assert isinstance(info.value.__cause__, InputError)
    assert log == ["begin 0", "begin 1", "begin 2", "cancel 2", "end 0"]


def test_a_cancelled_fan_out_that_must_raise_names_the_first_unfinished_item(virtually: Virtually) -> None:
    cancel = threading.Event()

    async def call(item: int) -> int:
        if item == 2:
            cancel.set()
            await asyncio.Event().wait()
        return item

    options = FanOutOptions(max_concurrency=1, timeout=None)
    with pytest.raises(StageError, match="item 2 failed on attempt 1: CancelledError: the fan-out"):
        virtually(afan_out(call, range(5), options, cancel=cancel))


def test_an_event_that_is_set_beforehand_starts_nothing() -> None:
    cancel, events = threading.Event(), list[FanOutEvent]()
    cancel.set()
    options = FanOutOptions(on_error="return")
    outcomes = fan_out(str, [1, 2], options, cancel=cancel, on_event=events.append)
    assert [(type(o.error), o.attempts) for o in outcomes] == [(asyncio.CancelledError, 0)] * 2
    assert events == []


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell that starts a job in the background has it ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_of_the_caller_cancels_what_runs_and_starts_nothing_more() -> None:
    log: list[str] = []

    async def call(item: int) -> None:
        log.append(f"begin {item}")
        _thread.interrupt_main()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            log.append(f"end {item}")

    with pytest.raises(KeyboardInterrupt):
        fan_out(call, [0, 1], FanOutOptions(max_concurrency=1, timeout=None))
    assert log == ["begin 0", "end 0"]


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_of_the_caller_does_not_wait_for_a_hung_thread() -> None:
    hung = threading.Event()

    def call(item: int) -> None:
        _thread.interrupt_main()
        hung.wait()

    with pytest.raises(KeyboardInterrupt):
        fan_out(call, [0], FanOutOptions(timeout=None))
    hung.set()


# Where it runs


def test_no_items_give_no_outcomes(virtually: Virtually) -> None:
    assert fan_out(str, []) == []
    assert virtually(afan_out(double, [])) == []


async def double(item: int) -> int:
    await asyncio.sleep(0)
    return 2 * item


class AsyncObject:
    async def __call__(self, item: int) -> int:
        return 2 * item


@pytest.mark.parametrize(
    "call",
    [double, AsyncObject(), lambda item: 2 * item, lambda item: double(item)],
    ids=["coroutine function", "async object", "function", "function that returns a coroutine"],
)
def test_fan_out_takes_any_call_in_a_script_and_inside_a_running_loop(
    call: Callable[[int], int | Awaitable[int]],
) -> None:
    async def main() -> list[Outcome[Any]]:
        return fan_out(call, range(20))

    expected = [Outcome(i, 2 * i, None, 1) for i in range(20)]
    assert fan_out(call, range(20)) == expected
    assert asyncio.run(main()) == expected


def test_no_more_threads_than_allowed_run_at_once() -> None:
    lock, full = threading.Lock(), threading.Barrier(4)
    running, most = 0, 0

    def call(item: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        full.wait()  # passes only when four calls run at once
        with lock:
            running -= 1

    fan_out(call, range(12), FanOutOptions(max_concurrency=4, timeout=None))
    assert most == 4


def test_events_come_to_the_thread_of_the_caller() -> None:
    threads: list[threading.Thread] = []
    fan_out(str, range(3), on_event=lambda event: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()] * 6


tag: contextvars.ContextVar[str] = contextvars.ContextVar("tag", default="none")


def test_calls_see_the_context_of_the_caller_and_not_one_anothers() -> None:
    def call(item: int) -> str:
        seen = tag.get()
        tag.set(f"item {item}")
        return seen

    async def acall(item: int) -> str:
        return call(item)

    async def main() -> list[Outcome[str]]:
        return await afan_out(acall, range(3), FanOutOptions(max_concurrency=1))

    token = tag.set("caller")
    for outcomes in (fan_out(call, range(3)), fan_out(acall, range(3)), asyncio.run(main())):
        assert [outcome.value for outcome in outcomes] == ["caller"] * 3
    assert tag.get() == "caller"
    tag.reset(token)


# Arguments


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_concurrency", 0),
        ("max_attempts", 0),
        ("timeout", 0),
        ("timeout", float("nan")),
        ("backoff", -1),
        ("max_backoff", float("inf")),
        ("requests_per_minute", 0.5),
        ("tokens_per_minute", 0),
        ("on_error", "ignore"),
    ],
)
def test_options_are_checked(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be .*{value}"):
        FanOutOptions(**{name: value})  # type: ignore[arg-type]


def test_an_item_over_the_token_limit_fails_before_any_call() -> None:
    calls: list[str] = []
    with pytest.raises(BudgetError, match="item 1 has 3 tokens, over tokens_per_minute=2"):
        fan_out(calls.append, ["a", "abc"], FanOutOptions(tokens_per_minute=2), tokens=len)
    with pytest.raises(ValueError, match="tokens_per_minute needs tokens="):
        fan_out(calls.append, ["a"], FanOutOptions(tokens_per_minute=2))
    assert calls == []


def test_unwrap_gives_the_value_or_a_stage_error_with_its_cause() -> None:
    cause = ConnectionError("gone")
    assert Outcome(0, None, None, 1).unwrap() is None
    with pytest.raises(StageError, match="item 7 failed on attempt 3: ConnectionError: gone") as info:
        Outcome(7, None, cause, 3).unwrap()
    assert info.value.__cause__ is cause
