from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.errors import StageError
from longdoc.pipelines.calls.local import (
    FanOutEvent,
    FanOutOptions,
    ItemFailed,
    ItemFinished,
    ItemRetried,
    ItemStarted,
    Outcome,
    afan_out,
    fan_out,
)
from longdoc.pipelines.calls.rate_limit import RateLimiter

R = TypeVar("R")
Virtually: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]
Plan: TypeAlias = list[list[tuple[float, bool]]]


class LoopClock:
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


CLOCK = LoopClock()


@dataclass
class Script:
    """A model that plays, for each item, one (seconds, succeeds) after the other, and then succeeds."""

    plays: Plan
    calls: list[tuple[int, float]] = field(default_factory=list)  # item, moment
    running: int = 0
    most: int = 0

    async def __call__(self, item: int) -> str:
        earlier = sum(1 for called, _ in self.calls if called == item)
        self.calls.append((item, CLOCK.now()))
        seconds, succeeds = ([*self.plays[item], *[(0.0, True)] * (earlier + 1)])[earlier]
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.running -= 1
        if not succeeds:
            raise ConnectionError(f"item {item}, try {earlier + 1}")
        return f"answer {item}"

    async def run(self, options: FanOutOptions, **more: Any) -> list[Outcome[str]]:
        return await afan_out(self, range(len(self.plays)), options, clock=CLOCK, **more)


# Whole seconds, and timeouts of half ones: no call ends in the moment in which it would be late.
plays = st.lists(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=6), max_size=12)


@st.composite
def settings_of(draw: st.DrawFn, **fixed: Any) -> FanOutOptions:
    drawn = {
        "max_concurrency": draw(st.integers(1, 8)),
        "max_attempts": draw(st.integers(1, 5)),
        "timeout": draw(st.sampled_from([None, 120.5, 1.5])),
        "seed": draw(st.integers(0, 3)),
    }
    return FanOutOptions(**{**drawn, **fixed})


def plain(outcomes: list[Outcome[str]]) -> list[tuple[int, str | None, str, int]]:
    return [(o.index, o.value, repr(o.error), o.attempts) for o in outcomes]


def serial(options: FanOutOptions, **changes: Any) -> FanOutOptions:
    return FanOutOptions(**{**vars(options), "max_concurrency": 1, **changes})


# Laws


@settings(deadline=None)
@given(plays, settings_of(on_error="return"))
def test_slot_i_holds_what_became_of_item_i(virtually: Virtually, plan: Plan, options: FanOutOptions) -> None:
    script = Script(plan)
    outcomes = virtually(script.run(options))
    limit = options.timeout or float("inf")
    for i, (outcome, tries) in enumerate(zip(outcomes, plan, strict=True)):
        good = [ok and seconds < limit for seconds, ok in tries] + [True]
        attempts = min(good.index(True) + 1, options.max_attempts)
        assert (outcome.index, outcome.attempts, outcome.ok) == (i, attempts, good[attempts - 1])
        if outcome.ok:
            assert outcome.unwrap() == f"answer {i}"
        elif isinstance(outcome.error, ConnectionError):
            assert str(outcome.error) == f"item {i}, try {attempts}"
        else:
            assert str(outcome.error) == f"no answer within timeout={limit:g} seconds"


@settings(deadline=None)
@given(plays, settings_of(on_error="return"))
def test_calls_and_concurrency_stay_within_their_bounds(
    virtually: Virtually, plan: Plan, options: FanOutOptions
) -> None:
    script = Script(plan)
    outcomes = virtually(script.run(options))
    assert script.most <= options.max_concurrency
    assert len(script.calls) == sum(outcome.attempts for outcome in outcomes)
    assert len(script.calls) <= options.most_calls(len(plan)) == options.max_attempts * len(plan)
    firsts = list(dict.fromkeys(item for item, _ in script.calls))
    assert firsts == list(range(len(plan)))


@settings(deadline=None)
@given(plays, settings_of(on_error="return"))
def test_parallel_equals_serial(virtually: Virtually, plan: Plan, options: FanOutOptions) -> None:
    assert plain(virtually(Script(plan).run(options))) == plain(virtually(Script(plan).run(serial(options))))


@settings(deadline=None)
@given(plays, settings_of(on_error="raise"))
def test_raise_names_the_first_failed_item_as_a_serial_run_does(
    virtually: Virtually, plan: Plan, options: FanOutOptions
) -> None:
    every = virtually(Script(plan).run(serial(options, on_error="return")))
    failed = next((outcome for outcome in every if not outcome.ok), None)
    script = Script(plan)
    if failed is None:
        assert plain(virtually(script.run(options))) == plain(every)
        return
    with pytest.raises(StageError, match=rf"^item {failed.index} failed on attempt {failed.attempts}: ") as info:
        virtually(script.run(options))
    assert repr(info.value.__cause__) == repr(failed.error)
    assert script.running == 0


