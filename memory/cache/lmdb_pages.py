"""Whether every page that LMDB would follow lies within its file and is laid out as a page should be.

LMDB maps its file and believes it: of one that was cut or has a wrong byte it reads beyond the end, which ends the
process. So the trees are walked here first, in the bytes (the layout is in LMDB's `mdb.c`: `MDB_page`, `MDB_node`,
`MDB_meta`, `MDB_db`). Of keys only the order is looked at, of values nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MAGIC, _VERSION = 0xBEEFC0DE, 1
_HEADER, _NODE = 16, 8  # bytes before a page's pointers, and before a node's key
_BRANCH, _LEAF, _OVERFLOW, _META = 1, 2, 4, 8  # flags of pages
_BIG, _TREE = 1, 2  # flags of nodes: the value is on pages of its own; it is the root of a tree
_NONE = (1 << 64) - 1  # the root of an empty tree
_DEEPEST = 32
_PREFIX = struct.Struct("<IIQQ")
_ROOT = struct.Struct("<IHHQQQQQ")  # page size, flags, depth, branches, leaves, overflow pages, entries, root
_SUFFIX = struct.Struct("<QQ")  # the last page ever used, the number of the transaction
_FREE = "the list of free pages"
_FREE_FLAGS = 0x08  # the free list has numbers as keys; other flags would be those of the environment

Numbers = NDArray[np.int64]


class WrongPagesError(ValueError):
    """What is wrong with the file, in a few words."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What one of the two first pages says: the size of pages, the trees, the last page, the transaction."""

    page_size: int
    free: tuple[int, ...]
    main: tuple[int, ...]
    last: int
    transaction: int


def metas(path: Path) -> list[Meta]:
    """The two first pages, the older first. Raises `WrongPagesError` where LMDB could not begin with them."""
    with path.open("rb") as file:
        head = file.read(_HEADER + 256)
        found = [_meta(head)]
        file.seek(found[0].page_size)
        found.append(_meta(file.read(_HEADER + 256)))
    if found[0].page_size != found[1].page_size:
        raise WrongPagesError("its first pages do not agree")
    return sorted(found, key=lambda meta: meta.transaction)


def check(path: Path, meta: Meta) -> None:
    """Walks the trees of a transaction. Raises `WrongPagesError`. Reads heads and keys, and no values."""
    size = path.stat().st_size
    pages = size // meta.page_size
    if pages < 2:
        raise WrongPagesError("it was cut")
    data = np.memmap(path, np.uint8, "r", shape=(pages * meta.page_size,))
    walk = _Walk(data, pages, meta)
    free = walk.tree(meta.free, _FREE)
    walk.main(meta.main)
    walk.account(free)


def _meta(head: bytes) -> Meta:
    if len(head) < _HEADER + 152:
        raise WrongPagesError("it was cut")
    magic, version, _, _ = _PREFIX.unpack_from(head, _HEADER)
    if not int.from_bytes(head[10:12], "little") & _META or (magic, version) != (_MAGIC, _VERSION):
        raise WrongPagesError("it does not begin as such a file does")
    free = _ROOT.unpack_from(head, _HEADER + 24)
    main = _ROOT.unpack_from(head, _HEADER + 72)
    last, transaction = _SUFFIX.unpack_from(head, _HEADER + 120)
    page_size = free[0]
    if page_size not in (1 << power for power in range(9, 17)) or free[1] != _FREE_FLAGS or main[1] & ~_FREE_FLAGS:
        raise WrongPagesError("its first page is damaged")
    return Meta(page_size, free, main, last, transaction)


@dataclass(slots=True)
class _Nodes:
    """The nodes of leaves, one a row: where each begins, its flags, the sizes of its key and value."""

    at: Numbers
    flags: Numbers
    key_sizes: Numbers
    sizes: Numbers


