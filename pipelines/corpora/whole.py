"""The tree over a whole corpus: folders over folders over documents; a node's key is a digest of its children's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from longdoc.pipelines.corpora.manifest import Entry
from longdoc.pipelines.corpora.places import node_at
from longdoc.pipelines.corpora.recipe import Recipe, Task, digest_of
from longdoc.pipelines.summarize.grouping import grouped

_FAN_IN = 16  # children of a node
_TO = " … "


@dataclass(frozen=True, slots=True)
class Node:
    """A folder, some neighbours in one, or a document, which has no children and a `name`."""

    title: str
    key: str
    name: str = ""
    result: str = ""
    children: tuple[Node, ...] = ()

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
    way to the root made anew, and a new one those near it.
    """
    base = f"{recipe.fingerprint}/{recipe.overall_tokens}"
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
    while len(items) > _FAN_IN:
        ranks = [crc32(_first(item).encode()) for item in items]
        items = [
            items[start]
            if end - start == 1
            else _over(f"{_last(items[start])}{_TO}{_last(items[end - 1])}", items[start:end], base)
            for start, end in grouped(ranks, [1] * len(items), _FAN_IN)
        ]
    return _over(folder.path or "All documents", items, base)


def _first(node: Node) -> str:
    return node.title.partition(_TO)[0] + str(node.height)


def _last(node: Node) -> str:
    return node.title.rpartition("/")[2]


def _over(title: str, children: list[Node], base: str) -> Node:
    known = json.dumps([base, title, [[child.key, child.name] for child in children]])
    return Node(title, digest_of(known.encode()), children=tuple(children))


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
