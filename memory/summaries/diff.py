"""What changed from one summary tree to the next, and why."""

from __future__ import annotations

from dataclasses import dataclass

from longdoc.memory.summaries.summary import Sentence
from longdoc.memory.summaries.tree import SummaryTree


@dataclass(frozen=True, slots=True)
class SummaryDiff:
    """The top summary's sentences that came and went, and the chunks that were not there before or are no more.

    `because` maps each sentence that came to the fresh chunks that its spans lie in: none where its chunk is as it
    was, and it was chosen or dropped for what changed elsewhere.
    """

    added: tuple[Sentence, ...]
    removed: tuple[Sentence, ...]
    fresh: tuple[SummaryTree, ...]
    gone: tuple[SummaryTree, ...]
    because: dict[Sentence, tuple[SummaryTree, ...]]
    reused: int  # nodes of the new tree that the old one has, too

    def __str__(self) -> str:
        lines = [f"- {sentence.line}" for sentence in self.removed]
        for sentence in self.added:
            chunks = ", ".join(f"{node.title} {_place(node)}" for node in self.because[sentence])
            lines.append(f"+ {sentence.line} ({f'changed: {chunks}' if chunks else 'its chunk is as it was'})")
        counted = f"chunks: {len(self.fresh)} new, {len(self.gone)} gone; nodes as they were: {self.reused}"
        return "\n".join([*lines, counted])


def diff(old: SummaryTree, new: SummaryTree) -> SummaryDiff:
    """What the new tree has that the old had not, and the other way round. Sentences are compared by their text."""
    before, after = {node.key for node in old.walk()}, {node.key for node in new.walk()}
    fresh = tuple(node for node in new.walk() if not node.children and node.key not in before)
    gone = tuple(node for node in old.walk() if not node.children and node.key not in after)
    said, says = ({sentence.line for sentence in tree.summary.sentences} for tree in (old, new))
    added = tuple(sentence for sentence in new.summary.sentences if sentence.line not in said)
    removed = tuple(sentence for sentence in old.summary.sentences if sentence.line not in says)
    because = {sentence: tuple(node for node in fresh if _rests_on(sentence, node)) for sentence in added}
    return SummaryDiff(added, removed, fresh, gone, because, sum(node.key in before for node in new.walk()))


def _rests_on(sentence: Sentence, node: SummaryTree) -> bool:
    return any(
        span.source == over.source and span.start < over.end and over.start < span.end
        for span in sentence.spans
        for over in node.spans
    )


def _place(node: SummaryTree) -> str:
    return ", ".join(f"{span.start}-{span.end}" for span in node.spans)
