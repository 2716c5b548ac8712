from __future__ import annotations

from pathlib import Path

import pytest

from longdoc.cli.config import defaults, user_file
from longdoc.errors import InputError

COMMANDS = {"summarize": ["model", "max_tokens"], "ask": ["model"], "chunk": ["max_tokens"]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_nothing_given_is_nothing_changed(folder: Path) -> None:
    assert defaults(COMMANDS, {}) == {"summarize": {}, "ask": {}, "chunk": {}}


def test_the_environment_is_before_the_folder_and_the_folder_before_the_user(folder: Path) -> None:
    write(user_file(), 'model = "user"\nmax-tokens = 1')
    assert defaults(COMMANDS, {})["summarize"] == {"model": "user", "max_tokens": 1}
    write(Path("longdoc.toml"), 'model = "here"\n[chunk]\nmax_tokens = 2')
    made = defaults(COMMANDS, {"LONGDOC_MODEL": "all", "LONGDOC_ASK_MODEL": "one", "LONGDOC_OTHER": "x"})
    assert made == {
        "summarize": {"model": "all", "max_tokens": 1},
        "ask": {"model": "one"},
        "chunk": {"max_tokens": 2},
    }


@pytest.mark.parametrize("text", ["modle = 1", "[sumarize]\nmodel = 1", "[ask]\nmax-tokens = 1", "no toml", "\xff"])
def test_a_file_with_a_slip_is_told(folder: Path, text: str) -> None:
    Path("longdoc.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"longdoc\.toml"):
        defaults(COMMANDS, {})
