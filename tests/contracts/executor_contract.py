"""What every `Executor` keeps to: slots, errors, retries, and functions and items that are plain values."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from longdoc.errors import StageError
from longdoc.pipelines.calls.executor import Executor, FanOutEvent, FanOutOptions, ItemFinished, ItemRetried

QUICK = FanOutOptions(max_concurrency=3, max_attempts=3, backoff=0.0, max_backoff=0.0, on_error="return")


@dataclass(frozen=True)
class Doubled:
    """Doubles; an item over `most` is refused, for good."""

    most: int = 1000

    async def __call__(self, item: int) -> int:
        if item > self.most:
            raise ArithmeticError(f"{item} is too much")
        return 2 * item


def halved(item: int) -> float:
    """A plain function."""
    return item / 2


def check_executor(make: Callable[[], Executor]) -> None:
    """The slot law with and without failures, several maps in one executor, nothing to do, and `on_error="raise"`."""
    assert pickle.loads(pickle.dumps(Doubled(3))) == Doubled(3)
    events: list[FanOutEvent] = []
    with make() as executor:
        made = executor.map(Doubled(6), range(10), QUICK, on_event=events.append)
        assert [outcome.index for outcome in made] == list(range(10))
        assert [outcome.value for outcome in made] == [0, 2, 4, 6, 8, 10, 12, None, None, None]
        assert [str(outcome.error) for outcome in made if not outcome.ok] == [f"{n} is too much" for n in (7, 8, 9)]
        assert sum(isinstance(event, ItemFinished) for event in events) == 7
        assert not any(isinstance(event, ItemRetried) for event in events)
        assert [outcome.unwrap() for outcome in executor.map(halved, [4, 2])] == [2.0, 1.0]
        assert executor.map(halved, []) == []
        with pytest.raises(StageError, match="item 1 failed"):
            executor.map(Doubled(3), [1, 5, 9], FanOutOptions(max_attempts=1))
