"""The names that `longdoc` and its packages hand out, and that type checkers and `dir()` see the same."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import longdoc

PACKAGES = ["longdoc", *(f"longdoc.{name}" for name in ("chunkers", "models", "memory", "pipelines"))]


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest) -> ModuleType:
    return import_module(request.param)


def test_every_name_is_there_and_is_the_one_at_home(package: ModuleType) -> None:
    for name, home in package._HOMES.items():
        assert getattr(package, name) is getattr(import_module(f"{package.__name__}.{home}"), name)


def test_the_names_are_sorted_and_all_listed(package: ModuleType) -> None:
    assert list(package.__all__) == sorted(package._HOMES) == list(package._HOMES)
    assert set(package.__all__) <= set(dir(package))


def test_type_checkers_see_the_same_homes(package: ModuleType) -> None:
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: str(node.module).removeprefix(f"{package.__name__}.")
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == package._HOMES


def test_no_name_is_that_of_a_module_beside_it(package: ModuleType) -> None:
    """Importing such a module would put it in the name's place."""
    folder = Path(str(package.__file__)).parent
    modules = {path.stem for path in folder.iterdir()}
    assert not set(package.__all__) & modules


def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = package.nothing
    assert not hasattr(package, "__path_of_nothing__")


def test_what_a_package_hands_out_is_found_in_longdoc_too() -> None:
    from longdoc.models import WindowedDecoder

    assert longdoc.WindowedDecoder is WindowedDecoder  # type: ignore[attr-defined]
    assert "WindowedDecoder" not in dir(longdoc) or "WindowedDecoder" in vars(longdoc)
