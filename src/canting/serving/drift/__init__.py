"""Whether the pictures of today are still those of the training."""
