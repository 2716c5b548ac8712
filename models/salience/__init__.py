"""The learned salience of sentences."""
