"""The tree over a whole corpus: folders over folders over documents; a node's key is a digest of its children's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import shake_256
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from longdoc.memory.cache.keys import code_digest
from longdoc.pipelines.corpora.manifest import Entry
from longdoc.pipelines.corpora.places import node_at
from longdoc.pipelines.corpora.recipe import Recipe, Task, digest_of
from longdoc.pipelines.summarize.grouping import grouped

_FAN_IN = 16  # children of a node
_TO = " … "
_CODE = "longdoc.pipelines.corpora.node"  # which makes what a node says
_BITS = 64


@dataclass(frozen=True, slots=True)
class Node:
    """A folder, some neighbours in one, or a document, which has no children and a `name`."""

    title: str
    key: str
    name: str = ""
    result: str = ""
    children: tuple[Node, ...] = ()
    ends: tuple[int, int] = (0, 0)  # the likeness of the first and of the last document below it

    @property
    def height(self) -> int:
        """0 for a document, else one more than the highest child's."""
        return 1 + max(child.height for child in self.children) if self.children else 0

    def walk(self) -> Iterator[Node]:
        """The nodes, children before their parents."""
        for child in self.children:
            yield from child.walk()
        yield self


def tree_over(entries: Iterable[Entry], recipe: Recipe) -> Node | None:
    """The tree over documents in the order of their names; None over none.

    Where a folder's documents are parted hangs on their names, so that a changed document has only the nodes on its
    way to the root made anew, and a new one those near it. Grouped by likeness, a changed document goes where its new
    summary belongs: the nodes over its old and its new place are made anew.
    """
    base = f"{recipe.fingerprint}/{code_digest(_CODE)}/{recipe.overall_tokens}"
    if recipe.group == "likeness":
        return _by_likeness(entries, base)
    root = _Folder("")
    for entry in entries:
        folder = root
        parts = entry.name.split("/")
        for at, part in enumerate(parts[:-1]):
            folder = folder.folders.setdefault(part, _Folder("/".join(parts[: at + 1])))
        folder.documents.append(Node(entry.name, entry.key, entry.name, entry.result))
    return _node(root, base)


class _Folder:
    def __init__(self, path: str) -> None:
        self.path = path
        self.folders: dict[str, _Folder] = {}
        self.documents: list[Node] = []


def _node(folder: _Folder, base: str) -> Node | None:
    below = [node for one in folder.folders.values() if (node := _node(one, base)) is not None]
    items = [*below, *folder.documents]
    if not items:
        return None
    if not folder.path and len(items) == 1 and items[0].children:
        return items[0]  # the one folder that was given
    return _over(folder.path or "All documents", _parted(items, base, lambda before, item: 0), base)


def _by_likeness(entries: Iterable[Entry], base: str) -> Node | None:
    """The tree over documents in the order of what their summaries say: parted where neighbours are least alike."""
    items = []
    for entry in entries:
        said = int(entry.likeness or "0", 16)
        items.append(Node(entry.name, entry.key, entry.name, entry.result, ends=(said, said)))
    items.sort(key=lambda node: (node.ends[0], node.name))
    return _over("All documents", _parted(items, base, _alike), base) if items else None


def _alike(before: Node, item: Node) -> int:
    return _BITS - (before.ends[1] ^ item.ends[0]).bit_count()


def likeness_of(vector: NDArray[np.float32]) -> str:
    """Bits as hexadecimal that differ in fewer places the more alike two vectors are.

    Each bit is the side of a plane that the vector lies on (Charikar, 2002), its normal of signs (Achlioptas, 2003).
    """
    drawn = shake_256(b"likeness").digest(_BITS * len(vector) // 8)
    signs = np.unpackbits(np.frombuffer(drawn, np.uint8)).reshape(_BITS, len(vector)).astype(np.float32) * 2 - 1
    bits = np.packbits(signs @ vector > 0)
    return bits.tobytes().hex()


def _parted(items: list[Node], base: str, rank: Callable[[Node, Node], int]) -> list[Node]:
    """At most `_FAN_IN` nodes over neighbours, which are parted where `rank` of two of them is least."""
    while len(items) > _FAN_IN:
        pairs = zip([items[0], *items], items, strict=False)
        ranks = [rank(before, item) << 32 | crc32(_first(item).encode()) for before, item in pairs]
        items = [
            items[start]
            if end - start == 1
            else _over(f"{_last(items[start])}{_TO}{_last(items[end - 1])}", items[start:end], base)
            for start, end in grouped(ranks, [1] * len(items), _FAN_IN)
        ]
    return items


def _first(node: Node) -> str:
    return node.title.partition(_TO)[0] + str(node.height)


def _last(node: Node) -> str:
    return node.title.rpartition("/")[2]


def _over(title: str, children: list[Node], base: str) -> Node:
    known = json.dumps([base, title, [[child.key, child.name] for child in children]])
    ends = children[0].ends[0], children[-1].ends[1]
    return Node(title, digest_of(known.encode()), children=tuple(children), ends=ends)


def tasks_of(root: Node, out: Path) -> list[list[Task]]:
    """The nodes that are not on disk, those that need no other first."""
    levels: list[list[Task]] = [[] for _ in range(root.height + 1)]
    for node in root.walk():
        if node.children and not node_at(out, node.key).exists():
            children = tuple((child.key, child.name) for child in node.children)
            levels[node.height].append(Task("node", node.title, key=node.key, children=children))
    return [level for level in levels if level]


def tree_json(root: Node, out: Path, sentences: Callable[[Path, str], list[object]]) -> str:
    """The tree as JSON: each node with its sentences and their spans, each document with its result's name."""

    def shown(node: Node) -> dict[str, object]:
        if node.name:
            return {"document": node.name, "key": node.key, "result": node.result}
        return {
            "title": node.title,
            "key": node.key,
            "sentences": sentences(out, node.key),
            "children": [shown(child) for child in node.children],
        }

    return json.dumps(shown(root), ensure_ascii=True, indent=1)
