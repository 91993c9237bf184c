"""Runs in MLflow, written from result files after training; what is not sent waits in an outbox."""
