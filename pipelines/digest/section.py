"""What a digest may say, in sections with their shares of the budget, and how it is fitted into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.memory.summaries.summary import EMPTY, Block, Form, Sentence, Summary


@dataclass(frozen=True, slots=True)
class Fact:
    """A line such as "Base Rent: $25,534.57 per month", and its weight, comparable within a document."""

    sentence: Sentence
    weight: float

    @property
    def place(self) -> int:
        """Where the value begins."""
        return self.sentence.spans[-1].start

    @property
    def label(self) -> str:
        """The label in small letters."""
        return self.sentence.label.casefold()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that may be shown, and the heading of the source that it stands under, if that is to be shown."""

    sentence: Sentence
    heading: str = ""

    @property
    def place(self) -> tuple[str, int]:
        """Where the line comes from."""
        return self.sentence.spans[-1].source, self.sentence.spans[-1].start


@dataclass(slots=True)
class Section:
    """Lines under a heading, the best first; `share` of the budget is theirs before others take what is left.

    Where `ordered`, they are shown as they stand in the source, else as they are given here. Where `strict`, a line
    that is over the share waits until each section has one.
    """

    heading: str
    form: Form
    share: float
    entries: Sequence[Entry]
    ordered: bool = True
    strict: bool = False
    taken: list[int] = field(default_factory=list)

    def blocks(self) -> Iterable[tuple[Block, list[Sentence]]]:
        """The blocks of what is taken: one, or one for each heading of the source."""
        if not self.taken:
            return
        chosen = [self.entries[at] for at in sorted(self.taken)]
        if self.ordered:
            chosen.sort(key=lambda one: one.place)
        groups: list[tuple[str, list[Sentence]]] = []
        for one in chosen:
            if groups and groups[-1][0] == one.heading:
                groups[-1][1].append(one.sentence)
            else:
                groups.append((one.heading, [one.sentence]))
        for number, (heading, sentences) in enumerate(groups):
            shown = heading or (self.heading if number == 0 else "")
            yield Block(shown, len(sentences), self.form), sentences


def fitted(sections: Sequence[Section], budget: int, tokenizer: Tokenizer, note: str = "") -> Summary:
    """The digest of the sections within the budget: each to its share, then what is left in their order."""
    cost = [[tokenizer.count(one.sentence.line) + 1 for one in section.entries] for section in sections]
    base = tokenizer.count(note) if note else 0
    used = base
    log: list[tuple[Section, int]] = []
    for whole in (False, True):  # first the shares; then one line a section in turn, as long as any fits
        going = True
        while going:
            going = False
            waiting = sorted(zip(sections, cost, strict=True), key=lambda one: whole and bool(one[0].taken))
            for section, costs in waiting:
                spent = sum(costs[at] for at in section.taken)
                for at in range(len(section.entries)):
                    head = 0 if section.taken else tokenizer.count(section.heading)
                    head += tokenizer.count(section.entries[at].heading)
                    over = (
                        not whole and (section.taken or section.strict) and spent + costs[at] > section.share * budget
                    )
                    if at in section.taken or over or used + costs[at] + head > budget:
                        continue
                    section.taken.append(at)
                    log.append((section, at))
                    used += costs[at] + head
                    going = True
                    break
    summary = _assembled(sections, tokenizer, note)
    if not log:
        return EMPTY
    while log and summary.tokens > budget:
        section, at = log.pop()
        section.taken.remove(at)
        summary = _assembled(sections, tokenizer, note)
    return summary if summary.tokens <= budget else EMPTY


def _assembled(sections: Sequence[Section], tokenizer: Tokenizer, note: str) -> Summary:
    blocks: list[Block] = []
    sentences: list[Sentence] = []
    for section in sections:
        for block, said in section.blocks():
            blocks.append(block)
            sentences += said
            if note and block.form == "title" and len(blocks) == 1:
                blocks.append(Block(note, 0, "note"))
    if note and not any(block.form == "note" for block in blocks):
        blocks.insert(0, Block(note, 0, "note"))
    return Summary.of(tuple(sentences), tokenizer, tuple(blocks))
