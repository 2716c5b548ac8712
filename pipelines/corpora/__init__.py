"""Many documents: a manifest of what is done, processes that do it, and one tree of summaries over all."""
