"""What was computed once, kept by the digest of all it rests on."""
