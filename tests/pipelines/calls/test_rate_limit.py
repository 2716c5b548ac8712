from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.errors import BudgetError
from longdoc.pipelines.calls.rate_limit import RateLimiter, RealClock


class StepClock:
    """A clock that moves only when somebody sleeps on it."""

    def __init__(self, start: float) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


def passes(limiter: RateLimiter, asks: list[tuple[float, int]], start: float = 0.0) -> list[float]:
    """When the requests, each asked some seconds after the last one passed, are let through."""
    clock = StepClock(start)

    async def main() -> list[float]:
        moments = []
        for gap, tokens in asks:
            clock.time += gap
            await limiter.acquire(clock, tokens)
            moments.append(clock.now())
        return moments

    return asyncio.run(main())


gaps = st.one_of(st.just(0.0), st.floats(0, 90, allow_subnormal=False))
asked = st.lists(st.tuples(gaps, st.integers(0, 100)), max_size=40)


@settings(deadline=None)
@given(asked, st.floats(1, 8), st.integers(100, 300), st.sampled_from([0.0, 1e3, 1e9]))
def test_no_minute_holds_more_requests_or_tokens_than_allowed(
    asks: list[tuple[float, int]], requests: float, tokens: int, start: float
) -> None:
    moments = passes(RateLimiter(requests, tokens), asks, start)
    for first in moments:
        window = [i for i, moment in enumerate(moments) if first <= moment < first + 60]
        assert len(window) <= requests
        assert sum(asks[i][1] for i in window) <= tokens


@settings(deadline=None)
@given(asked, st.integers(1, 8), st.integers(100, 300))
def test_a_request_waits_no_longer_than_the_limits_make_it(
    asks: list[tuple[float, int]], requests: int, tokens: int
) -> None:
    moments = passes(RateLimiter(requests, tokens), asks)
    before = 0.0
    for i, (gap, cost) in enumerate(asks):
        earliest = before + gap
        # The slow version: of the moments at which room may appear, the first that has room.
        candidates = [earliest, *(moment + 60 for moment in moments[:i] if moment + 60 > earliest)]
        assert moments[i] == pytest.approx(
            next(t for t in candidates if _room(moments[:i], asks, t, requests, tokens - cost)), abs=1e-6
        )
        before = moments[i]


def _room(moments: list[float], asks: list[tuple[float, int]], at: float, requests: int, tokens: int) -> bool:
    recent = [cost for moment, (_, cost) in zip(moments, asks, strict=False) if moment + 60 > at]
    return len(recent) < requests and sum(recent) <= tokens


def test_the_third_of_two_a_minute_passes_a_minute_after_the_first() -> None:
    assert passes(RateLimiter(2), [(0, 0), (10, 0), (0, 0), (0, 0)]) == [0, 10, 60, 70]


def test_tokens_are_held_apart_from_requests() -> None:
    assert passes(RateLimiter(None, 100), [(0, 60), (5, 40), (0, 0), (0, 50), (0, 50)]) == [0, 5, 5, 60, 65]


def test_without_limits_everything_passes_at_once() -> None:
    assert passes(RateLimiter(), [(0, 10**9)] * 500) == [0.0] * 500


def test_admit_names_the_moment_to_ask_again_and_does_not_count_the_refused() -> None:
    limiter = RateLimiter(1)
    assert limiter.admit(now=-60) is None
    assert limiter.admit(now=-1) == 0.0
    assert limiter.admit(now=0.0) is None
    assert limiter.admit(now=0.0) == 60.0


def test_a_limiter_holds_its_limit_across_event_loops() -> None:
    limiter = RateLimiter(2)
    assert passes(limiter, [(0, 0), (0, 0)]) == [0, 0]
    assert passes(limiter, [(0, 0)], start=1) == [60]


def test_a_request_that_can_never_pass_is_refused_by_name() -> None:
    with pytest.raises(BudgetError, match=r"item 3 has 101 tokens, over tokens_per_minute=100: split it"):
        RateLimiter(None, 100).check(101, "item 3")
    with pytest.raises(BudgetError, match="a request has 101 tokens"):
        RateLimiter(None, 100).admit(0, 101)
    with pytest.raises(ValueError, match="-1 tokens"):
        RateLimiter().admit(0, -1)


@pytest.mark.parametrize("rate", [0, 0.5, -1, float("nan")])
def test_rates_under_one_a_minute_are_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="requests_per_minute must be 1 or more"):
        RateLimiter(rate)
    with pytest.raises(ValueError, match="tokens_per_minute must be 1 or more"):
        RateLimiter(None, rate)


def test_the_real_clock_does_not_go_back() -> None:
    clock = RealClock()
    before = clock.now()
    asyncio.run(clock.sleep(0))
    assert clock.now() >= before
