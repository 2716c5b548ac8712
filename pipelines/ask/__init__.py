"""Questions about documents, and answers that can be checked."""
