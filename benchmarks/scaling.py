"""What a corpus costs on Ray beside one machine, where its coordinator ends, and what that makes of a million.

python benchmarks/scaling.py price --documents 120
python benchmarks/scaling.py skew
python benchmarks/scaling.py coordinator
python benchmarks/scaling.py model

`model` measures the tasks and takes the constants that `coordinator` leaves in results/scaling.json.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from corpus import fill, text_of
from table import RESULTS, markdown, publish

from longdoc.pipelines.calls.child import Answer
from longdoc.pipelines.corpora.corpus import Corpus
from longdoc.pipelines.corpora.engines.engine import Done, Engine
from longdoc.pipelines.corpora.engines.processes import Processes
from longdoc.pipelines.corpora.engines.ray import RayWorkers
from longdoc.pipelines.corpora.inventory import file_digest
from longdoc.pipelines.corpora.make import Maker
from longdoc.pipelines.corpora.recipe import Recipe, Task, digest_of

NODES = (1, 2, 4, 16, 64, 256)
CORES = 4  # workers of a node in the tables
FACTS = RESULTS / "scaling.json"


class Watched:
    """An engine that is kept from one run to the next, and whose tasks are timed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.done: list[tuple[float, Done]] = []

    def stream(self, recipe: Recipe, tasks: Iterable[Task], jobs: int) -> Generator[Done, None, None]:
        """See `Engine`."""
        for done in self.engine.stream(recipe, tasks, jobs):
            self.done.append((time.monotonic(), done))
            yield done

    def close(self) -> None:
        """Not yet."""

    def busy(self, jobs: int) -> tuple[float, float]:
        """Seconds from the first task's beginning to the last one's end, and the share of them that workers had one."""
        first, last = min(at - one.seconds for at, one in self.done), max(at for at, _ in self.done)
        return last - first, sum(one.seconds for _, one in self.done) / (jobs * (last - first))


class Instant:
    """The engine that does nothing but write an empty result: what is left is the coordinator's own work."""

    def stream(self, recipe: Recipe, tasks: Iterable[Task], jobs: int) -> Generator[Done, None, None]:
        """See `Engine`."""
        for task in tasks:
            if task.kind == "make":
                (Path(recipe.out) / "results" / task.result).touch()
            if task.kind == "node":
                (Path(recipe.out) / "nodes").mkdir(exist_ok=True)
            yield Done(task, Answer({"characters": 1, "sentences": 0}), 0.0)

    def close(self) -> None:
        """Nothing is held."""


def warmed(engine: Engine, folder: Path, docs: Path) -> Watched:
    """The engine after a run over documents of its own and one over `docs`, which is timed."""
    fill(folder / "warm", 6)
    with Corpus(folder / "out", engine=(watched := Watched(engine)), jobs=2, overall_tokens=0) as corpus:
        corpus.run(folder / "warm")
        watched.done = []
        corpus.run([folder / "warm", docs])
    engine.close()
    return watched


def keep(**facts: object) -> None:
    """Keeps facts for `model`."""
    known = json.loads(FACTS.read_text()) if FACTS.exists() else {}
    FACTS.write_text(json.dumps({**known, **facts}, indent=1, sort_keys=True))


def price(documents: int) -> None:
    """The same documents by processes and by Ray on this machine, by turns, start-up apart; results compared."""
    rows, walls = [], dict[str, list[float]]()
    made: list[dict[str, bytes]] = []
    with tempfile.TemporaryDirectory() as name:
        docs = fill(Path(name) / "docs", documents)
        for at in range(4):
            kind = "ray" if at % 2 else "local"
            engine: Engine = RayWorkers() if at % 2 else Processes()
            watched = warmed(engine, Path(name) / str(at), docs)
            wall, share = watched.busy(2)
            walls.setdefault(kind, []).append(wall)
            busy = sum(done.seconds for _, done in watched.done)
            rows.append((kind, f"{wall:.1f}", f"{busy:.1f}", f"{100 * share:.0f} %", f"{documents / wall:.1f}"))
            made.append({one.name: one.read_bytes() for one in (Path(name) / str(at) / "out" / "results").iterdir()})
    ratio = min(walls["ray"]) / min(walls["local"])
    heads = ["engine, two workers", "seconds", "seconds of the tasks", "workers busy", "documents a second"]
    equal = all(one == made[0] for one in made)
    note = (
        f"{documents} documents; the workers are there and have loaded the encoder. Load of the machine, which did "
        f"other work: {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores. Ray takes **{ratio:.2f}** of the local "
        f"engine's time (best of two), mostly by what else the machine did meanwhile; what an engine itself costs is "
        f"the time that workers are not busy. Results equal to the byte: **{'yes' if equal else 'no'}**."
    )
    publish("scaling_price", "Ray beside the local engine", f"{note}\n\n{markdown(heads, rows)}")


