"""How soon the owner of a server is served while strangers take its connections.

python benchmarks/server_strangers.py [--calls 20]

A server of its own process on loopback, once with a token that the strangers do not have, once without. They open 255
connections that send nothing; 1,000 that each ask a question at once; 60 that ask for much and never read. The owner
asks for the list of documents, `--calls` times one after the other, each over a new connection, from the moment at
which the strangers are there.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from table import markdown, publish

TOKEN = "the-owners-own-token"
BODY = json.dumps({"question": "When was the harbour built?"})
ASK = (
    f"POST /api/questions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}"
)
DOCUMENTS = "GET /api/documents HTTP/1.1\r\nHost: localhost"
TEXT = "The harbour was built in 1843 by the town council. Ships brought timber and salt to it. " * 2_000


@contextmanager
def serving(folder: Path, token: str | None) -> Iterator[int]:
    """The port of a server."""
    command = [sys.executable, "-m", "longdoc.cli", "serve", "--port", "0", "--folder", str(folder)]
    command += ["--token", token] if token else []
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield int(process.stderr.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.wait()


def connected(port: int, held: ExitStack, seconds: float = 20) -> socket.socket:
    """A connection that lasts as long as `held`."""
    return held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=seconds))


def silent(port: int, held: ExitStack, document: str) -> None:
    """255 connections that send nothing."""
    for _ in range(255):
        connected(port, held)


def askers(port: int, held: ExitStack, document: str) -> None:
    """1,000 that ask at once."""
    for _ in range(1000):
        with suppress(OSError):
            connected(port, held).sendall(f"{ASK}\r\n\r\n{BODY}".encode())


def deaf(port: int, held: ExitStack, document: str) -> None:
    """60 that ask for a long text again and again and read nothing of it."""
    asked = f"GET /api/documents/{document}/text?end=100000 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    for _ in range(60):
        one = connected(port, held)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with suppress(OSError):
            one.sendall(asked * 30)


def called(port: int, head: str, token: str | None, body: bytes = b"") -> bytes:
    """The whole answer to the owner's call."""
    allowed = f"\r\nAuthorization: Bearer {token}" if token else ""
    with ExitStack() as held:
        one = connected(port, held)
        one.sendall(f"{head}{allowed}\r\nConnection: close\r\n\r\n".encode() + body)
        parts = []
        while part := one.recv(1 << 16):
            parts.append(part)
        return b"".join(parts)


def added(port: int, token: str | None) -> str:
    """The id of a document, once it is ready."""
    data = TEXT.encode()
    kind = f"Content-Type: application/octet-stream\r\nContent-Length: {len(data)}"
    answer = called(port, f"POST /api/documents?name=harbour.txt HTTP/1.1\r\nHost: localhost\r\n{kind}", token, data)
    id = str(json.loads(answer.partition(b"\r\n\r\n")[2])["id"])
    while b'"ready"' not in called(port, f"GET /api/documents/{id} HTTP/1.1\r\nHost: localhost", token):
        time.sleep(0.1)
    return id


def owner(port: int, token: str | None, calls: int) -> tuple[list[float], int]:
    """Seconds of each call, and how many were not served."""
    seconds, failed = [], 0
    for _ in range(calls):
        begun = time.perf_counter()
        try:
            failed += not called(port, DOCUMENTS, token).startswith(b"HTTP/1.1 200")
        except OSError:
            failed += 1
        seconds.append(time.perf_counter() - begun)
    return sorted(seconds), failed


STRANGERS: dict[str, Callable[[int, ExitStack, str], None]] = {
    "none": lambda port, held, document: None,
    "255 that send nothing": silent,
    "1,000 that ask": askers,
    "60 that never read": deaf,
}


def main() -> None:
    """Publishes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    rows = []
    for token in (TOKEN, None):
        with TemporaryDirectory(prefix="longdoc-strangers-") as folder, serving(Path(folder), token) as port:
            document = added(port, token)
            for name, come in STRANGERS.items():
                with ExitStack() as held:
                    come(port, held, document)
                    seconds, failed = owner(port, token, options.calls)
                told = [f"{1000 * one:,.0f} ms" for one in (seconds[len(seconds) // 2], seconds[-1])]
                rows.append(["with a token" if token else "open", name, options.calls, *told, failed])
                print(rows[-1], file=sys.stderr)
                time.sleep(2)
    headers = ["server", "strangers", "calls of the owner", "in the middle", "at most", "not served"]
    publish("server_strangers", "The owner of a server among strangers", markdown(headers, rows))


if __name__ == "__main__":
    main()
