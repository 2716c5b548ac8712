"""The server's responses: JSON that holds any text, one-sentence errors, streams of events."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

_HELD = 64  # events that wait for a slow reader
_PARTING = (401, 403, 429)  # answers after which a connection only takes a place that others want
_SILENCE = 15.0  # seconds until a comment shows proxies that the connection lives


class AsciiResponse(Response):
    """JSON in ASCII: a document may hold lone surrogates, which UTF-8 has no bytes for."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The content as JSON; bytes are JSON already."""
        if isinstance(content, bytes):
            return content
        return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")


def problem(status: int, sentence: str) -> AsciiResponse:
    """An error response: one sentence, and the headers that HTTP asks for with 401 and 429."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}}.get(status, {})
    if status in _PARTING:
        headers["Connection"] = "close"
    return AsciiResponse({"error": " ".join(sentence.split())}, status, headers)


class Turnstile:
    """Counts what is under way, on one event loop; `enter` answers 429 where there is no room."""

    def __init__(self, most: int, what: str) -> None:
        self._most, self._what, self._inside = most, what, 0

    def enter(self) -> None:
        """Takes a place, to be given back with `leave`."""
        if self._inside >= self._most:
            raise HTTPException(429, f"{self._inside} {self._what} are under way, the most at once; try again soon")
        self._inside += 1

    def leave(self) -> None:
        """Gives the place back."""
        self._inside -= 1

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *_: object) -> None:
        self.leave()


class Outbox:
    """Where the maker of a stream puts its events. `stopped` is set where no one reads them any more."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]], offer: Callable[[bytes], None]) -> None:
        self.stopped = threading.Event()
        self._send, self._offer = send, offer
        self._loop = asyncio.get_running_loop()

    async def put(self, name: str, data: Any) -> None:
        """Sends an event; waits while the reader is behind."""
        await self._send(_event(name, data))

    def offer(self, name: str, data: Any) -> None:
        """Sends an event from another thread, or drops it where the reader is behind."""
        self._loop.call_soon_threadsafe(self._offer, _event(name, data))


class EventStream(Response):
    """Server-sent events out of `make`, which is cancelled when the client goes; `last` is then always called."""

    media_type = "text/event-stream"

    def __init__(self, make: Callable[[Outbox], Awaitable[None]], last: Callable[[], None]) -> None:
        super().__init__(media_type=self.media_type)
        self._make, self._last = make, last
        del self.headers["content-length"]
        self.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the events, comments where there are none for long, and the end."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._stream(receive, send)
        finally:
            self._last()

    async def _stream(self, receive: Receive, send: Send) -> None:
        waiting, events = anyio.create_memory_object_stream[bytes](_HELD)
        outbox = Outbox(waiting.send, partial(_offered, waiting))
        async with anyio.create_task_group() as group:
            group.start_soon(_until_gone, receive, group.cancel_scope, outbox.stopped)
            group.start_soon(self._made, outbox, waiting)
            with events:
                while (body := await _next(events)) is not None:
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            group.cancel_scope.cancel()

    async def _made(self, outbox: Outbox, waiting: anyio.abc.ObjectSendStream[bytes]) -> None:
        async with waiting:
            await self._make(outbox)


async def _next(events: anyio.abc.ObjectReceiveStream[bytes]) -> bytes | None:
    """The next event; None after the last."""
    try:
        with anyio.move_on_after(_SILENCE):
            return await events.receive()
    except anyio.EndOfStream:
        return None
    return b": still here\n\n"


async def _until_gone(receive: Receive, scope: anyio.CancelScope, stopped: threading.Event) -> None:
    message: Message = {"type": ""}
    try:
        while message["type"] != "http.disconnect":
            message = await receive()
    finally:  # also where the server ends: threads are not cancelled, they look at this
        stopped.set()
    scope.cancel()


def _offered(waiting: Any, body: bytes) -> None:
    try:
        waiting.send_nowait(body)
    except (anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


def _event(name: str, data: Any) -> bytes:
    """JSON in ASCII has no line ends of its own, so that no text can begin an event."""
    shown = data.decode("ascii") if isinstance(data, bytes) else json.dumps(data, ensure_ascii=True, allow_nan=False)
    return f"event: {name}\ndata: {shown}\n\n".encode("ascii")
