"""Whether a call failed for what it asked, or because its server answers no call now; and that in words."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from longdoc.pipelines.calls.retry import status_of

Outage = Literal["down", "busy"]

_SAID: dict[int, tuple[Outage, str, str]] = {
    401: ("down", "refuses the key", "set the provider's API key in the environment"),
    402: ("down", "wants to be paid first", "see to the provider's account"),
    403: ("down", "refuses this account", "set the provider's API key in the environment"),
    404: ("down", "is not there", "name another model, or correct the server's address"),
    408: ("busy", "does not answer in time", "wait until the server has less to do"),
    429: ("busy", "turns away so many calls", "wait, or have fewer documents made at once"),
}
_GONE = ("cannot be reached", "start its server, or correct the address")
_LATE = ("does not answer in time", "see to its server")


def outage_of(error: BaseException, model: str) -> tuple[Outage, str] | None:
    """Why the model answers no call now, in a sentence with its name and address; None where the call is at fault.

    "down" is what no document can be the cause of, a server that is not there or refuses whoever asks; "busy" one that
    fails, or is late, which a single document may be the cause of.
    """
    links = list(_links(error))
    address = next((said for link in links if (said := _address(link))), "")
    status = next((found for link in links if (found := status_of(link)) is not None), None)
    if status is not None:
        kind, what, remedy = _SAID.get(status, ("busy", "fails", "see to its server"))
        return (kind, _sentence(model, address, f"{what} ({status})", remedy)) if _is_its(status) else None
    failed = [link for link in links if isinstance(link, OSError) and link.filename is None]
    if not failed:
        return None
    last = failed[-1]
    if isinstance(last, TimeoutError):
        return "busy", late_model(model, address)
    kind = "down" if isinstance(last, (ConnectionRefusedError, socket.gaierror)) else "busy"
    known = os.strerror(last.errno) if last.errno and last.errno > 0 else last.strerror
    reason = (known or str(last).partition("\n")[0]).rstrip(". ") or type(last).__name__
    return kind, _sentence(model, address, f"{_GONE[0]} ({reason})", _GONE[1])


def late_model(model: str, address: str = "") -> str:
    """What is told of a model that did not answer in time."""
    return _sentence(model, address, *_LATE)


def _sentence(model: str, address: str, what: str, remedy: str) -> str:
    at = f" at {address}" if address else ""
    return f"the model {model!r}{at} {what}; {remedy}"


def _is_its(status: int) -> bool:
    return status in _SAID or status >= 500


def _links(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it comes of; of several at once the first."""
    while error is not None:
        yield error
        below = error.__cause__ or error.__context__  # httpx's transport hides the system's error from tracebacks
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else below


def _address(error: BaseException) -> str:
    """Scheme, host and port of the request that failed, as HTTP clients tell it; "" where none does."""
    try:
        parts = urlsplit(str(error.request.url))  # type: ignore[attr-defined]
        port = f":{parts.port}" if parts.port else ""
    except (AttributeError, RuntimeError, ValueError):  # httpx raises RuntimeError where it has none
        return ""
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""
