"""Longformer and LED with attention by blocks."""
