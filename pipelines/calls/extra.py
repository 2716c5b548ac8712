"""How often a model is asked a second time for one text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class ExtraCalls:
    """How often a model was asked again within `counted_calls`, since its first reply would not do."""

    extra: int = 0


_COUNT: ContextVar[ExtraCalls | None] = ContextVar("extra calls", default=None)


@contextmanager
def counted_calls() -> Iterator[ExtraCalls]:
    """Counts the second askings of what runs inside it, in this context and the threads that carry it on."""
    counted = ExtraCalls()
    token = _COUNT.set(counted)
    try:
        yield counted
    finally:
        _COUNT.reset(token)


def asked_again() -> None:
    """Tells whoever counts that a model is asked a second time."""
    if (counted := _COUNT.get()) is not None:
        counted.extra += 1
