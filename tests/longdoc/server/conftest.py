"""A server in this process, and one that a test makes as it likes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from langchain_core.language_models import BaseChatModel
from starlette.testclient import TestClient

from longdoc.server.app import create_app
from longdoc.server.settings import Limits, ServerSettings

HOME = "http://localhost:8321"


class Caller(TestClient):
    """Calls to a server, with the two that every test needs."""

    folder: Path

    def add(self, name: str, data: bytes) -> dict[str, Any]:
        headers = {"Content-Type": "application/octet-stream"}
        answer = self.post("/api/documents", params={"name": name}, content=data, headers=headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def read(self, id: str) -> dict[str, Any]:
        """The document once the server is done reading it."""
        while (told := self.get(f"/api/documents/{id}").json())["status"] == "reading":
            pass
        return dict(told)

    def added(self, name: str, data: bytes) -> dict[str, Any]:
        return self.read(self.add(name, data)["id"])

    def asked(self, question: str, **more: Any) -> dict[str, Any]:
        """The answer, which is the last event."""
        told = self.post("/api/questions", json={"question": question, **more})
        name, data = events(told.text)[-1]
        assert (told.status_code, name) == (200, "answer"), told.text
        return data


Start = Callable[..., Caller]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server in a folder, which ends with the test or with the `close` of its caller."""
    with ExitStack() as stack:

        def started(
            model: BaseChatModel | None = None, folder: str = "data", limits: Limits | None = None, **told: Any
        ) -> Caller:
            settings = ServerSettings(tmp_path / folder, limits=limits or Limits(), **told)
            caller = Caller(create_app(settings, model), base_url=HOME)
            caller.folder = settings.folder
            stack.enter_context(caller)
            return caller

        yield started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """One server for the tests of a file; what they add stays."""
    folder = tmp_path_factory.mktemp("server") / "data"
    with Caller(create_app(ServerSettings(folder)), base_url=HOME) as caller:
        caller.folder = folder
        yield caller


class Live:
    """A server in a process of its own, on a port of loopback that is free."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        told = self.process.stderr.readline()
        assert told.startswith("longdoc: http://"), told + self.process.stderr.read()
        self.url = told.split()[1]
        self.port = int(self.url.rpartition(":")[2])
        self.client = httpx.Client(base_url=self.url, timeout=120)

    def kill(self) -> None:
        """As by `kill -9`."""
        self.process.kill()
        self.end()

    def end(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def live() -> Iterator[Callable[..., Live]]:
    """Starts a server as another process: `longdoc serve` with these options, or a script."""
    with ExitStack() as stack:

        def started(*options: str, script: Path | None = None) -> Live:
            command = ["-m", "longdoc.cli", "serve", "--port", "0"] if script is None else [str(script)]
            made = Live([*command, *options])
            stack.callback(made.end)
            return made

        yield started


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream; a comment is none."""
    found = []
    for block in filter(None, text.split("\n\n")):
        if not block.startswith(":"):
            name, data = block.split("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


@pytest.fixture(scope="session")
def parsed() -> Callable[[str], list[tuple[str, dict[str, Any]]]]:
    return events
