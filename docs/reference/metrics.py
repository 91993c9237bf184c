"""The table of metrics, as a part of the documentation."""

from canting.config.metrics import METRICS
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
    return table(COLUMNS, rows)
