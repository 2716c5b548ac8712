"""Text to spans: tokens, sentences, sections, chunks."""
