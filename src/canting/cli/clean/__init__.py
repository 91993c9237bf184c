"""Kept results that no current parameter needs, and their removal."""
