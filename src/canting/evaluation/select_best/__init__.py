"""The chosen scenario, trained on everything, exported as a bundle."""
