"""Connections that send nothing, or read nothing, do not keep others out: they are dropped after seconds, or for room.

A stranger needs no token to open a connection. So one that has not sent a request's head in time, or has not read for
long, is closed; and where all places are taken, the one that is wanted least gives its place to the next: the oldest
that is silent, else idle between two requests, else not reading. A call that is being answered is never dropped.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from longdoc.server.settings import Limits

_SILENT, _IDLE, _DEAF, _BUSY = range(4)  # in the order in which they are dropped


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
