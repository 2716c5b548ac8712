"""The user's own defaults: from the environment, then `longdoc.toml` in this folder, then that of the user.

    model = "ollama:llama3"      # every command that has such an option
    [summarize]
    max-tokens = 500             # one command

In the environment `LONGDOC_MODEL` is the first, `LONGDOC_SUMMARIZE_MAX_TOKENS` the second.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from longdoc.errors import InputError

NAME = "longdoc.toml"


def defaults(commands: Mapping[str, Iterable[str]], environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """For each command the values of its options (`max_tokens`) that files and environment give.

    Raises `InputError` for a file that is no TOML, and for a name in it that is no command and no option.
    """
    made: dict[str, dict[str, Any]] = {command: {} for command in commands}
    for path in (user_file(), Path(NAME)):
        told = _read(path)
        shared = {_option(name): value for name, value in told.items() if not isinstance(value, dict)}
        tables = {name: value for name, value in told.items() if isinstance(value, dict)}
        known = {option for options in commands.values() for option in options}
        _refuse_unknown(path, shared, known)
        _refuse_unknown(path, tables, commands)
        for command, options in commands.items():
            own = {_option(name): value for name, value in tables.get(command, {}).items()}
            _refuse_unknown(path, own, options)
            made[command] |= {name: value for name, value in shared.items() if name in options} | own
    for command, options in commands.items():
        for option in options:
            for variable in (f"LONGDOC_{option}", f"LONGDOC_{command}_{option}"):
                value = environment.get(variable.upper())
                if value is not None:
                    made[command][option] = value
    return made


def user_file() -> Path:
    """Where the user's own defaults are."""
    from platformdirs import user_config_path

    return user_config_path("longdoc", appauthor=False) / NAME


def _option(name: str) -> str:
    return name.replace("-", "_")


def _read(path: Path) -> dict[str, Any]:
    if not os.path.isfile(path):
        return {}
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} is no configuration ({error}); mend it or move it away") from error


def _refuse_unknown(path: Path, given: Iterable[str], known: Iterable[str]) -> None:
    for name in given:
        if name not in known:
            raise InputError(f"{str(path)!r} names {name!r}, which is no option or command here; see longdoc --help")