def skew() -> None:
    """One document a hundred times as long among a hundred, and alone."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for at, (about, count) in enumerate((("among a hundred short ones", 100), ("alone", 0))):
            folder = Path(name) / str(at)
            docs = folder / "docs"
            docs.mkdir(parents=True)
            (docs / "long.txt").write_text(text_of(0, 1200))
            for number in range(count):
                (docs / f"n{number}.txt").write_text(text_of(number + 1, 12))
            watched = warmed(Processes(), folder, docs)
            wall, share = watched.busy(2)
            parts = sum(done.task.kind == "embed" for _, done in watched.done)
            rows.append((about, f"{wall:.1f}", f"{100 * share:.0f} %", parts))
    heads = ["1,200 sentences in one document", "seconds", "two workers busy", "parts that it is embedded in"]
    note = f"The short ones have 12 sentences. Load of the machine: {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores."
    publish("scaling_skew", "One long document and two workers", f"{note}\n\n{markdown(heads, rows)}")


def surveyed(count: int, overall: int) -> None:
    """In a process of its own: a corpus of so many rows by the instant engine; seconds, again, and memory."""
    with tempfile.TemporaryDirectory() as name:
        rows = Path(name) / "rows.jsonl"
        with rows.open("w") as file:
            for number in range(count):
                file.write(json.dumps({"id": f"f{number % 10}/n{number}", "text": f"Item {number} is open."}) + "\n")
        took, used = [], time.process_time()
        for _ in range(2):
            began = time.monotonic()
            with Corpus(Path(name) / "out", engine=Instant(), overall_tokens=overall) as corpus:
                corpus.run(rows)
            took.append(time.monotonic() - began)
            if len(took) == 1:
                used = time.process_time() - used
        manifest = sum(one.stat().st_size for one in (Path(name) / "out").glob("manifest*"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([took[0], used, took[1], peak, manifest / count]))


def apart(count: int, overall: int) -> list[float]:
    """What `surveyed` says in a process of its own."""
    told = [sys.executable, __file__, "surveyed", "--documents", str(count), "--overall", str(overall)]
    said = subprocess.run(told, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [float(one) for one in json.loads(said)]


def coordinator() -> None:
    """What the coordinator takes by itself: time a document, memory, starting again; and what handing out takes."""
    rows = []
    for count in (1_000, 10_000, 100_000):
        for overall in (0, 400) if count < 100_000 else (0,):
            first, used, again, peak, kept = apart(count, overall)
            about = "with a tree over them" if overall else "no tree"
            rows.append(
                (f"{count:,}, {about}", f"{first:.1f}", f"{used:.1f}", f"{again:.1f}", f"{peak:.0f}", f"{kept:.0f}")
            )
            if count == 10_000 and not overall:
                keep(coordinator=used / count, manifest=kept)
    heads = ["rows", "seconds", "of the processor", "again, all done", "MB at the peak", "bytes of manifest each"]
    engines: dict[str, Engine] = {"local": Processes(), "ray": RayWorkers()}
    handing = [(kind, f"{1000 * handed(engine):.2f}") for kind, engine in engines.items()]
    keep(handing={kind: float(value) / 1000 for kind, value in handing})
    again = files_again()
    body = (
        "An engine that does nothing, so that all time and memory is the coordinator's: survey, manifest, names.\n\n"
        f"{markdown(heads, rows)}\n\nA task that asks nothing of its worker, two workers:\n\n"
        f"{markdown(['engine', 'milliseconds each'], handing)}\n\n"
        f"`longdoc corpus run` on a finished corpus of 10,000 files: {again:.1f} s. "
        f"Load of the machine: {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores."
    )
    publish("scaling_coordinator", "What a corpus's coordinator takes", body)


def handed(engine: Engine) -> float:
    """Seconds by the clock that an empty task takes, many of them handed to two workers."""
    with tempfile.TemporaryDirectory() as name:
        recipe = Recipe(name)
        list(engine.stream(recipe, [Task("forget", f"w{at}") for at in range(20)], 2))
        began = time.monotonic()
        list(engine.stream(recipe, [Task("forget", f"t{at}") for at in range(1000)], 2))
        took = time.monotonic() - began
        engine.close()
    return took / 1000


def files_again() -> float:
    """Seconds of the command on ten thousand files that are done."""
    with tempfile.TemporaryDirectory() as name:
        docs = Path(name) / "docs"
        for number in range(10_000):
            path = docs / f"f{number % 100}" / f"n{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"Item {number} is open.")
            os.utime(path, (1e9, 1e9))
        with Corpus(Path(name) / "out", engine=Instant(), overall_tokens=0) as corpus:
            corpus.run(docs)
        words = [sys.executable, "-m", "longdoc.cli", "corpus", "run", str(docs), "--out", str(Path(name) / "out")]
        began = time.monotonic()
        subprocess.run([*words, "--overall-tokens", "0", "-q"], check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began


def digested() -> float:
    """Bytes a second that are read and digested."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "bytes"
        path.write_bytes(random.Random(0).randbytes(1 << 26))
        began = time.monotonic()
        for _ in range(4):
            file_digest(str(path))
        return (1 << 28) / (time.monotonic() - began)


