"""The networks that read text."""
