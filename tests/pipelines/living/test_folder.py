"""A living folder equals a fresh index of it after any changes, also where a kill came between."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from fakes import CountingEmbeddings, HashEmbeddings
from hypothesis import given, settings
from hypothesis import strategies as st

from longdoc.chunkers.readers.pdf.pictures import png
from longdoc.errors import InputError
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.pipelines.living.folder import Change, LivingFolder, follow
from longdoc.pipelines.living.scan import scan

TEXTS = [
    "# Gates\n\nThe north gate opens at high water. Its code is 4711.\n",
    "# Gates\n\nThe north gate opens at low water. Its code is 4711.\n",
    "The loaf bakes for forty minutes.\n\nThe fish goes into the pot with saffron.\n",
    "",
    "\x00\x01\x02 no text \x00",
]
NAMES = ["a.md", "b.txt", "deep/c.md", "deep/er/d.txt", "e.bin", ".hidden.md"]
QUERIES = ("When does the gate open?", "4711", "saffron")


def living(root: Path, out: Path, **settings_: Any) -> LivingFolder:
    return LivingFolder(root, out, embeddings=HashEmbeddings(), **({"digests": False} | settings_))


def kept(folder: LivingFolder) -> list[Any]:
    index = folder.index
    found: list[Any] = [index.documents(), [index.entries(name) for name in sorted(index.documents())]]
    found += [index.matches(query, 5) for query in QUERIES]
    return [*found, folder.names(), folder.left_out(), [folder.digest(name) for name in NAMES]]


def fresh(root: Path, **settings_: Any) -> list[Any]:
    with TemporaryDirectory() as out, living(root, Path(out), **settings_) as folder:
        folder.catch_up()
        return kept(folder)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def do(root: Path, step: tuple[str, str, int]) -> None:
    what, name, number = step
    path = root / name
    match what:
        case "write":
            write(path, TEXTS[number % len(TEXTS)])
        case "append" if path.exists():
            write(path, path.read_text() + f"\nLine {number}.\n")
        case "remove" if path.exists():
            path.unlink()
        case "rename" if path.exists():
            other = root / NAMES[number % len(NAMES)]
            other.parent.mkdir(parents=True, exist_ok=True)
            path.replace(other)
        case "remove folder":
            shutil.rmtree(path.parent) if path.parent != root and path.parent.exists() else None


steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "append", "remove", "rename", "remove folder", "look"]),
        st.sampled_from(NAMES),
        st.integers(0, 9),
    ),
    max_size=12,
)


@settings(max_examples=6)
@given(steps)
def test_what_is_kept_is_what_a_fresh_index_of_the_folder_has(done: list[tuple[str, str, int]]) -> None:
    with TemporaryDirectory() as base:
        root, out = Path(base) / "docs", Path(base) / "out"
        root.mkdir()
        with living(root, out) as folder:
            for step in done:
                if step[0] == "look":
                    folder.catch_up()
                    assert kept(folder) == fresh(root)
                else:
                    do(root, step)
            folder.catch_up()
            assert kept(folder) == fresh(root)
        with living(root, out) as again:
            assert again.catch_up() == []
            assert kept(again) == fresh(root)


def test_only_what_changed_is_read_and_embedded_and_a_rename_is_told_as_one(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    for number in range(9):
        write(root / f"{number}.md", f"# Part {number}\n\nThe gate number {number} opens at {number + 3} o'clock.\n")
        os.utime(root / f"{number}.md", ns=(1, 1_000_000_000 + number))
    embeddings = CountingEmbeddings()
    with LivingFolder(root, tmp_path / "out", embeddings=embeddings, digests=False) as folder:
        assert {(one.kind, one.name) for one in folder.catch_up()} == {("added", f"{n}.md") for n in range(9)}
        embeddings.texts.clear()
        write(root / "3.md", "# Part 3\n\nThe gate number 3 is shut.\n")
        (root / "4.md").rename(root / "four.md")
        (root / "5.md").unlink()
        told: list[Change] = []
        folder.catch_up(on_change=told.append)
        assert sorted((one.kind, one.name, one.about) for one in told) == [
            ("changed", "3.md", ""),
            ("removed", "5.md", ""),
            ("renamed", "four.md", "4.md"),
        ]
        assert len(embeddings.texts) == 1
        assert "shut" in embeddings.texts[0]
        assert folder.index.matches("gate number 5")[0].document.metadata["source"] != "5.md"


class Failing(HashEmbeddings):
    failing = True

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        if self.failing:
            raise RuntimeError("no vectors today")
        return super().embed_documents(texts)


def test_what_could_not_be_put_is_put_at_the_next_look(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    write(root / "a.md", TEXTS[0])
    os.utime(root / "a.md", ns=(1, 1_000_000_000))
    embeddings = Failing()
    with LivingFolder(root, tmp_path / "out", embeddings=embeddings, digests=False) as folder:
        with pytest.raises(RuntimeError, match="no vectors today"):
            folder.catch_up()
        embeddings.failing = False
        assert [one.kind for one in folder.catch_up(["other.md"])] == ["added"]
        assert kept(folder) == fresh(root)


def test_an_edit_that_the_clock_does_not_show_is_seen(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    write(root / "a.md", "The gate is open.\n")
    stat = (root / "a.md").stat()
    with living(root, tmp_path / "out") as folder:
        folder.catch_up()
        write(root / "a.md", "The gate is shut.\n")
        os.utime(root / "a.md", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert [one.kind for one in folder.catch_up()] == ["changed"]
        assert "shut" in folder.index.entries("a.md")[0].page_content


@pytest.mark.slow
def test_digests_follow_and_are_found(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    write(root / "a.md", TEXTS[0])
    write(root / "b.md", TEXTS[2])
    with living(root, tmp_path / "out", digests=True) as folder:
        folder.catch_up()
        assert kept(folder) == fresh(root, digests=True)
        assert folder.index.matches("gate", kind="summary")
        write(root / "a.md", TEXTS[1])
        (root / "b.md").rename(root / "c.md")
        folder.catch_up(["a.md"])
        assert "low water" in str(folder.digest("a.md"))
        assert folder.digest("b.md") is None
        assert json.loads(str(folder.digest("c.md")))["summary"]
        assert kept(folder) == fresh(root, digests=True)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from fakes import HashEmbeddings
from longdoc.pipelines.living.folder import LivingFolder
with LivingFolder(Path(sys.argv[1]), Path(sys.argv[2]), embeddings=HashEmbeddings(), digests=False) as folder:
    print("open", flush=True)
    for line in sys.stdin:
        folder.catch_up()
        print("looked", flush=True)
"""


