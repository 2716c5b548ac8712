"""Passages of any number of documents, found by meaning and by words."""
