"""Sources in, chunks out: the chunkers by name, over whatever can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from langchain_core.documents import Document

from longdoc.arguments import checked
from longdoc.chunkers.base import Chunker
from longdoc.chunkers.content import ContentChunker
from longdoc.chunkers.meaning import MeaningChunker
from longdoc.chunkers.section import SectionChunker
from longdoc.chunkers.sentence import SentenceChunker
from longdoc.chunkers.token import TokenChunker
from longdoc.chunkers.tokenizers.base import BUNDLED, Tokenizer
from longdoc.errors import UnknownNameError
from longdoc.pipelines.sources import Sources, load_sources

By = Literal["sections", "sentences", "tokens", "meaning", "content"]
CHUNKERS: dict[str, type[Chunker]] = {
    "sections": SectionChunker,
    "sentences": SentenceChunker,
    "tokens": TokenChunker,
    "meaning": MeaningChunker,
    "content": ContentChunker,
}


@checked
def chunk(
    source: Sources,
    *,
    max_tokens: int = 512,
    overlap: int = 0,
    by: By = "sections",
    tokenizer: str | Tokenizer = BUNDLED,
) -> Iterator[Document]:
    """The chunks of a text (a string), a `Path`, a `Document` or a list of them, in order.

    Arguments and sources are checked before this returns: `BudgetError`, `UnknownNameError`, `UnavailableError` or
    `InputError`. `BudgetError` may also come later, where one character alone is over `max_tokens`.
    """
    if by not in CHUNKERS:
        raise UnknownNameError(f"cannot chunk by {by!r}; give one of {', '.join(CHUNKERS)}")
    chunker = CHUNKERS[by](max_tokens, overlap, tokenizer)
    documents = load_sources(source)
    return (piece for document in documents for piece in chunker.split(document))
