"""Conversations on disk, and prompts made from them under a token budget."""
