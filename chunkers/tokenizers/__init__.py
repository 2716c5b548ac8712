"""What counts tokens and says where each lies."""
