"""Further collections, which nothing is trained on: their pictures, and what the models answer."""
