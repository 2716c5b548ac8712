"""Sources in, a tree of summaries out."""
