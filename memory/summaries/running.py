"""What has come before, as an immutable value of bounded size: the memory that a chunk is read with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from longdoc.arguments import checked
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import BudgetError, InputError
from longdoc.memory.summaries.carried import digest_of, packed, row_of, sentence_of, unpacked
from longdoc.memory.summaries.summary import Sentence, Summary, join_lines
from longdoc.memory.words import words

_FADE = 0.8  # what a sentence's weight keeps when a later chunk is read that does not come back to it
_TELLING = 5  # letters of a word from which on it says what a sentence is about, in scripts with blanks
_UNSPACED = "\u0e00"  # scripts without blanks, and few others, come from here on


@dataclass(frozen=True, slots=True)
class Remembered:
    """A sentence held in memory.

    `weight` starts at 1 / (1 + its place in its summary), and fades with each chunk by as much as the chunk leaves
    its words unsaid.
    """

    sentence: Sentence
    weight: float
    order: int


@checked
@dataclass(frozen=True, slots=True)
class RunningMemory:
    """The sentences of earlier chunks that still matter most, at most `max_tokens` of them.

    Recent and leading sentences stay, and those whose words come again; the others fall out one by one: what is
    dropped is chosen, never cut. Equal histories give equal memories, with equal digests.
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
        now = _telling(chunk_summary.text)
        faded = [replace(item, weight=item.weight * _kept(item.sentence.text, now)) for item in self.held]
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
    def spans(self) -> tuple[Span, ...]:
        """Where what is held stands in the sources, sentence by sentence."""
        return tuple(span for item in self.held for span in item.sentence.spans)

    @property
    def digest(self) -> str:
        """Hexadecimal; equal for equal memories and for no others, across processes and machines."""
        return digest_of(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Canonical JSON; `from_bytes` reads it back."""
        rows = [[row_of(item.sentence), item.weight.hex(), item.order] for item in self.held]
        return packed("extractive", self.max_tokens, self.tokenizer.name, self.seen, rows)

    @classmethod
    def from_bytes(cls, data: bytes, tokenizer: Tokenizer) -> RunningMemory:
        """The memory that gave these bytes. Raises `InputError` for other bytes or another tokenizer."""
        try:
            most, name, seen, rows = unpacked("extractive", data)
            held = tuple(Remembered(sentence_of(row), float.fromhex(weight), order) for row, weight, order in rows)
        except (TypeError, ValueError) as error:
            raise InputError(f"these bytes are no extractive memory: {error}") from error
        if name != tokenizer.name:
            raise InputError(f"this memory was counted with {name!r}, not {tokenizer.name!r}; give that tokenizer")
        return cls(most, tokenizer, held, seen)


def _kept(text: str, now: frozenset[str]) -> float:
    """The share of its weight that a sentence keeps when `now` is what is spoken of."""
    own = _telling(text)
    return _FADE + (1 - _FADE) * len(own & now) / max(1, len(own))


def _telling(text: str) -> frozenset[str]:
    return frozenset(word for word in words(text) if len(word) >= _TELLING or word >= _UNSPACED)


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
