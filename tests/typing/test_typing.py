from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_public_names_have_their_types() -> None:
    """A `type: ignore` that is not needed is an error too, so what must be refused is."""
    command = [sys.executable, "-m", "mypy", "--strict", "tests/typing/public_names.py"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout
