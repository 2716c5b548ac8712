"""Summaries and answers from documents that do not fit a model's context, every sentence cited."""
