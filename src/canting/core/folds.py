"""What a fold number means."""

HELD_OUT = -1
"""Fold number of a picture that no fold sees."""
