"""What is written down of exports, and of a run without any."""

import shutil
from pathlib import Path

import pandas as pd

from canting.config.exports import EXPORT_FORMATS, FLOAT32, ExportMetrics
from canting.config.tables import EXPORTS
from canting.core import files
from canting.core.frames import Row, records

SHOWN = ["macro_f1", "agreement", "largest_change", "bytes"]


TABLE = "exports.csv"


def write_table(table: pd.DataFrame, folder: Path) -> None:
    """Write the table of formats into a folder."""
    files.write_text(folder / TABLE, table[EXPORTS].to_csv(index=False))


def write(table: pd.DataFrame, chosen: str, folder: Path) -> None:
    """Write the table of formats, and the metrics that DVC compares, as a folder."""
    rows = records(table[["format", *SHOWN]])
    metrics: ExportMetrics = {
        "chosen": chosen,
        "formats": {str(row.pop("format")): row for row in rows},
    }
    with files.replacing(folder) as aside:
        aside.mkdir()
        write_table(table, aside)
        files.write_json(aside / "metrics.json", metrics)


def without_exports(build: Path, results: Path) -> None:
    """Take the winner's bundle as it is, and write an empty table."""
    with files.replacing(build / "best") as best:
        shutil.copytree(build / "selected", best)
    none = pd.DataFrame(columns=EXPORTS)
    with files.replacing(build / "export") as folder:
        folder.mkdir()
        write_table(none, folder)
    write(none, FLOAT32, results)


def words(table: pd.DataFrame) -> list[str]:
    """Return a line for each format but float32: size, agreement, and why it was not written."""
    first, *others = records(table)
    return [_words(row, int(first["bytes"])) for row in others]


def _words(row: Row, whole: int) -> str:
    told = (
        f"{EXPORT_FORMATS[row['format']].title}: {row['bytes'] / 1e6:.1f} MB "
        f"({row['bytes'] / whole:.0%} of float32), {row['agreement']:.2%} of the labels as by it"
    )
    return f"{told}; not written: {row['fault']}." if row["fault"] else f"{told}."
