"""What the backbones of a run cost, as the features stage counted it."""

from pathlib import Path

import pandas as pd

from canting.core.errors import CantingError

KEYS, COSTS = ["backbone", "fine_tune_from"], ["parameters", "multiply_adds", "model_bytes"]


def with_costs(ranking: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Add to each scenario the cost of its whole backbone; raise `CantingError` without it."""
    costs = _read(path)
    table = ranking.merge(costs[KEYS + COSTS], on=KEYS, how="left", validate="many_to_one")
    lost = table.loc[table["parameters"].isna(), "backbone"]
    if len(lost):
        raise CantingError(
            f"`{path}`: expected a row for each backbone of the run. Received: none for "
            f"{lost.iloc[0]!r}. Run `dvc repro --force features`."
        )
    return table


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise CantingError(f"There is no `{path}`. Run `dvc repro features` first.")
    costs = pd.read_csv(path, dtype=dict.fromkeys(KEYS, str))
    return costs.fillna(dict.fromkeys(KEYS, ""))
