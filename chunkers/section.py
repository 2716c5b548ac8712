"""Chunks that keep to the document's sections, then paragraphs, then sentences."""

from __future__ import annotations

from longdoc.chunkers.base import Chunker
from longdoc.chunkers.section_cutter import SectionCutter


class SectionChunker(SectionCutter, Chunker):
    """Chunks that never cross a heading; a section that is too long is cut between its paragraphs, else between
    sentences, lines, words, and inside a word only where nothing else is left. Fenced code, tables and list items
    are not cut inside while they fit a chunk.
    """
