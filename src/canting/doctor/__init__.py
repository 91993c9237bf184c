"""What keeps the pipeline from running here, each with the command that mends it."""
