"""What has come before, as an immutable value of bounded size: the memory that a chunk is read with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

from longdoc.chunkers.tokenizer import Tokenizer
from longdoc.errors import BudgetError
from longdoc.memory.summary import Sentence, Summary, join_lines

_FADE = 0.8  # what a sentence's weight keeps when a later chunk is read


@dataclass(frozen=True, slots=True)
class Remembered:
    """A sentence held in memory; `weight` starts at 1 / (1 + its place in its summary) and fades with each chunk."""

    sentence: Sentence
    weight: float
    order: int


@dataclass(frozen=True, slots=True)
class RunningMemory:
    """The sentences of earlier chunks that still matter most, at most `max_tokens` of them.

    Recent and leading sentences stay, the others fall out one by one: what is dropped is chosen, never cut. Equal
    histories give equal memories, with equal digests.
    """

    max_tokens: int
    tokenizer: Tokenizer
    held: tuple[Remembered, ...] = ()
    seen: int = 0

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise BudgetError(f"a memory of {self.max_tokens} tokens holds nothing; give 1 or more")

    def update(self, chunk_summary: Summary) -> RunningMemory:
        """The memory after one more chunk; this one stays as it is. Costs the tokens held, not those seen."""
        faded = [replace(item, weight=item.weight * _FADE) for item in self.held]
        fresh = [
            Remembered(sentence, 1.0 / (1 + place), self.seen + place)
            for place, sentence in enumerate(chunk_summary.sentences)
        ]
        held = _within(self.max_tokens, [*faded, *fresh], self.tokenizer)
        return replace(self, held=tuple(held), seen=self.seen + len(fresh))

    def text(self, budget: int | None = None) -> str:
        """The held sentences in reading order, at most `budget` tokens (`max_tokens` if None); "" when empty."""
        limit = self.max_tokens if budget is None else min(budget, self.max_tokens)
        return join_lines([item.sentence for item in _within(limit, list(self.held), self.tokenizer)])

    @property
    def digest(self) -> str:
        """Hexadecimal; equal for memories that say the same, across processes and machines."""
        rows = [[i.sentence.text, f"{i.weight:.12g}", i.order, list(_places(i.sentence))] for i in self.held]
        data = json.dumps([self.max_tokens, self.tokenizer.name, rows], ensure_ascii=True)
        return blake2b(data.encode(), digest_size=16).hexdigest()


def _places(sentence: Sentence) -> Iterator[list[str | int]]:
    for span in sentence.spans:
        yield [span.source, span.start, span.end]


def _within(limit: int, items: list[Remembered], tokenizer: Tokenizer) -> list[Remembered]:
    """The items of most weight whose assembled text is within the limit, in reading order."""
    kept: list[Remembered] = []
    spent = 0
    for item in sorted(items, key=lambda i: (-i.weight, -i.order)):
        tokens = tokenizer.count(item.sentence.line)
        if spent + tokens <= limit:
            kept.append(item)
            spent += tokens
    kept.sort(key=lambda i: i.order)
    while kept and tokenizer.count(join_lines([item.sentence for item in kept])) > limit:
        kept.remove(min(kept, key=lambda i: (i.weight, i.order)))
    return kept
