"""The smallest things that a document says and that can be read alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from longdoc.chunkers.text.span import Span
from longdoc.pipelines.wording.words import content_words

Kind = Literal["sentence", "definition", "turn", "label", "row", "item", "list", "heading", "code"]


@dataclass(frozen=True)
class Unit:
    """Something that can be quoted: exact `spans` of the source in reading order, and its `text` as it is read.

    `label` is what the text is the value of: the label before a colon, the name of a row, the introduction of a list
    or of one of its items, the term that is defined, the speaker of a turn. `headings` are those that it stands under,
    outermost first. `paragraph` numbers the paragraphs, list or turn that it is in, and `whole` is False for what
    begins or ends in the middle of a sentence.
    """

    kind: Kind
    spans: tuple[Span, ...]
    text: str
    label: str = ""
    headings: tuple[str, ...] = ()
    paragraph: int = 0
    whole: bool = True

    @property
    def start(self) -> int:
        """Where it begins in the source."""
        return self.spans[0].start

    @property
    def end(self) -> int:
        """Where the last of it ends in the source."""
        return self.spans[-1].end

    @property
    def value(self) -> str:
        """The text without its label."""
        if self.label and self.text.startswith(self.label):
            return self.text[len(self.label) :].lstrip(" :\t") or self.text
        return self.text

    @cached_property
    def words(self) -> frozenset[str]:
        """The stems of the words in its text."""
        return content_words(self.text)

    @cached_property
    def context(self) -> frozenset[str]:
        """The stems of the words of its headings and its label."""
        return content_words(" ".join((*self.headings, self.label))) if self.headings or self.label else frozenset()
