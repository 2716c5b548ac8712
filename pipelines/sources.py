"""From whatever the caller calls a source to `Document`s with distinct names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from langchain_core.documents import Document

from longdoc.arguments import checked
from longdoc.chunkers.readers.base import Ocr
from longdoc.chunkers.readers.registry import read, read_stdin
from longdoc.errors import InputError

Source = str | os.PathLike[str] | Document
Sources = Source | Iterable[Source]
_LONGEST_PATH = 1024  # characters


def load_sources(sources: Sources, ocr: Ocr = "auto") -> list[Document]:
    """A `Document` for each source, each with a `source` name of its own.

    A string is the text itself, whatever it says; a path is read, `Path("-")` is standard input. `Document`s that are
    chunks (they have `start_index`) are put together again by source. Raises `InputError` for a source that cannot be
    read or has no text, and for a string of one line that names a file, which is likelier a slip than a text.
    """
    listed = [sources] if isinstance(sources, str | os.PathLike | Document) else list(sources)
    if not listed:
        raise InputError("no source was given; give a text, a path or a Document")
    documents = join_chunks([_load(source, ocr) for source in listed])
    for document in documents:
        if not document.page_content.strip():
            name = document.metadata.get("source") or "text"
            raise InputError(f"the source {name!r} is empty; give one with text in it")
    return _named(documents)


def _load(source: Source, ocr: Ocr) -> Document:
    if isinstance(source, Document):
        return source
    if isinstance(source, os.PathLike):
        return read_stdin(ocr) if os.fspath(source) == "-" else read(source, ocr)
    if _names_a_file(source):
        raise InputError(
            f"the string {source!r} is a text, and there is a file of that name; write Path({source!r}) to read it"
        )
    return Document(page_content=source, metadata={"source": "text"})


def _names_a_file(text: str) -> bool:
    if not text or len(text) > _LONGEST_PATH or "\n" in text:
        return False
    try:
        return Path(text).is_file()
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
        named.append(document.model_copy(update={"metadata": {**document.metadata, "source": name}}))
    return named


@checked
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
    """Whether the document says where in its source it lies. Raises `InputError` where the place is none."""
    start = document.metadata.get("start_index")
    if not isinstance(start, int) or isinstance(start, bool):
        return False
    if start < 0:
        source = document.metadata.get("source") or "text"
        raise InputError(
            f"a chunk of {source!r} has start_index {start}, which LangChain's splitters give for a chunk they did not "
            "find in its text; split with a longdoc chunker, or give the documents without start_index"
        )
    return True


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
