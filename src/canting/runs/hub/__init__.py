"""Bundles on the Hub of Hugging Face."""
