"""The table of metrics, as a part of the documentation."""

from canting.config.metrics import COLLECTIONS, METRICS
from docs.reference.table import code, table

COLUMNS = ("column", "metric", "better", "values", "mean over the folds")


def page() -> str:
    """Return a row a metric as Markdown."""
    rows = [
        (
            code(name),
            row.label,
            row.direction,
            f"{row.least:g} to {row.most:g}",
            "yes" if row.averaged else "no: pooled only",
        )
        for name, row in METRICS.items()
    ]
    rows += [
        (code(name), f"{METRICS[of].label} of left-out collections", METRICS[of].direction,
         f"{METRICS[of].least:g} to {METRICS[of].most:g}", f"that of {code(of)}, the column")
        for name, of in COLLECTIONS.items()
    ]  # fmt: skip
    return table(COLUMNS, rows)
