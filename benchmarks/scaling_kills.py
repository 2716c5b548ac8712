"""What kills do to a corpus on a Ray cluster of two nodes on this machine: SIGKILL for processes and for nodes.

python benchmarks/scaling_kills.py --documents 80 --kills 22 --minutes 8
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from corpus import command, digests, done_of, fill, timed
from table import markdown, publish

KINDS = {"node": 2, "coordinator": 5, "actor": 6, "process of a document": 9}  # of each 22 kills
MARKS = {"actor": "ray::_Worker", "process of a document": "longdoc.pipelines.corpora.engines.worker"}


def planned(kills: int, draw: random.Random) -> list[str]:
    """What is killed, one after another."""
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    told = [kinds[at % len(kinds)] for at in range(kills)]
    draw.shuffle(told)
    return told


class Nodes:
    """Two nodes of one processor each, beside a head that works on nothing; all are children of this process."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        self._nodes = [self._cluster.add_node(num_cpus=1) for _ in range(2)]
        self.address: str = self._cluster.address

    def lose(self, at: int) -> None:
        """Kills a node with all its processes, and adds another."""
        self._cluster.remove_node(self._nodes[at], allow_graceful=False)
        self._nodes[at] = self._cluster.add_node(num_cpus=1)

    def close(self) -> None:
        """Ends the nodes."""
        self._cluster.shutdown()


def found(kind: str) -> list[psutil.Process]:
    """The processes of a kind, below this one."""
    made = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if MARKS[kind] in " ".join(one.cmdline()):
                made.append(one)
    return made


def killed(kind: str, run: subprocess.Popen[bytes], nodes: Nodes, draw: random.Random) -> bool:
    """Kills one of a kind; False where there is none now."""
    if kind == "node":
        nodes.lose(draw.randrange(2))
        return True
    if kind == "coordinator":
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
        return True
    there = found(kind)
    if there:
        with suppress(psutil.NoSuchProcess):
            draw.choice(there).kill()
            return True
    return False


def kills(documents: int, count: int, minutes: float) -> None:
    """Kills as documents get done, lets the last run finish, and compares with what processes made undisturbed."""
    draw = random.Random(24)
    wanted, told = planned(count, draw), Counter[str]()
    steps = sorted(draw.sample(range(documents), count))
    runs = lost = 0
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "killed"
        docs = fill(folder / "docs", documents)
        timed(command(docs, folder / "whole"))
        nodes, over = Nodes(), time.monotonic() + 60 * minutes
        words = command(docs, out, "--engine", "ray", "--address", nodes.address)
        try:
            while True:
                runs += 1
                run = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                while run.poll() is None:
                    done = done_of(out)
                    if wanted and done >= steps[0] and time.monotonic() < over:
                        time.sleep(draw.random())  # at any place of a document
                        done = done_of(out)
                        if run.poll() is None and killed(wanted[0], run, nodes, draw):
                            told[wanted.pop(0)] += 1
                            steps.pop(0)
                            lost = max(lost, done - done_of(out))
                    time.sleep(0.1)
                if run.returncode in (0, 1):
                    break
            retry = [sys.executable, "-m", "longdoc.cli", "corpus", "retry", str(out), "--failed", "-q"]
            timed(retry)
        finally:
            nodes.close()
        equal = digests(out) == digests(folder / "whole")
        left = [path.name for path in (out / "results").iterdir() if not path.name.endswith(".json")]
    body = (
        f"{documents:,} documents, two nodes of one processor on this machine. {told.total()} kills by SIGKILL, at "
        f"random places, in {runs} runs:\n\n{markdown(['killed', 'times'], sorted(told.items()))}\n\nDocuments that "
        f"were done and no longer were after a kill: {lost}. Files left half written: {len(left)}. Digests of every "
        f"result and of `corpus.json` equal to those of an uninterrupted run of processes: "
        f"**{'yes' if equal else 'no'}**."
    )
    publish("scaling_kills", "A corpus on Ray whose processes and nodes are killed", body)


def main() -> None:
    """Runs it and writes the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=80)
    parser.add_argument("--kills", type=int, default=22)
    parser.add_argument("--minutes", type=float, default=8.0, help="After which nothing more is killed.")
    given = parser.parse_args()
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    kills(given.documents, given.kills, given.minutes)


if __name__ == "__main__":
    main()
