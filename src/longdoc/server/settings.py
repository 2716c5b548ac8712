"""The settings of `longdoc serve`: where it listens, who may ask, and how much."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path

from longdoc.chunkers.readers.base import Ocr
from longdoc.errors import InputError

MIB = 1 << 20
_TOKEN = re.compile(r"[!-~]{16,256}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one server takes on; what is over a limit is refused, never queued without end.

    Sizes are in bytes, times in seconds; `conversation_bytes` is of all conversations together, `note_bytes` of all
    notes; of summaries of several documents the latest `digests` are kept. `idle_seconds` is how long a body may stand
    still, or an answer wait to be read; `head_seconds` how long a connection may take to say what it wants.
    `folder_bytes` is of the files and of their texts, which take four bytes a character; `reading_seconds` how long a
    file may take to be read and indexed, `drawing_seconds` a page to be drawn. `uploads`, `questions`, `summaries` and
    `pictures` are those under way at once, those that wait for a turn among them; at a time `answering` questions, one
    summary and one picture are worked on.
    """

    upload_bytes: int = 64 * MIB
    folder_bytes: int = 4096 * MIB
    conversation_bytes: int = 256 * MIB
    documents: int = 500
    conversations: int = 10_000
    notes: int = 2_000
    note_bytes: int = 64 * MIB
    digests: int = 200
    json_bytes: int = 64 << 10
    uploads: int = 8
    questions: int = 64
    answering: int = 4
    summaries: int = 4
    pictures: int = 8
    idle_seconds: float = 30.0
    head_seconds: float = 10.0
    upload_seconds: float = 600.0
    reading_seconds: float = 300.0
    drawing_seconds: float = 20.0
    answer_seconds: float = 300.0
    summary_seconds: float = 3600.0
    connections: int = 256

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise InputError(f"the limit {name} is {getattr(self, name)}; give more than 0")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where a server listens and keeps its documents; checked when it is made.

    A `host` that other machines reach needs a `token`, 16 visible ASCII characters or more, which each call then has to
    bring. `hosts` are further names that the server is known by, such as a reverse proxy's; a call that names another
    host is refused. The files below `watch` are documents of the server, as they are from time to time.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8321
    models: tuple[str, ...] = ("extractive",)
    token: str | None = field(default=None, repr=False)
    hosts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    watch: Path | None = None
    ocr: Ocr = "auto"

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise InputError(f"the port is {self.port}; give 0 (any that is free) to 65535")
        for name in self.hosts:
            if not _HOST.fullmatch(name):
                raise InputError(f"the host name {name!r} is none; give a name such as docs.example.org, without port")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise InputError("the token is not 16 to 256 visible ASCII characters; make one with: openssl rand -hex 16")
        if self.token is None and not self.is_loopback:
            raise InputError(
                f"the host {self.host!r} can be reached from other machines; give --token, or --host 127.0.0.1"
            )

    @property
    def is_loopback(self) -> bool:
        """True where only programs on this machine can reach the server."""
        if self.host == "localhost":
            return True
        address = address_of(self.host)
        return address is not None and address.is_loopback

    def knows(self, name: str) -> bool:
        """True for a host name, without port, that a call may use; a name that is not ours is DNS rebinding.

        Names resolve to whatever their owner says, addresses to themselves: so with a token every address is good.
        """
        address = address_of(name)
        if address is not None:
            return address.is_loopback or not self.is_loopback
        return name.lower() in {"localhost", *(known.lower() for known in (self.host, *self.hosts))}


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is written as, with or without brackets; None for a name."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        return None
