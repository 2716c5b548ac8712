"""longdoc's chunkers beside their peers: speed, faults, worst cases, a huge file, retrieval, edits.

    python benchmarks/chunking.py speed|violations|worst|stream|retrieval|edits [--limit N] [--systems WORD ...]

`pip install -e '.[dev,bench]'` brings the peers; one that is absent is left out and named. `--limit` makes a trial
small: characters of a set (speed, edits), texts (violations), megabytes (worst), questions (retrieval). The numbers
that are compared come out of one run.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import random
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from chunking_peers import Both, Piece, Setting, Split, System, attempt, available, versions
from chunking_violations import SETS, Faults, faults, violations
from datasets import records
from table import markdown, publish

SAMPLE = 200_000  # characters of each set for the splitters that embed
HEADING = re.compile(r"^#{1,6}[ \t]+\S.*", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?(?:^\1|\Z)", re.MULTILINE | re.DOTALL)
RAW = "tiktoken encode_ordinary"
WARM = "A word to warm up. And another one.\n\n" * 2000
Times = dict[str, list[tuple[float, float]]]  # wall and processor seconds of each turn, by system


def texts_of(name: str, characters: int | None) -> list[str]:
    """The documents of a set, the first so many characters of it."""
    texts, left = [], sys.maxsize if characters is None else characters
    for record in records(name):
        texts.append(record["document"][:left])
        left -= len(texts[-1])
        if not left:
            break
    return texts


def clock(split: Split, texts: Sequence[str]) -> tuple[float, float]:
    """Wall and processor seconds for all texts, one by one; nan where one raises. No garbage is collected meanwhile."""
    gc.collect()
    gc.disable()
    wall, cpu = time.perf_counter(), time.process_time()
    done = True
    for text in texts:
        done = attempt(split, text) is not None and done
    taken = time.perf_counter() - wall, time.process_time() - cpu
    gc.enable()
    return taken if done else (float("nan"), float("nan"))


def clock_many(split: Split, texts: list[str]) -> tuple[float, float]:
    """The same for all texts in one call."""
    assert isinstance(split, Both)
    return clock(lambda _: split.many(texts), [""])


def fresh(system: System | None) -> Split:
    """The splitter, made anew and used once; without a system, tiktoken alone."""
    if system is None:
        encoding, cores = Setting().tokenizer, len(os.sched_getaffinity(0))
        return Both(encoding.encode_ordinary, lambda texts: encoding.encode_ordinary_batch(texts, num_threads=cores))
    split = system.make(Setting())
    attempt(split, WARM)
    return split


def in_turns(systems: Sequence[System], texts: list[str], repeats: int) -> tuple[Times, Times]:
    """The times of each system and of tiktoken, in random order each turn: one by one, and all texts in one call."""
    apart: Times = defaultdict(list)
    together: Times = defaultdict(list)
    for _ in range(repeats):
        for system in random.sample([None, *systems], len(systems) + 1):
            name, split = system.name if system else RAW, fresh(system)
            apart[name].append(clock(split, texts))
            if isinstance(split, Both):
                together[name].append(clock_many(split, texts))
    return apart, together


def cell(times: Times, name: str, size: float, raw: Sequence[tuple[float, float]], clock: int) -> str:
    """Megabytes a second of the wall's (0) or the processor's (1), and the share of tiktoken's speed; medians."""
    spent = statistics.median(taken[clock] for taken in times[name])
    if spent != spent:
        return "raises"
    ratios = [alone[clock] / taken[clock] for taken, alone in zip(times[name], raw, strict=True)]
    return f"{size / spent:.3g} ({statistics.median(ratios):.2g})"


def crossed(text: str, pieces: Sequence[Piece]) -> tuple[int, int]:
    """Markdown headings outside fences, and how many of them have text of their chunk before them."""
    fences = [match.span() for match in FENCE.finditer(text)]
    headings = [m[0] for m in HEADING.finditer(text) if not any(a <= m.start() < b for a, b in fences)]
    known = set(headings)
    parts = [piece[0].lstrip() for piece in pieces]
    return len(headings), sum(m.start() > 0 and m[0] in known for part in parts for m in HEADING.finditer(part))


_DOCUMENT = "# A\n\nb\n\n# C\nd\n```\n# e\n```\n"
assert crossed(_DOCUMENT, [(_DOCUMENT[:8], 0, 8), (_DOCUMENT[8:], 8, None)]) == (2, 0)
assert crossed(_DOCUMENT, [(_DOCUMENT, None, None)]) == (2, 1)


def quality(system: System, sets: dict[str, list[str]], formats: list[str]) -> list[object]:
    """What share of Markdown headings begin their chunk, the faults on all texts, and how many texts raise."""
    split, found, headings, inside, raised = fresh(system), [], 0, 0, 0
    for name, texts in sets.items():
        for index, text in enumerate(texts):
            given = attempt(split, text)
            if given is None:
                raised += 1
                continue
            pieces = system.pieces(given)
            found.append(faults(text, pieces, Setting().limit, Setting().tokenizer, system.offsets))
            if name == "techspec" and formats[index] == "markdown":
                seen, held = crossed(text, pieces)
                headings, inside = headings + seen, inside + held
    return [f"{1 - inside / headings:.0%}" if headings else "", *_words(found, system), raised]


