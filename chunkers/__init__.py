"""Text to spans: files read, tokens counted, sentences and sections found, chunks cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.lazy import lazily

if TYPE_CHECKING:
    from longdoc.chunkers.base import Chunker
    from longdoc.chunkers.content import ContentChunker
    from longdoc.chunkers.meaning import MeaningChunker
    from longdoc.chunkers.readers.base import Reader
    from longdoc.chunkers.readers.pdf.places import Places
    from longdoc.chunkers.readers.registry import read, read_bytes
    from longdoc.chunkers.section import SectionChunker
    from longdoc.chunkers.section_content import SectionContentChunker
    from longdoc.chunkers.sentence import SentenceChunker
    from longdoc.chunkers.text.headings import find_headings
    from longdoc.chunkers.text.sections import split_sections
    from longdoc.chunkers.text.sentences import split_sentences
    from longdoc.chunkers.text.span import Span
    from longdoc.chunkers.token import TokenChunker
    from longdoc.chunkers.tokenizers.base import Tokenizer, load_tokenizer

_HOMES = {
    "Chunker": "base",
    "ContentChunker": "content",
    "MeaningChunker": "meaning",
    "Places": "readers.pdf.places",
    "Reader": "readers.base",
    "SectionChunker": "section",
    "SectionContentChunker": "section_content",
    "SentenceChunker": "sentence",
    "Span": "text.span",
    "TokenChunker": "token",
    "Tokenizer": "tokenizers.base",
    "find_headings": "text.headings",
    "load_tokenizer": "tokenizers.base",
    "read": "readers.registry",
    "read_bytes": "readers.registry",
    "split_sections": "text.sections",
    "split_sentences": "text.sentences",
}

__all__ = [
    "Chunker",
    "ContentChunker",
    "MeaningChunker",
    "Places",
    "Reader",
    "SectionChunker",
    "SectionContentChunker",
    "SentenceChunker",
    "Span",
    "TokenChunker",
    "Tokenizer",
    "find_headings",
    "load_tokenizer",
    "read",
    "read_bytes",
    "split_sections",
    "split_sentences",
]

if not TYPE_CHECKING:  # type checkers see the names above, and no others
    __getattr__, __dir__ = lazily(__name__, _HOMES)
