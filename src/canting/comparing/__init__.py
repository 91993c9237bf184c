"""Two runs side by side: scores, what the difference is worth, changed parameters, costs."""
