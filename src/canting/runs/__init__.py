"""Runs compared, promoted, tracked, commented on and repeated."""
