"""Performer, and states carried from chunk to chunk."""
