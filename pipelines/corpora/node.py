"""A summary of several documents: chosen or written from the sentences of theirs, each with its characters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longdoc.errors import BudgetError, InputError
from longdoc.memory.disk import write_whole
from longdoc.memory.summaries.summary import EMPTY, Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree, sentence_json
from longdoc.memory.summaries.tree_json import tree_from_json, tree_to_json
from longdoc.pipelines.corpora.kept import kept_summary
from longdoc.pipelines.corpora.places import node_at
from longdoc.pipelines.corpora.recipe import Recipe, Task
from longdoc.pipelines.summarize.summarize import Settings
from longdoc.pipelines.summarizers.protocol import Passage
from longdoc.pipelines.summarizers.registry import summarizer_of

_OF_A_DOCUMENT = 4  # sentences of one document that a node chooses from


def made_node(task: Task, recipe: Recipe, settings: Settings) -> dict[str, Any]:
    """Makes the node's summary from those of its children, which are on disk; how many sentences it has."""
    out = Path(recipe.out)
    passages = [
        Passage(one.text, one.spans) for key, name in task.children for one in _sentences(_child(out, key, name), name)
    ]
    summary = _summary(passages, recipe, settings) if passages else EMPTY
    path = node_at(out, task.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, tree_to_json(SummaryTree(task.name, (), summary, task.key)))
    return {"sentences": len(summary.sentences)}


def node_summary(out: Path, key: str) -> SummaryTree | None:
    """A node's summary as it is kept; None where none is."""
    try:
        return tree_from_json(node_at(out, key).read_bytes())
    except (OSError, ValueError, TypeError, KeyError):
        return None


def node_sentences(out: Path, key: str) -> list[object]:
    """A node's sentences as JSON; none where it is not kept."""
    found = node_summary(out, key)
    return [] if found is None else [sentence_json(one) for one in found.summary.sentences]


def _child(out: Path, key: str, name: str) -> Summary:
    found = kept_summary(out, key, name) if name else node_summary(out, key)
    if found is None:
        raise InputError(f"the summary of {name or 'a folder'!r} is no longer in {str(out)!r}; run the corpus again")
    return found.summary


def _sentences(summary: Summary, name: str) -> Iterator[Sentence]:
    """All sentences of a node; of a document those that make its main points, or else its first."""
    if not name:
        yield from summary.sentences
        return
    points = [one for block, said in summary.parts() if block.form == "points" for one in said if not one.label]
    yield from (points or summary.sentences)[:_OF_A_DOCUMENT]


def _summary(passages: list[Passage], recipe: Recipe, settings: Settings) -> Summary:
    summarizer = summarizer_of(settings.model, recipe.tokenizer, recipe.context_tokens, None, {})
    try:
        return summarizer.summarize(passages, recipe.overall_tokens, recipe.query)
    except BudgetError:  # no sentence is short enough
        return EMPTY
