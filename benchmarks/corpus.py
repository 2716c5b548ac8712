"""What a corpus costs beside the encoder alone, what starting again costs, what kills and hostile files do to it.

python benchmarks/corpus.py speed --documents 1000
python benchmarks/corpus.py kills --documents 200 --kills 20
python benchmarks/corpus.py hostile --documents 300 --hostile 30

Documents are made from a seed. On a machine that does other work the processor's time tells more than the clock does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from table import markdown, publish

ABOUT = [
    "harbour",
    "school",
    "library",
    "market",
    "bridge",
    "museum",
    "hospital",
    "railway",
    "park",
    "canal",
    "theatre",
    "archive",
    "station",
    "court",
]
DONE = [
    "approved",
    "rejected",
    "postponed",
    "reviewed",
    "funded",
    "inspected",
    "repaired",
    "extended",
    "measured",
    "published",
]
WHY = [
    "after the storm",
    "for the second time",
    "because of the cost",
    "at the request of the residents",
    "without a vote",
]


def text_of(number: int, sentences: int) -> str:
    """A document of so many sentences about few things, the same for the same number."""
    draw = random.Random(f"corpus/{number}")
    lines = [f"# Minutes {number}", ""]
    for place in range(sentences):
        name, other = draw.sample(ABOUT, 2)
        said = f"The council {draw.choice(DONE)} the {name} beside the {other} {draw.choice(WHY)}, "
        lines.append(f"{said}and set aside {draw.randint(2, 900)} thousand pounds for item {place + 1}.")
        if place % 6 == 5:
            lines.append("")
    return "\n".join(lines)


def fill(folder: Path, documents: int, longest: int = 60) -> Path:
    """The documents in ten folders, of 8 to `longest` sentences."""
    for number in range(documents):
        path = folder / f"f{number % 10}" / f"minutes-{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(number, 8 + number * 7 % (longest - 7)), encoding="utf-8")
    return folder


def command(docs: Path, out: Path, *more: str) -> list[str]:
    """The command line of a run on two workers."""
    return [
        sys.executable,
        "-m",
        "longdoc.cli",
        "corpus",
        "run",
        str(docs),
        "--out",
        str(out),
        "--jobs",
        "2",
        "-q",
        *more,
    ]


def timed(words: list[str]) -> tuple[float, float, str]:
    """Seconds by the clock and of the processors, and what a command said on stdout."""
    before, began = os.times(), time.monotonic()
    said = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - began, used, said


ALONE = """
import json, sys
from longdoc.models.encoder.embedder import Embedder
texts = json.load(open(sys.argv[1]))
encoder = Embedder()
for part in [["loaded"]] if sys.argv[2] == "load" else texts:
    encoder.encode(part)
"""


def speed(documents: int) -> None:
    """Documents a second beside the encoder alone on the same sentences, document by document; a second start."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        docs = fill(folder / "docs", documents)
        texts = [[line for line in path.read_text().splitlines() if line] for path in sorted(docs.rglob("*.txt"))]
        (folder / "texts.json").write_text(json.dumps(texts))
        alone = [sys.executable, "-c", ALONE, str(folder / "texts.json")]
        _, load, _ = timed([*alone, "load"])
        _, encode, _ = timed([*alone, "encode"])
        clock, used, said = timed(command(docs, folder / "out", "--overall-tokens", "0"))
        again, again_used, _ = timed(command(docs, folder / "out", "--overall-tokens", "0"))
        whole, whole_used, _ = timed(command(docs, folder / "out"))
    sentences = sum(map(len, texts))
    rows = [
        (
            "encoder alone, one process, loading taken off",
            "",
            f"{encode - load:.1f}",
            f"{documents / (encode - load):.1f}",
        ),
        (f"corpus run, two workers ({said})", f"{clock:.1f}", f"{used:.1f}", f"{documents / used:.1f}"),
        (
            "the same, loading of two workers taken off",
            "",
            f"{used - 2 * load:.1f}",
            f"{documents / (used - 2 * load):.1f}",
        ),
        ("started again, all done", f"{again:.1f}", f"{again_used:.1f}", ""),
        ("the summary over all, made afterwards", f"{whole:.1f}", f"{whole_used:.1f}", ""),
    ]
    table = markdown(["what", "seconds by the clock", "of the processors", "documents a processor's second"], rows)
    share = (encode - load) / (used - 2 * load)
    load_now = f"The machine's load was {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
    note = f"{documents:,} documents, {sentences:,} sentences. The corpus has {share:.2f} of the encoder's pace."
    note = f"{note} {load_now}."
    publish("corpus_speed", "A corpus beside the encoder alone", f"{note}\n\n{table}")


def digests(out: Path) -> dict[str, str]:
    """The digest of each result, and of the summary over all."""
    files = [*sorted((out / "results").iterdir()), out / "corpus.json"]
    return {path.name: blake2b(path.read_bytes(), digest_size=8).hexdigest() for path in files}


