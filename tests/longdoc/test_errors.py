"""The tree of errors: all of it is in one module, and its picture is the classes."""

from __future__ import annotations

import importlib
import pkgutil
import re

import longdoc
from longdoc import errors
from longdoc.errors import LongdocError

INSIDE = {"MissingVectorsError"}  # caught where it is raised


def below(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(below(one) for one in kind.__subclasses__()))


def test_every_error_is_in_the_tree() -> None:
    for one in pkgutil.walk_packages(longdoc.__path__, "longdoc."):
        if one.name.startswith(("longdoc.memory", "longdoc.server", "longdoc.pipelines", "longdoc.chunkers")):
            importlib.import_module(one.name)
    known = {one.__name__ for one in below(LongdocError) if one.__module__.startswith("longdoc.")} - INSIDE
    assert known == {one for one in vars(errors) if one.endswith("Error")}
    drawn = re.findall(r"^[│├└─ ]*(\w+Error)(?: \((\w+)\))?", str(errors.__doc__), re.MULTILINE)
    assert {name for name, _ in drawn} == known
    for name, base in drawn:
        assert not base or base in {one.__name__ for one in getattr(errors, name).__mro__}
