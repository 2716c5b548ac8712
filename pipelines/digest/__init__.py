"""A digest of a document: what it is, its key facts, who is in it, and the sentences that matter, each cited."""