def simulated(tasks: list[float], workers: int, each: float) -> float:
    """Seconds until all tasks are done, the longest first, by workers that one coordinator serves in turn."""
    free, idle = 0.0, [0.0] * workers
    heapq.heapify(idle)
    end = 0.0
    for task in sorted(tasks, reverse=True):
        asked = heapq.heappop(idle)
        free = max(free, asked) + each
        heapq.heappush(idle, free + task)
        end = max(end, free + task)
    return end


def modelled(work: float, longest: float, count: int, workers: int, each: float) -> float:
    """The same by a formula: the workers' work or the coordinator's, whichever is more, and one task at the end."""
    return max(work / workers, count * each) + min(longest, work)


def timed_tasks(count: int) -> list[tuple[int, float]]:
    """The bytes of documents and the processor's seconds that each takes, in this process, the encoder loaded."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "results").mkdir()
        maker = Maker(Recipe(name))
        found = []
        for number in range(-2, count):
            data = text_of(number, 300 if number % 20 == 0 else 8 + number * 7 % 53).encode()
            path = Path(name) / "text.txt"
            path.write_bytes(data)
            began = time.process_time()
            task = Task("make", "t", str(path), digest=digest_of(data), key=f"{number:032}", result="t.json")
            maker.do(task, lambda seconds: None, 1e9)
            found.append((len(data), time.process_time() - began))
    return found[2:]


def model() -> None:
    """The formula beside a simulation with measured times; and what it says of a million documents and of 10 TB."""
    facts: dict[str, Any] = json.loads(FACTS.read_text())
    sizes, seconds = np.array(timed_tasks(60), float).T
    each_byte, each_document = np.polyfit(sizes, seconds, 1).tolist()
    serial = facts["coordinator"] + facts["handing"]["ray"]
    draw = random.Random(0)
    tasks = [draw.choice(seconds.tolist()) for _ in range(10_000)]
    rows = []
    for nodes in NODES:
        told = simulated(tasks, nodes * CORES, serial)
        said = modelled(sum(tasks), max(tasks), len(tasks), nodes * CORES, serial)
        rows.append((nodes, nodes * CORES, f"{told:,.0f}", f"{said:,.0f}", f"{100 * (said / told - 1):+.0f} %"))
    checked = markdown(["nodes", "workers", "simulated, s", "formula, s", "formula off by"], rows)
    wanted, pace = [], digested()
    for about, count, size in (
        ("a million documents of 4 kB", 1e6, 4e3),
        ("10 TB in a hundred million of 100 kB", 1e8, 1e5),
    ):
        work = count * (max(each_document, 0.0) + each_byte * size)
        for nodes in NODES[1:]:
            hours = modelled(work, each_byte * size, int(count), nodes * CORES, serial) / 3600
            bound = "coordinator" if count * serial > work / (nodes * CORES) else "workers"
            read = count * size / pace / 3600
            wanted.append((about, nodes, f"{work / 3600:,.0f}", f"{read:,.1f}", f"{hours:,.1f}", bound))
    predicted = markdown(["corpus", "nodes", "hours of work", "of survey", "hours by the clock", "bound by"], wanted)
    body = (
        f"Measured, of the processor's time: a document takes {max(each_document, 0.0) * 1000:.0f} ms and "
        f"{each_byte * 1e9 / 3600:.2f} hours a "
        f"GB of text; the coordinator takes {serial * 1000:.1f} ms a document, "
        f"{facts['handing']['ray'] * 1000:.1f} of them for Ray to hand it out; its manifest has "
        f"{facts['manifest']:.0f} bytes of each. It reads and digests {pace / 1e6:.0f} MB a second. "
        f"A node has {CORES} workers.\n\n"
        "T = max(work / workers, documents x coordinator) + longest task.\n\n"
        f"## Ten thousand documents with the measured times\n\n{checked}\n\n## What it says of more\n\n{predicted}"
    )
    publish("scaling_model", "How long a corpus takes on many nodes", body)


def main() -> None:
    """Runs one part and writes its result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["price", "skew", "coordinator", "model", "surveyed"])
    parser.add_argument("--documents", type=int, default=120)
    parser.add_argument("--overall", type=int, default=0)
    given = parser.parse_args()
    match given.part:
        case "price":
            price(given.documents)
        case "skew":
            skew()
        case "coordinator":
            coordinator()
        case "surveyed":
            surveyed(given.documents, given.overall)
        case _:
            model()


if __name__ == "__main__":
    main()
