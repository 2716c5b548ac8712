"""A summary: sentences, each with the spans of the source that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from longdoc.chunkers.text.span import Span
from longdoc.chunkers.tokenizers.base import Tokenizer

_SHOWN = 60  # characters in a line


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a summary and the spans it rests on.

    An extracted sentence has one span, whose characters it is; a label with its value has a span for each, and is
    `label`, a colon and the value. A generated one has been aligned to its spans and
    checked against them; `supported` is False where they do not bear it out, and `problems` says what is missing.
    `support`, from 0 to 1, is how surely they do.
    """

    text: str
    spans: tuple[Span, ...]
    supported: bool = True
    problems: tuple[str, ...] = ()
    label: str = ""  # what the text begins with, where it is a label and its value
    support: float = 1.0

    @property
    def line(self) -> str:
        """The text with each run of white space as one blank, as it is rendered."""
        return " ".join(self.text.split())


Form = Literal["document", "title", "facts", "points", "note"]


@dataclass(frozen=True, slots=True)
class Block:
    """The next `count` sentences of a digest, under a heading that may be empty.

    A "document" is one of several, what follows being of it; of "facts" each sentence is a line, of "points" they are
    a paragraph; the heading of a "note" is all that it says.
    """

    heading: str
    count: int
    form: Form


@dataclass(frozen=True, slots=True)
class Summary:
    """Sentences in reading order, and the tokens that they take when rendered as `text`.

    A digest has its sentences in `blocks`; a plain summary has none, and is one paragraph.
    """

    sentences: tuple[Sentence, ...]
    tokens: int
    blocks: tuple[Block, ...] = ()

    def __repr__(self) -> str:
        begins = " ".join(self.text[: 2 * _SHOWN].split())
        begins = begins if len(begins) <= _SHOWN else f"{begins[:_SHOWN]}…"
        return f"<Summary: {len(self.sentences)} sentences, {self.tokens} tokens; {begins!r}>"

    @classmethod
    def of(cls, sentences: tuple[Sentence, ...], tokenizer: Tokenizer, blocks: tuple[Block, ...] = ()) -> Summary:
        """A summary of these sentences, counted with `tokenizer` on the assembled text."""
        made = cls(sentences, 0, blocks)
        return cls(sentences, tokenizer.count(made.text), blocks)

    @property
    def text(self) -> str:
        """The sentences as one paragraph, or a digest's blocks, a line for each heading, fact and paragraph."""
        if not self.blocks:
            return join_lines(self.sentences)
        return "\n".join(line for block, sentences in self.parts() for line in _lines(block, sentences))

    def parts(self) -> Iterator[tuple[Block, tuple[Sentence, ...]]]:
        """The blocks, each with its sentences; a plain summary is one block."""
        sentences = iter(self.sentences)
        for block in self.blocks or (Block("", len(self.sentences), "points"),):
            yield block, tuple(islice(sentences, block.count))

    @property
    def spans(self) -> tuple[Span, ...]:
        """All spans that the sentences rest on, sentence by sentence."""
        return tuple(span for sentence in self.sentences for span in sentence.spans)


def join_lines(sentences: tuple[Sentence, ...] | list[Sentence]) -> str:
    """The rendered text of `sentences`: what every token budget is counted on."""
    return " ".join(sentence.line for sentence in sentences)


def _lines(block: Block, sentences: tuple[Sentence, ...]) -> Iterator[str]:
    if block.heading:
        yield block.heading
    if block.form == "points" and sentences:
        labelled = [sentence.line for sentence in sentences if sentence.label]
        yield from labelled
        yield join_lines([sentence for sentence in sentences if not sentence.label])
    else:
        yield from (sentence.line for sentence in sentences)


EMPTY = Summary((), 0)
