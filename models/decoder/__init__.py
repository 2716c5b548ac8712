"""Causal models that read and write texts of any length through a sliding window."""
