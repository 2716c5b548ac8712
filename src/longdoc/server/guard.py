"""Checks of every call before the server looks at it: free places, host, origin, token, content type, size."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from longdoc.server.answers import problem
from longdoc.server.settings import Limits, ServerSettings

_log = logging.getLogger(__name__)
_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
_DATA = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_UPLOAD = "/api/documents"
_SILENT, _IDLE, _DEAF, _BUSY = range(4)  # in the order in which they are dropped


class Guard:
    """ASGI middleware that refuses unfit calls and gives every response its security headers.

    A call has to name a host that is ours (else a page could rebind its own name to this address), and may not come
    from another site's page (`Origin`, `Sec-Fetch-Site`). What changes something has a content type that no plain form
    can send. With a token, everything under /api needs it. No error leaves with more than a sentence.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a refusal itself, and hands everything else on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # a websocket: the server closes what is not accepted
        begun: list[bool] = []
        answer = _marked(send, _PAGE if not _is_api(scope) else _DATA, begun)
        try:
            refused = self._refusal(scope)
            if refused is not None:
                await problem(*refused)(scope, receive, answer)
            else:
                await self._app(scope, self._bounded(scope, receive), answer)
        except Exception:  # the edge of the process: the caller is told nothing of what went wrong inside
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if begun:
                raise
            await problem(500, "something went wrong inside the server; its log says what")(scope, receive, answer)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._settings.knows(_name(host)) or len(headers.getlist("host")) != 1:
            return 403, "the server is not known by this host name; start it with --allow-host to add one"
        if "origin" in headers and not _is_same(headers["origin"], host):
            return 403, "pages of other origins may not use this server"
        if not _is_api(scope):
            return None
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "pages of other sites may not use this server"
        if not self._is_allowed(headers):
            return 401, "this server asks for its token, in the header Authorization: Bearer"
        return self._unfit(scope, headers)

    def _is_allowed(self, headers: Headers) -> bool:
        if self._settings.token is None:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        token = given.strip().encode("utf-8", "replace")
        return secrets.compare_digest(token, self._settings.token.encode()) and scheme.lower() == "bearer"

    def _unfit(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Why a body is refused unread."""
        if scope["method"] not in ("POST", "PUT"):
            return None
        wanted = "application/octet-stream" if scope["path"] == _UPLOAD else "application/json"
        if headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
            return 415, f"the content type has to be {wanted}"
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > self._most(scope):
            return 413, f"the body has {int(length[:20]):,} bytes; at most {self._most(scope):,} are taken"
        return None

    def _most(self, scope: Scope) -> int:
        limits = self._settings.limits
        return limits.upload_bytes if scope["path"] == _UPLOAD else limits.json_bytes

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """The body, broken off where it stands still or is longer than it may be: a length need not be told, or true.

        What comes after the body is the client's leaving, which may take as long as it likes.
        """
        most, read, whole = self._most(scope), 0, False
        idle = self._settings.limits.idle_seconds

        async def bounded() -> Message:
            nonlocal read, whole
            with anyio.move_on_after(None if whole else idle) as waiting:
                message = await receive()
            if waiting.cancelled_caught:
                raise HTTPException(408, f"nothing more of the body came for {idle:g} s")
            whole = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, f"the body has more than {most:,} bytes, the most that are taken")
            return message

        return bounded


def _marked(send: Send, policy: str, begun: list[bool]) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.append(True)
            headers = MutableHeaders(scope=message)
            headers.update({**_ALWAYS, "Content-Security-Policy": policy})
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return marked


def _is_api(scope: Scope) -> bool:
    return str(scope["path"]).startswith("/api/")


def _name(host: str) -> str:
    """The host without its port."""
    bare, colon, port = host.rpartition(":")
    return bare if colon and port.isdecimal() and not bare.endswith(":") else host


def _is_same(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


class Connection(H11Protocol):
    """uvicorn's connection, which is dropped where it only takes a place."""

    def __init__(self, limits: Limits, **given: Any) -> None:
        super().__init__(**given)
        self._limits = limits
        self._begun = self.loop.time()
        self._waiting: asyncio.TimerHandle | None = None  # for a head, or for its reading
        self._deaf = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a place, another's where there is none."""
        if len(self.connections) >= self._limits.connections - 1:
            self._make_room()
        super().connection_made(transport)
        self._wait(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives the place back."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on; the time for a head is not longer where it comes in drops."""
        super().data_received(data)
        if self._standing == _BUSY:
            self._stop_waiting()
        elif self._waiting is None:
            self._wait(self._limits.head_seconds)

    def pause_writing(self) -> None:
        """The other side does not read: it has so long to begin again."""
        super().pause_writing()
        self._deaf = True
        self._wait(self._limits.idle_seconds)

    def resume_writing(self) -> None:
        """The other side reads again."""
        super().resume_writing()
        self._deaf = False
        self._stop_waiting()

    @property
    def _standing(self) -> int:
        if self._deaf:
            return _DEAF
        if self.cycle is None:
            return _SILENT
        return _IDLE if self.cycle.response_complete else _BUSY

    def _make_room(self) -> None:
        others = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        least = min(others, key=lambda one: (one._standing, one._begun), default=None)
        if least is not None and least._standing != _BUSY:
            least._drop()

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(seconds, self._drop)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _drop(self) -> None:
        self.transport.abort()
        self.connections.discard(self)  # its place is free at once, not when the loop comes round to it
