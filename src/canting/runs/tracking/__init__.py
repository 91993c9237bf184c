"""Runs sent to MLflow."""
