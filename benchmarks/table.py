"""Tables that name the machine, the commit and the command that made them."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


def machine() -> str:
    """Processor, cores, Python and torch, in a line."""
    import torch

    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{model}, {torch.get_num_threads()} threads, {versions}"


def commit() -> str:
    """The commit the tree is at, marked where it has changes."""
    given = ("git", "-C", str(HERE), "describe", "--always", "--dirty", "--exclude", "*")
    return subprocess.run(given, capture_output=True, text=True, check=False).stdout.strip() or "no commit"


def markdown(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def publish(name: str, title: str, body: str) -> None:
    """Prints a result and writes it to `results/NAME.md` with what made it."""
    made = f"`python benchmarks/{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}`".replace(" `", "`")
    stamp = f"{made} on {datetime.now(UTC):%Y-%m-%d}, commit {commit()}. {machine()}."
    text = f"# {title}\n\n{body}\n\n{stamp}\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)
