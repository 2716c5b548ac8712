"""What a summary costs the second time: unchanged, after edits, after a kill.

    python benchmarks/incremental.py edits [--repeats 100] [--characters 800000]
    python benchmarks/incremental.py kills [--kills 100]
    python benchmarks/incremental.py warm

`edits` and `kills` ask a scripted chat model that repeats the first words of what it is given and counts its calls;
all else is as with any chat model. `warm` runs the command line on a whole book with the extractive default.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from book import book
from langchain_core.messages import BaseMessage
from langchain_core.stores import InMemoryByteStore
from table import markdown, publish

from longdoc import EncodingCache, FanOutOptions, SummaryTree, summarize
from longdoc.chunkers.text.sections import split_sections
from longdoc.chunkers.text.sentences import split_sentences
from longdoc.testing import ScriptedChatModel

ADDED = "The old clock in the hall, which nobody had wound since the spring, struck three times and stopped. "
MEMORY = {"without": 0, "with": 200}


def first_words(messages: list[BaseMessage]) -> str:
    """The beginning of the first sentence between the prompt's marks."""
    lines = str(messages[-1].content).split("<passages-")[1].split("</passages-")[0].splitlines()[1:]
    body = "\n".join(line for line in lines if not line.startswith("# "))
    first = next((span.of(body) for span in split_sentences(body)), "There is nothing but a heading here.")
    return f"It is said: {' '.join(first.split()[:15]).rstrip('.')}."


def run(text: str, cache: InMemoryByteStore | EncodingCache | None, memory: int, chunk: int) -> tuple[SummaryTree, int]:
    """The tree, and the calls that the model was given."""
    model = ScriptedChatModel(replies=first_words)
    tree = summarize(
        text, model=model, tokenizer="minilm", max_tokens=120, chunk_tokens=chunk, memory_tokens=memory, cache=cache
    )
    return tree, len(model.calls)


def places(text: str) -> list[int]:
    """Where sentences begin, headings aside: a heading that a sentence is put before is none any more."""
    bodies = ((section.body, section.span.end) for section in split_sections(text))
    return [span.start for start, end in bodies for span in split_sentences(text, start, end)]


def edited(text: str, starts: Sequence[int]) -> str:
    """The text with the sentence added at each of the places."""
    for start in sorted(starts, reverse=True):
        text = text[:start] + ADDED + text[start:]
    return text


