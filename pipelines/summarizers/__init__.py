"""What writes or chooses one summary."""
