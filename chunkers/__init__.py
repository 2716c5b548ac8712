"""Text to spans: files read, tokens counted, sentences and sections found, chunks cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longdoc.lazy import lazily

if TYPE_CHECKING:
    from longdoc.chunkers.base import Chunker as Chunker
    from longdoc.chunkers.content import ContentChunker as ContentChunker
    from longdoc.chunkers.meaning import MeaningChunker as MeaningChunker
    from longdoc.chunkers.readers.base import Reader as Reader
    from longdoc.chunkers.readers.pdf.places import Places as Places
    from longdoc.chunkers.readers.registry import read as read
    from longdoc.chunkers.readers.registry import read_bytes as read_bytes
    from longdoc.chunkers.section import SectionChunker as SectionChunker
    from longdoc.chunkers.section_content import SectionContentChunker as SectionContentChunker
    from longdoc.chunkers.sentence import SentenceChunker as SentenceChunker
    from longdoc.chunkers.text.headings import find_headings as find_headings
    from longdoc.chunkers.text.sections import split_sections as split_sections
    from longdoc.chunkers.text.sentences import split_sentences as split_sentences
    from longdoc.chunkers.text.span import Span as Span
    from longdoc.chunkers.token import TokenChunker as TokenChunker
    from longdoc.chunkers.tokenizers.base import Tokenizer as Tokenizer
    from longdoc.chunkers.tokenizers.base import load_tokenizer as load_tokenizer

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

if not TYPE_CHECKING:  # type checkers see the names imported above, and no others
    __all__ = list(_HOMES)
    __getattr__, __dir__ = lazily(__name__, _HOMES)
