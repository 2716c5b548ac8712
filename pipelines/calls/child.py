"""A child process that answers JSON values, one at a time: what a value does to it costs that value's answer only.

In the parent `Child("longdoc.some.module", seconds=60).ask(value)`; the module calls `answer_lines(function)`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from longdoc.errors import BusyModelError, CacheError, LongdocError, UnavailableError

Cause = Literal["", "refused", "store", "down", "busy", "memory", "disk", "broken", "late", "lost", "closed"]
More: TypeAlias = Callable[[float], None]
MEMORY = 4 << 30  # bytes that the process may map


@dataclass(frozen=True, slots=True)
class Answer:
    """A value, or what went wrong, in words and by its kind.

    "refused" is a `LongdocError`; of those that are no doing of the value "store" comes of a cache or an index, "down"
    of a model that is not to be had, "busy" of one that does not answer now. "memory", "disk" and "broken" are what the
    child caught; of "late" and "lost" the child has died; "closed" was not asked any more.
    """

    value: Any = None
    error: str = ""
    cause: Cause = ""


class Child:
    """Asks a module that runs in a process of its own, which is begun again where it was lost. One thread asks.

    `seconds` is how long an answer may take; an answer that says so has more. `memory` bounds the bytes that the
    process maps, where the system can. `environment` is added to that of this process, an empty value taking one out.
    `first` is what each process is told before all else, None for nothing.
    """

    def __init__(
        self,
        module: str,
        seconds: float,
        memory: int = MEMORY,
        environment: Mapping[str, str] | None = None,
        first: Any = None,
    ) -> None:
        self._module, self._seconds, self._memory, self._first = module, seconds, memory, first
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[str] | None = None
        self._late = False
        self.closed = False

    def ask(self, value: Any) -> Answer:
        """What the module answers to a JSON value."""
        if self.closed:
            return Answer(error="it was stopped before its turn", cause="closed")
        self._late = False
        begun = self._process is not None and self._process.poll() is None
        process = self._running()
        told = {} if begun or self._first is None else self._told(process, self._first)
        if told is not None and "error" not in told:
            told = self._told(process, value)
        if self._late:
            self._forget()
        if told is None:
            self._forget()
            if self.closed:
                return Answer(error="it was stopped in the middle", cause="closed")
            if self._late:
                return Answer(error=f"took longer than {self._seconds:g} s", cause="late")
            return Answer(error="came to an unexpected end", cause="lost")
        if told.get("cause") == "memory":  # what is left of the process may be in no state to go on
            self._forget()
        return Answer(told.get("value"), told.get("error", ""), told.get("cause", ""))

    def interrupt(self) -> None:
        """Ends the process, also in the middle of an answer, and asks no more; for another thread than the asking."""
        self.closed = True
        process = self._process
        if process is not None:
            process.kill()

    def skip(self) -> None:
        """Ends the process, whose answer is lost, and goes on with a new one; for another thread than the asking."""
        process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def close(self) -> None:
        """Ends the process and lets go of its pipes."""
        self.interrupt()
        self._forget()

    def _told(self, process: subprocess.Popen[str], value: Any) -> dict[str, Any] | None:
        """The answer, each of whose earlier lines gives it more time; None where the process has died."""
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        line, seconds = f"{json.dumps(value)}\n", self._seconds
        while True:
            timer = threading.Timer(seconds, self._end, [process])
            timer.daemon = True
            timer.start()
            try:
                if line:
                    process.stdin.write(line)
                    process.stdin.flush()
                told = json.loads(process.stdout.readline())
            except (OSError, ValueError):  # it is gone
                return None
            finally:
                timer.cancel()
            if "more" not in told:
                return dict(told)
            line, seconds = "", float(told["more"])

    def _end(self, process: subprocess.Popen[str]) -> None:
        self._late = True
        process.kill()

    def _forget(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what it was last told may still wait to be written
                if pipe is not None:
                    pipe.close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is not None:  # it was lost between two answers
            self._forget()
        if self._process is None:
            given = {**os.environ, **self._environment}
            self._process = subprocess.Popen(  # noqa: S603  a module that the program names
                [sys.executable, "-P", "-m", self._module, str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="ascii",
                env={name: value for name, value in given.items() if value},
            )
            if self.closed:  # by another thread, which saw no process to end
                self._process.kill()
        return self._process


def answer_lines(answer: Callable[[Any, More], Any]) -> None:
    """The child's side: answers what stands on stdin, a JSON value a line, until it ends, with a line each.

    `answer` is called with the value and with what asks for more seconds, from then on.
    """
    _limit_memory(int(sys.argv[1]))
    with suppress(ValueError):  # only a main thread may
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when it is over
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a parser prints is no answer

    def tell(told: dict[str, Any]) -> None:
        answers.write(f"{json.dumps(told)}\n")
        answers.flush()

    for line in sys.stdin:
        tell(_answered(answer, json.loads(line), lambda seconds: tell({"more": seconds})))


def _answered(answer: Callable[[Any, More], Any], value: Any, more: More) -> dict[str, Any]:
    try:
        return {"value": answer(value, more)}
    except LongdocError as error:
        return refused(error)
    except MemoryError:
        return {"error": "needs too much memory; give a smaller one, or its text", "cause": "memory"}
    except OSError as error:
        return {"error": f"is no longer there, or the disk is full ({error.strerror})", "cause": "disk"}
    except Exception as error:  # noqa: BLE001  the edge of the process: a parser's own error, on a file from anywhere
        told = f"cannot be read ({type(error).__name__}); check that other programs open it"
        return {"error": told, "cause": "broken"}


def refused(error: LongdocError) -> dict[str, Any]:
    """What is told of an error: of one that a cache, an index or a model is the cause of, the words of those."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, CacheError):
            return {"error": str(cause), "cause": "store"}
        cause = cause.__cause__
    if isinstance(error, BusyModelError):
        return {"error": str(error), "cause": "busy"}
    return {"error": str(error), "cause": "down" if isinstance(error, UnavailableError) else "refused"}


def _limit_memory(most: int) -> None:
    """Bounds the memory of this process where the system can: Windows has no such limit, macOS does not obey it."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, AttributeError, ValueError, OSError):
        return
