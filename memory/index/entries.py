"""What an index holds of a document: its chunks, and the nodes of its summary tree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from langchain_core.documents import Document

from longdoc.errors import InputError
from longdoc.memory.summaries.tree import SummaryTree

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """A text to be found. `read` is what is embedded and whose words are counted: the text under its headings."""

    id: str
    kind: str
    text: str
    metadata: dict[str, Any]
    read: str
    digest: str


def entry(name: str, kind: str, text: str, metadata: Mapping[str, Any], headed: bool) -> Entry:
    """An entry with its metadata as JSON keeps it. `InputError` for metadata that is not JSON."""
    try:
        kept = json.loads(json.dumps(metadata))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the metadata {metadata!r} is not JSON ({error}): give strings, numbers, lists, dicts"
        ) from None
    above = [str(one) for one in metadata.get("headings") or () if str(one) not in text] if headed else []
    read = "\n".join([" > ".join(above), text]) if above else text
    return Entry(name, kind, text, kept, read, _digest(read))


def of_document(document: str, chunks: Iterable[Document], tree: SummaryTree | None, headed: bool) -> list[Entry]:
    """The entries of a document: its chunks but for blank ones, in order, then the nodes of its tree that say
    something, parents first.

    An entry's id comes from the document, the text, and how often the text was there before: it stays the same where
    other parts of the document change.
    """
    seen: Counter[tuple[str, str]] = Counter()
    nodes = tree.walk() if tree is not None else ()
    texts = [("chunk", chunk.page_content, chunk.metadata) for chunk in chunks]
    texts += [("summary", node.summary.text, _node(document, node)) for node in nodes]
    entries = []
    for kind, text, metadata in texts:
        if text.strip():
            name = _digest(json.dumps([document, kind, text, seen[kind, text]]))
            entries.append(entry(name, kind, text, {**metadata, "kind": kind}, headed))
            seen[kind, text] += 1
    return entries


def name_of(document: Document) -> str:
    """What a document is known by: its id, else its `source`, else a digest of its text."""
    return document.id or str(document.metadata.get("source") or "") or _digest(document.page_content)


def plain(documents: Sequence[Document], names: Sequence[str]) -> list[Entry]:
    """Entries of texts that are not to be cut, their metadata as it is."""
    return [
        entry(name, "chunk", one.page_content, one.metadata, headed=False)
        for name, one in zip(names, documents, strict=True)
    ]


def _node(document: str, node: SummaryTree) -> dict[str, Any]:
    spans = [[span.start, span.end] for span in node.spans]
    source = (node.spans[0].source if node.spans else "") or document
    metadata: dict[str, Any] = {"source": source, "title": node.title, "level": node.depth, "spans": spans}
    if spans:
        metadata |= {"start_index": spans[0][0], "end_index": spans[-1][1]}
    return metadata


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()