class Writer:
    """A process that keeps a folder up to date when it is told to, and that can be killed."""

    def __init__(self, root: Path, out: Path) -> None:
        script = KILLED.format(tests=str(Path(__file__).parents[2]))
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, str(root), str(out)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "open\n"

    def begin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("look\n")
        self.process.stdin.flush()

    def end(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "looked\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def operations(seed: int, number: int) -> Iterator[tuple[str, str, int]]:
    drawn = random.Random(seed)
    kinds = ["write", "write", "append", "remove", "rename", "remove folder"]
    for _ in range(number):
        yield drawn.choice(kinds), drawn.choice(NAMES), drawn.randrange(10)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_kills_leave_what_a_fresh_index_has(tmp_path: Path, seed: int) -> None:
    root, out, drawn = tmp_path / "docs", tmp_path / "out", random.Random(seed)
    root.mkdir()
    writer = Writer(root, out)
    for at, step in enumerate(operations(seed, 500)):
        do(root, step)
        if at % 5 == 0:
            writer.begin()
            if drawn.random() < 0.1:
                threading.Event().wait(drawn.random() * 0.05)
                writer.kill()
                writer = Writer(root, out)
            else:
                writer.end()
    writer.kill()
    with living(root, out) as folder:
        folder.catch_up()
        assert kept(folder) == fresh(root)


def test_what_a_folder_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "docs" / "a.md", TEXTS[0])
    with pytest.raises(InputError, match="is no folder"):
        living(tmp_path / "none", tmp_path / "out")
    with pytest.raises(InputError, match="lies in the folder"):
        living(tmp_path / "docs", tmp_path / "docs" / "out")
    with living(tmp_path / "docs", tmp_path / "docs" / ".out") as folder:
        folder.catch_up()
        assert folder.names() == ["a.md"]
        with pytest.raises(InputError, match="another process keeps"):
            living(tmp_path / "docs", tmp_path / "docs" / ".out")
        reader = DocumentIndex(tmp_path / "docs" / ".out" / "index", HashEmbeddings())
        assert reader.documents().keys() == {"a.md"}
    shutil.rmtree(tmp_path / "docs")
    with pytest.raises(InputError, match="is no folder"):
        scan(tmp_path / "docs")


@pytest.mark.slow
def test_a_watch_sees_changes_as_they_settle(tmp_path: Path) -> None:
    root = tmp_path / "docs"
    write(root / "a.md", TEXTS[0])
    seen: dict[tuple[str, str], threading.Event] = {}
    for key in (
        ("added", "a.md"),
        ("added", "deep/b.md"),
        ("changed", "a.md"),
        ("renamed", "c.md"),
        ("removed", "a.md"),
    ):
        seen[key] = threading.Event()
    stop = threading.Event()

    def note(change: Change) -> None:
        seen.setdefault((change.kind, change.name), threading.Event()).set()

    def after(key: tuple[str, str], act: Callable[[], object]) -> None:
        act()
        assert seen[key].wait(60), key

    with living(root, tmp_path / "out") as folder:
        thread = threading.Thread(target=follow, args=(folder, note, stop))
        thread.start()
        try:
            after(("added", "a.md"), lambda: None)
            after(("added", "deep/b.md"), lambda: write(root / "deep" / "b.md", TEXTS[2]))
            after(("changed", "a.md"), lambda: write(root / "a.md", TEXTS[1]))
            after(("renamed", "c.md"), lambda: (root / "deep" / "b.md").rename(root / "c.md"))
            after(("removed", "a.md"), lambda: (root / "a.md").unlink())
        finally:
            stop.set()
            thread.join()
        assert kept(folder) == fresh(root)


def test_what_is_to_be_recognised_is_the_callers_to_say(tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    (root / "a.png").write_bytes(png(np.full((40, 40, 3), 255, np.uint8)))
    with living(root, tmp_path / "out", ocr="never") as folder:
        folder.catch_up()
        assert "is an image" in folder.left_out()["a.png"]
