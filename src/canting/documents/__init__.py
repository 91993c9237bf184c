"""The report and the cards, and what both are written with."""
