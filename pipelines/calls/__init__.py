"""Many calls to a model at once, within bounds."""
