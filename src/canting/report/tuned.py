"""What the tune stage found, as the report tells it."""

from typing import Any, NamedTuple

import pandas as pd

from canting.report import read
from canting.report.run import Run


class Tuned(NamedTuple):
    """The ledger, each combination against the best, and the recommendation."""

    ledger: pd.DataFrame
    comparison: pd.DataFrame
    recommendation: dict[str, Any]

    @property
    def chosen(self) -> "pd.Series[Any]":
        """The row of the ledger that is recommended."""
        names = self.recommendation["method"], self.recommendation["optimizer"]
        ours = (self.ledger["method"] == names[0]) & (self.ledger["optimizer"] == names[1])
        return self.ledger[ours].iloc[0]


def tuned(run: Run) -> Tuned | None:
    """Return what was found; none where nothing was tuned."""
    measured = run.build / "tune"
    if not (measured / "recommendation.json").is_file():
        return None
    return Tuned(
        read.table(measured / "ledger.csv"),
        read.table(run.results / "tune" / "comparison.csv"),
        read.record(measured / "recommendation.json"),
    )