class _Walk:
    def __init__(self, data: NDArray[np.uint8], pages: int, meta: Meta) -> None:
        self._data, self._pages, self._size, self._last = data, pages, meta.page_size, meta.last
        self._halves = data.view("<u2")
        self._reached = np.zeros(pages, np.bool_)
        self._reached[:2] = True

    def main(self, root: tuple[int, ...]) -> None:
        """The tree of trees, and each of these."""
        nodes = self._leaves(root, "its trees")
        for at, flags, key_size, size in zip(nodes.at, nodes.flags, nodes.key_sizes, nodes.sizes, strict=True):
            if flags != _TREE or size != _ROOT.size:
                raise WrongPagesError("its tree of trees is damaged")
            start = int(at) + _NODE + int(key_size)
            self.tree(_ROOT.unpack(self._data[start : start + size].tobytes()), "a tree")

    def tree(self, root: tuple[int, ...], name: str) -> list[bytes]:
        """The values of a tree, those of the free list only as far as `account` needs them."""
        nodes = self._leaves(root, name)
        if (nodes.flags & ~_BIG).any():
            raise WrongPagesError(f"{name} is damaged")
        big = nodes.flags == _BIG
        starts = nodes.at + _NODE + nodes.key_sizes
        places = self._overflow(starts[big], nodes.sizes[big], root[5], name)
        if name != _FREE:
            return []
        starts[big] = places
        return [self._data[a : a + n].tobytes() for a, n in zip(starts, nodes.sizes, strict=True)]

    def account(self, free: list[bytes]) -> None:
        """Every page is in use once, or free once."""
        listed = [np.empty(0, np.int64)]
        for value in free:
            numbers = np.frombuffer(value[: len(value) // 8 * 8], "<u8").astype(np.int64)
            if not len(numbers) or not 0 <= numbers[0] < len(numbers):
                raise WrongPagesError("the list of free pages is damaged")
            listed.append(numbers[1 : 1 + numbers[0]])
        every = np.concatenate(listed)
        if len(np.unique(every)) != len(every) or ((every < 2) | (every > self._last)).any():
            raise WrongPagesError("the list of free pages is damaged")
        if self._reached[every[every < self._pages]].any() or len(every) + self._reached.sum() != self._last + 1:
            raise WrongPagesError("its pages are not all accounted for")

    def _leaves(self, root: tuple[int, ...], name: str) -> _Nodes:
        _, _, depth, branches, leaves, _, entries, first = root
        if first == _NONE:
            if (depth, branches, leaves, entries) != (0, 0, 0, 0):
                raise WrongPagesError(f"{name} is damaged")
            return _Nodes(*(np.empty(0, np.int64) for _ in range(4)))
        if not 0 < depth <= _DEEPEST:
            raise WrongPagesError(f"{name} is damaged")
        level, seen = np.array([first & ((1 << 63) - 1)], np.int64), 0
        for _ in range(depth - 1):
            seen += len(level)
            level = self._children(level, name)
        nodes = self._nodes(level, _LEAF, name)
        if (seen, len(level), len(nodes.at)) != (branches, leaves, entries):
            raise WrongPagesError(f"{name} is damaged")
        inside = np.where(nodes.flags & _BIG, 8, nodes.sizes)
        if (nodes.at % self._size + _NODE + nodes.key_sizes + inside > self._size).any():
            raise WrongPagesError(f"{name} is damaged")
        if name == _FREE or self._rises(nodes):
            return nodes
        raise WrongPagesError(f"{name} is damaged")

    def _rises(self, nodes: _Nodes) -> bool:
        """Whether each key comes after the one before it, byte by byte: among others nothing is found again."""
        at, sizes = nodes.at + _NODE, nodes.key_sizes
        first, second = np.stack([at[:-1], sizes[:-1]]), np.stack([at[1:], sizes[1:]])
        for byte in range(int(sizes.max(initial=0)) + 1):
            if (second[1] <= byte).any():
                return False
            going = first[1] > byte  # one that ends here comes before a longer one
            first, second = first[:, going], second[:, going]
            ours, theirs = self._data[first[0] + byte], self._data[second[0] + byte]
            if (ours > theirs).any():
                return False
            first, second = first[:, ours == theirs], second[:, ours == theirs]
        return True

    def _children(self, level: Numbers, name: str) -> Numbers:
        nodes = self._nodes(level, _BRANCH, name)
        if (nodes.at % self._size + _NODE + nodes.key_sizes > self._size).any():
            raise WrongPagesError(f"{name} is damaged")
        return nodes.sizes | nodes.flags << 32  # a child's number is in the place of these

    def _nodes(self, level: Numbers, kind: int, name: str) -> _Nodes:
        self._reach(level, name)
        base = level * self._size
        flags, lower, upper = (self._half(base + at) for at in (10, 12, 14))
        if (self._long(base) != level).any() or (flags != kind).any():
            raise WrongPagesError(f"{name} is damaged")
        if ((lower < _HEADER + 2) | (lower > upper) | (upper > self._size) | (lower % 2 > 0)).any():
            raise WrongPagesError(f"{name} is damaged")
        counts = (lower - _HEADER) // 2
        if kind == _BRANCH and (counts < 2).any():
            raise WrongPagesError(f"{name} is damaged")
        bases = np.repeat(base, counts)
        pointers = self._half(bases + _HEADER + 2 * _numbered(counts))
        if ((pointers < np.repeat(upper, counts)) | (pointers % 2 > 0) | (pointers > self._size - _NODE)).any():
            raise WrongPagesError(f"{name} is damaged")
        at = bases + pointers
        sizes = self._half(at) | self._half(at + 2) << 16
        return _Nodes(at, self._half(at + 4), self._half(at + 6), sizes)

    def _overflow(self, starts: Numbers, sizes: Numbers, noted: int, name: str) -> Numbers:
        """Where values begin that have pages of their own."""
        first = np.zeros(len(starts), np.uint64)  # keys have any length, so these numbers begin anywhere
        for byte in range(8):
            first |= self._data[starts + byte].astype(np.uint64) << np.uint64(8 * byte)
        if (first >= self._pages).any():
            raise WrongPagesError("it was cut" if (first <= self._last).all() else f"{name} is damaged")
        page = first.astype(np.int64)
        base = page * self._size
        wanted = -(-(sizes + _HEADER) // self._size)
        counts = self._half(base + 12) | self._half(base + 14) << 16
        sound = (self._long(base) == page) & (self._half(base + 10) == _OVERFLOW) & (counts == wanted)
        if not sound.all() or counts.sum() != noted:
            raise WrongPagesError(f"{name} is damaged")
        if (page + counts > self._pages).any():
            raise WrongPagesError("it was cut")
        self._reach(np.repeat(page, counts) + _numbered(counts), name)
        return base + _HEADER

    def _reach(self, pages: Numbers, name: str) -> None:
        if ((pages < 2) | (pages > self._last)).any():
            raise WrongPagesError(f"{name} is damaged")
        if (pages >= self._pages).any():
            raise WrongPagesError("it was cut")
        if self._reached[pages].any() or len(np.unique(pages)) != len(pages):
            raise WrongPagesError(f"{name} is damaged")
        self._reached[pages] = True

    def _half(self, at: Numbers) -> Numbers:
        found: Numbers = self._halves[at // 2].astype(np.int64)
        return found

    def _long(self, at: Numbers) -> Numbers:
        halves: Iterator[Numbers] = (self._half(at + 2 * i) << 16 * i for i in range(4))
        found: Numbers = sum(halves, np.zeros(len(at), np.int64))
        return found


def _numbered(counts: Numbers) -> Numbers:
    """0, 1, 2, ... up to each count, one after the other."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
