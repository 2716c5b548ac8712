"""The tree of summaries over a document: document, sections, chunks; each node with a digest of all it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from longdoc.chunkers.readers.pages import SourcePages
from longdoc.chunkers.text.span import Span
from longdoc.errors import MissingExtraError
from longdoc.memory.summaries.summary import Sentence, Summary

if TYPE_CHECKING:
    from pandas import DataFrame

_SHOWN = 60  # characters of a summary in a line
_COLUMNS = ("level", "title", "sentence", "text", "source", "start", "end", "supported", "problems")


@dataclass(frozen=True, slots=True, repr=False)
class SummaryTree:
    """A node: its summary, the stretches of source it covers, and the nodes below it.

    `key` is a digest of the children's keys, the covered text, the summarizer, the budget and the memory given.
    `error` says why a node has no summary of its own, where a partial result was asked for. The root of a finished
    run has `run`; other nodes have None.
    """

    title: str
    spans: tuple[Span, ...]
    summary: Summary
    key: str
    children: tuple[SummaryTree, ...] = ()
    error: str | None = None
    run: Run | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        """One line: what it is of, how much of it there is, and how it begins."""
        begins = " ".join(self.summary.text.split())
        begins = begins if len(begins) <= _SHOWN else f"{begins[:_SHOWN]}…"
        failed = f", error={self.error!r}" if self.error else ""
        nodes = sum(1 for _ in self.walk())
        return (
            f"<SummaryTree {self.title!r}: {len(self.summary.sentences)} sentences, {self.summary.tokens} tokens, "
            f"{nodes} nodes{failed}; {begins!r}>"
        )

    def to_dataframe(self) -> DataFrame:
        """A row for each sentence of each node: level, title, text, source, start, end, supported, problems.

        A sentence with several spans has a row for each. Raises `MissingExtraError` where pandas is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError as error:
            raise MissingExtraError("to_dataframe", "pandas") from error
        return pandas.DataFrame(list(self._rows()), columns=_COLUMNS)

    def named_children(self) -> Iterator[tuple[str, SummaryTree]]:
        """The nodes below with their titles, the number of the part where that is none of its own."""
        for number, child in enumerate(self.children, 1):
            yield child.title if child.title not in ("", self.title) else f"Part {number}", child

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        level = [self]
        depth = 0
        while level:
            for node in level:
                for number, one in enumerate(node.summary.sentences):
                    for span in one.spans or (None,):
                        place = (None, None, None) if span is None else (span.source, span.start, span.end)
                        yield (depth, node.title, number, one.line, *place, one.supported, "; ".join(one.problems))
            level, depth = [child for node in level for child in node.children], depth + 1

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from longdoc.memory.summaries.notebook import tree_html

        return tree_html(self)

    def _repr_markdown_(self) -> str:
        from longdoc.memory.summaries.notebook import tree_markdown

        return tree_markdown(self)

    @property
    def depth(self) -> int:
        """The levels below this node: 0 for a leaf. Iterative, since documents nest without limit."""
        level, depth = list(self.children), 0
        while level:
            level, depth = [child for node in level for child in node.children], depth + 1
        return depth

    def diff(self, new: SummaryTree) -> SummaryDiff:
        """What changed in the summary from this tree to a new one, and which chunks are the reason."""
        return _diff(self, new)

    def walk(self) -> Iterator[SummaryTree]:
        """This node and all below it, parents first, in reading order."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class Run:
    """What a finished run was asked for and what it took."""

    model: str
    max_tokens: int
    calls: int = 0
    extra_calls: int = 0
    seconds: float | None = None  # None where nobody is told
    planned_calls: int = 0
    max_calls: int = 0
    query: str | None = None
    texts: dict[str, str] = field(default_factory=dict, repr=False)  # the sources by name, to show spans
    pages: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)  # where the pages of a source begin
    reused: int = 0  # nodes that were found finished in the cache
    writes: bool = True  # whether a model wrote the summaries, in calls that are worth telling
    places: SourcePages = field(default_factory=SourcePages, repr=False)  # where spans stand on their pages


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


def _diff(old: SummaryTree, new: SummaryTree) -> SummaryDiff:
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


def sentence_json(sentence: Sentence) -> dict[str, Any]:
    """A sentence as the JSON object that the command line prints."""
    shown: dict[str, Any] = {
        "text": sentence.line,
        "supported": sentence.supported,
        "spans": [{"source": s.source, "start": s.start, "end": s.end} for s in sentence.spans],
    }
    if sentence.label:
        shown["label"] = sentence.label
    if sentence.problems:
        shown["problems"] = list(sentence.problems)
    return shown
