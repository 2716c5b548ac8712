"""What outlives a chunk, a turn, a run."""
