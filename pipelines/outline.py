"""The shape of a document before it is summarized: sections and chunks as a tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from langchain_core.documents import Document

from longdoc.chunkers.section_chunker import SectionChunker
from longdoc.chunkers.span import Span
from longdoc.chunkers.tokenizer import Tokenizer

_TO = " … "  # stands between the first and the last title of a group


@dataclass(frozen=True, slots=True)
class Outline:
    """A node: a stretch of one source, or of several where it has children from each.

    `tokens` is at least the tokens of the text it covers. A leaf is one chunk, read in one call.
    """

    title: str
    headings: tuple[str, ...]
    span: Span
    tokens: int
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


def outline_of(documents: Sequence[Document], chunk_tokens: int, fan_in: int, tokenizer: Tokenizer) -> Outline:
    """The tree over `documents`: leaves of at most `chunk_tokens` tokens, at most `fan_in` children a node.

    A section that fits a leaf whole is one leaf, its subsections included, and short neighbours under one heading
    share a leaf. Several documents stand side by side under one root. Linear in the text.
    """
    chunker = SectionChunker(chunk_tokens, tokenizer=tokenizer)
    trees = [_document(document, chunker, fan_in) for document in documents]
    if len(trees) == 1:
        return trees[0]
    return _gather(trees, "All sources", (), fan_in)


def _document(document: Document, chunker: SectionChunker, fan_in: int) -> Outline:
    source = str(document.metadata.get("source", ""))
    title = str(document.metadata.get("title") or source)
    leaves = [
        Outline(
            (chunk.metadata["headings"] or [title])[-1],
            tuple(chunk.metadata["headings"]),
            Span(chunk.metadata["start_index"], chunk.metadata["end_index"], source),
            chunk.metadata["token_count"],
        )
        for chunk in chunker.split(document)
    ]
    return _section(leaves, (), title, chunker.max_tokens, fan_in)


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
    run: list[Outline] = []
    for node in nodes:
        if run and (node.children or _joined_tokens([*run, node]) > limit):
            yield _join(run, _run_title(run), path)
            run = []
        if node.children:
            yield node
        else:
            run.append(node)
    if run:
        yield _join(run, _run_title(run), path)


def _joined_tokens(nodes: Sequence[Outline]) -> int:
    """At least the tokens of the nodes' text as one: an edge between two chunks may cost one more token."""
    return sum(node.tokens for node in nodes) + len(nodes) - 1


def _run_title(run: Sequence[Outline]) -> str:
    first, last = run[0].title.split(_TO)[0], run[-1].title.split(_TO)[-1]
    return first if first == last else f"{first}{_TO}{last}"


def _join(leaves: Sequence[Outline], title: str, path: tuple[str, ...]) -> Outline:
    first, last = leaves[0], leaves[-1]
    headings = first.headings if len(leaves) == 1 else path
    return Outline(title, headings, Span(first.span.start, last.span.end, first.span.source), _joined_tokens(leaves))


def _gather(nodes: list[Outline], title: str, path: tuple[str, ...], fan_in: int) -> Outline:
    """One node over `nodes`, with as many levels between as keep every fan-in within bounds, evenly filled."""
    while len(nodes) > fan_in:
        groups = -(-len(nodes) // fan_in)
        edges = [len(nodes) * index // groups for index in range(groups + 1)]
        nodes = [_over(nodes[a:b], _run_title(nodes[a:b]), path) for a, b in pairwise(edges)]
    return nodes[0] if len(nodes) == 1 else _over(nodes, title, path)


def _over(nodes: Sequence[Outline], title: str, path: tuple[str, ...]) -> Outline:
    if len(nodes) == 1:
        return nodes[0]
    spans = [node.span for node in nodes]
    same = spans[0].source == spans[-1].source
    span = Span(spans[0].start, spans[-1].end, spans[0].source) if same else Span(0, 0)
    return Outline(title, path, span, _joined_tokens(nodes), tuple(nodes))
