"""A folder whose index and digests follow its files."""
