"""Scores of out-of-fold predictions, calibration, comparison of scenarios."""
