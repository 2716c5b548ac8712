"""Every suite of `langchain-tests`, run on what longdoc has of that interface: passed, failed, skipped and why.

    python benchmarks/langchain_suites.py

This file is also the pytest plugin of the run: it keeps the outcome of each test of a suite, and turns the others away.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from table import markdown, publish

ROOT = Path.cwd()
COUNTS = "LONGDOC_COUNTS"
NOT_OURS = {
    "DocumentIndexerTestSuite": "the index is a vector store, no `langchain_core.indexing.DocumentIndex`",
    "AsyncDocumentIndexTestSuite": "as above",
    "SandboxIntegrationTests": "longdoc runs no code",
}
outcomes: list[dict[str, str]] = []
suites: dict[str, tuple[str, str]] = {}


def suite_of(kind: type | None) -> str | None:
    """The suite of langchain-tests that a test class takes its tests from."""
    found = (one for one in (kind.__mro__ if kind else ()) if one.__module__.startswith("langchain_tests."))
    return next((one.__name__ for one in found), None)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Keeps the tests of suites."""
    for item in items:
        suite = suite_of(getattr(item, "cls", None))
        if suite:
            suites[item.nodeid] = (suite, f"{item.path.relative_to(ROOT)}, {item.cls.__name__}")
    items[:] = [item for item in items if item.nodeid in suites]


def pytest_runtest_logreport(report: Any) -> None:
    """Keeps how each test ended, and the reason of one that was skipped or is expected to fail."""
    if report.when != "call" and report.outcome == "passed":
        return
    reason = getattr(report, "wasxfail", "") or (report.longrepr[2] if report.skipped else "")
    suite, where = suites[report.nodeid]
    ended = "expected to fail" if hasattr(report, "wasxfail") else report.outcome
    name = report.nodeid.rpartition("::")[2]
    outcomes.append({"suite": suite, "where": where, "test": name, "ended": ended, "reason": reason})


def pytest_sessionfinish() -> None:
    """Writes the outcomes where the script looks for them."""
    Path(os.environ[COUNTS]).write_text(json.dumps(outcomes))


def every_suite() -> list[str]:
    """The names of the suites that langchain-tests hands out."""
    packages = ("unit_tests", "integration_tests", "integration_tests.indexer")
    names = {name for package in packages for name in dir(import_module(f"langchain_tests.{package}"))}
    return sorted(name for name in names if name.endswith(("Tests", "Suite")))


def run() -> list[dict[str, str]]:
    """The outcomes of a run of the tests that name langchain_tests."""
    told = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if "langchain_tests" in path.read_text()]
    with TemporaryDirectory() as folder:
        counts = Path(folder) / "counts.json"
        for name in (Path(__file__).name, "table.py"):  # alone: a file beside them is called as a module of Python's
            shutil.copy(Path(__file__).with_name(name), folder)
        paths = [folder, os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), COUNTS: str(counts)}
        command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:cacheprovider", "--benchmark-disable"]
        command += ["-p", Path(__file__).stem, "-m", "slow or not slow", *map(str, told)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if not counts.exists():
            raise SystemExit(f"the tests do not run: {done.stdout[-500:]}{done.stderr[-500:]}")
        found: list[dict[str, str]] = json.loads(counts.read_text())
    return found


def main() -> None:
    """Prints and keeps the tables."""
    found = run()
    places = sorted({(one["suite"], one["where"]) for one in found})
    rows = []
    for suite, where in places:
        count = Counter(one["ended"] for one in found if (one["suite"], one["where"]) == (suite, where))
        rows.append([suite, where, count["passed"], count["failed"], count["skipped"], count["expected to fail"]])
    missing = sorted(set(every_suite()) - {suite for suite, _ in places})
    rows += [[suite, NOT_OURS.get(suite, "not run"), 0, 0, 0, 0] for suite in missing]
    others = [one for one in found if one["ended"] != "passed"]
    why = sorted(
        {(one["suite"], one["where"].rpartition(", ")[2], one["test"], one["ended"], one["reason"]) for one in others}
    )
    headers = ["suite", "run on", "passed", "failed", "skipped", "expected to fail"]
    table = markdown(headers, rows)
    reasons = markdown(
        ["suite", "class", "test", "ended", "why"], [[*line[:4], " ".join(line[4].split())] for line in why]
    )
    about = (
        f"langchain-tests {version('langchain-tests')}, langchain-core {version('langchain-core')}. The local chat "
        "model of the tests is two layers of random weights whose chat template has no tools, and it reads text alone: "
        "what asks for more skips itself. Tools in a template are tested in tests/models/decoder/test_tool_calls.py."
    )
    publish(
        "langchain_tests", "LangChain's own tests", f"{about}\n\n{table}\n\n## What did not pass, and why\n\n{reasons}"
    )


if __name__ == "__main__":
    main()
