"""HTML pages to text: blocks, headings, tables, marks above and below the line."""
