"""A process that makes others which change an index until they are killed.

Each line of its input is JSON: the folder, a seed, and at which of the calls that write the index the process kills
itself, or null where another will kill it. What they do, and when one is dead, is told in lines of JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from fakes import HashEmbeddings
from langchain_core.documents import Document

from longdoc.chunkers.section import SectionChunker
from longdoc.memory.index.document_index import DocumentIndex

WRITING = {
    *(f"longdoc.memory.index.{name}" for name in ("store", "segment", "vectors")),
    "longdoc.memory.cache.lmdb_environment",
}
CHUNKER = SectionChunker(20)


def say(step: str, name: str = "", version: int | None = None) -> None:
    told = {"step": step, "name": name, "version": version, "process": os.getpid()}
    os.write(1, json.dumps(told).encode() + b"\n")  # at once, so that no line is cut


def kill_at(call: int) -> None:
    """Ends this process, as kill -9 does, at that call or return in the code that writes."""
    left = call

    def watch(frame: FrameType, event: str, _: Any) -> None:
        nonlocal left
        if frame.f_globals.get("__name__") in WRITING:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)


def work(folder: Path, seed: int, call: int | None) -> None:
    index = DocumentIndex(folder, HashEmbeddings(), chunker=CHUNKER)
    if call is not None:
        kill_at(call)
    chance = random.Random(seed)
    for number in count():
        name = f"document {chance.randrange(4)}"
        version = None if chance.random() < 0.5 else number
        say("begin", name, version)
        if version is None:
            index.delete([name])
        else:
            text = "".join(f"# Section {at}\n\nThis is version {number}.\n\n" for at in range(6))
            index.put([Document(text, id=name)])
        say("done", name, version)


def main() -> None:
    list(CHUNKER.split("loaded once"))
    for line in sys.stdin:
        folder, seed, call = json.loads(line)
        child = os.fork()
        if not child:
            work(Path(folder), seed, call)
        _, status = os.waitpid(child, 0)
        say("ended", version=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
