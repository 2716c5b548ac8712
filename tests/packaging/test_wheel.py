from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOMES = {
    "src/longdoc": "longdoc",
    **{name: f"longdoc/{name}" for name in ("chunkers", "models", "memory", "pipelines")},
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files in the wheel, built from a copy of the tree."""
    copy, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for path in (path for folder in HOMES for path in (ROOT / folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (copy / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_only_top_level_name_is_longdoc(names: set[str]) -> None:
    assert {name.partition("/")[0] for name in names} == {"longdoc", "longdoc-0.1.0.dist-info"}


def sources(*kinds: str) -> set[str]:
    """The files of these kinds as the wheel names them."""
    return {
        f"{home}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, home in HOMES.items()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in kinds
    }


def test_no_module_is_left_out_and_none_is_added(names: set[str]) -> None:
    assert {name for name in names if name.endswith(".py")} == sources(".py")


def test_what_is_no_module_is_in_it_too(names: set[str]) -> None:
    kinds = (".html", ".css", ".js", ".safetensors")
    files = sources(*kinds)
    assert {suffix for suffix in kinds if any(name.endswith(suffix) for name in files)} == set(kinds)
    assert {name for name in names if name.endswith(kinds)} == files
    assert "longdoc/py.typed" in names
    assert "longdoc-0.1.0.dist-info/licenses/LICENSE" in names


def test_the_command_is_in_it(names: set[str]) -> None:
    assert "longdoc-0.1.0.dist-info/entry_points.txt" in names
