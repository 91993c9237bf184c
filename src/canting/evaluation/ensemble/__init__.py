"""Up to three scenarios whose probabilities are averaged, where that is shown to be better."""
