"""A process that changes an index until it is killed: `python index_worker.py FOLDER SEED`; says what it does."""

from __future__ import annotations

import json
import random
import sys
from itertools import count
from pathlib import Path

from fakes import HashEmbeddings
from langchain_core.documents import Document

from longdoc.chunkers.section_chunker import SectionChunker
from longdoc.memory.document_index import DocumentIndex


def say(step: str, name: str, version: int | None) -> None:
    sys.stdout.write(json.dumps({"step": step, "name": name, "version": version}) + "\n")
    sys.stdout.flush()


def main(folder: Path, seed: int) -> None:
    index = DocumentIndex(folder, HashEmbeddings(), chunker=SectionChunker(20))
    chance = random.Random(seed)
    for number in count():
        name = f"document {chance.randrange(5)}"
        version = None if chance.random() < 0.25 else number
        say("begin", name, version)
        if version is None:
            index.delete([name])
        else:
            text = "".join(f"# Section {at}\n\nThis is version {number}.\n\n" for at in range(6))
            index.put([Document(text, id=name)])
        say("done", name, version)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
