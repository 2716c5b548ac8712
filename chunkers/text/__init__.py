"""The parts of a text: spans, sentences, headings, sections, blocks."""
