"""Intervals, tests and effects over folds."""
