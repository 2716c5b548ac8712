"""A chat model's server on loopback that answers as OpenAI's does, with the status that it is told to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class ChatServer:
    """Counts what it was asked; answers `reply`, or fails with `status`."""

    def __init__(self) -> None:
        self.status, self.asked, self.reply = 200, 0, "The council met."
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked += 1
                message = {"role": "assistant", "content": outer.reply}
                choices = [{"index": 0, "finish_reason": "stop", "message": message}]
                said = {"id": "1", "object": "chat.completion", "created": 0, "model": "x", "choices": choices}
                data = json.dumps(said if outer.status == 200 else {"error": {"message": "no"}}).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def answering() -> Iterator[ChatServer]:
    """A server that ends with the `with`."""
    made = ChatServer()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


def closed_port() -> int:
    """A port of this machine that nothing listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
