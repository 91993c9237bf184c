"""Refusal of pictures that are unlike the training data."""
