"""The digits of a figure that are the same on every processor."""

import math

import pandas as pd

NOISY = ("confidence", "ece", "loss", "temperature", "val_loss")
"""How the names of columns begin that come from probabilities; other scores are counts."""

DIGITS = 5
"""Decimals of these: processors differ in the seventh digit, by the order of a sum."""


def reproducible(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose figures from probabilities have the digits that are the same."""
    noisy = [name for name in table if str(name).startswith(NOISY)]
    return table.assign(**{str(name): table[name].astype(float).round(DIGITS) for name in noisy})


def bound(value: float) -> float:
    """Return the smallest power of ten that a small positive figure does not exceed."""
    return float(f"1e{math.ceil(math.log10(value))}") if value > 0 else 0.0
