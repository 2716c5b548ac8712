"""The server under load: questions and uploads at once, and its memory over many requests.

python benchmarks/server.py [--questioners 50] [--uploads 5] [--requests 2000] [--words 20000]

A server of its own process on loopback holds one book of random sentences, of which each names a number that only it
has. `--questioners` clients ask, each waiting for its answer before it asks again, while as many files as `--uploads`
say come in; an answer without the number counts as wrong. Latency is from the request to the last event.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from table import markdown, publish

try:
    import httpx2 as httpx
    import psutil
except ImportError as error:
    raise SystemExit(f"{error.name} is not installed: pip install httpx2 psutil") from error

OCTETS = {"Content-Type": "application/octet-stream"}
PLACES = ["harbour", "bridge", "mill", "tower", "market", "chapel", "quarry", "orchard", "school", "station"]
VERBS = ["built", "opened", "repaired", "painted", "sold", "measured", "flooded"]


def book(words: int, seed: int) -> tuple[str, list[tuple[str, str]]]:
    """A text of about so many words, and questions with the number that answers each."""
    rng = random.Random(seed)
    lines, asked = [], []
    for number in range(words // 14):
        name = f"{rng.choice('KLMNPRST')}{''.join(rng.choices('aeiou', k=2))}{rng.choice('lmnrst')}{number}"
        place, verb, year = rng.choice(PLACES), rng.choice(VERBS), rng.randint(1000, 9999)
        lines.append(f"The {place} of {name} was {verb} in the year {year} by the people of the town.")
        asked.append((f"When was the {place} of {name} {verb}?", str(year)))
        if number % 40 == 0:
            lines.append(f"\n\n# Part {number // 40}\n\n")
    return " ".join(lines), asked


@dataclass
class Seen:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    uploads: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wrong: int = 0
    elapsed: float = 0.0
    used: float = 0.0
    memory: list[tuple[int, float]] = field(default_factory=list)


class Server:
    """`longdoc serve` as a process, and what it and its children take of memory."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "longdoc.cli", "serve", "--port", "0", "--folder", str(folder)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.url = self.process.stderr.readline().split()[-1]

    def megabytes(self) -> float:
        """Resident memory of the server's own process; the reader beside it is not counted."""
        return psutil.Process(self.process.pid).memory_info().rss / 2**20

    def used(self) -> float:
        """Seconds of the processors that the server and its children have taken."""
        own = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
        ended = times[0].children_user + times[0].children_system
        return float(sum(one.user + one.system for one in times) + ended)

    def end(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait()


async def put(client: httpx.AsyncClient, name: str, text: str) -> str:
    """Uploads a text; its id, once it is ready."""
    answer = await client.post("/api/documents", params={"name": name}, content=text.encode(), headers=OCTETS)
    answer.raise_for_status()
    id = answer.json()["id"]
    while (told := (await client.get(f"/api/documents/{id}")).json())["status"] == "reading":
        await asyncio.sleep(0.05)
    if told["status"] != "ready":
        raise SystemExit(f"the server could not read {name}: {told['error']}")
    return str(id)


async def ask(client: httpx.AsyncClient, question: str, expected: str, document: str, seen: Seen) -> None:
    """Asks once and notes what came of it."""
    began = time.perf_counter()
    first, last = 0.0, ""
    body = {"question": question, "documents": [document]}
    async with client.stream("POST", "/api/questions", json=body) as stream:
        if stream.status_code != 200:
            seen.errors.append(f"status {stream.status_code}")
            return
        async for line in stream.aiter_lines():
            if line.startswith("event:"):  # a comment, which keeps a silent stream open, is none
                first = first or time.perf_counter() - began
            last = line or last
    seen.seconds.append(time.perf_counter() - began)
    seen.first.append(first)
    told = json.loads(last.removeprefix("data: "))
    if "answer" not in told:
        seen.errors.append(str(told.get("error")))
    elif expected not in told["answer"]:
        seen.wrong += 1


async def load(server: Server, options: argparse.Namespace) -> Seen:
    """The questions and uploads, as many at once as the options say."""
    text, questions = book(options.words, 1)
    seen = Seen()
    limits = httpx.Limits(max_connections=options.questioners + options.uploads + 2)
    async with httpx.AsyncClient(base_url=server.url, timeout=600, limits=limits) as client:
        document = await put(client, "book.md", text)
        warm = Seen()
        for question, expected in questions[: options.questioners]:
            await ask(client, question, expected, document, warm)
        seen.memory.append((0, server.megabytes()))
        began, before = time.perf_counter(), server.used()
        rng, left = random.Random(2), iter(range(1, options.requests + 1))

        async def questioner() -> None:
            for number in left:
                await ask(client, *rng.choice(questions), document, seen)
                if number % max(1, options.requests // 8) == 0:
                    seen.memory.append((number, server.megabytes()))

        async def uploader(number: int) -> None:
            began = time.perf_counter()
            await put(client, f"upload {number}.md", book(options.words, 10 + number)[0])
            seen.uploads.append(time.perf_counter() - began)

        await asyncio.gather(
            *(questioner() for _ in range(options.questioners)), *(uploader(one) for one in range(options.uploads))
        )
        seen.elapsed, seen.used = time.perf_counter() - began, server.used() - before
    return seen


def percentile(values: Sequence[float], percent: int) -> str:
    """Milliseconds."""
    known = [*values, *values[:1]] if len(values) < 2 else values
    return f"{statistics.quantiles(known, n=100, method='inclusive')[percent - 1] * 1000:,.0f} ms"


def report(seen: Seen, options: argparse.Namespace) -> str:
    """The tables."""
    rows = [
        ["questions to the last event", len(seen.seconds), percentile(seen.seconds, 50), percentile(seen.seconds, 99)],
        ["questions to the first event", len(seen.first), percentile(seen.first, 50), percentile(seen.first, 99)],
        ["uploads, until ready", len(seen.uploads), percentile(seen.uploads, 50), percentile(seen.uploads, 99)],
    ]
    latency = markdown(["", "count", "p50", "p99"], rows)
    memory = markdown(["requests", "MiB resident"], [[number, f"{size:,.0f}"] for number, size in sorted(seen.memory)])
    problems = f"{len(seen.errors)} errors, {seen.wrong} answers without the number asked for"
    return (
        f"{options.questioners} questioners and {options.uploads} uploads at once, books of {options.words:,} words, "
        f"{len(seen.seconds) / seen.elapsed:.1f} answers a second by the clock, {len(seen.seconds) / seen.used:.1f} a "
        f"second of a processor; {problems}. The machine's load was {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores."
        f"\n\n{latency}\n\n{memory}"
    )


def main() -> None:
    """Runs the load and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("questioners", 50), ("uploads", 5), ("requests", 2000), ("words", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="longdoc-server-") as folder:
        server = Server(Path(folder))
        try:
            seen = asyncio.run(load(server, options))
        finally:
            server.end()
    if seen.errors:
        sys.stderr.write(f"first error: {seen.errors[0]}\n")
    publish("server", "The server under load", report(seen, options))


if __name__ == "__main__":
    main()
