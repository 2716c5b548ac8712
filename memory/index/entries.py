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
    """A text to be found. `read` is what is embedded and whose words are counted: the text under its headings.

    `part` is the part of its document that it is out of, "" where that has no parts.
    """

    id: str
    kind: str
    text: str
    metadata: dict[str, Any]
    read: str
    digest: str
    part: str = ""


def entry(name: str, kind: str, text: str, metadata: Mapping[str, Any], headed: bool, part: str = "") -> Entry:
    """An entry with its metadata as JSON keeps it. `InputError` for metadata that is not JSON."""
    try:
        kept = json.loads(json.dumps(metadata))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the metadata {metadata!r} is not JSON ({error}): give strings, numbers, lists, dicts"
        ) from None
    above = [str(one) for one in metadata.get("headings") or () if str(one) not in text] if headed else []
    columns = str(metadata.get("table_header") or "") if headed else ""
    read = "\n".join([line for line in (" > ".join(above), columns) if line] + [text])
    return Entry(name, kind, text, kept, read, _digest(read), part)


def of_part(document: str, part: str, chunks: Iterable[Document], headed: bool) -> list[Entry]:
    """The entries of a part of a document: its chunks but for blank ones, in order.

    An entry's id comes from the document, the part, the text, and how often the text was there before: it stays the
    same where other parts of the document change.
    """
    marked = {"kind": "chunk", **({"part": part} if part else {})}
    texts = [(chunk.page_content, {**chunk.metadata, **marked}) for chunk in chunks]
    return _entries([document, part] if part else [document], "chunk", texts, headed, part)


def of_tree(document: str, tree: SummaryTree | None, headed: bool) -> list[Entry]:
    """The entries of a document's tree: the nodes that say something, parents first."""
    nodes = tree.walk() if tree is not None else ()
    texts = [(node.summary.text, {**_node(document, node), "kind": "summary"}) for node in nodes]
    return _entries([document], "summary", texts, headed, "")


def _entries(
    of: list[str], kind: str, texts: Iterable[tuple[str, dict[str, Any]]], headed: bool, part: str
) -> list[Entry]:
    seen: Counter[str] = Counter()
    entries = []
    for text, metadata in texts:
        if text.strip():
            name = _digest(json.dumps([*of, kind, text, seen[text]]))
            entries.append(entry(name, kind, text, metadata, headed, part))
            seen[text] += 1
    return entries


def name_of(document: Document) -> str:
    """What a document is known by: its id, else its `source`, else a digest of its text and metadata."""
    told = document.metadata
    content = json.dumps([document.page_content, told], sort_keys=True, default=str) if told else document.page_content
    return document.id or str(told.get("source") or "") or _digest(content)


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
