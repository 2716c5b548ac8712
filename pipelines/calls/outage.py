"""Whether a call failed for what it asked, or because its server answers no call now; and that in words."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from longdoc.errors import UnavailableError
from longdoc.pipelines.calls.retry import status_of

Outage = Literal["down", "busy"]

_SAID: dict[int, tuple[Outage, str, str]] = {
    401: ("down", "refuses the key", "set the provider's API key in the environment"),
    402: ("down", "wants to be paid first", "see to the provider's account"),
    403: ("busy", "refuses", "see to the provider's account and API key, and to what it lets through"),
    404: ("down", "is not there", "name another model, or correct the server's address"),
    408: ("busy", "does not answer in time", "wait until the server has less to do"),
    429: ("busy", "turns away so many calls", "wait, or have fewer documents made at once"),
}
_GONE = ("cannot be reached", "start its server, or correct the address")
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
_CLIENTS = ("httpx", "httpcore", "aiohttp", "urllib3")
_LATE = ("does not answer in time", "see to its server")


def outage_of(error: BaseException, model: str) -> tuple[Outage, str] | None:
    """Why the model answers no call now, in a sentence with its name and address; None where the call is at fault.

    "down" is what no document can be the cause of, a server that is not there or refuses whoever asks; "busy" one that
    fails, or is late, which a single document may be the cause of.
    """
    links = list(_links(error))
    broken = next((link for link in links if isinstance(link, UnavailableError)), None)
    if broken is not None:
        return "down", str(broken)
    address = next((said for link in links if (said := _address(link))), "")
    status = next((found for link in links if (found := status_of(link)) is not None), None)
    if status is not None:
        kind, what, remedy = _SAID.get(status, ("busy", "fails", "see to its server"))
        return (kind, _sentence(model, address, f"{what} ({status})", remedy)) if _is_its(status) else None
    failed = [link for link in links if isinstance(link, OSError) and _is_of_the_network(link)]
    if not failed:
        return None
    last = failed[-1]
    if isinstance(last, TimeoutError):
        return "busy", late_model(model, address)
    kind = "down" if isinstance(last, (ConnectionRefusedError, socket.gaierror)) else "busy"
    known = os.strerror(last.errno) if isinstance(last, ConnectionError) and last.errno else last.strerror
    reason = (known or str(last).partition("\n")[0]).rstrip(". ") or type(last).__name__
    return kind, _sentence(model, address, f"{_GONE[0]} ({reason})", _GONE[1])


def late_model(model: str, address: str = "") -> str:
    """What is told of a model that did not answer in time."""
    return _sentence(model, address, *_LATE)


def _sentence(model: str, address: str, what: str, remedy: str) -> str:
    at = f" at {address}" if address else ""
    return f"the model {model!r}{at} {what}; {remedy}"


def _is_of_the_network(error: OSError) -> bool:
    kinds = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)
    return isinstance(error, kinds) or error.errno in _UNREACHABLE


def _is_its(status: int) -> bool:
    return status in _SAID or status >= 500


def _links(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it comes of; of several at once the first.

    What the system raised before an error that is raised `from None` is none of its causes, but where a client of HTTP
    hides it from tracebacks so.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        below = error.__cause__ or error.__context__
        hidden = error.__suppress_context__ and not type(error).__module__.startswith(_CLIENTS)
        if error.__cause__ is None and hidden and type(below).__module__ == "builtins":
            return
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else below


def _address(error: BaseException) -> str:
    """Scheme, host and port of the request that failed, as HTTP clients tell it; "" where none does."""
    try:
        parts = urlsplit(str(error.request.url))  # type: ignore[attr-defined]
        port = f":{parts.port}" if parts.port else ""
    except (AttributeError, RuntimeError, ValueError):  # httpx raises RuntimeError where it has none
        return ""
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else ""
