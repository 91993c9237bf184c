"""Scores, statistics, plots, the choice of a scenario, abstention, corruptions, review."""
