"""Answers of a bundle for files."""
