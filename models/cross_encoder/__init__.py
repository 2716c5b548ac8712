"""A small network that reads a question or a claim together with a text, and says what the one has from the other."""
