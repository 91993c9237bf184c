"""Cached files that no current parameter needs, and their removal."""
