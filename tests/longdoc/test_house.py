"""How the house stands: no circle of imports, no crowded room, nobody asks which implementation it has."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("chunkers", "models", "memory", "pipelines", "src/longdoc")
SEAMS = {"Summarizer", "WritingSummarizer", "ExtractiveSummarizer", "ChatSummarizer", "LedSummarizer"} | {
    *("Executor", "LocalExecutor", "Reader", "BytesReader")
}


def sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_two_files_import_each_other_by_any_way_round() -> None:
    graph = grimp.build_graph("longdoc", cache_dir=None, exclude_type_checking_imports=True)
    below = {module: graph.find_upstream_modules(module) for module in graph.modules}
    circles = [module for module, found in below.items() if module in found]
    around = {(one, other) for one in below for other in below[one] if one < other and one in below[other]}
    assert not circles
    assert not around


def test_no_room_has_more_than_fourteen_files() -> None:
    counts = Counter(path.parent for path in sources())
    assert {str(folder.relative_to(ROOT)): n for folder, n in counts.items() if n > 14} == {}


def test_nobody_asks_a_seam_which_implementation_it_is() -> None:
    asked = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if "isinstance(" not in text or not any(name in text for name in SEAMS):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
                named = {one.id for one in ast.walk(node.args[1]) if isinstance(one, ast.Name)}
                if named & SEAMS:
                    asked.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert asked == []


def test_every_room_is_installed() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    homes = {"src/longdoc": "longdoc", **{name: f"longdoc.{name}" for name in FOLDERS[:-1]}}
    rooms = {
        ".".join((home, *path.parent.relative_to(ROOT / folder).parts))
        for folder, home in homes.items()
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert set(told) == rooms
