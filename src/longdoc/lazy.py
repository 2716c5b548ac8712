"""Names of a package that are loaded when first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazily(
    package: str, homes: Mapping[str, str], beside: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package whose names live in its modules: name -> module, from the package.

    A name that is not among them is looked for in the packages `beside`, unlisted.
    """

    def get(name: str) -> Any:
        value = getattr(import_module(f"{package}.{homes[name]}"), name) if name in homes else _beside(name)
        setattr(sys.modules[package], name, value)
        return value

    def _beside(name: str) -> Any:
        if not name.startswith("_"):
            for other in beside:
                module = import_module(f"{package}.{other}")
                if name in module.__all__:
                    return getattr(module, name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return get, names
