"""An executor that nobody ever has to wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import ParamSpec, TypeVar

LEFT_BEHIND = "longdoc-call"  # what the names of these threads begin with
_numbers = count()

P = ParamSpec("P")
R = TypeVar("R")


class DaemonThreads(ThreadPoolExecutor):
    """An executor whose hung calls neither starve the others nor hold up the end of a loop or of the process.

    The pool it inherits from, which asyncio insists on for a default executor, joins its threads when an
    event loop closes and again when the interpreter exits. Here each call has a daemon thread of its own,
    which ends with the call and which nothing joins; how many run at once is for the caller to bound.
    """

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """The future of a call that starts at once; it carries whatever the call raises."""
        future: Future[R] = Future()
        start(future, lambda: fn(*args, **kwargs))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Return at once: each thread ends with its call."""


def start(future: Future[R], call: Callable[[], R]) -> None:
    """Begin the call in a daemon thread; the future, unless cancelled by then, gets what comes of it."""

    def work() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001  the waiter must wake, whatever it was
            future.set_exception(_carried(error))
        else:
            future.set_result(result)

    threading.Thread(target=work, name=f"{LEFT_BEHIND}-{next(_numbers)}", daemon=True).start()


def _carried(error: BaseException) -> BaseException:
    """The error, or a RuntimeError for StopIteration, which asyncio refuses to put in a future."""
    if not isinstance(error, StopIteration):
        return error
    stop = RuntimeError("the call raised StopIteration")
    stop.__cause__ = error
    return stop