def edits(given: argparse.Namespace) -> None:
    """Calls after 1, 10 and 100 insertions, with and without the memory that a chunk is read with."""
    text = book(1)[: given.characters]
    found, rng, rows = places(text), random.Random(0), []
    for name, memory in MEMORY.items():
        cache = InMemoryByteStore()
        tree, cold = run(text, cache, memory, given.chunk)
        base = dict(cache.store)
        named = {"start": [found[0]], "middle": [found[len(found) // 2]], "end": [found[-1]]}
        for where, starts in named.items():
            rows.append(_row(f"1, at the {where}", name, text, [starts], base, memory, given.chunk, compare=True))
        for many, repeats in ((1, given.repeats), (10, max(1, given.repeats // 5)), (100, max(1, given.repeats // 20))):
            drawn = [rng.sample(found, many) for _ in range(repeats)]
            rows.append(_row(f"{many}, at random", name, text, drawn, base, memory, given.chunk))
        chunks = sum(not node.children for node in tree.walk())
        said = f"{chunks:,} chunks, {cold:,} calls cold, {tree.depth} levels above the chunks"
    headers = [
        "insertions",
        "memory",
        "runs",
        "calls: least",
        "median",
        "most",
        "3 + 2·depth",
        "runs over",
        "cold equal",
    ]
    body = (
        f"A text of novels of {len(text):,} characters: {said}. One sentence of {len(ADDED)} characters is put in "
        + ("before sentences at random. Cold equal: whether the tree is that of a run without a cache, where tried.")
    )
    publish("incremental_edits", "Calls after an edit", f"{body}\n\n{markdown(headers, rows)}")


def _row(
    what: str,
    name: str,
    text: str,
    drawn: Sequence[Sequence[int]],
    base: dict[str, bytes],
    memory: int,
    chunk: int,
    compare: bool = False,
) -> list[object]:
    calls, over, equal = [], 0, "not tried"
    for starts in drawn:
        cache = InMemoryByteStore()
        cache.mset(list(base.items()))
        changed = edited(text, starts)
        tree, made = run(changed, cache, memory, chunk)
        calls.append(made)
        over += made > len(starts) * (3 + 2 * tree.depth)
        bound = len(starts) * (3 + 2 * tree.depth)
        if compare:
            equal = "yes" if tree == run(changed, None, memory, chunk)[0] else "no"
    return [what, name, len(drawn), min(calls), f"{statistics.median(calls):g}", max(calls), bound, over, equal]


def work(given: argparse.Namespace) -> None:
    """The run that is killed: each call is noted when it begins and takes a while."""
    text = (given.folder / "text.txt").read_text(encoding="utf-8")
    log = os.open(given.folder / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def reply(messages: list[BaseMessage]) -> str:
        os.write(log, b".")
        time.sleep(given.pause)
        return first_words(messages)

    options = FanOutOptions(max_concurrency=given.concurrency)
    tree = summarize(
        text,
        model=ScriptedChatModel(replies=reply),
        tokenizer="minilm",
        max_tokens=120,
        chunk_tokens=256,
        options=options,
        cache=EncodingCache(given.folder / "cache"),
    )
    shown = [
        [node.title, node.key, node.summary.text, [str(span) for span in node.summary.spans]] for node in tree.walk()
    ]
    sys.stdout.write(json.dumps(shown))


def kills(given: argparse.Namespace) -> None:
    """Runs killed at random moments, each gone on with until it ends; its calls and its output."""
    rng, text = random.Random(0), book(1)[:80_000]
    killed, rows, whole, cold = 0, [], b"", 0
    for trial in count():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "text.txt").write_text(text, encoding="utf-8")
            command = [sys.executable, __file__, "work", "--folder", folder, "--concurrency", str(given.concurrency)]
            kills = 0 if trial == 0 else min(given.kills - killed, rng.randint(1, 10))
            done = sum(_killed(command, Path(folder) / "calls", rng) for _ in range(kills))
            output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
            calls = (Path(folder) / "calls").stat().st_size
        if trial == 0:
            whole, cold = output, calls
            continue
        killed += done
        rows.append((done, calls, output == whole, calls <= cold + done * given.concurrency))
        if killed >= given.kills:
            break
    body = markdown(
        ["", ""],
        [
            ["calls of a run that is not killed", cold],
            ["runs, and kills in all", f"{len(rows)}, {killed}"],
            ["calls of a run, least and most", f"{min(r[1] for r in rows)}, {max(r[1] for r in rows)}"],
            ["calls made twice, for each kill", f"{sum(r[1] - cold for r in rows) / killed:.2f}"],
            [f"runs over cold + {given.concurrency} in flight a kill", sum(not r[3] for r in rows)],
            ["runs whose output differs", sum(not r[2] for r in rows)],
        ],
    )
    publish("incremental_kills", "Runs that were killed", body)


def _killed(command: Sequence[str], calls: Path, rng: random.Random) -> bool:
    """Whether the run was still at work when it was killed: after up to 60 calls more, at a random moment."""
    before = calls.stat().st_size if calls.exists() else 0
    wanted = before + rng.randint(0, 60)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None and (not calls.exists() or calls.stat().st_size < wanted):
        time.sleep(0.002)
    time.sleep(rng.uniform(0.0, 0.1))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def warm(given: argparse.Namespace) -> None:
    """A book on the command line: cold, again, and after one sentence was put in."""
    text = book(1)
    found = places(text)
    rows, outputs = [], {}
    with tempfile.TemporaryDirectory() as folder:
        path, cache = Path(folder) / "book.txt", Path(folder) / "cache"
        changes = {"cold": text, "again": text, "one sentence put in": edited(text, [found[len(found) // 2]])}
        taken: dict[str, list[float]] = {}
        for name, content in changes.items():
            path.write_text(content, encoding="utf-8")
            for _ in range(given.repeats if name == "again" else 1):
                began = time.monotonic()
                command = [
                    sys.executable,
                    "-m",
                    "longdoc.cli",
                    "summarize",
                    str(path),
                    "--quiet",
                    "--cache",
                    str(cache),
                ]
                outputs[name] = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
                taken.setdefault(name, []).append(time.monotonic() - began)
        command = [sys.executable, "-m", "longdoc.cli", "summarize", str(path), "--quiet", "--no-cache"]
        alone = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        cold = taken["cold"][0]
        for name, times in taken.items():
            same = {"again": outputs["again"] == outputs["cold"], "one sentence put in": outputs[name] == alone}
            seconds = statistics.median(times)
            rows.append([name, f"{seconds:.2f}", f"{cold / seconds:.1f}", f"{same[name]}" if name in same else ""])
        size = sum(part.stat().st_size for part in cache.rglob("*") if part.is_file()) / 1e6
    body = f"The novels, {len(text.split()):,} words, a process each. The cache takes {size:.0f} MB.\n\n" + markdown(
        ["run", "seconds", "times faster than cold", "same bytes as without a cache"], rows
    )
    publish("incremental_warm", "A book summarized again", body)


def main() -> None:
    """Runs the subcommand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, call in (("edits", edits), ("kills", kills), ("warm", warm), ("work", work)):
        command = commands.add_parser(name)
        command.set_defaults(run=call)
        command.add_argument("--repeats", type=int, default=100 if name == "edits" else 7)
        command.add_argument("--characters", type=int, default=800_000)
        command.add_argument("--chunk", type=int, default=256, help="tokens of a chunk")
        command.add_argument("--kills", type=int, default=100)
        command.add_argument("--concurrency", type=int, default=4)
        command.add_argument("--pause", type=float, default=0.05, help="seconds that a call takes")
        command.add_argument("--folder", type=Path)
    given = parser.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
