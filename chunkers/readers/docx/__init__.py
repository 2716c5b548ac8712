"""Word documents to text, by way of a tree of HTML elements."""
