"""Whether the pictures of today are still those that the model was trained for."""
