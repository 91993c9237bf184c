"""What the searches found and cost, and the recommended combination."""