def kills(documents: int, count: int) -> None:
    """Kills workers and coordinators as documents get done, lets the last run finish, and compares."""
    draw = random.Random(24)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        docs = fill(folder / "docs", documents)
        timed(command(docs, folder / "whole"))
        out, killed, runs, lost = folder / "killed", {"worker": 0, "coordinator": 0}, 0, []
        steps = sorted(draw.sample(range(1, documents), min(count, documents - 1)))
        while True:
            runs += 1
            run = subprocess.Popen(command(docs, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while run.poll() is None and steps:
                done = done_of(out)
                workers = _workers(run.pid)
                if done >= steps[0] and workers:
                    steps.pop(0)
                    kind = draw.choice(["worker", "worker", "coordinator"])
                    os.kill(run.pid if kind == "coordinator" else draw.choice(workers), signal.SIGKILL)
                    killed[kind] += 1
                    if kind == "coordinator":
                        run.wait()
                        lost.append(done - done_of(out))
                time.sleep(0.05)
            run.wait()
            if run.returncode in (0, 1):
                break
        subprocess.run(
            [sys.executable, "-m", "longdoc.cli", "corpus", "retry", str(out), "--failed", "-q"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        equal = digests(out) == digests(folder / "whole")
        left = [path.name for path in (out / "results").iterdir() if not path.name.endswith(".json")]
    body = (
        f"{documents:,} documents; {killed['worker']} workers and {killed['coordinator']} coordinators were killed by "
        f"SIGKILL, in {runs} runs. Documents that were done and no longer were after a kill: {max([0, *lost])}. "
        f"Files left half written: {len(left)}.\n\nDigests of every result and of `corpus.json` equal to those of an "
        f"uninterrupted run: **{'yes' if equal else 'no'}**."
    )
    publish("corpus_kills", "A corpus whose processes are killed", body)


def done_of(out: Path) -> int:
    """How many documents a manifest has as done."""
    path = out / "manifest.sqlite"
    if not path.exists():
        return 0
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        count = db.execute("SELECT COUNT(*) FROM documents WHERE state = 'done'").fetchone()[0]
        db.close()
    except sqlite3.Error:
        return 0
    return int(count)


def _workers(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] or _children(pid)
    except OSError:
        return []


def _children(pid: int) -> list[int]:
    """Those that other threads than the first have begun."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(one) for one in (task / "children").read_text().split()]
    return found


def hostile_files(folder: Path, count: int) -> list[str]:
    """Files of ten kinds that no reader can make a document of."""
    folder.mkdir(parents=True)

    def bomb(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            with archive.open("word/document.xml", "w", force_zip64=True) as member:
                for _ in range(1200):
                    member.write(b" " * (1 << 20))

    def cut(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("word/document.xml", "<w:document>" * 50)
        path.write_bytes(path.read_bytes()[:200])

    def huge(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(3 << 30)

    kinds: list[tuple[str, Callable[[Path], object]]] = [
        ("empty.txt", lambda path: path.write_bytes(b"")),
        ("blank.md", lambda path: path.write_bytes(b" \n" * 999)),
        ("noise.pdf", lambda path: path.write_bytes(random.Random(1).randbytes(5000))),
        ("cut.pdf", lambda path: path.write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\n")),
        ("bomb.docx", bomb),
        ("cut.docx", cut),
        ("noise.epub", lambda path: path.write_bytes(b"PK\x03\x04" + random.Random(2).randbytes(900))),
        ("endless.txt", os.mkfifo),
        ("huge.txt", huge),
        ("binary.txt", lambda path: path.write_bytes(bytes(range(256)) * 40)),
    ]
    names = []
    for number in range(count):
        name, make = kinds[number % len(kinds)]
        path = folder / f"{number:02}-{name}"
        make(path)
        names.append(f"docs/hostile/{path.name}")
    return names


def hostile(documents: int, count: int, longest: int) -> None:
    """Which of the hostile files are named, and whether the others are as they are without them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        docs = fill(folder / "docs", documents - count, longest)
        timed(command(docs, folder / "clean", "--overall-tokens", "0"))
        names = hostile_files(docs / "hostile", count)
        clock, _, said = timed(command(docs, folder / "out", "--overall-tokens", "0"))
        db = sqlite3.connect(folder / "out" / "manifest.sqlite")
        failed = dict(db.execute("SELECT name, error FROM documents WHERE state = 'failed'").fetchall())
        db.close()
        made = [
            {path.name: path.read_bytes() for path in (folder / one / "results").iterdir()} for one in ("out", "clean")
        ]
    equal = sum(made[0].get(key) == value for key, value in made[1].items())
    rows = [(one, failed.get(one, "**not named**").replace("|", "/")) for one in names[:10]]
    table = markdown(["the first of each kind", "what is told"], rows)
    body = (
        f"{documents:,} files, {count} of them hostile: {sum(one in failed for one in names)} named, "
        f"{len(set(failed) - set(names))} others named; {equal:,} of {documents - count:,} others equal to the byte to "
        f"those of a run without the hostile ones. {said}; {clock:.0f} s.\n\n{table}"
    )
    publish("corpus_hostile", "Hostile files in a corpus", body)


def main() -> None:
    """Runs one of the three and writes its result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["speed", "kills", "hostile"])
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--hostile", type=int, default=30)
    parser.add_argument("--longest", type=int, default=60, help="sentences of a document, for hostile")
    given = parser.parse_args()
    if given.part == "speed":
        speed(given.documents)
    elif given.part == "kills":
        kills(given.documents, given.kills)
    else:
        hostile(given.documents, given.hostile, given.longest)


if __name__ == "__main__":
    main()
