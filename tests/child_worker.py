"""A child that does what it is told, for tests of whoever asks it."""

from __future__ import annotations

import os
from typing import Any

from longdoc.errors import InputError
from longdoc.pipelines.calls.child import More, answer_lines

_first: list[Any] = []


def answer(value: Any, more: More) -> Any:
    match value:
        case "die":
            os._exit(3)
        case "hang":
            while True:
                pass
        case "more":
            more(600.0)
            return "had more"
        case "memory":
            return len(bytearray(1 << 50))
        case "refuse":
            raise InputError("'x' is no word; give one")
        case "break":
            raise KeyError("parser")
        case "print":
            print("what a parser prints")
        case {"first": told}:
            _first.append(told)
        case "first":
            return _first
    return [value, os.getpid()]


if __name__ == "__main__":
    answer_lines(answer)
