"""Connections that only take a place: silent ones, slow ones, those that do not read. The owner is served meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

TOKEN = "a-token-of-this-test"
HEAD = "GET /api/documents HTTP/1.1\r\nHost: localhost\r\n"

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def served(port: int, token: str | None = None) -> None:
    """The documents are told, over a connection of its own; who comes when all places are taken comes again."""
    asked = f"{HEAD}Connection: close\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
    answer = b""
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
            one.sendall(f"{asked}\r\n".encode())
            answer = one.recv(100)
        if not answer.startswith(b"HTTP/1.1 503"):
            break
    assert answer.startswith(b"HTTP/1.1 200"), answer


def ended(one: socket.socket) -> None:
    """The server has closed the connection; what it had to say first is read."""
    while one.recv(10_000):
        pass


def connected(port: int, held: ExitStack) -> socket.socket:
    return held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))


def started(live: Any, tmp_path: Path, **limits: float) -> Any:
    script = tmp_path / "serve.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom longdoc.server.app import serve\n"
        "from longdoc.server.settings import Limits, ServerSettings\n"
        f"serve(ServerSettings(Path(sys.argv[1]), port=0, limits=Limits(**{limits!r})))\n"
    )
    return live(str(tmp_path / "data"), script=script)


def test_silent_connections_keep_no_one_out(live: Any, tmp_path: Path, held: ExitStack) -> None:
    server = started(live, tmp_path)
    silent = [connected(server.port, held) for _ in range(300)]
    for _ in range(5):
        served(server.port)
    assert silent[0].recv(1) == b""  # the oldest gave its place


def test_who_is_late_with_a_head_or_does_not_read_is_let_go(live: Any, tmp_path: Path, held: ExitStack) -> None:
    server = started(live, tmp_path, head_seconds=0.5, idle_seconds=0.5, connections=20)
    silent, slow, second = (connected(server.port, held) for _ in range(3))
    second.sendall(f"{HEAD}\r\n".encode())
    assert second.recv(12).startswith(b"HTTP/1.1 200")
    second.sendall(b"GET /api/doc")  # of the second request half a head
    slow.sendall(HEAD.encode())
    for one in (silent, slow, second):
        ended(one)
    deaf = [connected(server.port, held) for _ in range(30)]
    for one in deaf:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        one.sendall(b"GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 400)
    for _ in range(5):
        served(server.port)


def test_the_owner_is_served_while_strangers_ask(live: Any, held: ExitStack, tmp_path: Path) -> None:
    server = live("--folder", str(tmp_path / "data"), "--token", TOKEN)
    for _ in range(300):
        connected(server.port, held).sendall(f"{HEAD}\r\n".encode())
    for _ in range(5):
        served(server.port, TOKEN)
