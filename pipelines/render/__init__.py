"""Summaries as text, Markdown, JSON or a page."""
