"""PDF to text."""
