"""Columns that pictures, folds and trainings are known by; what is found of them is in `tables`.

Kept trainings are keyed by this file: what only results need stays out of it.
"""

from typing import Final

SCENARIO: Final = "scenario"
FOLD: Final = "fold"
PATH: Final = "path"
LABEL: Final = "label"
PREDICTED: Final = "predicted"

UNKNOWN: Final = "_unknown"
"""Label of pictures of what no class is: trained with as one further output, and no class."""

FOLDS = [PATH, LABEL, "group", FOLD]
"""Of `build/folds.csv`."""

CURVES = ["loss", "accuracy", "val_loss", "val_accuracy"]
"""What is known after each epoch, in every table of learning curves."""

TRAIN_COSTS = [SCENARIO, FOLD, "seconds", "cpu_seconds"]
"""Of `build/costs/train.csv`."""
