"""A page of glyphs to blocks of text in the order in which they are read."""
