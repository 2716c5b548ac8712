"""Pages without a usable text layer, and images, read by recognising their characters."""
