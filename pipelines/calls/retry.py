"""Whether to try a failed call again, and how long to wait first."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any, cast

from longdoc.errors import LongdocError

_BUGS = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, MemoryError, NameError,
    NotImplementedError, RecursionError, SyntaxError, TypeError,
)  # fmt: skip
_REFUSALS = frozenset({400, 401, 403, 404, 422})  # the same request gets the same answer


def is_transient(error: BaseException) -> bool:
    """True if the same call may succeed later: not a bug, not a LongdocError, not a refused request.

    A ValueError counts as transient: a malformed reply of a model is often reported as one.
    """
    if not isinstance(error, Exception) or isinstance(error, (LongdocError, *_BUGS)):
        return False
    return status_of(error) not in _REFUSALS


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error carries, as the clients of servers tell it; None for another error."""
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", getattr(response, "status_code", None))
    return status if isinstance(status, int) else None


def retry_after(error: BaseException) -> float:
    """The seconds that the server asked to wait; 0 if it asked for none, or gave a date."""
    asked = getattr(error, "retry_after", None)
    headers = getattr(getattr(error, "response", None), "headers", None)
    if asked is None and isinstance(headers, Mapping):
        asked = headers.get("retry-after", headers.get("Retry-After"))
    try:
        seconds = float(cast(Any, asked))
    except (TypeError, ValueError):
        return 0.0
    return seconds if 0 < seconds < math.inf else 0.0


def backoff(first: float, most: float, attempt: int, seed: str) -> float:
    """Seconds to wait after failed attempt `attempt` (from 1): `first`, doubled each time up to `most`.

    Up to half of it is then taken off, by a number drawn from the seed: calls that failed together do not
    come back together, and a run can be repeated exactly.
    """
    digest = hashlib.blake2b(f"{seed}/{attempt}".encode(), digest_size=4).digest()
    jitter = 1 - int.from_bytes(digest) / 2**33
    return min(math.ldexp(first, min(attempt - 1, 64)), most) * jitter
