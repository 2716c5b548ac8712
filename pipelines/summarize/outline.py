"""The shape of a document before it is summarized: sections and chunks as a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath
from zlib import crc32

from langchain_core.documents import Document

from longdoc.chunkers.cutter import Cutter
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.pipelines.summarize.grouping import grouped

_SEEN = 64  # characters at the beginning of a node that rank it among its neighbours
_TO = " … "  # stands between the first and the last title of a group


@dataclass(frozen=True, slots=True)
class Outline:
    """A node: a stretch of one source, or of several where it has children from each.

    `tokens` is at least the tokens of the text it covers. A leaf is one chunk, read in one call. `rank`, a hash of how
    the text begins, decides where neighbours are parted.
    """

    title: str
    headings: tuple[str, ...]
    span: Span
    tokens: int
    rank: int
    children: tuple[Outline, ...] = ()

    def walk(self) -> Iterator[Outline]:
        """This node and all below it, children before their parents, in reading order."""
        for child in self.children:
            yield from child.walk()
        yield self

    @property
    def leaves(self) -> Iterator[Outline]:
        """The chunks, in reading order."""
        return (node for node in self.walk() if not node.children)

    @property
    def height(self) -> int:
        """0 for a leaf, else one more than the highest child's."""
        return 1 + max(child.height for child in self.children) if self.children else 0


@dataclass(frozen=True, slots=True)
class Step:
    """A node, and the numbers of the steps that make its children, all of them before it."""

    node: Outline
    children: tuple[int, ...]


def steps_of(outline: Outline) -> list[Step]:
    """The nodes of an outline in the order of `Outline.walk`, numbered; the last is the outline itself."""
    steps: list[Step] = []

    def add(node: Outline) -> int:
        children = tuple(add(child) for child in node.children)
        steps.append(Step(node, children))
        return len(steps) - 1

    add(outline)
    return steps


def covered(node: Outline) -> tuple[Span, ...]:
    """The stretch that a node covers, or one for each child where they are of several sources."""
    if node.children and len({child.span.source for child in node.children}) > 1:
        return tuple(span for child in node.children for span in covered(child))
    return (node.span,)


def outline_of(
    documents: Sequence[Document],
    chunk_tokens: int,
    fan_in: int,
    tokenizer: Tokenizer,
    whole: Callable[[int], bool] | None = None,
    cut: type[Cutter] | None = None,
) -> Outline:
    """The tree over `documents`: leaves of at most `chunk_tokens` tokens, at most `fan_in` children a node.

    A section that fits a leaf whole is one leaf, its subsections included, and short neighbours under one heading
    share a leaf. Several documents stand side by side under one root. `whole` is asked whether a single document of
    at most so many tokens is one leaf. Edges hang on the text near them, so that an edit changes few of the nodes,
    without `cut`; a `SectionCutter` fills the leaves better. Linear in the text.
    """
    chunker = _steady()(chunk_tokens, tokenizer=tokenizer) if cut is None else cut(chunk_tokens, tokenizer=tokenizer)
    chunked = [(_title(document), _leaves(document, chunker)) for document in documents]
    if len(chunked) == 1:
        [(title, leaves)] = chunked
        if whole is not None and whole(_joined_tokens(leaves)):
            return _join(leaves, title, ())
    trees = [_section(leaves, (), title, chunk_tokens, fan_in) for title, leaves in chunked]
    return trees[0] if len(trees) == 1 else _gather(trees, "All sources", (), fan_in)


def _steady() -> type[Cutter]:
    from longdoc.chunkers.section_content import SectionContentChunker

    return SectionContentChunker


def _title(document: Document) -> str:
    source = str(document.metadata.get("source", ""))
    return str(document.metadata.get("title") or PurePath(source).name or source)


def _leaves(document: Document, chunker: Cutter) -> list[Outline]:
    source, title = str(document.metadata.get("source", "")), _title(document)
    return [
        Outline(
            (chunk.metadata["headings"] or [title])[-1],
            tuple(chunk.metadata["headings"]),
            Span(chunk.metadata["start_index"], chunk.metadata["end_index"], source),
            chunk.metadata["token_count"],
            crc32(chunk.page_content[:_SEEN].encode("utf-8", "surrogatepass")),
        )
        for chunk in chunker.split(document)
    ]


def _section(leaves: Sequence[Outline], path: tuple[str, ...], title: str, limit: int, fan_in: int) -> Outline:
    """The subtree over the chunks under `path`, subsections first."""
    if len(leaves) == 1 or _joined_tokens(leaves) <= limit:
        return _join(leaves, title, path)
    children: list[Outline] = []
    for heading, group in _by_heading(leaves, len(path)):
        if heading is None:
            children.extend(group)
        else:
            children.append(_section(group, (*path, heading), heading, limit, fan_in))
    return _gather(list(_pack(children, path, limit)), title, path, fan_in)


def _by_heading(leaves: Sequence[Outline], level: int) -> Iterator[tuple[str | None, list[Outline]]]:
    """Runs of chunks that share the heading at `level`; None for chunks that have none so deep."""
    group: list[Outline] = []
    last: str | None = None
    for leaf in leaves:
        heading = leaf.headings[level] if len(leaf.headings) > level else None
        if group and heading != last:
            yield last, group
            group = []
        group.append(leaf)
        last = heading
    if group:
        yield last, group


def _pack(nodes: Iterable[Outline], path: tuple[str, ...], limit: int) -> Iterator[Outline]:
    """The same nodes, with runs of leaves that fit a chunk together made into one leaf."""
    for inner, run in groupby(nodes, key=lambda node: bool(node.children)):
        leaves = list(run)
        if inner:
            yield from leaves
            continue
        for a, b in grouped([leaf.rank for leaf in leaves], [leaf.tokens + 1 for leaf in leaves], limit + 1):
            yield leaves[a] if b - a == 1 else _join(leaves[a:b], _run_title(leaves[a:b]), path)


def _joined_tokens(nodes: Sequence[Outline]) -> int:
    """At least the tokens of the nodes' text as one: an edge between two chunks may cost one more token."""
    return sum(node.tokens for node in nodes) + len(nodes) - 1


def _run_title(run: Sequence[Outline]) -> str:
    first, last = run[0].title.split(_TO)[0], run[-1].title.split(_TO)[-1]
    return first if first == last else f"{first}{_TO}{last}"


def _join(leaves: Sequence[Outline], title: str, path: tuple[str, ...]) -> Outline:
    first, last = leaves[0], leaves[-1]
    headings = first.headings if len(leaves) == 1 else path
    span = Span(first.span.start, last.span.end, first.span.source)
    return Outline(title, headings, span, _joined_tokens(leaves), first.rank)


def _gather(nodes: list[Outline], title: str, path: tuple[str, ...], fan_in: int) -> Outline:
    """One node over `nodes`, with as many levels between as keep every fan-in within bounds."""
    while len(nodes) > fan_in:
        stretches = grouped([node.rank for node in nodes], [1] * len(nodes), fan_in)
        nodes = [_over(nodes[a:b], _run_title(nodes[a:b]), path) for a, b in stretches]
    return nodes[0] if len(nodes) == 1 else _over(nodes, title, path)


def _over(nodes: Sequence[Outline], title: str, path: tuple[str, ...]) -> Outline:
    if len(nodes) == 1:
        return nodes[0]
    spans = [node.span for node in nodes]
    same = spans[0].source == spans[-1].source
    span = Span(spans[0].start, spans[-1].end, spans[0].source) if same else Span(0, 0)
    return Outline(title, path, span, _joined_tokens(nodes), nodes[0].rank, tuple(nodes))
