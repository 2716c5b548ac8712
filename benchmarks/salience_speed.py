"""The learned salience's time and state, by length of text.

    python benchmarks/salience_speed.py [--context KIND ...]

Of sentences of no text, one thread; summary_quality.py has what it chooses.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from table import markdown, publish

from longdoc.models.salience.features import Columns
from longdoc.models.salience.model import SalienceModel

KINDS = ("none", "recurrent", "performer", "window")
LENGTHS = (300, 1_000, 10_000)


def speed(kinds: list[str]) -> list[list[str]]:
    """A row a kind: milliseconds a thousand sentences and bytes of the second pass's state, by length."""
    rows = []
    for kind in kinds:
        model = SalienceModel.load(kind)  # type: ignore[arg-type]
        cells = []
        for length in LENGTHS:
            columns = invented(length)
            about = model.statistics([columns])
            seconds = []
            for _ in range(5):
                began = time.perf_counter()
                model.score(columns)
                seconds.append(time.perf_counter() - began)
            state = model.score_chunk(columns, about)[1]
            cells += [f"{1e6 * float(np.median(seconds)) / length:.1f}", f"{state.nbytes:,}", f"{about.nbytes:,}"]
        rows.append([kind, *cells])
    return rows


def invented(count: int) -> Columns:
    """Sentences of no text, as many as asked."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(count, 384)).astype(np.float32)
    flags = (rng.random((3, count)) < 0.2).astype(np.float32)
    return Columns(
        np.arange(count) % 20,
        rng.integers(8, 40, count).astype(np.float32),
        rng.uniform(0.7, 1, count).astype(np.float32),
        *flags,
        rng.random(count).astype(np.float32),
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
    )


def main() -> None:
    """Prints the table and writes it to results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--context", nargs="+", default=KINDS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    cells = (f"{what}, {length:,}" for length in LENGTHS for what in ("ms/1,000", "state", "first pass"))
    publish(
        "salience_speed", "Salience: time and bytes by sentences", markdown(["context", *cells], speed(given.context))
    )


if __name__ == "__main__":
    main()
