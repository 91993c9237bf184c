"""Columns of the tables of results, each named once.

Those of the manifest are in `canting.data.manifest`; those of scores are the metrics of
`canting.config.metrics`; the keys of a scenario are the fields of `Scenario`.
"""

from canting.config.columns import FOLD, LABEL, PATH, PREDICTED, SCENARIO

STABILITY = "stability"
"""Standard deviation of the pooled macro F1 over the draws of the folds, if there are several."""

QUARANTINE = [PATH, "reason"]
"""Of `results/validate/quarantine.csv`."""

TRUNK = ["backbone", "fine_tune_from"]
"""What a trunk is known by, in `results/features/backbones.csv` and in tables of scenarios."""

SIZES = ["parameters", "multiply_adds", "model_bytes"]
"""Counted costs of a backbone, in the same tables."""

COLLECTION = "collection"
"""Column of `results/evaluate/folds.csv` that names what a fold is, where it is a collection."""

COUNTS, RATES = ["tp", "fp", "fn"], ["precision", "recall", "f1"]
"""Of `results/evaluate/classes.csv`, beside scenario, label and support."""

EFFECTS = ["factor", "level", "effect", "low", "high"]
"""Of `results/evaluate/comparison/effects.csv`."""

DIFFERENCES = ["level", "other", "difference", "low", "high", "p_value"]

CONTRASTS = ["factor", *DIFFERENCES, "p_holm", "distinguishable"]
"""Of `results/evaluate/comparison/contrasts.csv`."""

CELL = ["kind", "level"]
"""What a change is known by, in `results/corruptions/corruptions.csv`."""

CORRUPTIONS = [*CELL, LABEL, "pictures", "accuracy", "low", "high"]
"""Of the same table."""

_SCORED = [
    *("pictures", "groups", "accuracy", "accuracy_low", "accuracy_high"),
    *("macro_f1", "macro_f1_low", "macro_f1_high", "ece"),
]

OTHER = [SCENARIO, COLLECTION, LABEL, *_SCORED]
"""Of `results/evaluate/other.csv`: scores on collections that nothing is trained on.

The empty collection and the empty label are all of them; the accuracy of a class is its recall.
"""

ELSEWHERE = [*(f"other_{name}" for name in _SCORED), "other_gap"]
"""Of `results/evaluate/scenarios.csv`, where there are such: all together, and what is lost."""

SERVED = [
    *(PATH, LABEL, COLLECTION, "group"),
    *(PREDICTED, "probability", "distance", "refused"),
]
"""Of `results/select_best/elsewhere.csv`: what the shipped model answers to the same."""

REVIEW = [PATH, "sha256", LABEL, "proposed", "probability", "probability_proposed", "reason"]
"""Of `results/review/review.csv`: doubtful labels, the most doubtful first.

`probability` is the out-of-fold one of the label, by which they are ranked.
"""

SIMILAR = [PATH, LABEL, "similar"]
"""Of `results/review/similar.csv`: a picture, and the path of one like it that has the label."""

COMBINATION = ["method", "optimizer"]
"""What a combination is known by, in every table of `results/tune`."""

REPEAT = "repeat"
"""Which draw of the folds a row is of."""

DRAW = [REPEAT, FOLD]
"""What an outer fold is known by, in the same tables."""

SEARCH = [*COMBINATION, *DRAW]
"""What a search is known by, in the same tables."""

COUNTED = ["trials", "pruned", "failed", "epochs"]
"""Of the ledger: what the searches of a combination tried."""

TIMED = ["search_seconds", "search_cpu_seconds", "seconds_to_near", "train_seconds"]
"""Of the ledger in `build/costs/tune`: what was measured."""


def fold_column(draw: int) -> str:
    """Return the column of `build/folds.csv` that holds a draw of the folds, counted from 1."""
    return FOLD if draw == 1 else f"{FOLD}_{draw}"


WORDS = {
    *("format", "fault", "file"),  # of exports
    *(SCENARIO, PATH, LABEL, PREDICTED, COLLECTION),
    *("backbone", "factor", "failure", "fine_tune_from", "kind", "level"),
    *("method", "optimizer", "other", "proposed", "reason", "sha256", "similar", "state"),
}
"""Columns of any table that hold words; in these `NA`, `1` and the empty string are words too."""

EXPORTS = [
    *("format", "bytes", "agreement", "largest_change", "mean_change", "macro_f1", "ece"),
    *("refused", "mean", "difference", "low", "high", "p_holm", "fault"),
]
"""Of `results/export/exports.csv`, float32 first.

Changes are those of probabilities; `mean` to `p_holm` are of the metric that chose the winner, over
the folds; `fault` says why a format was not written.
"""
