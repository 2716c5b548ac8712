"""Models at hand by name, and the router that reads with the one that fits."""
