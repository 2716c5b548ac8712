"""Requests and tokens a minute, held in every sliding window of 60 seconds."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from typing import Protocol

from longdoc.errors import BudgetError

WINDOW = 60.0  # seconds; providers state their limits by the minute


class Clock(Protocol):
    """Where time comes from; tests pass one that does not wait."""

    def now(self) -> float:
        """Seconds since a fixed moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `now()` has moved on by about that much."""
        ...


class RealClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Seconds since a fixed moment; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        await asyncio.sleep(seconds)


class RateLimiter:
    """Admits requests so that no 60 seconds hold more of them, or of their tokens, than allowed.

    It remembers the requests of the last minute, each at the moment it was let through, so a limit of 60 lets
    60 through at once and the 61st a minute later. `None` is no limit. One limiter may serve many event loops
    and threads; that is how several fan-outs share one provider's limit.
    """

    def __init__(self, requests_per_minute: float | None = None, tokens_per_minute: float | None = None) -> None:
        check_rate("requests_per_minute", requests_per_minute)
        check_rate("tokens_per_minute", tokens_per_minute)
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self._log: deque[tuple[float, int]] = deque()  # (when let through, tokens), oldest first
        self._tokens = 0  # the sum over the log
        self._lock = threading.Lock()

    def check(self, tokens: int, what: str = "a request") -> None:
        """Nothing, if a request of that many tokens can ever pass; a BudgetError naming `what` if not."""
        if tokens < 0:
            raise ValueError(f"{what} counts {tokens} tokens; a count is 0 or more")
        if self.tokens_per_minute is not None and tokens > self.tokens_per_minute:
            raise BudgetError(
                f"{what} has {tokens} tokens, over tokens_per_minute={self.tokens_per_minute:g}: "
                "split it or raise the limit"
            )

    def admit(self, now: float, tokens: int = 0) -> float | None:
        """None if the request is let through, and from then it counts; else the moment to ask again."""
        self.check(tokens)
        with self._lock:
            while self._log and now >= self._log[0][0] + WINDOW:
                self._tokens -= self._log.popleft()[1]
            if self._fits(tokens):
                self._log.append((now, tokens))
                self._tokens += tokens
                return None
            return self._log[0][0] + WINDOW

    async def acquire(self, clock: Clock, tokens: int = 0) -> None:
        """Return once the request is let through; callers that must keep order hold a lock around it."""
        while (again := self.admit(now := clock.now(), tokens)) is not None:
            await clock.sleep(again - now)

    def _fits(self, tokens: int) -> bool:
        requests_fit = self.requests_per_minute is None or len(self._log) + 1 <= self.requests_per_minute
        tokens_fit = self.tokens_per_minute is None or self._tokens + tokens <= self.tokens_per_minute
        return requests_fit and tokens_fit


def check_rate(name: str, rate: float | None) -> None:
    """Nothing, if the rate is None or lets at least one through a minute; else a ValueError."""
    if rate is not None and not rate >= 1:
        raise ValueError(f"{name} must be 1 or more, or None for no limit, not {rate}")
