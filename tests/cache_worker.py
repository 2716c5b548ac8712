"""A process of its own for tests of the cache: `python cache_worker.py MODE FOLDER NUMBER`."""

from __future__ import annotations

import os
import random
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from longdoc.errors import CacheError
from longdoc.memory.cache.encoding_cache import EncodingCache


def value_of(key: str) -> bytes:
    return (key * 400).encode()[: 100 + 7 * len(key) + sum(key.encode()) % 3000]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def once(folder: Path, number: int) -> None:
    """Says `computing` and waits for a line before it is done."""

    def compute() -> bytes:
        say("computing")
        sys.stdin.readline()
        return f"made by {number}".encode()

    cache = EncodingCache(folder)
    say("asking")
    say(cache.get_or_compute("state/one", compute).decode())


def fill(folder: Path, number: int) -> None:
    """Writes without end, a line for each entry that is on disk."""
    cache = EncodingCache(folder)
    for at in range(number):
        key = f"state/{at}"
        cache.mset([(key, value_of(key))])
        say(key)


def overfill(folder: Path, number: int) -> None:
    """Writes until no file may grow beyond `number` bytes, as on a full disk."""
    cache = EncodingCache(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
    for at in range(100_000):
        key = f"state/{at}"
        try:
            cache.mset([(key, value_of(key))])
        except CacheError as error:
            say(f"error {error}")
            return
        say(key)


def race(folder: Path, number: int) -> None:
    """Asks for `number` keys in an order of its own, in batches; writes down what it computes and what is stored."""
    cache = EncodingCache(folder)
    keys = [f"state/{at}" for at in range(number)]
    random.Random(os.getpid()).shuffle(keys)
    with Path(folder, f"{os.getpid()}.log").open("w") as log:
        for start in range(0, number, 16):
            batch = keys[start : start + 16]

            def compute(missing: list[str]) -> list[bytes]:
                log.writelines(f"start {key}\n" for key in missing)
                log.flush()
                say("computing")
                return [value_of(key) for key in missing]

            values = cache.get_or_compute_many(batch, compute)
            log.write("stored\n")
            log.flush()
            if values != [value_of(key) for key in batch]:
                say("torn")
    say("done")


MODES: dict[str, Callable[[Path, int], None]] = {"once": once, "fill": fill, "overfill": overfill, "race": race}

if __name__ == "__main__":
    MODES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
