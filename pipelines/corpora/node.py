"""A summary of several documents: chosen or written from the sentences of theirs, each with its characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longdoc.errors import BudgetError, InputError
from longdoc.memory.disk import write_whole
from longdoc.memory.summaries.summary import EMPTY, Sentence, Summary
from longdoc.memory.summaries.tree import SummaryTree, sentence_json
from longdoc.memory.summaries.tree_json import tree_from_json, tree_to_json
from longdoc.pipelines.calls.local import fan_out
from longdoc.pipelines.corpora.kept import kept_summary
from longdoc.pipelines.corpora.places import node_at
from longdoc.pipelines.corpora.recipe import Recipe, Task
from longdoc.pipelines.digest.reading import can_stand
from longdoc.pipelines.summarize.summarize import Settings
from longdoc.pipelines.summarizers.protocol import Passage
from longdoc.pipelines.summarizers.registry import summarizer_of

_OF_A_DOCUMENT = 4  # sentences of one document that a node chooses from
_SENTENCE = 48  # tokens that a child may say a sentence in, where the others leave them: few short ones say what it is
_RIGHTS = re.compile(r"\b(?:licen[cs]ed under|all rights reserved|copyright)\b|©", re.IGNORECASE)
_FRAGMENT = re.compile(r".*:|\W*\w+(?:\W+\w+){0,2}", re.DOTALL)  # a label of a form, or few words without an end


def made_node(task: Task, recipe: Recipe, settings: Settings) -> dict[str, Any]:
    """Makes the node's summary from those of its children, which are on disk; how many sentences it has."""
    out = Path(recipe.out)
    said = (_sentences(_child(out, key, name), name) for key, name in task.children)
    children = [[Passage(one.text, one.spans) for one in sentences] for sentences in said]
    summary = _summary([one for one in children if one], recipe, settings)
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
    """All sentences of a node; of a document the first of those that make its main points and read well alone."""
    if not name:
        yield from summary.sentences
        return
    points = [one for block, said in summary.parts() if block.form == "points" for one in said if not one.label]
    said = [one for one in points or summary.sentences if not _FRAGMENT.fullmatch(one.text)]
    alone = [one for one in said if can_stand(one.text.removeprefix(f"{one.label}: ")) and not _RIGHTS.search(one.text)]
    yield from (alone or said)[:_OF_A_DOCUMENT]


def _summary(children: list[list[Passage]], recipe: Recipe, settings: Settings) -> Summary:
    """What is written of all children at once, or chosen of each: alike ones would crowd out the rest."""
    summarizer = summarizer_of(settings.model, recipe.tokenizer, recipe.context_tokens, None, {})

    def said(passages: list[Passage], tokens: int) -> Summary:
        try:
            return summarizer.summarize(passages, tokens, recipe.query) if passages and tokens else EMPTY
        except BudgetError:  # no sentence is short enough
            return EMPTY

    if not recipe.chooses:
        every = [one for child in children for one in child]
        return fan_out(lambda passages: said(passages, recipe.overall_tokens), [every])[0].unwrap()
    fair = recipe.overall_tokens // max(1, len(children))
    chosen = [said(one, max(fair, min(_SENTENCE, recipe.overall_tokens))) for one in children]
    left = recipe.overall_tokens - sum(made.tokens for made in chosen)
    for at in sorted(range(len(children)), key=lambda at: -chosen[at].tokens):
        if left < 0:
            left += chosen[at].tokens
            chosen[at] = said(children[at], fair)
            left -= chosen[at].tokens
    untold = [at for at, made in enumerate(chosen) if not made.sentences]
    for place, at in enumerate(untold):  # with what the others left
        chosen[at] = said(children[at], left // (len(untold) - place))
        left -= chosen[at].tokens
    sentences = tuple(one for made in chosen for one in made.sentences)
    while (whole := Summary.of(sentences, summarizer.tokenizer)).tokens > recipe.overall_tokens:
        sentences = sentences[:-1]
    return whole
