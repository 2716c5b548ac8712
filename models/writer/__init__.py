"""A small chat model whose weights come as a Python package."""
