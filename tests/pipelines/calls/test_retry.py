from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.errors import InputError, StageError
from longdoc.pipelines.calls.local import FanOutOptions, afan_out, fan_out
from longdoc.pipelines.calls.retry import is_transient, retry_after

Virtually: TypeAlias = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.mark.parametrize(
    "error",
    [TypeError(), AttributeError(), NotImplementedError(), KeyError(), ZeroDivisionError(), InputError(),
     KeyboardInterrupt(), asyncio.CancelledError()],
    ids=repr,
)  # fmt: skip
def test_bugs_refusals_and_interrupts_are_not_transient(error: BaseException) -> None:
    assert not is_transient(error)


class StatusError(Exception):
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 529])
def test_refused_requests_are_not_tried_again_and_troubled_servers_are(status: int) -> None:
    transient = status not in {400, 401, 403, 404, 422}
    assert is_transient(StatusError(status)) == transient
    assert is_transient(http_error(status)) == transient


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionError(), ValueError(), RuntimeError(), OSError()])
def test_what_may_pass_is_transient(error: Exception) -> None:
    assert is_transient(error)


def http_error(status: int, **headers: str) -> httpx.HTTPStatusError:
    request = httpx.Request("POST", "http://model.test")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.HTTPStatusError("refused", request=request, response=httpx.Response(status, headers=named))


class BusyError(Exception):
    def __init__(self, retry_after: object, headers: object = None) -> None:
        self.retry_after = retry_after
        self.response = httpx.Response(429, headers=headers)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (BusyError(7), 7.0),
        (BusyError("2.5"), 2.5),
        (BusyError(3, {"retry-after": "9"}), 3.0),
        (BusyError(None, {"Retry-After": "9"}), 9.0),
        (http_error(429, retry_after="11"), 11.0),
        (http_error(429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), 0.0),
        (http_error(429), 0.0),
        (BusyError(-1), 0.0),
        (BusyError("inf"), 0.0),
        (BusyError("nan"), 0.0),
        (ValueError(), 0.0),
    ],
)
def test_retry_after_is_read_from_the_error_or_its_response(error: Exception, seconds: float) -> None:
    assert retry_after(error) == seconds


def test_a_server_that_names_its_time_is_not_called_before_it(virtually: Virtually) -> None:
    moments: list[float] = []

    async def call(item: str) -> str:
        moments.append(asyncio.get_running_loop().time())
        if len(moments) < 3:
            raise BusyError(100 * len(moments))
        return item

    virtually(afan_out(call, ["x"], FanOutOptions(max_backoff=30)))
    assert moments == [0, 100, 300]


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(1, 2000), st.integers(0, 9), st.floats(0, 5), st.floats(0, 60))
def test_backoff_doubles_up_to_its_limit_and_jitter_takes_off_at_most_half(
    index: int, attempt: int, seed: int, first: float, most: float
) -> None:
    options = FanOutOptions(backoff=first, max_backoff=most, seed=seed)
    delay = options.delay(index, attempt, ValueError())
    full = min(first * 2.0 ** min(attempt - 1, 64), most)
    assert full / 2 <= delay <= full
    assert delay == options.delay(index, attempt, ValueError())


def test_jitter_differs_between_items_attempts_and_seeds() -> None:
    delays = {
        FanOutOptions(backoff=8, max_backoff=8, seed=seed).delay(index, attempt, ValueError())
        for seed in range(3) for index in range(3) for attempt in range(1, 4)
    }  # fmt: skip
    assert len(delays) == 27


def test_a_bug_is_called_once() -> None:
    calls: list[str] = []

    def call(item: str) -> str:
        calls.append(item)
        raise TypeError("no such argument")

    with pytest.raises(StageError, match="item 0 failed on attempt 1: TypeError: no such argument"):
        fan_out(call, ["x"])
    assert calls == ["x"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
@pytest.mark.parametrize("threaded", [False, True])
def test_interrupts_raised_by_a_call_pass_through_and_are_never_retried(
    error: type[BaseException], threaded: bool
) -> None:
    calls: list[int] = []

    def call(item: int) -> int:
        calls.append(item)
        raise error

    async def acall(item: int) -> int:
        return call(item)

    chosen: Callable[[int], Any] = call if threaded else acall
    with pytest.raises(error):
        fan_out(chosen, [5], FanOutOptions(on_error="return", retry_on=lambda error: True))
    assert calls == [5]


def test_a_stop_iteration_does_not_leave_its_item_waiting() -> None:
    def call(item: object) -> object:
        return next(iter(()))

    (outcome,) = fan_out(call, [1], FanOutOptions(max_attempts=1, timeout=None, on_error="return"))
    assert isinstance(outcome.error, RuntimeError)
    assert isinstance(outcome.error.__cause__, StopIteration)
