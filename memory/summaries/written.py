"""What has come before, rewritten with each chunk by a model: the state of a refine chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from longdoc.arguments import checked
from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer
from longdoc.errors import BudgetError, InputError
from longdoc.memory.summaries.carried import digest_of, packed, row_of, sentence_of, unpacked
from longdoc.memory.summaries.summary import EMPTY, Sentence, Summary, join_lines

Writer = Callable[[Summary, Summary, int], Summary]  # (what is held, the chunk, the most tokens) -> what is held now


@checked
@dataclass(frozen=True, slots=True)
class WrittenMemory:
    """The summary so far, at most `max_tokens` of it, each sentence with its spans; `write` makes the next one.

    Two that hold the same are equal, whoever wrote them. An update costs one call of `write`.
    """

    max_tokens: int
    tokenizer: Tokenizer
    write: Writer = field(compare=False, repr=False)
    held: Summary = EMPTY

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise BudgetError(f"a memory of {self.max_tokens} tokens holds nothing; give 1 or more")
        if (tokens := self.tokenizer.count(self.held.text)) > self.max_tokens:
            raise BudgetError(f"{tokens} tokens were written into a memory of {self.max_tokens}; write less")

    def update(self, chunk_summary: Summary) -> WrittenMemory:
        """The memory after one more chunk; this one stays as it is. Raises `BudgetError` where too much is written."""
        return self.rewritten(self.write(self.held, chunk_summary, self.max_tokens))

    def rewritten(self, held: Summary) -> WrittenMemory:
        """The same memory holding this."""
        return replace(self, held=Summary.of(held.sentences, self.tokenizer))

    def text(self, budget: int | None = None) -> str:
        """The first of its sentences that fit `budget` tokens (`max_tokens` if None); "" when empty."""
        limit = self.max_tokens if budget is None else min(budget, self.max_tokens)
        kept: list[Sentence] = []
        for sentence in self.held.sentences:
            if self.tokenizer.count(join_lines([*kept, sentence])) > limit:
                break
            kept.append(sentence)
        if len(kept) < len(self.held.sentences) and self.tokenizer.count(self.held.text) <= limit:
            return self.held.text  # a longer text may have fewer tokens
        return join_lines(kept)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where what is held stands in the sources, sentence by sentence."""
        return self.held.spans

    @property
    def digest(self) -> str:
        """Hexadecimal; equal for equal memories and for no others, across processes and machines."""
        return digest_of(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Canonical JSON; `from_bytes` reads it back."""
        return packed("written", self.max_tokens, self.tokenizer.name, [row_of(s) for s in self.held.sentences])

    @classmethod
    def from_bytes(cls, data: bytes, tokenizer: Tokenizer, write: Writer) -> WrittenMemory:
        """The memory that gave these bytes. Raises `InputError` for other bytes or another tokenizer."""
        try:
            most, name, rows = unpacked("written", data)
            held = tuple(sentence_of(row) for row in rows)
        except (TypeError, ValueError) as error:
            raise InputError(f"these bytes are no written memory: {error}") from error
        if name != tokenizer.name:
            raise InputError(f"this memory was counted with {name!r}, not {tokenizer.name!r}; give that tokenizer")
        return cls(most, tokenizer, write, Summary.of(held, tokenizer) if held else EMPTY)
