"""Hugging Face's own tests of Longformer and LED, with their attention and with ours in every model they make.

    python benchmarks/huggingface_tests.py PATH [NOTE]

PATH is a checkout of transformers at the installed version's tag, NOTE what there is to say about it. Needs pytest and
parameterized. Both runs draw the same random numbers. This file is also the pytest plugin of those runs: it seeds,
counts, and makes the models fast.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import zlib
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers
from table import markdown, publish

FILES = {
    "Longformer": "tests/models/longformer/test_modeling_longformer.py",
    "LED": "tests/models/led/test_modeling_led.py",
}
FAST, COUNTS = "LONGDOC_FAST", "LONGDOC_COUNTS"
WORST = ["skipped", "passed", "failed"]  # a test of several reports (its subtests, its end) is as the last of these
outcomes: dict[str, str] = {}
made_fast: list[str] = []


def pytest_configure() -> None:
    """Makes each model fast as its `__init__` ends, where the environment asks for it."""
    if FAST not in os.environ:
        return
    from longdoc.errors import InputError
    from longdoc.models.longformer.fast import fast_longformer

    end_of_init = transformers.PreTrainedModel.post_init

    def post_init(self: transformers.PreTrainedModel) -> None:
        end_of_init(self)
        with suppress(InputError):  # a part that has no such attention, LED's decoder
            fast_longformer(self)
            made_fast.append(type(self).__name__)

    transformers.PreTrainedModel.post_init = post_init  # type: ignore[method-assign]


def pytest_runtest_setup(item: Any) -> None:
    """Seeds all that the tests draw from, their own generator too: some of their inputs have no global token."""
    seed = zlib.crc32(item.nodeid.encode())
    torch.manual_seed(seed)
    random.seed(seed)
    own = getattr(sys.modules.get("tests.test_modeling_common"), "global_rng", None)
    if own is not None:
        own.seed(seed)


def pytest_runtest_logreport(report: Any) -> None:
    """Keeps the worst outcome of each test."""
    if report.when == "call" or report.outcome != "passed":
        outcomes[report.nodeid] = max(outcomes.get(report.nodeid, "skipped"), report.outcome, key=WORST.index)


def pytest_sessionfinish() -> None:
    """Writes the outcomes where the script looks for them."""
    Path(os.environ[COUNTS]).write_text(json.dumps({"outcomes": outcomes, "made_fast": len(made_fast)}))


def run(checkout: Path, file: str, fast: bool) -> tuple[dict[str, str], int]:
    """The outcome of each test of a file, and how many models were made fast."""
    with TemporaryDirectory() as folder:
        counts = Path(folder) / "counts.json"
        paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "HF_HUB_OFFLINE": "1", COUNTS: str(counts)}
        environment |= {FAST: "1"} if fast else {}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--tb=line",
            "-p",
            "no:cacheprovider",
            "-p",
            Path(__file__).stem,
        ]
        done = subprocess.run(
            [*command, file], cwd=checkout, env=environment, capture_output=True, text=True, check=False
        )
        if not counts.exists():
            raise SystemExit(f"the tests of {checkout} do not run: {done.stdout[-500:]}{done.stderr[-500:]}")
        told = json.loads(counts.read_text())
    return told["outcomes"], told["made_fast"]


def main() -> None:
    """Prints and keeps the table of both runs, and the tests that end otherwise."""
    if len(sys.argv) not in (2, 3) or not all((Path(sys.argv[1]) / file).exists() for file in FILES.values()):
        raise SystemExit(f"give the path of a transformers checkout, which has {' and '.join(FILES.values())}")
    checkout, rows, differing, alike = Path(sys.argv[1]), [], [], []
    for name, file in FILES.items():
        (theirs, _), (ours, made) = run(checkout, file, fast=False), run(checkout, file, fast=True)
        for attention, found, models in (("transformers", theirs, 0), ("longdoc", ours, made)):
            count = Counter(found.values())
            rows.append([name, attention, count["passed"], count["failed"], count["skipped"], models])
        tests = [test for test in sorted({*theirs, *ours}) if theirs.get(test) != ours.get(test)]
        alike += [
            f"{name}: {test.rpartition('::')[2]}" for test in theirs if theirs[test] == ours.get(test) == "failed"
        ]
        differing += [[name, test.rpartition("::")[2], theirs.get(test), ours.get(test)] for test in tests]
    table = markdown(["tests of", "attention", "passed", "failed", "skipped", "models made fast"], rows)
    others = markdown(["tests of", "test", "transformers", "longdoc"], differing) if differing else "none."
    about = " ".join([f"transformers {transformers.__version__}.", *sys.argv[2:]])
    del sys.argv[2:]  # the stamp below the table is a line
    told = f"Tests that end otherwise: {others}\n\nThat fail with either: {', '.join(alike) or 'none'}."
    publish("huggingface_tests", "Hugging Face's tests", f"{about}\n\n{table}\n\n{told}")


if __name__ == "__main__":
    main()
