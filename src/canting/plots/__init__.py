"""Pictures that a person wants to look at; each function takes tables and returns a figure."""
