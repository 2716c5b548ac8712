"""`kill -9` at any moment: a document is whole or absent, a summary goes on, and a real server speaks real HTTP."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
SCRIPT = Path(__file__).with_name("scripted_server.py")
SIZE = 3 << 20
BODY = b"".join(b"Line %d is a line of a file.\n" % number for number in range(200_000))[:SIZE]
HEAD = (
    b"POST /api/documents?name=big.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
    b"Content-Length: %d\r\n\r\n" % SIZE
)


@pytest.mark.parametrize("sent", [0, 1, 1 << 20, SIZE // 2, SIZE - 1, SIZE])
def test_an_upload_that_a_kill_ends_is_whole_or_absent(live: Callable[..., Any], tmp_path: Path, sent: int) -> None:
    first = live("--folder", str(tmp_path / "data"))
    with socket.create_connection(("127.0.0.1", first.port)) as connection:
        connection.sendall(HEAD + BODY[:sent])
        incoming = tmp_path / "data" / "incoming"
        while sent < SIZE and not list(incoming.iterdir()):
            pass
        first.kill()
    second = live("--folder", str(tmp_path / "data"))
    held = second.client.get("/api/documents").json()
    assert len(held) <= (sent == SIZE)
    for document in held:
        kept = (tmp_path / "data" / "documents" / document["id"] / "file").read_bytes()
        assert blake2b(kept).digest() == blake2b(BODY).digest()
    assert list(incoming.iterdir()) == []
    assert {path.name for path in (tmp_path / "data" / "documents").iterdir()} == {one["id"] for one in held}


def test_a_document_that_was_acknowledged_survives(live: Callable[..., Any], tmp_path: Path) -> None:
    first = live("--folder", str(tmp_path))
    added = put(first, "book.md", b"# Ships\n\nThe Pequod was commanded by Captain Ahab.\n")
    first.kill()
    second = live("--folder", str(tmp_path))
    while (told := second.client.get(f"/api/documents/{added['id']}").json())["status"] == "reading":
        pass
    assert (told["name"], told["status"], told["words"]) == ("book.md", "ready", 9)


def test_a_summary_that_a_kill_ends_goes_on(
    live: Callable[..., Any], parsed: Callable[[str], Any], tmp_path: Path
) -> None:
    book = "".join(f"# Part {n}\n\n{f'The number of part {n} is {n}. ' * 150}\n\n" for n in range(60)).encode()
    whole = summary_of(live(str(tmp_path / "whole"), str(tmp_path / "whole.log"), script=SCRIPT), book, parsed)
    log = tmp_path / "log"
    first = live(str(tmp_path / "data"), str(log), script=SCRIPT)
    id = ready(first, put(first, "book.md", book))
    with first.client.stream("POST", f"/api/documents/{id}/summary", json={"max_tokens": 200}):
        while not log.exists() or log.read_text().count("\n") < 30:
            pass
        first.kill()
    done = log.read_text().count("\n")
    assert done < whole["plan"]["calls"]
    second = live(str(tmp_path / "data"), str(log), script=SCRIPT)
    assert second.client.get(f"/api/documents/{id}/summary").status_code == 404
    told = parsed(second.client.post(f"/api/documents/{id}/summary", json={"max_tokens": 200}).text)[-1][1]
    assert told["reused"] >= done - 8  # what was under way is done again
    assert told["calls"] + told["reused"] == told["plan"]["calls"] == whole["plan"]["calls"]
    assert [one["text"] for one in told["sentences"]] == [one["text"] for one in whole["sentences"]]


RAW = [
    b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET /api/documents HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET http://evil.example/api/documents HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%00%ff%2e%2e HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/questions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/questions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999999999999999\r\n\r\n",
    b"POST /api/documents?name=a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
    b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
    b"GET /api/documents HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
]


def test_what_is_no_http_hurts_nothing(live: Callable[..., Any], tmp_path: Path) -> None:
    server = live("--folder", str(tmp_path / "data"))
    for raw in RAW:
        answer = answered(server.port, raw)
        assert b" 500 " not in answer[:20]
        assert b"Traceback" not in answer
        assert server.client.get("/api/documents").json() == []
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def answered(port: int, raw: bytes) -> bytes:
    """What comes back until the server, or the client for want of more to say, ends the connection."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port)) as connection, suppress(ConnectionError):
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer


def put(server: Any, name: str, data: bytes) -> dict[str, Any]:
    headers = {"Content-Type": "application/octet-stream"}
    answer = server.client.post("/api/documents", params={"name": name}, content=data, headers=headers)
    assert answer.status_code == 201
    return dict(answer.json())


def ready(server: Any, added: dict[str, Any]) -> str:
    path = f"/api/documents/{added['id']}"
    while (told := server.client.get(path).json())["status"] == "reading":
        pass
    assert told["status"] == "ready", told
    return str(added["id"])


def summary_of(server: Any, book: bytes, parsed: Callable[[str], Any]) -> dict[str, Any]:
    id = ready(server, put(server, "book.md", book))
    told = server.client.post(f"/api/documents/{id}/summary", json={"max_tokens": 200})
    name, summary = parsed(told.text)[-1]
    assert name == "summary", json.dumps(summary)
    return dict(summary)
