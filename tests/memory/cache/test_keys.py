from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.errors import InputError
from longdoc.memory.cache.keys import KeySpace, canonical_json, code_digest

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
json_values = st.recursive(leaves, lambda held: st.lists(held) | st.dictionaries(st.text(), held), max_leaves=10)
parameters = st.dictionaries(st.text(), json_values)


def turned(value: object) -> object:
    """The same JSON with the keys of every mapping the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(one) for one in value] if isinstance(value, list) else value


@settings(max_examples=50)
@given(parameters, st.text())
def test_the_order_of_parameters_does_not_matter(given_parameters: dict[str, object], content: str) -> None:
    spaces = [KeySpace("state", "model", "float32", told) for told in (given_parameters, turned(given_parameters))]  # type: ignore[arg-type]
    assert spaces[0].key(content) == spaces[1].key(content)


@given(json_values)
def test_canonical_json_is_json(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_unlike_parts_have_unlike_keys(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    keys = {KeySpace("state", model, dtype).key(content) for model, dtype, content in (one, other)}
    assert len(keys) == len({one, other})


def test_the_key_is_blake2b_of_the_canonical_json() -> None:
    def digest(data: bytes) -> str:
        return blake2b(data, digest_size=20).hexdigest()

    space = KeySpace("embedding", "minilm", "float32", {"b": 1, "a": [True, None]}, version=3)
    told = f'["embedding",3,"minilm","float32",{{"a":[true,null],"b":1}},"{digest("né".encode())}"]'
    assert space.key("né") == f"embedding/{digest(told.encode())}"
    assert space.keys(["né", b"", "né".encode()]) == [space.key("né"), space.key(""), space.key("né")]


def test_every_part_counts() -> None:
    spaces = [
        KeySpace("state"),
        KeySpace("other"),
        KeySpace("state", "m"),
        KeySpace("state", "", "m"),
        KeySpace("state", version=2),
        KeySpace("state", parameters={"a": 1}),
        KeySpace("state", parameters={"a": 1.0}),
        KeySpace("state", parameters={"a": "1"}),
    ]
    assert len({space.key("x") for space in spaces}) == len(spaces)


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_keys_are_equal_in_every_process(seed: str) -> None:
    source = (
        "from longdoc.memory.cache.keys import KeySpace\n"
        "print(KeySpace('state', 'm', 'f', {k: 1 for k in {'ab', 'cd', 'ef', 'gh'}}).key('text'))"
    )
    run = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    here = KeySpace("state", "m", "f", {"ab": 1, "cd": 1, "ef": 1, "gh": 1}).key("text")
    assert run.stdout.strip() == here


@pytest.mark.parametrize("bad", [{"a": float("nan")}, {"a": {1: 2}}, {"a": [{1: 2}]}, {"a": b"x"}, {"a": object()}])
def test_what_is_not_json_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InputError):
        KeySpace("state", parameters=bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["", "a/b", "a b", "é"])
def test_a_kind_is_a_plain_word(kind: str) -> None:
    with pytest.raises(InputError, match="kind"):
        KeySpace(kind)


def test_half_a_surrogate_has_a_key() -> None:
    assert KeySpace("state").key("\ud800") != KeySpace("state").key("\ud801")


def test_the_digest_of_code_is_that_of_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)

    def digest(name: str, files: dict[str, bytes]) -> str:
        for path, code in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_bytes(code)
        importlib.invalidate_caches()
        return code_digest(f"{name}.inner")

    files = {"__init__.py": b"", "inner/__init__.py": b"A = 1\n", "inner/deep/b.py": b"B = 2\n"}
    one = digest("one", files)
    shutil.copytree(tmp_path / "one", tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    assert code_digest("one.inner") == one == code_digest.__wrapped__("one.inner")
    (tmp_path / "one" / "inner" / "deep" / "b.py").write_bytes(b"B = 2\r\n")
    (tmp_path / "one" / "inner" / "notes.txt").write_bytes(b"no code")
    assert code_digest.__wrapped__("one.inner") == one
    for changed in ({"inner/deep/b.py": b"B = 3\n"}, {"inner/c.py": b""}):
        digest("one", changed)
        assert code_digest.__wrapped__("one.inner") != one
    assert code_digest("longdoc.memory.words") != code_digest("longdoc.memory.seal")
