"""A process in which no file may grow beyond so many bytes: each line of its input is JSON, [what, folder, bytes].

It does all that writes to an index, a cache or a history, says what it could keep, and what each error told.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fakes import HashEmbeddings
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage

from longdoc.chunkers.section import SectionChunker
from longdoc.errors import LongdocError
from longdoc.memory.cache.encoding_cache import EncodingCache
from longdoc.memory.history.chat_history import ChatHistory
from longdoc.memory.index.document_index import DocumentIndex
from longdoc.memory.index.settings import IndexSettings

TEXTS = [f"# One\n\nThis is {n}.\n\n# Two\n\n{'And again. ' * (10 * n)}\n" for n in range(5)]


@contextmanager
def limited(most: int) -> Iterator[None]:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def index_in(folder: Path) -> DocumentIndex:
    return DocumentIndex(folder, HashEmbeddings(), chunker=SectionChunker(12), settings=IndexSettings(scan="sq8"))


def fill_index(folder: Path, keep: Callable[[str], object]) -> None:
    index = index_in(folder)
    for n, text in enumerate(TEXTS):
        index.put([Document(text, id=str(n))])
        keep(str(n))


def fill_cache(folder: Path, keep: Callable[[str], object]) -> None:
    cache = EncodingCache(folder)
    for text in TEXTS:
        cache.get_or_compute(text[:20], lambda text=text: text.encode() * 4)  # type: ignore[misc]
        keep(text[:20])
    cache.close()


def fill_history(folder: Path, keep: Callable[[str], object]) -> None:
    history = ChatHistory(folder / "chats.sqlite3")
    for text in TEXTS:
        history.add_messages([HumanMessage(text * 4)])
        keep(text)


def held(what: str, folder: Path) -> list[str]:
    """What is there, of all that could have been kept."""
    if what == "index":
        index = index_in(folder)
        full = index_in(folder / "full")
        fill_index(folder / "full", str)
        names = sorted(index.documents())
        return [name for name in names if index.entries(name) == full.entries(name)]
    if what == "cache":
        values = {text[:20]: text.encode() * 4 for text in TEXTS}
        cache = EncodingCache(folder)
        return [key for key, value in values.items() if cache.mget([key]) == [value]]
    return [str(one.text)[: len(one.text) // 4] for one in ChatHistory(folder / "chats.sqlite3").messages]


def tried(what: str, folder: Path, most: int) -> dict[str, Any]:
    kept: list[str] = []
    told = ""
    fill = {"index": fill_index, "cache": fill_cache, "history": fill_history}[what]
    try:
        with limited(most):
            fill(folder, kept.append)
    except LongdocError as error:
        told = str(error)
    except BaseException as error:  # noqa: BLE001  what the test is to see
        told = f"TRACEBACK {type(error).__name__}: {error}"
    return {"kept": kept, "told": told, "held": held(what, folder)}


def main() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for line in sys.stdin:
        what, folder, most = json.loads(line)
        sys.stdout.write(json.dumps(tried(what, Path(folder), most)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