@settings(deadline=None)
@given(plays, settings_of(on_error="return"), st.integers(1, 8), st.data())
def test_rate_limits_hold_in_every_sliding_minute(
    virtually: Virtually, plan: Plan, options: FanOutOptions, requests: int, data: st.DataObject
) -> None:
    costs = data.draw(st.lists(st.integers(0, 100), min_size=len(plan), max_size=len(plan)))
    limits = FanOutOptions(**{**vars(options), "requests_per_minute": requests, "tokens_per_minute": 150})
    script = Script(plan)
    outcomes = virtually(script.run(limits, tokens=costs.__getitem__))
    for _, start in script.calls:
        minute = [item for item, moment in script.calls if start <= moment < start + 60]
        assert len(minute) <= requests
        assert sum(costs[item] for item in minute) <= 150
    assert plain(outcomes) == plain(virtually(Script(plan).run(options)))


@settings(deadline=None)
@given(plays, settings_of(on_error="return"))
def test_events_tell_the_story_of_each_item(virtually: Virtually, plan: Plan, options: FanOutOptions) -> None:
    events: list[FanOutEvent] = []
    outcomes = virtually(Script(plan).run(options, on_event=events.append))
    for outcome in outcomes:
        started, *retried, last = [event for event in events if event.index == outcome.index]
        assert started == ItemStarted(outcome.index)
        assert [event.attempt for event in retried] == list(range(1, outcome.attempts))  # type: ignore[union-attr]
        for event in retried:
            assert isinstance(event, ItemRetried)
            assert event.delay == options.delay(event.index, event.attempt, event.error)
        finished = ItemFinished(outcome.index, outcome.attempts)
        assert last == (
            finished if outcome.error is None else ItemFailed(outcome.index, outcome.attempts, outcome.error)
        )


@settings(deadline=None)
@given(plays, settings_of(on_error="return"), st.floats(0, 1000))
def test_after_cancel_nothing_starts_and_what_is_done_is_kept(
    virtually: Virtually, plan: Plan, options: FanOutOptions, moment: float
) -> None:
    script, cancel = Script(plan), threading.Event()

    def stop() -> None:
        seen.append(len(script.calls))
        cancel.set()

    async def main() -> tuple[list[Outcome[str]], int]:
        asyncio.get_running_loop().call_later(moment, stop)
        work = afan_out(script, range(len(plan)), options, clock=CLOCK, cancel=cancel)
        return await work, script.running

    seen: list[int] = []
    outcomes, running = virtually(main())
    assert running == 0
    assert len(script.calls) == (seen or [len(script.calls)])[0]
    complete = virtually(Script(plan).run(options))
    for outcome, whole in zip(outcomes, complete, strict=True):
        if isinstance(outcome.error, asyncio.CancelledError):
            assert outcome.attempts <= whole.attempts
        else:
            assert plain([outcome]) == plain([whole])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.booleans(), max_size=4), max_size=8), st.integers(1, 8), st.integers(1, 4))
def test_threads_give_what_coroutines_give(
    virtually: Virtually, tries: list[list[bool]], concurrency: int, attempts: int
) -> None:
    options = FanOutOptions(concurrency, attempts, timeout=None, backoff=0, on_error="return")
    left = [iter(oks) for oks in tries]

    def call(item: int) -> str:
        if not next(left[item], True):
            raise ConnectionError(item)
        return f"answer {item}"

    outcomes = fan_out(call, range(len(tries)), options)
    script = Script([[(0.0, ok) for ok in oks] for oks in tries])
    expected = virtually(script.run(options))
    assert [(o.index, o.value, o.attempts) for o in outcomes] == [(o.index, o.value, o.attempts) for o in expected]


def test_a_shared_limiter_holds_across_fan_outs(
    virtually: Virtually,
) -> None:
    limiter = RateLimiter(requests_per_minute=2)
    script = Script([[]] * 2)

    async def main() -> None:
        for _ in range(2):
            await afan_out(script, range(2), clock=CLOCK, limiter=limiter)

    virtually(main())
    assert [moment for _, moment in script.calls] == [0, 0, 60, 60]


def test_cancelling_the_caller_cancels_what_runs(virtually: Virtually) -> None:
    script = Script([[(100.0, True)]] * 5)

    async def main() -> None:
        work = afan_out(script, range(5), FanOutOptions(max_concurrency=2))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work, 150)

    virtually(main())
    assert script.running == 0
    assert [item for item, _ in script.calls] == [0, 1, 2, 3]


def test_what_on_event_raises_stops_the_fan_out_and_reaches_the_caller(virtually: Virtually) -> None:
    script = Script([[(1.0, True)]] * 6)

    def on_event(event: FanOutEvent) -> None:
        if event == ItemFinished(1, 1):
            raise LookupError("full disk")

    with pytest.raises(LookupError, match="full disk"):
        virtually(script.run(FanOutOptions(max_concurrency=2), on_event=on_event))
    assert script.running == 0
    assert len(script.calls) < 6
    with pytest.raises(LookupError, match="full disk"):
        fan_out(str, range(6), FanOutOptions(max_concurrency=2), on_event=on_event)
