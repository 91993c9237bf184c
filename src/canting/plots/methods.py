"""The methods of a search, each with its colour."""

from canting.plots.figure import INDIGO, SOGA

COLOURS = {"grid": SOGA, "random": "#b8912b", "bayesian": INDIGO, "hyperband": "#3f7f6b"}
"""Soga and indigo as elsewhere, turmeric, and the green of indigo over turmeric."""
