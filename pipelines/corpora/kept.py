"""What is kept of a document's bytes: its tree of summaries, which holds for any name that the document has."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from longdoc.memory.summaries.summary import Summary
from longdoc.memory.summaries.tree import SummaryTree
from longdoc.memory.summaries.tree_json import tree_from_json
from longdoc.pipelines.corpora.places import kept_at

NAMELESS = "this document"  # the source's name while it is summarized


def kept_tree(path: Path) -> tuple[dict[str, Any], SummaryTree] | None:
    """What an earlier run kept; None where it kept nothing that is whole."""
    try:
        facts, tree = json.loads(path.read_bytes())
        return facts, tree_from_json(tree)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def named(tree: SummaryTree, name: str) -> SummaryTree:
    """The tree with the source's name where it had none. Nests as the tree does."""
    sentences = tuple(
        replace(one, spans=tuple(replace(span, source=name) for span in one.spans)) for one in tree.summary.sentences
    )
    summary = Summary(sentences, tree.summary.tokens, tree.summary.blocks)
    spans = tuple(replace(span, source=name) for span in tree.spans)
    children = tuple(named(child, name) for child in tree.children)
    title = tree.title.replace(NAMELESS, name)
    return SummaryTree(title, spans, summary, tree.key, children, tree.error)


def kept_summary(out: Path, key: str, name: str) -> SummaryTree | None:
    """The summary of a document as it is kept, under a name; None where none is."""
    found = kept_tree(kept_at(out, key))
    return None if found is None else named(replace(found[1], children=()), name)
