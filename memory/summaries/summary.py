"""A summary: sentences, each with the spans of the source that it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a summary and the spans it rests on.

    An extracted sentence has one span, whose characters it is. A generated one has been aligned to its spans and
    checked against them; `supported` is False where they do not bear it out, and `problems` says what is missing.
    `support`, from 0 to 1, is how surely they do.
    """

    text: str
    spans: tuple[Span, ...]
    supported: bool = True
    problems: tuple[str, ...] = ()
    support: float = 1.0

    @property
    def line(self) -> str:
        """The text with each run of white space as one blank, as it is rendered."""
        return " ".join(self.text.split())


@dataclass(frozen=True, slots=True)
class Summary:
    """Sentences in reading order, and the tokens that they take when rendered as `text`."""

    sentences: tuple[Sentence, ...]
    tokens: int

    @classmethod
    def of(cls, sentences: tuple[Sentence, ...], tokenizer: Tokenizer) -> Summary:
        """A summary of these sentences, counted with `tokenizer` on the assembled text."""
        return cls(sentences, tokenizer.count(join_lines(sentences)))

    @property
    def text(self) -> str:
        """The sentences as one paragraph."""
        return join_lines(self.sentences)

    @property
    def spans(self) -> tuple[Span, ...]:
        """All spans that the sentences rest on, sentence by sentence."""
        return tuple(span for sentence in self.sentences for span in sentence.spans)


def join_lines(sentences: tuple[Sentence, ...] | list[Sentence]) -> str:
    """The rendered text of `sentences`: what every token budget is counted on."""
    return " ".join(sentence.line for sentence in sentences)


EMPTY = Summary((), 0)
