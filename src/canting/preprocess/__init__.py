"""Decoded pictures and the folds they fall into."""