def _words(found: list[Faults], system: System) -> list[str]:
    wrong, over = sum(one.offsets for one in found), sum(one.over for one in found)
    apart, lost = sum(one.apart for one in found), sum(one.lost for one in found)
    text = "yes" if not apart else "white space lost" if not lost else f"no, in {lost}"
    offsets = ("exact" if not wrong else f"{wrong:,} wrong") if system.offsets else "none"
    return [offsets, "yes" if not over else f"{over:,} over", text]


def _cells(name: str, times: dict[str, Times], sizes: dict[str, float], raw: dict[str, Times], clock: int) -> list[str]:
    return [cell(times[part], name, sizes[part], raw[part][RAW], clock) for part in SETS]


def _cores(name: str, times: dict[str, Times]) -> str:
    """The processor time over the wall time."""
    both = [taken for part in SETS for taken in times[part][name] if taken[0] == taken[0]]
    return f"{sum(cpu for _, cpu in both) / sum(wall for wall, _ in both):.1f}" if both else ""


def _speed_tables(systems: Sequence[System], characters: int | None, repeats: int) -> str:
    sets = {name: texts_of(name, characters) for name in SETS}
    sizes = {name: sum(len(text.encode()) for text in texts) / 1e6 for name, texts in sets.items()}
    formats = [record["format"] for record in records("techspec")]
    both = {name: in_turns(systems, texts, repeats) for name, texts in sets.items()}
    apart, together = ({name: times[n] for name, times in both.items()} for n in (0, 1))
    headers = ["system", *(f"{name}, {sizes[name]:.1f} MB" for name in SETS)]
    rows = [
        [name, *_cells(name, apart, sizes, apart, 1), _cores(name, apart)]
        for name in (RAW, *(one.name for one in systems))
    ]
    told = [[""] * 5, *(quality(one, sets, formats) for one in systems)]
    columns = ("cores", "sections", "offsets", "limit held", "joins to the text", "raises")
    body = [f"Documents one by one, median of {repeats}."]
    body.append(markdown([*headers, *columns], [[*row, *more] for row, more in zip(rows, told, strict=True)]))
    at_once = [[name, *_cells(name, together, sizes, apart, 0)] for name in together[SETS[0]]]
    if len(at_once) > 1:
        body += [f"All documents in one call, median of {repeats}.", markdown(headers, sorted(at_once))]
    return "\n\n".join(body)


def speed(given: argparse.Namespace) -> None:
    """All sets whole, one by one and at once; for splitters that embed the beginning of each."""
    systems = available(given.systems)
    quick, slow = ([one for one in systems if one.embeds == embeds] for embeds in (False, True))
    body = [_speed_tables(quick, given.limit, given.repeats)] if quick else []
    body += [_speed_tables(slow, min(given.limit or SAMPLE, SAMPLE), 1)] if slow else []
    body.append(
        "Megabytes of UTF-8 a second (of the processor's where documents go one by one, else of the wall's) and, in "
        "brackets, the share of the speed at which tiktoken alone encodes the same texts one by one, in the same "
        f"turn. The load on the machine at the end was {os.getloadavg()[2]:.0f}: where there is any beside this, the "
        "wall's seconds tell little. Chunks of 512 tokens of o200k_base, systems in random order each turn, made anew "
        "and warmed up; no garbage is collected meanwhile, as in `timeit`. In one call: by "
        "`transform_documents`, `create_documents`, `chunk_batch`, semchunk with a process a core, "
        "`chunk_all_indices`, `get_nodes_from_documents`, `encode_ordinary_batch` with a thread a core; headers + "
        f"Recursive and Fast have none. {len(os.sched_getaffinity(0))} cores to use; cores: processor time over wall "
        "time. Sections: the share of the Markdown headings of techspec that begin their chunk. Raises: documents "
        "that give an error, which count for nothing else. chonkie with `tokie` counts with its own tokenizer, made "
        "here of tiktoken's vocabulary. chonkie Fast counts bytes, 2,048 to a chunk. The last tables are of the "
        f"first {SAMPLE:,} characters of each set, with the bundled encoder.\n\n{versions(systems)}."
    )
    publish("chunking_speed", "Chunkers: speed", "\n\n".join(body))


def questions() -> dict[str, Callable[[argparse.Namespace], None]]:
    """What can be asked, by name."""
    from chunking_edits import edits
    from chunking_retrieval import retrieval
    from chunking_stream import stream
    from chunking_worst import worst

    return {"speed": speed, "violations": violations, "worst": worst, "stream": stream, "retrieval": retrieval,
            "edits": edits}  # fmt: skip


def main() -> None:
    """Answers one question: prints its table and writes it to results."""
    logging.disable(logging.CRITICAL)
    os.environ["RUST_BACKTRACE"] = "0"
    asked: dict[str, Any] = questions()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", choices=asked)
    parser.add_argument("--limit", type=int, help="make a trial small")
    parser.add_argument("--systems", nargs="+", default=[], help="only those whose names hold one of the words")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cores", type=int, help="use so many cores (speed, stream)")
    parser.add_argument("--cap", type=float, default=20, help="seconds for each point (worst)")
    parser.add_argument("--stream-gb", type=float, default=1.0)
    parser.add_argument("--show", action="store_true", help="print the texts at fault (violations)")
    given = parser.parse_args()
    if given.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])
    asked[given.question](given)


if __name__ == "__main__":
    main()
