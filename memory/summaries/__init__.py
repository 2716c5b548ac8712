"""Summaries, trees of them, and what is remembered from chunk to chunk."""
