"""What maps a function over items: the seam between what a job is and where it runs.

with LocalExecutor() as executor:
    outcomes = executor.map(summarize, chunks, FanOutOptions(max_concurrency=4))
texts = [outcome.unwrap() for outcome in outcomes]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Literal, Protocol, Self, TypeAlias, TypeVar, cast

from longdoc.arguments import checked
from longdoc.errors import StageError
from longdoc.pipelines.calls.rate_limit import check_rate
from longdoc.pipelines.calls.retry import backoff, is_transient, retry_after

R = TypeVar("R")
T = TypeVar("T")


@checked
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


class Executor(Protocol):
    """Maps functions over items, here or on other machines, with slot i holding what became of item i.

    A context manager: what it holds (a loop, workers) is kept from one map to the next, and let go at its end.
    """

    def map(
        self,
        function: Callable[[T], Any],
        items: Sequence[T],
        options: FanOutOptions = DEFAULTS,
        *,
        tokens: Callable[[T], int] | None = None,
        on_event: Callable[[FanOutEvent], object] | None = None,
    ) -> list[Outcome[Any]]:
        """An outcome for each item, in the order of the items; at most `options.most_calls(len(items))` calls.

        `function` and the items are plain values that can be pickled; what a function returns is awaited if it can be;
        `tokens` and `on_event` are called here. With
        `on_error="raise"` a `StageError` names the first item that failed, as a serial run would.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
