"""What keeps the pipeline from running here, and what to do."""
