"""Answers without a chat model: what kind of question it is, what is read, and which units answer."""
