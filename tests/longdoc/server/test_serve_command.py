"""`longdoc serve`: it says what is wrong in a line, and what is safe is the default."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from longdoc.cli.app import app
from longdoc.cli.serve import default_folder
from longdoc.server.settings import ServerSettings


def told(*options: str, **environment: str) -> str:
    result = CliRunner().invoke(app, ["serve", *options], env=environment)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("longdoc: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "my-machine"])
def test_a_host_that_others_reach_needs_a_token(host: str, tmp_path: Path) -> None:
    assert "give --token" in told("--host", host, "--folder", str(tmp_path / "data"))
    assert list(tmp_path.iterdir()) == []


def test_a_token_may_come_from_the_environment_and_has_to_be_long(tmp_path: Path) -> None:
    assert "openssl rand -hex 16" in told("--folder", str(tmp_path), LONGDOC_TOKEN="short")


def test_limits_and_ports_are_checked(tmp_path: Path) -> None:
    assert "the port is 70000" in told("--port", "70000", "--folder", str(tmp_path))
    assert "upload_bytes is 0" in told("--max-megabytes", "0", "--folder", str(tmp_path))


def test_by_default_it_is_for_this_machine_alone(tmp_path: Path) -> None:
    settings = ServerSettings(tmp_path)
    assert (settings.host, settings.is_loopback, settings.token) == ("127.0.0.1", True, None)
    assert default_folder().parts[-2:] == ("longdoc", "server")
