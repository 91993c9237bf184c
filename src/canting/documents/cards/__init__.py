"""The model card and the data card."""
