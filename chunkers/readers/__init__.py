"""Files to documents: one reader a format, and the text that every span refers to."""
