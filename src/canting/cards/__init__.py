"""The model card and the data card, written from what the stages left."""
