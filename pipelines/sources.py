"""From whatever the caller calls a source to `Document`s with distinct names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from langchain_core.documents import Document

from longdoc.chunkers.readers.formats import SUFFIXES
from longdoc.chunkers.readers.registry import read, read_stdin
from longdoc.errors import InputError

Source = str | os.PathLike[str] | Document
Sources = Source | Sequence[Source]


def load_sources(sources: Sources) -> list[Document]:
    """A `Document` for each source, each with a `source` name of its own.

    A string is a path where such a file exists or where it is one word that ends like one; every other string is
    the text itself. `Document`s that are chunks (they have `start_index`) are put together again by source. Raises
    `InputError` for a source that cannot be read or has no text.
    """
    listed = [sources] if isinstance(sources, str | os.PathLike | Document) else list(sources)
    if not listed:
        raise InputError("no source was given; give a text, a path or a Document")
    documents = join_chunks([_load(source) for source in listed])
    for document in documents:
        if not document.page_content.strip():
            name = document.metadata.get("source") or "text"
            raise InputError(f"the source {name!r} is empty; give one with text in it")
    return _named(documents)


def _load(source: Source) -> Document:
    if isinstance(source, Document):
        return source
    if isinstance(source, os.PathLike):
        return read_stdin() if os.fspath(source) == "-" else read(source)
    return read(source) if _is_path(source) else Document(page_content=source, metadata={"source": "text"})


def _is_path(text: str) -> bool:
    if not text or len(text) > 1024 or "\n" in text or "\0" in text:
        return False
    return (text.lower().endswith(SUFFIXES) and not any(map(str.isspace, text))) or _exists(text)


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _named(documents: list[Document]) -> list[Document]:
    """The documents, with a number behind each name that was taken."""
    taken: set[str] = set()
    named: list[Document] = []
    for document in documents:
        wanted = str(document.metadata.get("source") or "text")
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}#{number}"
        taken.add(name)
        named.append(Document(page_content=document.page_content, metadata={**document.metadata, "source": name}))
    return named


def join_chunks(documents: Sequence[Document]) -> list[Document]:
    """The documents, with each run of chunks of one source put together at the places their metadata names.

    Characters that no chunk has are blanks, so that every span keeps its place.
    """
    joined: list[Document] = []
    run: list[Document] = []
    for document in documents:
        if run and (not _is_chunk(document) or document.metadata.get("source") != run[0].metadata.get("source")):
            joined.append(_assemble(run))
            run = []
        if _is_chunk(document):
            run.append(document)
        else:
            joined.append(document)
    return [*joined, _assemble(run)] if run else joined


def _is_chunk(document: Document) -> bool:
    return isinstance(document.metadata.get("start_index"), int)


def _assemble(chunks: Sequence[Document]) -> Document:
    pieces: list[str] = []
    outline: list[list[int | str]] = []
    position = 0
    last: list[str] = []
    for chunk in sorted(chunks, key=lambda c: int(c.metadata["start_index"])):
        start = int(chunk.metadata["start_index"])
        pieces.append(" " * (start - position))
        pieces.append(chunk.page_content[max(0, position - start) :])
        headings = [str(heading) for heading in chunk.metadata.get("headings") or []]
        if headings and headings != last:
            outline.append([start, len(headings), headings[-1]])
        last = headings
        position = max(position, start + len(chunk.page_content))
    metadata = {"source": chunks[0].metadata.get("source", ""), **({"outline": outline} if outline else {})}
    return Document(page_content="".join(pieces), metadata=metadata)
