"""The search for good settings, by nested cross-validation."""
