"""Scenarios × folds: tails trained on what the frozen trunks answered."""
