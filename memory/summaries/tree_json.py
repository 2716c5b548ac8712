"""A summary tree as JSON: what a finished run is kept as."""

from __future__ import annotations

import json
from typing import Any

from longdoc import garbage
from longdoc.chunkers.text.span import Span
from longdoc.memory.summaries.summary import Block, Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree


def tree_to_json(tree: SummaryTree) -> bytes:
    """The tree without its run, in ASCII; equal trees give equal bytes. Nests as deep as it is, and no deeper."""
    names: dict[str, int] = {}
    rows = [_row(node, names) for node in _children_first(tree)]
    return json.dumps([list(names), rows], ensure_ascii=True, separators=(",", ":")).encode()


def tree_from_json(data: bytes) -> SummaryTree:
    """The tree that `tree_to_json` wrote."""
    with garbage.kept():
        return _tree(*json.loads(data))


def _tree(names: list[str], rows: list[list[Any]]) -> SummaryTree:
    made: list[SummaryTree] = []
    for title, spans, (sentences, tokens, blocks), key, error, children in rows:
        below = tuple(made[len(made) - children :]) if children else ()
        del made[len(made) - children :]
        summary = Summary(
            tuple(_sentence(row, names) for row in sentences), tokens, tuple(Block(*row) for row in blocks)
        )
        made.append(SummaryTree(title, _spans(spans, names), summary, key, below, error))
    [tree] = made
    return tree


def _children_first(tree: SummaryTree) -> list[SummaryTree]:
    """Every node after its children, siblings in order."""
    pending, found = [tree], []
    while pending:
        node = pending.pop()
        found.append(node)
        pending.extend(node.children)
    return found[::-1]


def _row(node: SummaryTree, names: dict[str, int]) -> list[Any]:
    sentences = [[s.text, _placed(s.spans, names), s.supported, s.problems, s.label] for s in node.summary.sentences]
    summary = [sentences, node.summary.tokens, [[b.heading, b.count, b.form] for b in node.summary.blocks]]
    return [node.title, _placed(node.spans, names), summary, node.key, node.error, len(node.children)]


def _placed(spans: tuple[Span, ...], names: dict[str, int]) -> list[list[int]]:
    return [[span.start, span.end, names.setdefault(span.source, len(names))] for span in spans]


def _spans(rows: list[list[int]], names: list[str]) -> tuple[Span, ...]:
    return tuple(Span(start, end, names[source]) for start, end, source in rows)


def _sentence(row: list[Any], names: list[str]) -> Sentence:
    text, spans, supported, problems, label = row
    return Sentence(text, _spans(spans, names), supported, tuple(problems), label)
