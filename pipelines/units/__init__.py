"""What a document's text is made of: sentences, labels with values, lists, rows, definitions, turns."""
