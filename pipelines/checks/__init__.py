"""Whether a sentence says what its source says."""
