"""Scores, plots and misclassified pictures from out-of-fold predictions."""
